package load

import (
	"fmt"

	"parley/bench/clip"
	"parley/codecs"
	"parley/engine/rtp"
)

// reels are the clips and voices of all looks, cut into packets once.
type reels struct {
	idle, talking []*clip.Video // by look
	small         []*clip.Video // the same at a lower rate; none of a file or a small picture
	voices        []*clip.Sound
	quiet         *clip.Sound
	units         map[*byte]cut // found by where the bytes of an access unit are
	onset         []float64     // seconds from the start of a voice's loop until its beep is heard, by look
}

// cut is an access unit as packets.
type cut struct {
	payloads [][]byte
	mark     clip.Mark // what a machine reads in the picture
}

// makeReels encodes everything; told is called before each look.
func makeReels(p Plan, library *clip.Library, told func(look int)) (*reels, error) {
	r := &reels{units: map[*byte]cut{}}
	packetizer := rtp.Packetizer{Mode: 1}
	var err error
	if r.quiet, err = library.Sound(clip.SoundSpec{}, codecs.Opus); err != nil {
		return nil, err
	}
	for look := range p.Looks {
		told(look)
		take := func(spec clip.VideoSpec, into *[]*clip.Video) error {
			v, err := library.Video(spec)
			if err == nil {
				*into = append(*into, v)
				r.cut(v, &packetizer)
			}
			return err
		}
		if err := take(p.Picture(look, false), &r.idle); err != nil {
			return nil, err
		}
		if err := take(p.Picture(look, true), &r.talking); err != nil {
			return nil, err
		}
		if p.File == "" && p.Width >= smallFrom && p.Height >= smallFrom {
			if err := take(p.small(look), &r.small); err != nil {
				return nil, err
			}
		}
		sound, err := library.Sound(Voice(look), codecs.Opus)
		if err != nil {
			return nil, err
		}
		r.voices = append(r.voices, sound)
		at, err := onsetOf(library.Codecs(), sound)
		if err != nil {
			return nil, err
		}
		r.onset = append(r.onset, at)
	}
	return r, nil
}

// cut makes packets of all access units of a clip.
func (r *reels) cut(v *clip.Video, packetizer *rtp.Packetizer) {
	for i, u := range v.Units {
		if _, done := r.units[&u.Data[0]]; done {
			break // a file: everybody shows the same
		}
		one := cut{mark: v.Spec.MarkOf(i)}
		for _, payload := range packetizer.Split(u.Data) {
			one.payloads = append(one.payloads, append([]byte(nil), payload...))
		}
		r.units[&u.Data[0]] = one
	}
}

// onsetOf decodes the sound and returns where its first beep is heard. What it
// takes to encode and decode is in it, and so it is not charged to the server.
func onsetOf(set codecs.Set, s *clip.Sound) (float64, error) {
	dec, err := set.NewAudioDecoder(s.Codec)
	if err != nil {
		return 0, err
	}
	defer dec.Close()
	var b beeps
	var samples []float32
	// The loop once for the decoder to settle, then its first beep.
	for i := range len(s.Packets) + 10 {
		if samples, err = dec.Decode(samples[:0], s.Packets[i%len(s.Packets)]); err != nil {
			return 0, err
		}
		if at, ok := b.find(samples); ok && i >= len(s.Packets) {
			return float64((i-len(s.Packets))*codecs.FrameSamples+at) / codecs.SampleRate, nil
		}
	}
	return 0, fmt.Errorf("%w: no beep in the voice of caller %d", ErrPlan, s.Spec.Caller)
}
