package load

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/signaling/sdp"
)

// Errors of a load.
var (
	// ErrPlan: the plan cannot be carried out.
	ErrPlan = errors.New("load: plan")
	// ErrProcess: the load process did not start, or ended.
	ErrProcess = errors.New("load: process")
	// ErrCaller: there is no such caller.
	ErrCaller = errors.New("load: no such caller")
)

// Plan says what the callers of a load are like. Equal plans make equal loads.
type Plan struct {
	URIs []string // what is dialled; conference i dials the i-th, round and round

	// What each caller sends; zero = 1280x720, 30 pictures/s, 1 Mbit/s, noise 6.
	Width, Height, FPS int
	Bitrate            int            // bit/s of his pictures
	Profile            codecs.Profile // both ways
	Noise              int            // amplitude of camera noise, luma steps; -1 = none
	Looks              int            // how many different people there are; 0 = 8, at most clip.Callers
	Seed               uint64         // of noise, of phases and of what the network does
	File               string         // media file to show in place of people; no delay is measured then

	NoLevels bool // he tells no levels of his sound (RFC 6464); else he offers to

	MaxBitrate int // bit/s that he can take, 0 = unsaid
	Level      int // level_idc that he can take, 0 = that of what he sends, 31 or more

	Turn    time.Duration // how long each talks, 0 = 2.5 s
	Talkers int           // how many of each conference talk, in turns; 0 = all
	Probes  int           // of the first callers of each conference, how many decode what they are sent; -1 = none
	// Main is where a view shows the speaker, as shares of its width and height:
	// left, top, right, bottom. All zero: where a layout of Parley has him.
	Main [4]float64

	Layout  string     // of the views, for comparing them; "" = the default
	Network Network    // what packets suffer between the callers and the server
	Address netip.Addr // of the callers; invalid = 127.0.0.1
}

const (
	defaultTurn = 2500 * time.Millisecond
	// loopMax is how many pictures a clip may have that are told apart by their
	// marks: talking people have the upper half of the numbers.
	loopMax = 128
)

// WithDefaults fills the zero fields and checks the rest.
func (p Plan) WithDefaults() (Plan, error) {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if p.Width == 0 && p.Height == 0 {
		p.Width, p.Height = 1280, 720
	}
	set(&p.FPS, 30)
	set(&p.Bitrate, 1_000_000)
	set(&p.Noise, 6)
	p.Noise, p.Probes = max(p.Noise, 0), max(p.Probes, 0)
	set(&p.Looks, 8)
	if p.Level == 0 {
		p.Level = 31
		for _, level := range [...]int{31, 32, 40, 42, 50, 51} {
			p.Level = level
			if size, pace, _ := sdp.LevelLimits(level, false); p.macroblocks() <= size && p.macroblocks()*p.FPS <= pace {
				break
			}
		}
	}
	if p.Turn == 0 {
		p.Turn = defaultTurn
	}
	if !p.Address.IsValid() {
		p.Address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	switch {
	case len(p.URIs) == 0:
		return p, fmt.Errorf("%w: nobody to call", ErrPlan)
	case p.Looks < 1 || p.Looks > clip.Callers:
		return p, fmt.Errorf("%w: %d looks, want 1 to %d", ErrPlan, p.Looks, clip.Callers)
	case p.FPS < 1 || p.FPS > loopMax/clipSeconds:
		return p, fmt.Errorf("%w: %d pictures/s, want 1 to %d", ErrPlan, p.FPS, loopMax/clipSeconds)
	case p.Turn < 100*time.Millisecond:
		return p, fmt.Errorf("%w: turns of %v", ErrPlan, p.Turn)
	}
	return p, p.Network.check()
}

func (p Plan) macroblocks() int { return (p.Width + 15) / 16 * ((p.Height + 15) / 16) }

// clipSeconds is how long the clips are.
const clipSeconds = 2

// Picture is what a caller of the given look sends.
func (p Plan) Picture(look int, talking bool) clip.VideoSpec {
	return clip.VideoSpec{
		File: p.File, Caller: look, Style: clip.Person, Name: "Caller " + string(rune('A'+look)), Talking: talking, Marked: true,
		Width: p.Width, Height: p.Height, FPS: p.FPS, Noise: p.Noise, Seed: p.Seed + uint64(look) + 1,
		Bitrate: p.Bitrate, Profile: p.Profile,
	}
}

// small is what he sends while he is asked for less than Bitrate: half the width
// and height, so that what rate there is looks well.
func (p Plan) small(look int) clip.VideoSpec {
	s := p.Picture(look, false)
	s.Width, s.Height, s.Bitrate = p.Width/4*2, p.Height/4*2, min(p.Bitrate, smallBitrate)
	return s
}

// smallFrom is the least side, in luma samples, of what is made smaller.
const smallFrom = 256

// smallBitrate is the rate of small pictures, bit/s.
const smallBitrate = 320_000

// Voice is what a caller of the given look says.
func Voice(look int) clip.SoundSpec {
	return clip.SoundSpec{Kind: clip.Speech, Caller: look, Level: -26, Beeps: true}
}

// Name is what a caller is called.
func (p Plan) Name(conference, index int) string {
	return fmt.Sprintf("Caller %d.%d", conference+1, index+1)
}

// local describes a caller for a negotiation.
func (p Plan) local(audioPort, videoPort int) sdp.Local {
	return sdp.Local{
		Address: p.Address, UserName: "load",
		Audio: &sdp.LocalMedia{Port: audioPort, Codecs: []string{codecs.Opus}, Direction: sdp.SendRecv, AudioLevel: !p.NoLevels, SendAudioLevel: !p.NoLevels},
		Video: &sdp.LocalMedia{
			Port: videoPort, Codecs: []string{codecs.H264}, Direction: sdp.SendRecv, MaxBitrate: p.MaxBitrate, Feedback: true,
			H264: sdp.H264Local{Profiles: []codecs.Profile{p.Profile}, Level: p.Level, PacketizationModes: []int{1}},
		},
	}
}
