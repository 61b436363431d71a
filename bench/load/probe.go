package load

import (
	"sync"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/composer"
)

// probe decodes what a caller is sent and tells what became of the numbered
// pictures and the beeps on their way through the server.
type probe struct {
	caller *Caller
	video  codecs.VideoDecoder
	audio  codecs.AudioDecoder
	units  chan unit
	sounds chan packet
	done   sync.WaitGroup

	mu        sync.Mutex
	found     Findings   // guarded by mu
	sample    bool       // guarded by mu: the next picture that can be read is kept
	specimens []specimen // guarded by mu

	// Of the goroutine of pictures.
	main  int // which of the places the speaker was last found at
	last  clip.Mark
	shown bool // there is a last one
	// Video delay by the clocks of both ends, of the last pictures.
	lagMu sync.Mutex
	lags  [15]time.Duration // guarded by lagMu
	lag   int               // guarded by lagMu

	beeps   beeps
	samples []float32
}

// Findings are what a probe found since it was asked last. Times are seconds.
type Findings struct {
	// Delay of pictures: from the last packet of a picture sent to the first
	// packet of the composed picture that shows it first, of the speaker large.
	Delay    []float64
	Pictures uint64 // composed pictures in which a number was read
	Unread   uint64 // those in which none could be read
	Repeated uint64 // those that show what the one before showed
	Skipped  uint64 // pictures of the speaker that were never shown
	// Sound is the delay of beeps, mouth to ear beyond that of a direct call.
	Sound []float64
	// LipSync is how much later sound is played than the picture that belongs to
	// it, when both are played as the sender reports say.
	LipSync []float64
	Refused uint64 // access units that the decoder refused
	// FirstPicture is from INVITE until the picture was complete that the decoder
	// gave first; 0 = none yet.
	FirstPicture float64
}

// unit is an access unit for the probe.
type unit struct {
	data   []byte
	key    bool
	came   time.Time // first packet
	whole  time.Time // last packet
	known  bool      // came is
	at     time.Time // by the server's clock
	mapped bool      // at is known
}

// packet is one of sound.
type packet struct {
	data   []byte
	came   time.Time
	at     time.Time
	mapped bool
}

func newProbe(c *Caller, set codecs.Set) (*probe, error) {
	p := &probe{caller: c, units: make(chan unit, 64), sounds: make(chan packet, 64)}
	var err error
	if p.video, err = set.NewVideoDecoder(codecs.H264); err != nil {
		return nil, err
	}
	if p.audio, err = set.NewAudioDecoder(codecs.Opus); err != nil {
		p.video.Close()
		return nil, err
	}
	p.done.Go(func() {
		for u := range p.units {
			p.look(u)
		}
		p.video.Close()
	})
	p.done.Go(func() {
		for s := range p.sounds {
			p.hear(s)
		}
		p.audio.Close()
	})
	return p, nil
}

// show hands over an access unit; one for which there is no room is counted as
// refused. It never blocks the pump.
func (p *probe) show(u unit) {
	select {
	case p.units <- u:
	default:
		p.mu.Lock()
		p.found.Refused++
		p.mu.Unlock()
	}
}

func (p *probe) listen(data []byte, came, at time.Time, mapped bool) {
	select {
	case p.sounds <- packet{data, came, at, mapped}:
	default:
	}
}

// look decodes and times one picture.
func (p *probe) look(u unit) {
	picture, err := p.video.Decode(u.data, 0)
	defer picture.Release()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.found.Refused++
		return
	}
	if picture == nil || !u.known {
		return
	}
	if p.found.FirstPicture == 0 {
		p.found.FirstPicture = u.whole.Sub(p.caller.began).Seconds()
	}
	if p.caller.plan.File != "" {
		return
	}
	mark, ok := p.read(picture)
	if !ok {
		p.found.Unread++
		return
	}
	p.found.Pictures++
	p.keep(picture)
	before, shown := p.last, p.shown
	p.last, p.shown = mark, true
	if shown && mark == before {
		p.found.Repeated++
		return
	}
	if d := mark.Picture - before.Picture; shown && mark.Caller == before.Caller && d > 1 && mark.Picture&^(loopMax-1) == before.Picture&^(loopMax-1) {
		p.found.Skipped += uint64(d - 1)
	}
	at, ok := p.caller.conference.seen.picture(mark, u.came)
	if !ok {
		return
	}
	p.found.Delay = append(p.found.Delay, u.came.Sub(at.sent).Seconds())
	if u.mapped {
		p.lagMu.Lock()
		p.lags[p.lag%len(p.lags)] = u.at.Sub(at.due)
		p.lag++
		p.lagMu.Unlock()
	}
}

// specimensMost bounds the pictures that a probe keeps.
const specimensMost = 32

// keep keeps a picture when one is wanted; p.mu is held.
func (p *probe) keep(picture *codecs.Picture) {
	layout, known := composer.Find(p.caller.plan.Layout)
	if !p.sample || !known || len(p.specimens) >= specimensMost {
		return
	}
	if s, ok := read(picture, layout); ok {
		picture.Retain()
		p.specimens, p.sample = append(p.specimens, s), false
	}
}

// want has the next picture kept.
func (p *probe) want() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sample = true
}

// kept returns the pictures that were kept; they are the asker's.
func (p *probe) kept() []specimen {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.specimens
	p.specimens = nil
	return s
}

// read finds the speaker's mark in a view.
func (p *probe) read(picture *codecs.Picture) (clip.Mark, bool) {
	places := p.places(picture.Width, picture.Height)
	for i := range places {
		k := (p.main + i) % len(places)
		if m, ok := clip.ReadMark(picture, places[k]); ok {
			p.main = k
			return m, true
		}
	}
	return clip.Mark{}, false
}

// places returns where the speaker may be in a view of that size.
func (p *probe) places(width, height int) []clip.Rect {
	if m := p.caller.plan.Main; m != [4]float64{} {
		return []clip.Rect{clip.Rect{W: width, H: height}.Part(m[0], m[1], m[2], m[3])}
	}
	list := []clip.Rect{}
	for _, l := range composer.Layouts() {
		list = append(list, clip.Rect(l.Resolve(width, height)[0]))
	}
	return append(list, clip.Rect{W: width, H: height})
}

// hear decodes one packet of sound and times the beep in it.
func (p *probe) hear(s packet) {
	var err error
	if p.samples, err = p.audio.Decode(p.samples[:0], s.data); err != nil {
		return
	}
	n, ok := p.beeps.find(p.samples)
	if !ok {
		return
	}
	into := time.Duration(n) * time.Second / codecs.SampleRate
	at, ok := p.caller.conference.seen.beep(s.came.Add(into))
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found.Sound = append(p.found.Sound, s.came.Add(into).Sub(at.sent.Add(at.onset)).Seconds())
	if lag, known := p.videoLag(); known && s.mapped {
		p.found.LipSync = append(p.found.LipSync, (s.at.Add(into).Sub(at.due.Add(at.onset)) - lag).Seconds())
	}
}

// videoLag returns how much later than its camera pictures are to be played,
// the mean of the last ones.
func (p *probe) videoLag() (mean time.Duration, known bool) {
	p.lagMu.Lock()
	defer p.lagMu.Unlock()
	if p.lag < len(p.lags) {
		return 0, false
	}
	for _, l := range p.lags {
		mean += l / time.Duration(len(p.lags))
	}
	return mean, true
}

// take returns what was found and begins anew.
func (p *probe) take() Findings {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.found
	p.found = Findings{FirstPicture: f.FirstPicture}
	return f
}

// close ends the probe; nothing is handed over any more.
func (p *probe) close() {
	close(p.units)
	close(p.sounds)
	p.done.Wait()
	for _, s := range p.kept() {
		s.picture.Release()
	}
}
