package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"time"

	"parley/bench/clip"
	"parley/engine/rtp"
	"parley/signaling/sdp"
	"parley/signaling/sip"
)

const (
	audio = 0
	video = 1

	soundEvery = 20 * time.Millisecond
)

// Caller is one call of a load.
type Caller struct {
	plan       *Plan
	conference *conference
	index      int
	call       uint64 // counted from 1
	look       int
	name       string
	uri        string
	pump       *pump // nil: he got no further than his sockets
	streams    [2]*stream
	probe      *probe // nil: he decodes nothing
	agreement  *sdp.Negotiation
	dialog     *sip.Dialog
	began      time.Time    // when the INVITE went out
	over       atomic.Bool  // the far end ended the call
	leaving    atomic.Bool  // we did
	joined     atomic.Int64 // nanoseconds from the INVITE to the answer

	// Of the pump.
	start       time.Time // of what he sends; zero = nothing yet
	nextSound   time.Time
	nextPicture time.Time
	nextCare    time.Time
	nextReport  time.Time
	player      *clip.Player
	key         bool // a key frame was asked for
	sound       int  // next packet of the voice
	spoke       bool
	sent        uint64 // pictures
	receiver    *rtp.VideoReceiver
	frames      frames
	whole       bool // a complete key frame has come
	needKey     bool
	askedAt     time.Time
	firstWhole  time.Duration // INVITE to the first complete key frame
	damaged     uint64
	gaps        uint64
	keys        uint64
	bits        uint64 // of access units
}

// newCaller opens his sockets and prepares what he sends.
func newCaller(p *Plan, conf *conference, index int) (*Caller, error) {
	random := rand.New(rand.NewPCG(p.Seed, uint64(conf.index)<<32|uint64(index)))
	look := index % p.Looks
	c := &Caller{
		plan: p, conference: conf, index: index, look: look, name: p.Name(conf.index, index),
		player: clip.NewPlayer(conf.reels.idle[look], conf.reels.talking[look]), receiver: rtp.NewVideoReceiver(),
		frames: frames{every: time.Second / 30},
	}
	for i := range c.streams {
		var err error
		if c.streams[i], err = openStream(p.Address, i == video, p.Network, random); err != nil {
			if i == video {
				c.streams[audio].close(time.Now())
			}
			return nil, err
		}
	}
	c.streams[audio].packet = c.hear
	c.streams[video].packet = c.see
	c.streams[video].key = func() { c.key = true }
	c.agreement = sdp.New(p.local(c.streams[audio].port, c.streams[video].port))
	return c, nil
}

// dial calls and returns when his media run.
func (c *Caller) dial(ctx context.Context, server *sip.Server, uri string) error {
	offer, err := c.agreement.Offer()
	if err != nil {
		return err
	}
	c.uri, c.began = uri, time.Now()
	host := c.plan.Address.String()
	if c.plan.Address.Is6() { // RFC 3261 section 19.1.1
		host = "[" + host + "]"
	}
	out := sip.Outgoing{
		URI: uri, From: fmt.Sprintf("sip:load-%d-%d@%s", c.conference.index, c.index, host), DisplayName: c.name, Offer: offer,
		OnReinvite: c.reoffered, OnAnswer: func(answer []byte) { _ = c.accept(answer) },
		OnInfo: func(string, []byte) { c.pump.do(func() { c.key = true }) }, // RFC 5168
	}
	dialog, err := server.Invite(ctx, out)
	for try := 0; try < 5 && errors.Is(err, syscall.EADDRINUSE); try++ {
		// The SIP library learns of a listener a moment after it is open.
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		dialog, err = server.Invite(ctx, out)
	}
	if err != nil {
		return fmt.Errorf("%s calls %s: %w", c.name, uri, err)
	}
	c.joined.Store(int64(time.Since(c.began)))
	c.dialog = dialog
	if err := c.accept(dialog.RemoteSDP()); err != nil {
		return fmt.Errorf("%s calls %s: %w", c.name, uri, err)
	}
	c.pump.do(func() {
		// Callers do not all send at the same moment.
		random := rand.New(rand.NewPCG(c.plan.Seed+1, uint64(c.conference.index)<<32|uint64(c.index)))
		c.start = time.Now().Add(time.Duration(random.Int64N(int64(time.Second / 30))))
		c.nextSound, c.nextPicture, c.nextReport = c.start, c.start, c.start.Add(100*time.Millisecond)
	})
	go func() { // ends with the dialog, which closing the server ends
		<-dialog.Done()
		if !c.leaving.Load() {
			c.over.Store(true)
		}
	}()
	return nil
}

func (c *Caller) accept(answer []byte) error {
	var err error
	c.pump.do(func() {
		if err = c.agreement.Accept(answer); err == nil {
			c.agree()
		}
	})
	return err
}

// reoffered answers an offer of the far end during the call, or makes one.
func (c *Caller) reoffered(offer []byte) (answer []byte, err error) {
	c.pump.do(func() {
		if offer == nil {
			answer, err = c.agreement.Offer()
			return
		}
		if answer, err = c.agreement.Answer(offer); err == nil {
			c.agree()
		}
	})
	return answer, err
}

// agree puts what was negotiated into force; the pump rests.
func (c *Caller) agree() {
	m := c.agreement.Media()
	c.streams[audio].agree(m.Audio)
	c.streams[video].agree(m.Video)
}

// hangUp says BYE, where he got so far, and frees everything. It is called once.
func (c *Caller) hangUp(ctx context.Context) error {
	c.leaving.Store(true)
	var err error
	if c.dialog != nil {
		if err = c.dialog.Bye(ctx); errors.Is(err, sip.ErrEnded) {
			err = nil
		}
	}
	if c.pump != nil {
		c.pump.remove(c)
	} else {
		for _, s := range c.streams {
			s.close(time.Now())
		}
	}
	if c.probe != nil {
		c.probe.close()
	}
	return err
}

// step does what is due; it is called by the pump.
func (c *Caller) step(p *pump, now time.Time) {
	for _, s := range c.streams {
		s.pace(p, now)
	}
	if c.start.IsZero() || c.over.Load() {
		return
	}
	for !c.nextSound.After(now) {
		c.say(p, now)
		c.nextSound = c.nextSound.Add(soundEvery)
	}
	every := time.Second / time.Duration(c.plan.FPS)
	for !c.nextPicture.After(now) {
		c.show(p, now, every)
		c.nextPicture = c.nextPicture.Add(every)
	}
	if !c.nextReport.After(now) {
		c.nextReport = now.Add(reportEvery)
		for _, s := range c.streams {
			s.report(c.name, c.start, now)
		}
	}
	if !c.nextCare.After(now) {
		c.nextCare = now.Add(careEvery)
		c.care(now)
	}
}

// The octet of an audio level (RFC 6464 section 3).
const (
	silent = 127    // -dBov
	voiced = 1 << 7 // the sender takes it for a voice
)

// say sends one packet of sound.
func (c *Caller) say(p *pump, now time.Time) {
	s := c.streams[audio]
	talking, _ := c.conference.talks(c.index, now)
	if talking != c.spoke {
		c.sound = 0
	}
	sound := c.conference.reels.quiet
	if talking {
		sound = c.conference.reels.voices[c.look]
	}
	first := talking && !c.spoke
	c.spoke = talking
	at := c.sound % len(sound.Packets)
	c.sound++
	if !s.sending.on || now.Sub(c.nextSound) > behind {
		return
	}
	if s.sending.level = sound.Levels[at]; s.sending.level < silent {
		s.sending.level |= voiced
	}
	sent := s.send(p, sound.Packets[at:at+1], c.nextSound.Sub(c.start), first, now)
	if talking && at%int(time.Second/soundEvery) == 0 {
		onset := c.conference.reels.onset[c.look]
		c.conference.seen.say(instant{sent: sent, due: c.nextSound.Round(0), onset: time.Duration(onset * float64(time.Second))})
	}
}

// show sends one picture.
func (c *Caller) show(p *pump, now time.Time, every time.Duration) {
	s := c.streams[video]
	if !s.sending.on || now.Sub(c.nextPicture) > behind {
		return
	}
	talking, lately := c.conference.talks(c.index, now)
	due := c.nextPicture.Sub(c.start)
	c.player.Small = nil
	if small := c.conference.reels.small; s.limit > 0 && s.limit < uint64(c.plan.Bitrate)/2 && len(small) > 0 {
		c.player.Small = small[c.look]
	}
	unit := c.player.Next(int((due+every/2)/every), c.key, talking)
	c.key = false
	if len(unit.Data) == 0 {
		return
	}
	one := c.conference.reels.units[&unit.Data[0]]
	sent := s.send(p, one.payloads, due, true, now)
	c.sent++
	if lately && c.plan.File == "" {
		c.conference.seen.show(one.mark, instant{sent: sent, due: c.nextPicture.Round(0)})
	}
}

// see takes a packet of video.
func (c *Caller) see(packet rtp.Packet) {
	if packet.SSRCChanged {
		c.frames.restart()
	}
	c.frames.packet(packet.Timestamp, packet.Arrival)
	c.receiver.Push(packet)
	c.pop(packet.Arrival)
}

// pop takes the pictures that are complete.
func (c *Caller) pop(now time.Time) {
	for u, ok := c.receiver.Pop(now); ok; u, ok = c.receiver.Pop(now) {
		c.bits += uint64(len(u.Data)) * 8
		if u.Damaged {
			c.damaged++
		}
		if u.Gap {
			c.gaps++
		}
		if u.Key {
			c.keys++
		}
		if u.Key && !u.Damaged {
			c.whole, c.needKey = true, false
			if c.firstWhole == 0 {
				c.firstWhole = u.Arrival.Sub(c.began)
			}
		} else if u.Gap || u.Damaged || !c.whole {
			c.needKey = true
		}
		if c.probe != nil && c.whole && !u.Damaged {
			came, ok := c.frames.arrival(u.Timestamp)
			at, mapped := c.streams[video].reception.moment(u.Timestamp)
			c.probe.show(unit{data: append([]byte(nil), u.Data...), key: u.Key, came: came, whole: u.Arrival, known: ok, at: at, mapped: mapped})
		}
	}
}

// keyPatience is between two requests for a key frame, and before the first.
const keyPatience = 500 * time.Millisecond

// care looks after what is missing.
func (c *Caller) care(now time.Time) {
	s := c.streams[video]
	c.pop(now)
	s.nack(c.receiver.Missing(now), now)
	if c.needKey && now.Sub(c.askedAt) > keyPatience {
		if !c.askedAt.IsZero() || c.whole {
			s.wantKey(now)
		}
		c.askedAt = now
	}
}

// hear takes a packet of sound.
func (c *Caller) hear(packet rtp.Packet) {
	if c.probe == nil {
		return
	}
	at, mapped := c.streams[audio].reception.moment(packet.Timestamp)
	c.probe.listen(append([]byte(nil), packet.Payload...), packet.Arrival, at, mapped)
}
