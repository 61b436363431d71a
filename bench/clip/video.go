package clip

import (
	"fmt"
	"sync"

	"parley/codecs"
)

// VideoSpec says what a video clip shows and how it is encoded. Equal specs
// give equal bytes with the same encoder library.
type VideoSpec struct {
	// File is a media file to show in place of what is drawn; "" = none. What
	// says how to draw is then ignored.
	File string

	Caller        int // whose background, 0..15
	Style         Style
	Name          string // written at the foot, Person only
	Talking       bool   // the mouth moves, Person only
	Marked        bool   // a Person carries the Mark too, its picture number 128 higher while he talks
	Width, Height int    // luma samples, even; 0 = 1280x720
	FPS           int    // pictures per second; 0 = 30. Of a file: a multiple of 5 from 10 up
	Seconds       int    // length of the loop; 0 = 2. Of a file: the most that is read; 0 = 30
	Noise         int    // amplitude of camera noise in luma steps, 0 = none, up to 40
	Seed          uint64 // of the noise

	Bitrate int            // bit/s; 0 = 1 Mbit/s, of a file 2 Mbit/s at 1280x720 and in proportion
	Profile codecs.Profile // H.264 profile
	Level   int            // level_idc; 0 = the lowest that holds the size and rate
	MaxNAL  int            // largest NAL unit in bytes, 0 = unlimited
	Preset  string         // x264 preset, "" = the codec's default
}

// withDefaults fills the zero fields and checks the rest.
func (s VideoSpec) withDefaults() (VideoSpec, error) {
	if s.Width == 0 && s.Height == 0 {
		s.Width, s.Height = 1280, 720
	}
	s.FPS = orDefault(s.FPS, 30)
	if s.File != "" {
		s.Caller, s.Style, s.Name, s.Talking, s.Marked, s.Noise, s.Seed = 0, Flat, "", false, false, 0, 0
		s.Seconds = orDefault(s.Seconds, filmSeconds)
		if s.FPS < 10 || s.FPS%5 != 0 {
			return s, fmt.Errorf("file %s at %d pictures/s: a multiple of 5 from 10 up", s.File, s.FPS)
		}
	}
	s.Seconds = orDefault(s.Seconds, 2)
	s.Bitrate = s.Rate()
	if s.Width < 64 || s.Height < 64 || s.Width > 4096 || s.Height > 4096 || (s.Width|s.Height)&1 != 0 {
		return s, fmt.Errorf("clip of %dx%d: sizes are even, 64 to 4096", s.Width, s.Height)
	}
	if s.FPS < 1 || s.FPS > 120 || s.Seconds < 1 || s.Seconds > 60 || s.Noise < 0 || s.Noise > 40 {
		return s, fmt.Errorf("clip of %d pictures/s, %d s, noise %d: out of range", s.FPS, s.Seconds, s.Noise)
	}
	if s.Level == 0 {
		s.Level = lowestLevel(s.Width, s.Height, s.FPS)
	}
	return s, nil
}

// Rate returns the bitrate that the clip is encoded at, bit/s.
func (s VideoSpec) Rate() int {
	switch {
	case s.Bitrate != 0 || s.File == "":
		return orDefault(s.Bitrate, 1_000_000)
	case s.Width == 0:
		return 2_000_000
	}
	return max(250_000, 2_000_000*s.Width/1280*s.Height/720)
}

func orDefault(v, d int) int {
	if v == 0 {
		return d
	}
	return v
}

// lowestLevel returns the first level_idc of ITU-T H.264 table A-1, from 1.3
// up, whose MaxFS and MaxMBPS hold the size and rate.
func lowestLevel(width, height, fps int) int {
	mbs := (width + 15) / 16 * ((height + 15) / 16)
	for _, l := range [...]struct{ idc, fs, mbps int }{
		{13, 396, 11880},
		{21, 792, 19800},
		{22, 1620, 20250},
		{30, 1620, 40500},
		{31, 3600, 108000},
		{32, 5120, 216000},
		{40, 8192, 245760},
		{42, 8704, 522240},
		{50, 22080, 589824},
	} {
		if mbs <= l.fs && mbs*fps <= l.mbps {
			return l.idc
		}
	}
	return 51
}

// Video is an encoded clip: access units to be sent one after the other, round
// and round. The first is an IDR, the others refer only backwards within the clip.
type Video struct {
	Spec  VideoSpec // with all defaults filled in
	Units []codecs.AccessUnit
}

// Bytes returns the size of one loop.
func (v *Video) Bytes() (n int) {
	for _, u := range v.Units {
		n += len(u.Data)
	}
	return n
}

// Draw returns picture i of the clip that the spec describes, as it is before
// encoding; the caller releases it.
func (s VideoSpec) Draw(i int) (*codecs.Picture, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	if s.File != "" {
		return nil, fmt.Errorf("%w: drawing what is in a file", codecs.ErrUnsupported)
	}
	p := codecs.NewPicture(s.Width, s.Height)
	n := s.FPS * s.Seconds
	newScene(s).draw(p, i%n, n)
	return p, nil
}

// Library makes clips and sounds and keeps them, so that a hundred callers of
// one kind cost one encoding. It is safe for concurrent use; asking for the
// same clip twice at once encodes it once.
type Library struct {
	// OnReading is told once for each second of a media file that is read, and
	// when it is done; an error ends the reading. nil = nobody wants to know.
	// It is set before the library is used.
	OnReading func(Reading) error

	codecs codecs.Set

	mu     sync.Mutex
	videos map[VideoSpec]func() (*Video, error) // guarded by mu
	sounds map[soundKey]func() (*Sound, error)  // guarded by mu
	heard  map[soundFile][]float32              // guarded by mu: sound of the files read so far; nil = has none
}

// NewLibrary returns an empty library that encodes with the given codecs.
func NewLibrary(set codecs.Set) *Library {
	return &Library{
		codecs: set,
		videos: map[VideoSpec]func() (*Video, error){},
		sounds: map[soundKey]func() (*Sound, error){},
		heard:  map[soundFile][]float32{},
	}
}

// Codecs returns the codecs that the library encodes with.
func (l *Library) Codecs() codecs.Set { return l.codecs }

// Video returns the encoded clip. The result is shared and must not be changed.
func (l *Library) Video(s VideoSpec) (*Video, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	get, ok := l.videos[s]
	if !ok {
		get = sync.OnceValues(func() (*Video, error) { return l.encode(s) })
		l.videos[s] = get
	}
	l.mu.Unlock()
	return get()
}

func (l *Library) encode(s VideoSpec) (*Video, error) {
	enc, err := l.codecs.NewVideoEncoder(codecs.H264, codecs.VideoEncoderConfig{
		Width: s.Width, Height: s.Height, FPS: s.FPS, Bitrate: s.Bitrate,
		Profile: s.Profile, Level: s.Level, MaxNAL: s.MaxNAL, Preset: s.Preset,
	})
	if err != nil {
		return nil, fmt.Errorf("%v: %w", s, err)
	}
	defer enc.Close()
	w := &writer{enc: enc, clip: &Video{Spec: s}}
	if s.File != "" {
		err = w.film(l)
	} else {
		err = w.scene()
	}
	if err != nil {
		return nil, err
	}
	return w.clip, nil
}

// String tells which clip it is.
func (s VideoSpec) String() string {
	if s.File != "" {
		return "clip of " + s.File
	}
	return fmt.Sprintf("clip of caller %d", s.Caller)
}

// writer encodes a clip.
type writer struct {
	enc  codecs.VideoEncoder
	clip *Video
}

// add encodes one picture more.
func (w *writer) add(p *codecs.Picture, key bool) error {
	i := len(w.clip.Units)
	p.Timestamp = uint32(i * codecs.VideoClock / w.clip.Spec.FPS)
	u, err := w.enc.Encode(p, key)
	if err != nil {
		return fmt.Errorf("%v, picture %d: %w", w.clip.Spec, i, err)
	}
	if key && !u.Key {
		return fmt.Errorf("%v, picture %d: the encoder made no IDR", w.clip.Spec, i)
	}
	u.Data = append([]byte(nil), u.Data...)
	w.clip.Units = append(w.clip.Units, u)
	return nil
}

// scene fills the clip with drawn pictures.
func (w *writer) scene() error {
	s := w.clip.Spec
	n := s.FPS * s.Seconds
	p := codecs.NewPicture(s.Width, s.Height)
	defer p.Release()
	sc := newScene(s)
	for i := range n {
		sc.draw(p, i, n)
		if err := w.add(p, i == 0); err != nil {
			return err
		}
	}
	return nil
}
