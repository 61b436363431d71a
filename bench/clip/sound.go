package clip

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"parley/codecs"
)

// SoundKind is what a sound is made of.
type SoundKind int

// The kinds of sound.
const (
	Silence SoundKind = iota
	Tone              // one sine
	Speech            // a voice-like tone: harmonics, formants, syllables and pauses
	Noise             // white noise
	Cough             // one burst of noise at the start of the loop, silence after
)

// SoundSpec says what a sound is. Equal specs give equal samples.
type SoundSpec struct {
	// File is a media file to play in place of what is made; "" = none. Of the
	// other fields only Seconds counts then.
	File string

	Kind    SoundKind
	Caller  int     // voice of Speech
	Freq    float64 // Hz, Tone; 0 = ToneOf(Caller). Whole numbers loop without a click
	Level   float64 // dBov of the sound while it sounds (RFC 6465); 0 = -20
	Seconds int     // length of the loop; 0 = 1, Speech 4, Cough 3. Of a file: the most that is read; 0 = 30
	Seed    uint64  // of Noise and Cough
	Beeps   bool    // a beep at the start of every second besides; see BeepFreq
}

// A beep is above all that Speech is made of, so that it can be found in it, and
// below what a wideband codec carries.
const (
	BeepFreq    = 6000                   // Hz
	BeepSamples = codecs.SampleRate / 50 // its length
	beepLevel   = -26                    // dBov
)

// ToneOf returns the tone of a caller in Hz: 300, 410, 520 and so on. None is
// within 20 Hz of the double or triple of another.
func ToneOf(caller int) float64 { return 300 + 110*float64(((caller%Callers)+Callers)%Callers) }

func (s SoundSpec) withDefaults() SoundSpec {
	if s.File != "" {
		return SoundSpec{File: s.File, Seconds: max(orDefault(s.Seconds, filmSeconds), 1)}
	}
	if s.Freq == 0 {
		s.Freq = ToneOf(s.Caller)
	}
	if s.Level == 0 {
		s.Level = -20
	}
	if s.Seconds == 0 {
		s.Seconds = map[SoundKind]int{Speech: 4, Cough: 3}[s.Kind]
	}
	s.Seconds = max(s.Seconds, 1)
	return s
}

// Samples returns one loop of a made sound: codecs.SampleRate, mono, [-1, 1].
func (s SoundSpec) Samples() []float32 {
	s = s.withDefaults()
	out := make([]float32, s.Seconds*codecs.SampleRate)
	rms := math.Pow(10, s.Level/20)
	r := rand.New(rand.NewPCG(s.Seed, 3))
	switch s.Kind {
	case Tone:
		for i := range out {
			out[i] = float32(rms * math.Sqrt2 * math.Sin(2*math.Pi*s.Freq*float64(i)/codecs.SampleRate))
		}
	case Speech:
		speak(out, s.Caller)
		scaleTo(out, rms)
	case Noise:
		for i := range out {
			out[i] = float32(r.Float64()*2 - 1)
		}
		scaleTo(out, rms)
	case Cough:
		burst := out[:codecs.SampleRate*3/10]
		for i := range burst {
			t := float64(i) / codecs.SampleRate
			burst[i] = float32((r.Float64()*2 - 1) * math.Exp(-t*12) * min(1, t*200))
		}
		scaleTo(burst, rms)
	}
	if s.Beeps {
		beep(out)
	}
	for i, v := range out {
		out[i] = min(max(v, -1), 1)
	}
	return out
}

// beep adds a beep to the start of every second.
func beep(out []float32) {
	amplitude := math.Sqrt2 * math.Pow(10, beepLevel/20.0)
	for i := range out {
		if n := i % codecs.SampleRate; n < BeepSamples {
			out[i] += float32(amplitude * math.Sin(2*math.Pi*BeepFreq*float64(n)/codecs.SampleRate))
		}
	}
}

// scaleTo brings the samples to the given root mean square.
func scaleTo(samples []float32, rms float64) {
	var sum float64
	for _, v := range samples {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return
	}
	gain := float32(rms / math.Sqrt(sum/float64(len(samples))))
	for i := range samples {
		samples[i] *= gain
	}
}

// syllable is the loudness of a caller's voice at t seconds, 0..1: about four
// syllables a second in phrases of under two seconds, repeating every 4 s.
func syllable(t float64, caller int) float64 {
	t = math.Mod(t+float64(caller)*0.13, 4)
	if (t > 1.65 && t < 1.85) || t > 3.7 { // a breath
		return 0
	}
	beat := 0.5 - 0.5*math.Cos(2*math.Pi*4*t)
	return beat * (0.75 + 0.25*math.Sin(2*math.Pi*0.75*t+float64(caller)))
}

// speak fills out with a voice: a gliding pitch of the caller's own, its
// harmonics shaped by two formants that move with the syllables.
func speak(out []float32, caller int) {
	pitch := 95 + 9*float64(caller%Callers)
	phase := 0.0
	for i := range out {
		t := float64(i) / codecs.SampleRate
		f0 := pitch * (1 + 0.06*math.Sin(2*math.Pi*0.75*t))
		phase += f0 / codecs.SampleRate
		loud := syllable(t, caller)
		if loud == 0 {
			continue
		}
		f1 := 500 + 250*math.Sin(2*math.Pi*1.25*t)
		f2 := 1500 + 500*math.Sin(2*math.Pi*1.75*t+1)
		var v float64
		for k := 1.0; k*f0 < 3400; k++ {
			d1, d2 := (k*f0-f1)/180, (k*f0-f2)/260
			v += (1/(1+d1*d1) + 0.5/(1+d2*d2) + 0.05) * math.Sin(2*math.Pi*k*phase)
		}
		out[i] = float32(v * loud)
	}
}

// Sound is an encoded sound: packets of 20 ms to be sent round and round.
type Sound struct {
	Spec    SoundSpec
	Codec   string
	Packets [][]byte
	Levels  []uint8 // of the samples in each packet, -dBov, 127 for silence (RFC 6464 section 3)
}

type soundKey struct {
	spec  SoundSpec
	codec string
}

// Sound returns the sound encoded by the named codec. The result is shared and
// must not be changed.
func (l *Library) Sound(s SoundSpec, codec string) (*Sound, error) {
	key := soundKey{s.withDefaults(), codec}
	l.mu.Lock()
	get, ok := l.sounds[key]
	if !ok {
		get = sync.OnceValues(func() (*Sound, error) { return l.encodeSound(key) })
		l.sounds[key] = get
	}
	l.mu.Unlock()
	return get()
}

func (l *Library) encodeSound(k soundKey) (*Sound, error) {
	enc, err := l.codecs.NewAudioEncoder(k.codec, 0)
	if err != nil {
		return nil, fmt.Errorf("sound as %s: %w", k.codec, err)
	}
	defer enc.Close()
	samples, err := l.samples(k.spec)
	if err != nil {
		return nil, err
	}
	frames := len(samples) / codecs.FrameSamples
	s := &Sound{Spec: k.spec, Codec: k.codec, Packets: make([][]byte, frames), Levels: make([]uint8, frames)}
	// The second round is kept: its start follows on from its own end.
	for i := range 2 * frames {
		at := i % frames
		frame := samples[at*codecs.FrameSamples : (at+1)*codecs.FrameSamples]
		packet, err := enc.Encode(nil, frame)
		if err != nil {
			return nil, fmt.Errorf("sound as %s: %w", k.codec, err)
		}
		s.Packets[at], s.Levels[at] = packet, uint8(math.Round(max(-Level(frame), 0)))
	}
	return s, nil
}
