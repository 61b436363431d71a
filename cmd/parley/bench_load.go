package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley/bench/clip"
	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/trial"
	"parley/codecs"
	"parley/config"
)

// loadFlags say what the callers of a bench are like.
type loadFlags struct {
	Parties      int           `default:"8" help:"Callers of each conference."`
	Conferences  int           `default:"1" help:"How many conferences run at the same time."`
	Size         string        `default:"720p30" help:"What each caller sends: 720p30, 360p15, 640x480@25."`
	Bitrate      int           `default:"1000" help:"Of the pictures that each sends, kbit/s."`
	Take         int           `placeholder:"KBIT/S" help:"Most that each takes. Default: what the server sends."`
	Profile      string        `enum:"baseline,main,high" default:"baseline" help:"H.264 profile both ways: baseline (constrained), main or high."`
	Video        string        `placeholder:"FILE" help:"Send the pictures of this file (H.264, Y4M, MP4 and others) in place of made-up people. The delay of pictures is not measured then."`
	Looks        int           `default:"8" help:"How many different people the callers are, 1 to 16."`
	Turn         time.Duration `default:"2500ms" help:"How long each talks."`
	Levels       bool          `default:"true" negatable:"" help:"Callers tell how loud each packet of sound is (RFC 6464), as most endpoints do."`
	Talkers      int           `placeholder:"N" help:"How many of each conference talk, in turns. The others are seen small only, and are asked to send less. Default: all."`
	Probes       int           `default:"1" help:"Of the callers of each conference, how many decode what they are sent and time it; -1 for none."`
	Seed         uint64        `default:"1" help:"Of noise and of what the network does. Equal seeds make equal loads."`
	OwnThumbnail string        `enum:"hidden,shown,auto" default:"${own_thumbnail}" help:"Own thumbnails of the node: hidden, shown or auto."`
	Layout       string        `help:"Layout of the node's pictures."`
}

// options turns the flags into those of a trial.
func (f *loadFlags) options(o *output) (trial.Options, error) {
	width, height, fps, err := parseVideoSize(f.Size)
	if err != nil {
		return trial.Options{}, err
	}
	p := load.Plan{
		URIs:  []string{"sip:unknown"}, // checked without; the trial fills it in
		Width: width, Height: height, FPS: fps, Bitrate: 1000 * f.Bitrate, MaxBitrate: 1000 * f.Take,
		Profile: profiles[f.Profile], File: f.Video, Looks: min(f.Looks, max(f.Parties, 1)), Turn: f.Turn, Talkers: f.Talkers, Probes: f.Probes, Seed: f.Seed, NoLevels: !f.Levels,
	}
	if f.Looks < 1 || f.Looks > clip.Callers {
		return trial.Options{}, &usageError{fmt.Sprintf("--looks %d: there are 1 to %d", f.Looks, clip.Callers)}
	}
	if f.Parties < 1 || f.Conferences < 1 {
		return trial.Options{}, &usageError{"--parties and --conferences are 1 or more"}
	}
	if _, err := p.WithDefaults(); err != nil {
		return trial.Options{}, &usageError{err.Error()}
	}
	if f.Video != "" {
		if _, err := os.Stat(f.Video); err != nil {
			return trial.Options{}, err
		}
	}
	return trial.Options{
		OwnThumbnail: config.OwnThumbnail(f.OwnThumbnail), Layout: f.Layout, Parties: f.Parties, Conferences: f.Conferences,
		Load: p, Told: tell(o.progress),
	}, nil
}

var profiles = map[string]codecs.Profile{"baseline": codecs.ConstrainedBaseline, "main": codecs.Main, "high": codecs.High}

// parseVideoSize reads 720p30 (16:9) or 640x480@25; without a rate it is 30.
func parseVideoSize(text string) (width, height, fps int, err error) {
	wrong := &usageError{fmt.Sprintf("--size %s: write it like 720p30 or 1280x720@30", text)}
	size, rate := text, "30"
	if before, after, ok := strings.Cut(text, "@"); ok {
		size, rate = before, after
	} else if before, after, ok := strings.Cut(text, "p"); ok {
		size = before
		if after != "" {
			rate = after
		}
		if height, err = strconv.Atoi(size); err != nil || height < 64 || height > 1080 {
			return 0, 0, 0, wrong
		}
		width = (height*16/9 + 1) &^ 1
		size = fmt.Sprintf("%dx%d", width, height)
	}
	if width, height, err = parseSize(size); err != nil {
		return 0, 0, 0, wrong
	}
	if fps, err = strconv.Atoi(rate); err != nil || fps < 1 || fps > 60 {
		return 0, 0, 0, wrong
	}
	return width, height, fps, nil
}

// tell returns what writes progress, each line with the time since the start.
func tell(w io.Writer) func(string) {
	var mu sync.Mutex
	begin := time.Now()
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, "%6.1f s  %s\n", time.Since(begin).Seconds(), text)
	}
}

// perform does a trial and delivers what it found.
func perform(ctx context.Context, o *output, f benchFlags, name string, do func(*report.Run) error) error {
	if err := f.prepare(); err != nil {
		return err
	}
	r := report.New(name, version)
	err := do(r)
	switch {
	case ctx.Err() != nil:
		return errors.New("ended before all was measured")
	case errors.Is(err, trial.ErrOptions), errors.Is(err, load.ErrPlan):
		return &usageError{err.Error()}
	case err != nil:
		return err
	}
	return f.deliver(o, r)
}
