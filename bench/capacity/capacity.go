// Package capacity measures what a conference costs: the processor time of a
// node that holds one, beside that of its codec work alone, in one run. It
// reads /proc, so it is for Linux.
package capacity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/bench/clip"
	"parley/bench/report"
	"parley/codecs"
	"parley/codecs/native"
	"parley/config"
)

// Errors of a measurement.
var (
	// ErrOptions: the options cannot be carried out.
	ErrOptions = errors.New("capacity: options")
	// ErrIdle: the conference did not get going.
	ErrIdle = errors.New("capacity: no media")
)

// Options say what is measured.
type Options struct {
	Binary       string              // path of parley, which serves as the node
	Parties      int                 // callers of the conference, 0 = 8, at most clip.Callers
	Duration     time.Duration       // of conference that is measured, 0 = 20 s
	OwnThumbnail config.OwnThumbnail // Hidden or Shown, "" = Hidden

	// What each caller sends and can take; zero = 1280x720 at 30 pictures/s.
	Width, Height int
	Bitrate       int            // bit/s that he sends, 0 = 1 Mbit/s
	Profile       codecs.Profile // both ways
	Level         int            // level_idc of what he can take, 0 = 31
	MaxBitrate    int            // bit/s that he can take, 0 = unsaid

	Told func(string) // what happens meanwhile; nil = nobody wants to know
}

func (o Options) withDefaults() (Options, error) {
	if o.Parties == 0 {
		o.Parties = 8
	}
	if o.Duration == 0 {
		o.Duration = 20 * time.Second
	}
	if o.OwnThumbnail == "" {
		o.OwnThumbnail = config.Hidden
	}
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = 1280, 720
	}
	if o.Told == nil {
		o.Told = func(string) {}
	}
	if o.Parties < 2 || o.Parties > clip.Callers || o.Duration < time.Second {
		return o, fmt.Errorf("%w: %d parties for %v: 2 to %d, a second or more", ErrOptions, o.Parties, o.Duration, clip.Callers)
	}
	return o, nil
}

// Whoever talks stops after talkFor and the next one begins.
const talkFor = 2500 * time.Millisecond

// sliceFor is how long the node and the codecs are measured at a time: they
// take turns, so that what else the machine does meets both alike.
const sliceFor = 5 * time.Second

// Measure holds a conference on a node of its own process and tells what it
// costs. In turns with it the same codec work is done in another process, with
// nothing else running. That process and the one that makes the callers are this
// program once more, which must call load.Serve and ServeCodecs first of all.
func Measure(ctx context.Context, o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	library := clip.NewLibrary(native.Codecs())
	o.Told(fmt.Sprintf("encoding what %d callers show and say", o.Parties))
	worker, err := startWorker(ctx, o, library)
	if err != nil {
		return Result{}, err
	}
	defer worker.close()
	c, err := o.open(ctx)
	if err != nil {
		return Result{}, err
	}
	defer c.Close()
	slices := int((o.Duration + sliceFor - 1) / sliceFor)
	length := o.Duration / time.Duration(slices)
	r := Result{
		Machine: report.ThisMachine(), Libraries: library.Codecs().Libraries,
		Parties: o.Parties, OwnThumbnail: string(o.OwnThumbnail),
	}
	for i := range slices {
		o.Told(fmt.Sprintf("slice %d of %d: a conference for %v, then its codec work alone", i+1, slices, length))
		s, w, err := c.hold(ctx, length)
		if err != nil {
			return Result{}, err
		}
		w.Seconds = length.Seconds()
		spent, err := worker.do(w)
		if err != nil {
			return Result{}, err
		}
		s.Codec = spent.perSecond(s)
		r.Slices = append(r.Slices, s)
		o.Told(fmt.Sprintf("node %.3f cores, codecs alone %.3f, ratio %.3f", s.CPU(), s.Codec.Sum(), s.Ratio()))
	}
	r.add()
	return r, nil
}
