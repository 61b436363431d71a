package rtp

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// Spacing of key frame requests, both ways.
const (
	keyFrameSpacing = 300 * time.Millisecond // between requests of ours
	pliMerge        = 100 * time.Millisecond // PLIs so close together are one request
)

// firSendersMax bounds the senders whose FIR sequence numbers are remembered.
const firSendersMax = 8

// control is the RTCP state of a stream.
type control struct {
	mu          sync.Mutex
	latch       latch
	destination netip.AddrPort // where RTCP goes now
	mux         bool

	remoteLost               int
	remoteLoss               float64
	remoteJitter, rtt        time.Duration
	reports                  uint64
	malformed, foreign       uint64
	nacksSent, nacksReceived uint64

	firSeen         []firSender
	lastPLI         time.Time // that was passed on
	keyFramesWanted uint64
	keyFramesAsked  uint64
	lastAsked       time.Time // our last request
	firSequence     uint8     // of our last FIR

	limits  []MaxBitrate // TMMBR in force, SSRC = who asked
	asked   MaxBitrate   // our TMMBR, repeated until the TMMBN; zero SSRC = none
	repeats int          // how often it will be sent yet
}

type firSender struct {
	ssrc     uint32
	sequence uint8
}

func newControl() *control { return &control{latch: latch{silence: relatchControl}} }

// declare takes the addresses of a configuration; remote is the RTP address in force.
func (c *control) declare(cfg *Config, remote netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mux = cfg.Mux
	c.latch.signaling = cfg.Signaling.Unmap()
	switch {
	case cfg.Mux:
		c.latch.declare(cfg.Remote)
	case cfg.RemoteRTCP.IsValid():
		c.latch.declare(cfg.RemoteRTCP)
	default:
		c.latch.declare(controlOf(cfg.Remote))
	}
	c.settle(cfg, remote)
}

// follow takes a new RTP address.
func (c *control) follow(remote netip.AddrPort, cfg *Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(cfg, remote)
}

// settle chooses the destination: the far end's RTCP source when it has been
// heard, else what is declared, else the port after its RTP source.
func (c *control) settle(cfg *Config, remote netip.AddrPort) {
	switch {
	case c.mux || !remote.IsValid():
		c.destination = remote
	case c.latch.latched.IsValid() || cfg.RemoteRTCP.IsValid():
		c.destination = c.latch.remote()
	default:
		c.destination = controlOf(remote)
	}
}

// controlOf is the RTCP address that belongs to an RTP address.
func controlOf(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() || a.Port() == 0 || a.Port() == 65535 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr(), a.Port()+1)
}

// peers is who an RTCP packet may speak of.
type peers struct {
	local, remote uint32 // remote 0 = nobody yet
	sendClock     int
	payload       float64 // bytes of media in a packet that we send, on average
}

// actions is what a compound packet asks of the stream.
type actions struct {
	relevant bool // it came from or speaks of somebody in this stream
	keyFrame bool
	bitrate  int // bit/s, 0 = none
	reported bool
	report   Report // the last one about us, if reported
	bye      bool
	nacks    [nacksMax]uint16 // the first of them are asked for again
	nacked   int              // so many
	notify   bool             // a TMMBN is to be sent
	tightest MaxBitrate       // what it says, if notify
	sender   senderInfo       // of the current source's last sender report; zero ssrc = none
}

// nacksMax bounds the sequence numbers that one datagram may ask for.
const nacksMax = 512

// handle takes one RTCP datagram apart (RFC 3550 section 6.1; reduced-size ones
// of RFC 5506 too). What cannot be understood is counted and left out.
func (c *control) handle(b []byte, from netip.AddrPort, now time.Time, who peers) (a actions) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.latch.allows(from, now) {
		c.foreign++
		return a
	}
	if len(b) < 4 {
		c.malformed++
		return a
	}
	for len(b) > 0 {
		if len(b) < 4 || b[0]>>6 != 2 {
			c.malformed++
			break
		}
		size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if size > len(b) {
			c.malformed++
			break
		}
		p, ok := withoutPadding(b[:size])
		if !ok || !c.one(p, now, who, &a) {
			c.malformed++
		}
		b = b[size:]
	}
	if a.relevant {
		if c.latch.valid(from, now) && !c.mux {
			c.destination = c.latch.remote()
		}
	} else {
		c.foreign++
	}
	return a
}

// withoutPadding takes padding off a packet, in place.
func withoutPadding(p []byte) ([]byte, bool) {
	if p[0]&0x20 == 0 {
		return p, true
	}
	n := int(p[len(p)-1])
	if n == 0 || n%4 != 0 || n > len(p)-4 {
		return nil, false
	}
	p = p[:len(p)-n]
	p[0] &^= 0x20
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)/4-1))
	return p, true
}

// one takes one packet of a compound. It returns false when it is malformed;
// kinds that are not used here are fine.
func (c *control) one(p []byte, now time.Time, who peers, a *actions) bool {
	switch rtcp.PacketType(p[1]) {
	case rtcp.TypeSenderReport, rtcp.TypeReceiverReport:
		about, blocks, ok := parseReport(p)
		if !ok {
			return false
		}
		if who.remote != 0 && about.ssrc == who.remote {
			a.relevant = true
			if rtcp.PacketType(p[1]) == rtcp.TypeSenderReport {
				a.sender = about
			}
		}
		for ; len(blocks) > 0; blocks = blocks[reportBlockSize:] {
			c.block(parseBlock(blocks), now, who, a)
		}
	case rtcp.TypeGoodbye:
		var bye rtcp.Goodbye
		if bye.Unmarshal(p) != nil {
			return false
		}
		for _, ssrc := range bye.Sources {
			if who.remote != 0 && ssrc == who.remote {
				a.relevant, a.bye = true, true
			}
		}
	case rtcp.TypeTransportSpecificFeedback:
		return c.transportFeedback(p, who, a)
	case rtcp.TypePayloadSpecificFeedback:
		return c.payloadFeedback(p, now, who, a)
	}
	return true
}

// block takes a report block, if it is about what we send.
func (c *control) block(b reportBlock, now time.Time, who peers, a *actions) {
	if b.ssrc != who.local {
		return
	}
	a.relevant, a.reported = true, true
	c.remoteLoss, c.remoteLost = float64(b.fraction)/256, b.lost
	if who.sendClock > 0 {
		c.remoteJitter = time.Duration(float64(b.jitter) / float64(who.sendClock) * float64(time.Second))
	}
	if b.lastSR != 0 {
		rtt := int32(ntpMiddle(now) - b.lastSR - b.delay)
		if rtt >= -65 && rtt < 30<<16 { // a millisecond below nothing is rounding
			c.rtt = time.Duration(max(rtt, 1)) * time.Second >> 16
		}
	}
	a.report = Report{FractionLost: c.remoteLoss, Jitter: c.remoteJitter, RTT: c.rtt}
}

// transportFeedback takes generic NACK, TMMBR and TMMBN.
func (c *control) transportFeedback(p []byte, who peers, a *actions) bool {
	switch p[0] & 0x1f {
	case rtcp.FormatTLN:
		_, media, pairs, ok := parseFeedback(p, nackPairSize)
		if !ok || media != who.local {
			return ok
		}
		a.relevant = true
		before := a.nacked
		a.nacked = len(appendMissing(a.nacks[:before], pairs, nacksMax))
		c.nacksReceived += uint64(a.nacked - before)
	case formatTMMBR, formatTMMBN:
		var room [maxBitrateEntries]MaxBitrate
		m, err := parseMaxBitrate(p, room[:0])
		if err != nil {
			return false
		}
		if m.format == formatTMMBN {
			if who.remote != 0 && m.sender == who.remote {
				a.relevant = true
				if c.notified(m.entries, who.local) {
					c.repeats = 0
				}
			}
			return true
		}
		for _, e := range m.entries {
			if e.SSRC == who.local {
				a.relevant = true
				c.limit(m.sender, e)
				a.notify = true
				a.tightest, a.bitrate = c.bounding(who.payload)
			}
		}
	}
	return true
}

// forget drops what a sender asked for who has been replaced, and asks the new
// one, of that SSRC, for what the old one was asked for.
func (c *control) forget(ssrc uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits = c.limits[:0]
	if c.asked.SSRC != 0 {
		c.asked.SSRC = ssrc
		c.ask()
	}
}

// askMost bounds how often a TMMBR is sent: some endpoints that declare it never
// answer, and some of those take each one for a change.
const askMost = 8

// ask has our TMMBR sent with the next reports, until it is answered.
func (c *control) ask() { c.repeats = askMost }

// notified reports whether a TMMBN answers our TMMBR (RFC 5104 section 4.2.2): it
// has our entry with the rate that we asked for, or, where somebody else's bound
// is the tighter one, only that. An answer to what we asked for before is none.
func (c *control) notified(entries []MaxBitrate, local uint32) bool {
	for _, e := range entries {
		if e.SSRC == local {
			return e.Bitrate == rounded(c.asked.Bitrate)
		}
	}
	return len(entries) > 0 && entries[0].Bitrate <= c.asked.Bitrate
}

// limit takes note of a TMMBR. Its SSRC becomes that of the one who asked.
func (c *control) limit(sender uint32, e MaxBitrate) {
	e.SSRC = sender
	for i := range c.limits {
		if c.limits[i].SSRC == sender {
			c.limits[i] = e
			return
		}
	}
	if len(c.limits) == maxBitrateEntries {
		c.limits = append(c.limits[:0], c.limits[1:]...)
	}
	c.limits = append(c.limits, e)
}

// bounding returns the tightest limit and the media bit rate that it leaves
// (RFC 5104 section 4.2.1.1: the limit counts Overhead bytes of each packet).
func (c *control) bounding(payload float64) (MaxBitrate, int) {
	best, rate := 0, 0.0
	for i, e := range c.limits {
		r := float64(e.Bitrate) * payload / (payload + float64(e.Overhead))
		if i == 0 || r < rate {
			best, rate = i, r
		}
	}
	return c.limits[best], max(int(min(rate, 1<<40)), 1)
}

// payloadFeedback takes PLI, FIR and REMB.
func (c *control) payloadFeedback(p []byte, now time.Time, who peers, a *actions) bool {
	switch p[0] & 0x1f {
	case rtcp.FormatPLI:
		_, media, _, ok := parseFeedback(p, 0)
		if !ok || media != who.local {
			return ok
		}
		a.relevant = true
		c.keyFramesWanted++
		if now.Sub(c.lastPLI) >= pliMerge {
			c.lastPLI, a.keyFrame = now, true
		}
	case rtcp.FormatFIR:
		sender, _, entries, ok := parseFeedback(p, firEntrySize)
		if !ok {
			return false
		}
		for ; len(entries) > 0; entries = entries[firEntrySize:] {
			if binary.BigEndian.Uint32(entries) != who.local {
				continue
			}
			a.relevant = true
			if c.newFIR(sender, entries[4]) {
				c.keyFramesWanted++
				a.keyFrame = true
				c.lastPLI = now
			}
		}
	case rtcp.FormatREMB:
		var remb rtcp.ReceiverEstimatedMaximumBitrate
		if remb.Unmarshal(p) != nil {
			return false
		}
		about := len(remb.SSRCs) == 0 && who.remote != 0 && remb.SenderSSRC == who.remote
		for _, ssrc := range remb.SSRCs {
			about = about || ssrc == who.local
		}
		if about && remb.Bitrate >= 1 {
			a.relevant = true
			a.bitrate = int(min(remb.Bitrate, 1<<40))
		}
	}
	return true
}

// newFIR reports whether a FIR's command sequence number differs from the last
// one of the same sender (RFC 5104 section 4.3.1.2: a repeated one asks for nothing new).
func (c *control) newFIR(sender uint32, sequence uint8) bool {
	for i := range c.firSeen {
		if f := &c.firSeen[i]; f.ssrc == sender {
			changed := f.sequence != sequence
			f.sequence = sequence
			return changed
		}
	}
	if len(c.firSeen) == firSendersMax {
		c.firSeen = append(c.firSeen[:0], c.firSeen[1:]...)
	}
	c.firSeen = append(c.firSeen, firSender{sender, sequence})
	return true
}
