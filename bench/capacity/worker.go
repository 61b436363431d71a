package capacity

import (
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"parley/bench/clip"
	"parley/bench/load"
	"parley/codecs"
)

// codecsVariable makes this program the process of codec work.
const codecsVariable = "PARLEY_CAPACITY_CODECS"

// material is what the callers send, encoded: one of each for each caller.
type material struct {
	Idle, Talking []*clip.Video
	Voices        []*clip.Sound
	Quiet         *clip.Sound
}

// work is a stretch of codec work like that of a running conference.
type work struct {
	Seconds float64
	Layout  string
	Speaker int // caller
	Former  int // caller who was it before, whom the speaker sees
	Bands   []workBand
}

// workBand is what one band shows and how it is encoded.
type workBand struct {
	Index         int   // which band of the layout, -1 = all of it
	Width, Height int   // of the whole picture
	Cells         []int // callers in layout order, -1 = empty, also where another band lies
	Encoder       codecs.VideoEncoderConfig
}

// spent is what a stretch of codec work took.
type spent struct {
	Failed                                             string
	VideoDecode, VideoEncode, AudioDecode, AudioEncode effort
	Ticks                                              int // of 20 ms of sound
	Bytes                                              int // of all encoded pictures
}

// effort is so many operations and the processor time that they took together.
type effort struct {
	Operations int
	Time       time.Duration
}

// each returns the seconds that one operation took.
func (e effort) each() float64 {
	if e.Operations == 0 {
		return 0
	}
	return e.Time.Seconds() / float64(e.Operations)
}

// perSecond returns the codec work of a second of the conference: pictures
// that the node left out are not charged here either.
func (s spent) perSecond(slice Slice) Codec {
	const mixes = codecs.SampleRate / codecs.FrameSamples
	c := Codec{
		VideoDecode: s.VideoDecode.each() * slice.Node.Decoded,
		VideoEncode: s.VideoEncode.each() * slice.Node.Encoded,
	}
	if s.Ticks > 0 {
		c.AudioDecode = s.AudioDecode.Time.Seconds() / float64(s.Ticks) * mixes
		c.AudioEncode = s.AudioEncode.Time.Seconds() / float64(s.Ticks) * mixes
	}
	if n := s.VideoEncode.Operations; n > 0 {
		c.EncodedBits = float64(s.Bytes) * 8 / float64(n)
	}
	return c
}

// worker is the process that does codec work and nothing else.
type worker struct {
	process *exec.Cmd
	in      io.WriteCloser
	ask     *gob.Encoder
	answer  *gob.Decoder
}

// startWorker starts this program once more and gives it what the callers send.
func startWorker(ctx context.Context, o Options, library *clip.Library) (*worker, error) {
	m := material{}
	plan, err := o.plan().WithDefaults()
	if err != nil {
		return nil, err
	}
	if m.Quiet, err = library.Sound(clip.SoundSpec{}, codecs.Opus); err != nil {
		return nil, err
	}
	for i := range o.Parties {
		idle, err := library.Video(plan.Picture(i, false))
		if err != nil {
			return nil, err
		}
		talking, err := library.Video(plan.Picture(i, true))
		if err != nil {
			return nil, err
		}
		sound, err := library.Sound(load.Voice(i), codecs.Opus)
		if err != nil {
			return nil, err
		}
		m.Idle, m.Talking, m.Voices = append(m.Idle, idle), append(m.Talking, talking), append(m.Voices, sound)
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := &worker{process: exec.CommandContext(ctx, program)}
	w.process.Env = append(os.Environ(), codecsVariable+"=1")
	w.process.Stderr = os.Stderr
	if w.in, err = w.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.process.Start(); err != nil {
		return nil, err
	}
	w.ask, w.answer = gob.NewEncoder(w.in), gob.NewDecoder(out)
	if err := w.ask.Encode(m); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// do has the work done.
func (w *worker) do(one work) (spent, error) {
	var s spent
	if err := w.ask.Encode(one); err != nil {
		return s, err
	}
	if err := w.answer.Decode(&s); err != nil {
		return s, fmt.Errorf("capacity: codec process: %w", err)
	}
	if s.Failed != "" {
		return s, fmt.Errorf("capacity: codec process: %s", s.Failed)
	}
	return s, nil
}

// close ends the process.
func (w *worker) close() {
	w.in.Close()
	_ = w.process.Wait()
}

// ServeCodecs does codec work and ends the program when Measure started it for
// that, and returns otherwise. It must be called before anything else.
func ServeCodecs() {
	if os.Getenv(codecsVariable) == "" {
		return
	}
	if err := serveCodecs(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
