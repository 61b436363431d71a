//go:build e2e

package peer

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/native"
)

// TestChromiumDecodes has a clip decoded, compares its pictures with those of
// our own decoder, and sees what is broken refused.
func TestChromiumDecodes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	v, err := clip.NewLibrary(native.Codecs()).Video(clip.VideoSpec{Width: 320, Height: 180, Seconds: 1, Noise: 6})
	if err != nil {
		t.Fatal(err)
	}
	d, err := native.Codecs().NewVideoDecoder(codecs.H264)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var units []CodedPicture
	for n, u := range v.Units {
		units = append(units, CodedPicture{Data: u.Data, Timestamp: uint32(4e9 + 3000*n), Key: u.Key})
	}
	n := 0
	err = DecodeInChromium(ctx, folder(t), "avc1.42C00D", units, func(p *codecs.Picture) error {
		if n >= len(units) {
			return errors.New("more pictures than access units")
		}
		want, err := d.Decode(units[n].Data, units[n].Timestamp)
		if err != nil {
			return err
		}
		defer want.Release()
		if p.Width != want.Width || p.Height != want.Height || p.Timestamp != want.Timestamp {
			t.Errorf("picture %d: %dx%d at %d", n, p.Width, p.Height, p.Timestamp)
			return errors.New("another picture")
		}
		for y := range p.Height {
			if !bytes.Equal(p.Y[y*p.StrideY:][:p.Width], want.Y[y*want.StrideY:][:p.Width]) {
				t.Errorf("picture %d: row %d differs", n, y)
			}
		}
		n++
		return nil
	})
	if err != nil || n != len(units) {
		t.Fatalf("%d of %d pictures: %v", n, len(units), err)
	}
	broken := bytes.Repeat([]byte{0, 0, 0, 1, 0x65, 0xff}, 20)
	err = DecodeInChromium(ctx, folder(t), "avc1.42C00D", []CodedPicture{{Data: broken, Key: true}}, func(*codecs.Picture) error { return nil })
	if !errors.Is(err, ErrDecoder) {
		t.Errorf("broken stream: %v", err)
	}
	t.Log(err)
}
