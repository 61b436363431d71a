package engine

import "parley/codecs"

// soundFormat is what makes listeners equal.
type soundFormat struct {
	codec   string
	bitrate int // bit/s, 0 = the codec's default
}

// soundEncoder makes the packets of one mix, for all who hear it in this format.
type soundEncoder struct {
	format  soundFormat
	encoder codecs.AudioEncoder
	loss    int    // percent that the encoder reckons with
	tick    uint64 // of packet
	packet  []byte
	silent  int // ticks in a row without a sound, up to that of packet
	ok      bool
}

// silentTicks is how long silence must have been coded before its packet is sent
// again in place of new ones. Nothing of what was before is in it any more.
const silentTicks = 25

func newSoundEncoder(set codecs.Set, f soundFormat) (*soundEncoder, error) {
	enc, err := set.NewAudioEncoder(f.codec, f.bitrate)
	if err != nil {
		return nil, err
	}
	return &soundEncoder{format: f, encoder: enc, loss: -1, packet: make([]byte, 0, 1500)}, nil
}

// encode makes the packet of a tick; nil when nothing is to be sent. before is
// what its listeners heard in the two ticks before: an encoder that did not make
// those begins anew and codes them first, for nobody, so that what its listeners'
// decoders know from another encoder and what this one builds on are the same
// sound.
func (e *soundEncoder) encode(tick uint64, frame []float32, before *[2]soundFrame, loss int) []byte {
	if e.silent++; !isSilent(frame) {
		e.silent = 0
	}
	if e.silent > silentTicks && e.tick+1 == tick && e.ok && e.format.codec == codecs.Opus {
		e.tick = tick
		return e.packet
	}
	if loss != e.loss {
		e.loss = loss
		e.encoder.SetLoss(loss)
	}
	if e.tick+1 != tick {
		if r, ok := e.encoder.(interface{ Reset() }); ok {
			r.Reset()
		}
		for i := range before {
			e.packet, _ = e.encoder.Encode(e.packet[:0], before[i][:])
		}
		e.silent = min(e.silent, 1)
	}
	var err error
	e.tick = tick
	e.packet, err = e.encoder.Encode(e.packet[:0], frame)
	if e.ok = err == nil; !e.ok {
		return nil
	}
	return e.packet
}

// soundFrame is 20 ms of sound.
type soundFrame = [codecs.FrameSamples]float32

func isSilent(frame []float32) bool {
	for _, v := range frame {
		if v != 0 {
			return false
		}
	}
	return true
}
