package clip

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"parley/codecs"
	"parley/composer/pixel"
)

// Errors of media files. Where this build cannot read any, the error is
// codecs.ErrUnsupported.
var (
	// ErrNoPictures: the file has no video that can be decoded.
	ErrNoPictures = errors.New("there are no pictures in it")
	// ErrNoSound: the file has no audio that can be decoded.
	ErrNoSound = errors.New("there is no sound in it")
)

// A film's length is a multiple of filmStep, in which a whole number of
// pictures and of packets of sound fit: picture and sound of one file, looped
// each for itself, stay together for ever.
const (
	filmStep     = 200 * time.Millisecond
	shortestFilm = time.Second
	filmSeconds  = 30 // what is read of a file unless said otherwise
)

// apart is how far behind one of a file's streams may be before the other no
// longer waits for it.
const apart = 10 * time.Second

// Reading is how far a library has come with a media file.
type Reading struct {
	File   string
	At     time.Duration // how much of it has been read
	Length time.Duration // of the loop that it has become; 0 = not yet done
	Cut    bool          // the file is longer than that
}

// mediaReader decodes a media file. Who calls next owns the picture; sound is
// a frame of codecs.FrameSamples, valid until the next call; at is since the
// start of the file. At the end the error is io.EOF.
type mediaReader interface {
	HasVideo() bool
	HasAudio() bool
	next() (picture *codecs.Picture, sound []float32, at time.Duration, err error)
	Close()
}

// film is what reading a file gave, besides the pictures.
type film struct {
	length   time.Duration // of the loop
	pictures int
	sound    []float32 // of that length; nil = there is none
}

// reading is a film in the making.
type reading struct {
	limit        time.Duration
	film         film
	pictureAt    time.Duration // of the last picture
	between      time.Duration // it and the one before
	soundEnd     time.Duration
	done         [2]bool // pictures, sound: there is nothing more to wait for
	cut, stopped bool
}

// read goes through the file once and hands out its pictures, which the
// function does not keep. It is nil where only the sound is wanted.
func (l *Library) read(path string, limit time.Duration, show func(p *codecs.Picture, at time.Duration) error) (film, error) {
	f, err := l.readAll(path, limit, show)
	if err != nil {
		return film{}, fmt.Errorf("media file %s: %w", path, err)
	}
	return f, nil
}

func (l *Library) readAll(path string, limit time.Duration, show func(p *codecs.Picture, at time.Duration) error) (film, error) {
	var pathErr *os.PathError
	if info, err := os.Stat(path); errors.As(err, &pathErr) {
		return film{}, pathErr.Err
	} else if err != nil {
		return film{}, err
	} else if info.IsDir() {
		return film{}, errors.New("it is a folder")
	}
	m, err := openMedia(path)
	if err != nil {
		return film{}, err
	}
	defer m.Close()
	missing := func(pictures, sound bool) error {
		if show != nil && !pictures {
			return ErrNoPictures
		}
		if show == nil && !sound {
			return ErrNoSound
		}
		return nil
	}
	if err := missing(m.HasVideo(), m.HasAudio()); err != nil {
		return film{}, err
	}
	r := &reading{limit: limit, done: [2]bool{!m.HasVideo(), !m.HasAudio()}}
	told := time.Duration(-1)
	for !r.stopped {
		p, sound, at, err := m.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return film{}, err
		}
		if p != nil {
			err = r.picture(p, at, show)
			p.Release()
		} else {
			r.hear(sound, at)
		}
		if second := min(at, limit).Truncate(time.Second); err == nil && second > told {
			told = second
			err = l.tell(Reading{File: path, At: second})
		}
		if err != nil {
			return film{}, err
		}
	}
	f := r.end()
	if err := missing(f.pictures > 0, f.sound != nil); err != nil {
		return film{}, err
	}
	return f, l.tell(Reading{File: path, At: f.length, Length: f.length, Cut: r.cut})
}

func (l *Library) tell(r Reading) error {
	if l.OnReading == nil {
		return nil
	}
	return l.OnReading(r)
}

func (r *reading) picture(p *codecs.Picture, at time.Duration, show func(*codecs.Picture, time.Duration) error) error {
	if r.beyond(at, 0) {
		return nil
	}
	if r.film.pictures > 0 {
		r.between = at - r.pictureAt
	}
	r.pictureAt = at
	r.film.pictures++
	if show == nil {
		return nil
	}
	return show(p, max(at, 0))
}

// hear puts a frame of sound where its time is.
func (r *reading) hear(frame []float32, at time.Duration) {
	if r.beyond(at, 1) {
		return
	}
	from := int(max(at, 0) * codecs.SampleRate / time.Second)
	if n := from + len(frame) - len(r.film.sound); n > 0 {
		r.film.sound = append(r.film.sound, make([]float32, n)...)
	}
	for i, v := range frame {
		r.film.sound[from+i] = min(max(v, -1), 1)
	}
	r.soundEnd = at + soundTime(len(frame))
}

// beyond reports whether a time of a stream is past what is wanted; reading
// ends when the other stream is there, too, or does not come.
func (r *reading) beyond(at time.Duration, stream int) bool {
	if at >= r.limit+filmStep/2 { // less is rounded away
		r.cut, r.done[stream] = true, true
		r.stopped = r.done[1-stream] || at >= r.limit+apart
	}
	return at >= r.limit
}

// end gives the loop its length.
func (r *reading) end() film {
	end := r.soundEnd
	if r.film.pictures > 0 { // the last one is seen as long as the one before it
		end = max(end, r.pictureAt+min(max(r.between, 0), time.Second))
	}
	f := r.film
	f.length = min(max(end.Round(filmStep), shortestFilm), r.limit)
	if f.sound != nil {
		n := int(f.length * codecs.SampleRate / time.Second)
		f.sound = append(f.sound, make([]float32, max(0, n-len(f.sound)))...)[:n]
	}
	return f
}

func soundTime(samples int) time.Duration {
	return time.Duration(samples) * time.Second / codecs.SampleRate
}

// film fills the clip with the pictures of its file: each from the picture time
// nearest to its own until the next one's.
func (w *writer) film(l *Library) error {
	s := w.clip.Spec
	screen := newScreen(s.Width, s.Height)
	defer screen.picture.Release()
	// A film does not start again when a key frame is asked for, so that its
	// sound stays with it: the next key frame is never far. It is never the last
	// picture, since pictures come in multiples of FPS/5.
	every := 3 * s.FPS / 5
	until := func(n int) error {
		for i := len(w.clip.Units); i < n; i++ {
			if err := w.add(screen.picture, i%every == 0); err != nil {
				return err
			}
		}
		return nil
	}
	shown := false
	f, err := l.read(s.File, time.Duration(s.Seconds)*time.Second, func(p *codecs.Picture, at time.Duration) error {
		if shown {
			if err := until(int(math.Round(at.Seconds() * float64(s.FPS)))); err != nil {
				return err
			}
		}
		shown = true
		screen.show(p)
		return nil
	})
	if err != nil {
		return err
	}
	l.keepSound(soundFile{s.File, s.Seconds}, f.sound)
	n := int(f.length * time.Duration(s.FPS) / time.Second)
	if err := until(n); err != nil {
		return err
	}
	w.clip.Units = w.clip.Units[:n]
	return nil
}

// soundFile names the sound of a file.
type soundFile struct {
	path    string
	seconds int
}

// keepSound keeps what reading a file for its pictures gave besides.
func (l *Library) keepSound(f soundFile, samples []float32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard[f] = samples
}

// samples returns one loop of a sound.
func (l *Library) samples(s SoundSpec) ([]float32, error) {
	if s.File == "" {
		return s.Samples(), nil
	}
	key := soundFile{s.File, s.Seconds}
	l.mu.Lock()
	samples, ok := l.heard[key]
	l.mu.Unlock()
	if !ok {
		f, err := l.read(s.File, time.Duration(s.Seconds)*time.Second, nil)
		if err != nil {
			return nil, err
		}
		samples = f.sound
		l.keepSound(key, samples)
	}
	if samples == nil {
		return nil, fmt.Errorf("media file %s: %w", s.File, ErrNoSound)
	}
	return samples, nil
}

// screen scales pictures of any size to one, whole and undistorted, on black.
type screen struct {
	picture      *codecs.Picture
	luma, chroma *pixel.Scaler
	from         [2]int // the size that the scalers are made for
	inner        Rect
}

func newScreen(width, height int) *screen {
	return &screen{picture: codecs.NewPicture(width, height)}
}

// show replaces what is on the screen.
func (s *screen) show(p *codecs.Picture) {
	if size := [2]int{p.Width, p.Height}; s.from != size {
		s.from = size
		s.inner = fit(p.Width, p.Height, s.picture.Width, s.picture.Height)
		s.luma = pixel.NewScaler(p.Width, p.Height, s.inner.W, s.inner.H)
		s.chroma = pixel.NewScaler(p.Width/2, p.Height/2, s.inner.W/2, s.inner.H/2)
		canvas{s.picture}.fill(Colour{16, 128, 128})
	}
	to, from, r := planes(s.picture), planes(p), s.inner
	pixel.Scale(to[0].Sub(r.X, r.Y, r.W, r.H), from[0], s.luma)
	for i := 1; i < 3; i++ {
		pixel.Scale(to[i].Sub(r.X/2, r.Y/2, r.W/2, r.H/2), from[i], s.chroma)
	}
}

func planes(p *codecs.Picture) [3]pixel.Plane {
	return [3]pixel.Plane{
		{Pix: p.Y, Stride: p.StrideY, Width: p.Width, Height: p.Height},
		{Pix: p.U, Stride: p.StrideUV, Width: p.Width / 2, Height: p.Height / 2},
		{Pix: p.V, Stride: p.StrideUV, Width: p.Width / 2, Height: p.Height / 2},
	}
}

// fit returns the largest rectangle with the aspect of w x h in the middle of
// intoW x intoH, on even samples.
func fit(w, h, intoW, intoH int) Rect {
	scale := min(float64(intoW)/float64(w), float64(intoH)/float64(h))
	even := func(v, most int) int { return min(max(int(v)&^1, 2), most) }
	r := Rect{W: even(int(float64(w)*scale+1), intoW), H: even(int(float64(h)*scale+1), intoH)}
	r.X, r.Y = (intoW-r.W)/2&^1, (intoH-r.H)/2&^1
	return r
}
