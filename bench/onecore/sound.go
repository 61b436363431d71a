package onecore

import (
	"parley/bench/clip"
	"parley/codecs"
)

// together is how many frames of sound are measured at once: one is too short
// for the clock.
const together = 10

// expectedLoss in percent is what the engine tells its encoders while nothing is lost.
const expectedLoss = 5

// sounds encode and decode a voice.
func (m *material) sounds() (all []operation) {
	for _, codec := range [...]string{codecs.Opus, codecs.G722, codecs.PCMA} {
		r := Result{Group: Sound, Size: "20 ms", Rate: soundRate}
		r.Name = codec + " encode"
		all = append(all, operation{r, func() (task, error) { return m.say(codec) }})
		r.Name = codec + " decode"
		all = append(all, operation{r, func() (task, error) { return m.hear(codec) }})
	}
	return all
}

func (m *material) voice() [][]float32 {
	samples := clip.SoundSpec{Kind: clip.Speech}.Samples()
	frames := make([][]float32, 0, len(samples)/codecs.FrameSamples)
	for ; len(samples) >= codecs.FrameSamples; samples = samples[codecs.FrameSamples:] {
		frames = append(frames, samples[:codecs.FrameSamples])
	}
	return frames
}

func (m *material) say(codec string) (task, error) {
	e, err := m.set.NewAudioEncoder(codec, 0)
	if err != nil {
		return task{}, err
	}
	frames := m.voice()
	var packet []byte
	return task{steps: len(frames) / together, each: together, close: e.Close, do: func(i int) error {
		for _, f := range frames[i*together:][:together] {
			e.SetLoss(expectedLoss)
			if packet, err = e.Encode(packet[:0], f); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

func (m *material) hear(codec string) (task, error) {
	e, err := m.set.NewAudioEncoder(codec, 0)
	if err != nil {
		return task{}, err
	}
	defer e.Close()
	e.SetLoss(expectedLoss)
	var packets [][]byte
	for _, f := range m.voice() {
		p, err := e.Encode(nil, f)
		if err != nil {
			return task{}, err
		}
		packets = append(packets, p)
	}
	d, err := m.set.NewAudioDecoder(codec)
	if err != nil {
		return task{}, err
	}
	var samples []float32
	return task{steps: len(packets) / together, each: together, close: d.Close, do: func(i int) error {
		for _, p := range packets[i*together:][:together] {
			if samples, err = d.Decode(samples[:0], p); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}
