package codectest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"parley/codecs"
)

// Video is a video codec to test.
type Video struct {
	NewEncoder func(codecs.VideoEncoderConfig) (codecs.VideoEncoder, error)
	NewDecoder func() (codecs.VideoDecoder, error)
	// MinPSNR is what the decoded scene must reach, in dB.
	MinPSNR float64
	// Rated: the encoder keeps to its bitrate.
	Rated bool
	// Live returns the open native handles; nil where there are none.
	Live func() int64
}

// config is what most of the tests encode.
func config() codecs.VideoEncoderConfig {
	return codecs.VideoEncoderConfig{Width: 320, Height: 192, FPS: 30, Bitrate: 800_000, Level: 31}
}

// RunVideo runs the suite.
func RunVideo(t *testing.T, v Video) {
	tests := []struct {
		name string
		run  func(*testing.T, Video)
	}{
		{"RoundTrip", testRoundTrip},
		{"KeyFrameOnDemand", testKeyFrame},
		{"Bitrate", testBitrate},
		{"LargestNALUnit", testMaxNAL},
		{"SizeChange", testSizeChange},
		{"WrongPicture", testWrongPicture},
		{"Closed", testVideoClosed},
		{"PictureOutlivesDecoder", testOutlive},
		{"Loss", testLoss},
		{"Corruption", testCorruption},
		{"Allocations", testVideoAllocs},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pictures, handles := codecs.PicturesLive(), int64(0)
			if v.Live != nil {
				handles = v.Live()
			}
			test.run(t, v)
			if n := codecs.PicturesLive() - pictures; n != 0 {
				t.Errorf("%d pictures leaked", n)
			}
			if v.Live != nil && v.Live() != handles {
				t.Errorf("%d native handles leaked", v.Live()-handles)
			}
		})
	}
}

func (v Video) open(t *testing.T, c codecs.VideoEncoderConfig) (codecs.VideoEncoder, codecs.VideoDecoder) {
	t.Helper()
	e, err := v.NewEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	d, err := v.NewDecoder()
	if err != nil {
		e.Close()
		t.Fatal(err)
	}
	return e, d
}

// encode encodes picture n of the scene.
func encode(t *testing.T, e codecs.VideoEncoder, c codecs.VideoEncoderConfig, n int, key bool) codecs.AccessUnit {
	t.Helper()
	p := codecs.NewPicture(c.Width, c.Height)
	defer p.Release()
	Scene(p, n)
	unit, err := e.Encode(p, key)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Exclusive() {
		t.Fatal("the encoder kept the picture")
	}
	unit.Data = bytes.Clone(unit.Data)
	return unit
}

// quality compares a decoded picture with picture n of the scene.
func quality(p *codecs.Picture, n int) float64 {
	want := codecs.NewPicture(p.Width, p.Height)
	defer want.Release()
	Scene(want, n)
	return PSNR(want, p)
}

// NALUnits splits an Annex B byte stream into NAL units.
func NALUnits(stream []byte) [][]byte {
	var units [][]byte
	for _, part := range bytes.Split(stream, []byte{0, 0, 1})[1:] {
		units = append(units, bytes.TrimRight(part, "\x00"))
	}
	return units
}

func testRoundTrip(t *testing.T, v Video) {
	sizes := [][2]int{{320, 192}, {176, 144}, {318, 190}, {16, 16}, {642, 362}}
	for _, size := range sizes {
		for profile := codecs.ConstrainedBaseline; profile <= codecs.High; profile++ {
			c := config()
			c.Width, c.Height, c.Profile = size[0], size[1], profile
			c.Bitrate = 3_000_000
			e, d := v.open(t, c)
			for n := range 8 {
				unit := encode(t, e, c, n, false)
				if unit.Key != (n == 0) {
					t.Errorf("%v %v: picture %d: key %v", size, profile, n, unit.Key)
				}
				p, err := d.Decode(unit.Data, uint32(3000*n))
				if err != nil || p == nil {
					t.Fatalf("%v %v: picture %d: %v, %v; every access unit must give its picture", size, profile, n, p, err)
				}
				if p.Width != c.Width || p.Height != c.Height || p.Timestamp != uint32(3000*n) {
					t.Errorf("%v %v: picture %d: %dx%d at %d", size, profile, n, p.Width, p.Height, p.Timestamp)
				}
				if q := quality(p, n); q < v.MinPSNR {
					t.Errorf("%v %v: picture %d: %.1f dB, want %.1f", size, profile, n, q, v.MinPSNR)
				}
				p.Release()
			}
			e.Close()
			d.Close()
		}
	}
}

func testKeyFrame(t *testing.T, v Video) {
	c := config()
	e, d := v.open(t, c)
	defer e.Close()
	defer d.Close()
	for n := range 20 {
		want := n == 0 || n == 7 || n == 8 || n == 15
		unit := encode(t, e, c, n, want)
		if unit.Key != want {
			t.Errorf("picture %d: key %v, want %v", n, unit.Key, want)
		}
		var types []byte
		for _, nal := range NALUnits(unit.Data) {
			types = append(types, nal[0]&31)
		}
		if want && (len(types) < 3 || types[0] != 7 || types[1] != 8 || types[2] != 5) {
			t.Errorf("picture %d: NAL unit types %v, want SPS, PPS, IDR", n, types)
		}
		if !want && bytes.ContainsAny(types, "\x05\x06\x07\x08") {
			t.Errorf("picture %d: NAL unit types %v, want slices only", n, types)
		}
		if n < 7 {
			continue // a decoder joins at a key picture
		}
		p, err := d.Decode(unit.Data, 0)
		if err != nil || p == nil {
			t.Fatalf("picture %d: %v, %v", n, p, err)
		}
		p.Release()
	}
}

func testBitrate(t *testing.T, v Video) {
	c := config()
	e, d := v.open(t, c)
	defer e.Close()
	d.Close()
	p := codecs.NewPicture(c.Width, c.Height)
	defer p.Release()
	random := rand.New(rand.NewPCG(1, 2))
	second := func(bitrate int) (bits int) {
		if err := e.SetBitrate(bitrate); err != nil {
			t.Fatal(err)
		}
		for n := range 3 * c.FPS {
			Scene(p, n)
			for i := range p.Y { // noise costs whatever the encoder has
				p.Y[i] += byte(random.Uint32() & 15)
			}
			unit, err := e.Encode(p, false)
			if err != nil {
				t.Fatal(err)
			}
			if n >= c.FPS {
				bits += 8 * len(unit.Data)
			}
		}
		return bits / 2
	}
	for _, bitrate := range []int{900_000, 250_000, 1_500_000} {
		got := second(bitrate)
		if v.Rated && (got < bitrate*3/4 || got > bitrate*5/4) {
			t.Errorf("%d bit/s, want %d", got, bitrate)
		}
	}
	if err := e.SetBitrate(0); err == nil {
		t.Error("bitrate 0 was taken")
	}
}

func testMaxNAL(t *testing.T, v Video) {
	c := config()
	c.MaxNAL, c.Bitrate = 1200, 4_000_000
	e, d := v.open(t, c)
	defer e.Close()
	defer d.Close()
	most := 0
	for n := range 10 {
		unit := encode(t, e, c, n, n == 5)
		units := NALUnits(unit.Data)
		most = max(most, len(units))
		for _, nal := range units {
			if len(nal) > c.MaxNAL {
				t.Errorf("picture %d: NAL unit of %d bytes", n, len(nal))
			}
		}
		p, err := d.Decode(unit.Data, 0)
		if err != nil || p == nil {
			t.Fatalf("picture %d: %v, %v", n, p, err)
		}
		if q := quality(p, n); q < v.MinPSNR {
			t.Errorf("picture %d: %.1f dB", n, q)
		}
		p.Release()
	}
	if v.Rated && most < 4 {
		t.Errorf("at most %d NAL units: nothing was split", most)
	}
}

func testSizeChange(t *testing.T, v Video) {
	d, err := v.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var held []*codecs.Picture
	for n, size := range [][2]int{{320, 192}, {640, 360}, {176, 144}, {320, 192}} {
		c := config()
		c.Width, c.Height, c.Bitrate = size[0], size[1], 4_000_000
		e, err := v.NewEncoder(c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			p, err := d.Decode(encode(t, e, c, i, false).Data, 0)
			if err != nil || p == nil {
				t.Fatalf("size %d, picture %d: %v, %v", n, i, p, err)
			}
			if p.Width != c.Width || p.Height != c.Height {
				t.Errorf("%dx%d, want %v", p.Width, p.Height, size)
			}
			held = append(held, p)
		}
		e.Close()
	}
	// Those of the sizes before are still what they were.
	for i, p := range held {
		if q := quality(p, i%3); q < v.MinPSNR {
			t.Errorf("picture %d: %.1f dB after the changes", i, q)
		}
		p.Release()
	}
}

func testWrongPicture(t *testing.T, v Video) {
	for _, size := range [][2]int{{0, 0}, {321, 192}, {320, 191}, {-2, 16}, {1 << 20, 16}} {
		c := config()
		c.Width, c.Height = size[0], size[1]
		if e, err := v.NewEncoder(c); !errors.Is(err, codecs.ErrUnsupported) {
			t.Errorf("encoder of %v: %v", size, err)
			if err == nil {
				e.Close()
			}
		}
	}
	e, d := v.open(t, config())
	defer e.Close()
	defer d.Close()
	p := codecs.NewPicture(160, 96)
	defer p.Release()
	if _, err := e.Encode(p, true); err == nil {
		t.Error("a picture of another size was encoded")
	}
	for _, data := range [][]byte{nil, {}, {0}, {0, 0, 1}, {0, 0, 0, 1, 0x67}, bytes.Repeat([]byte{0}, 1000)} {
		if p, err := d.Decode(data, 0); p != nil || err != nil && !errors.Is(err, codecs.ErrCorrupt) {
			t.Errorf("decode of %d bytes: %v, %v", len(data), p, err)
			p.Release()
		}
	}
}

func testVideoClosed(t *testing.T, v Video) {
	c := config()
	e, d := v.open(t, c)
	unit := encode(t, e, c, 0, true)
	e.Close()
	e.Close()
	d.Close()
	d.Close()
	p := codecs.NewPicture(c.Width, c.Height)
	defer p.Release()
	if _, err := e.Encode(p, false); !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("Encode after Close: %v", err)
	}
	if err := e.SetBitrate(100_000); !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("SetBitrate after Close: %v", err)
	}
	if p, err := d.Decode(unit.Data, 0); p != nil || !errors.Is(err, codecs.ErrClosed) {
		t.Errorf("Decode after Close: %v, %v", p, err)
	}
}

func testOutlive(t *testing.T, v Video) {
	c := config()
	e, d := v.open(t, c)
	defer e.Close()
	var held []*codecs.Picture
	for n := range 4 {
		p, err := d.Decode(encode(t, e, c, n, false).Data, 0)
		if err != nil || p == nil {
			t.Fatal(p, err)
		}
		held = append(held, p.Retain())
		p.Release()
	}
	d.Close()
	for n, p := range held {
		if q := quality(p, n); q < v.MinPSNR {
			t.Errorf("picture %d: %.1f dB after its decoder closed", n, q)
		}
		p.Release()
	}
}
