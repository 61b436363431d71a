// Package onecore measures what one core of this machine does alone: each of
// the operations that a conference is made of, one after the other on one
// thread, by that thread's processor time. It is the limit that a whole node is
// compared with. It knows nothing of conferences and calls nobody.
package onecore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"parley/codecs"
)

// The groups of operations.
const (
	Decode  = "decode"
	Scale   = "scale"
	Compose = "compose"
	Encode  = "encode"
	Sound   = "sound"
	SRTP    = "srtp"
	UDP     = "udp"
)

// Groups are all groups, in the order in which they are measured.
func Groups() []string { return []string{Decode, Scale, Compose, Encode, Sound, SRTP, UDP} }

// Errors of a measurement.
var (
	// ErrOptions: what was asked for cannot be measured.
	ErrOptions = errors.New("onecore: options")
	// errAbsent: this build or this system cannot do the operation.
	errAbsent = errors.New("onecore: not possible here")
)

// Size is that of a picture in luma samples.
type Size struct{ Width, Height int }

// String returns it as in 1280x720.
func (s Size) String() string { return fmt.Sprintf("%dx%d", s.Width, s.Height) }

// Options say what is measured. The zero value measures everything.
type Options struct {
	Groups  []string      // nil = all
	Sizes   []Size        // of decoded, composed and encoded pictures; nil = 1080p, 720p, 360p, 180p
	Presets []string      // of x264, and Chosen; nil = Chosen, ultrafast, superfast, veryfast
	Time    time.Duration // processor time for each operation, at least; 0 = 500 ms

	// Progress is told after each operation; nil = nobody wants to know.
	Progress func(Progress)

	source  Size // what callers send to be composed; zero = 1280x720
	fps     int  // of the clips, which are of seconds; 0 = 30
	seconds int  // 0 = 2
}

// Chosen stands in place of a preset for the settings that a node encodes with.
const Chosen = "chosen"

// preset returns the one that an encoder is opened with.
func preset(name string) string {
	if name == Chosen {
		return ""
	}
	return name
}

// Progress is how far a measurement has come.
type Progress struct {
	Doing       string  // what is being made ready, "" = an operation is done
	Result      *Result // of that operation; nil = it is not possible here
	Done, Total int     // operations
}

func (o Options) withDefaults() (Options, error) {
	if o.Groups == nil {
		o.Groups = Groups()
	}
	for _, g := range o.Groups {
		if !slices.Contains(Groups(), g) {
			return o, fmt.Errorf("%w: group %q: there are %s", ErrOptions, g, strings.Join(Groups(), ", "))
		}
	}
	if o.Sizes == nil {
		o.Sizes = []Size{{1920, 1080}, {1280, 720}, {640, 360}, {320, 180}}
	}
	for _, s := range o.Sizes {
		if s.Width < 64 || s.Height < 64 || s.Width > 4096 || s.Height > 2304 || (s.Width|s.Height)&1 != 0 {
			return o, fmt.Errorf("%w: pictures of %v: even, 64x64 to 4096x2304", ErrOptions, s)
		}
	}
	if o.Presets == nil {
		o.Presets = []string{Chosen, "ultrafast", "superfast", "veryfast"}
	}
	if o.Time == 0 {
		o.Time = 500 * time.Millisecond
	}
	if o.Time < 0 {
		return o, fmt.Errorf("%w: %v for each operation", ErrOptions, o.Time)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.source == (Size{}) {
		o.source = Size{1280, 720}
	}
	if o.fps == 0 {
		o.fps = pictureRate
	}
	if o.seconds == 0 {
		o.seconds = 2
	}
	return o, nil
}

// Streams need each operation so often in a second.
const (
	pictureRate = 30
	soundRate   = codecs.SampleRate / codecs.FrameSamples
	// packetRate is that of 1.5 Mbit/s in pictures of six packets.
	packetRate = 6 * pictureRate
)

// Measure measures the operations of this build. It takes about a minute when
// everything is measured, and ends early with the error of ctx.
func Measure(ctx context.Context, set codecs.Set, o Options) ([]Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // whose clock is read
	defer runtime.UnlockOSThread()
	m := newMaterial(set, o)
	defer m.close()
	var all []operation
	for _, group := range Groups() {
		if slices.Contains(o.Groups, group) {
			all = append(all, m.operations(group)...)
		}
	}
	var results []Result
	for i, op := range all {
		p := Progress{Done: i + 1, Total: len(all)}
		r, err := op.measure(ctx, o.Time)
		switch {
		case err == nil:
			results = append(results, r)
			p.Result = &r
		case !errors.Is(err, errAbsent):
			return results, fmt.Errorf("%s %s: %w", op.Name, op.Size, err)
		}
		o.Progress(p)
	}
	return results, nil
}

// operations returns those of a group.
func (m *material) operations(group string) []operation {
	switch group {
	case Decode:
		return m.decodes()
	case Scale:
		return m.scales()
	case Compose:
		return m.composes()
	case Encode:
		return m.encodes()
	case Sound:
		return m.sounds()
	case SRTP:
		return protections()
	default:
		return datagrams()
	}
}
