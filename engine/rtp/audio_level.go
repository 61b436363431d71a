package rtp

import (
	"math"
	"math/rand/v2"
	"time"

	"parley/codecs"
)

// How far a sender's word about his levels is taken.
const (
	levelTolerance = 12.0  // dB that a packet may be louder than told: its neighbours leak into it
	levelHeard     = -55.0 // dBov: what is softer is no reason for doubt
	levelProof     = 3     // packets in a row, as loud as told at most, after which he is believed
	levelLies      = 10    // packets louder than told, without such a row, after which he never is again
	levelAuditMin  = 60    // packets passed over before the next one is looked at,
	levelAuditMax  = 100   // at any number between the two: not those of all senders in one tick
	levelLinger    = 100 * time.Millisecond
	levelWarmUp    = 4 // packets before one that a decoder needs to know
	levelDTX       = 2 // bytes of an Opus packet that only says that there is no sound (RFC 6716 section 3.1)
)

// leveller is a decoder that can tell the level of a packet, in dBov, for much
// less than it takes to decode it.
type leveller interface{ Level(packet []byte) float64 }

// levels decides which packets of one stream are decoded. Those that are softer
// than anybody asks for are passed over: nobody would hear them. What the sender
// tells is believed after it has proved right, and looked at again now and then:
// one who always tells silence must be heard, and one who tells a loud voice is
// decoded, so that what he says is judged by how it sounds. The zero value
// passes over nothing.
type levels struct {
	asked bool    // least is set
	least float64 // dBov

	agreed int // packets in a row that were as told
	lies   int // louder ones since he was believed
	due    int // packets to be passed over before one is looked at
	linger int // samples at 48 kHz still to be decoded

	trail [levelWarmUp][]byte // the packets passed over last
	at    int                 // where in trail the next one goes
	count int
}

// pass reports whether a packet need not be decoded. told is its level in dBov;
// sure is that it was measured, not told.
func (l *levels) pass(told float64, sure bool, samples int) bool {
	if !l.asked {
		return false
	}
	if told >= l.least {
		l.linger = int(levelLinger * codecs.SampleRate / time.Second)
		return false
	}
	if l.linger > 0 {
		l.linger -= samples
		return false
	}
	if sure {
		return true
	}
	if l.due <= 0 {
		l.agreed = min(l.agreed, levelProof-1)
		l.due = levelAuditMin + rand.IntN(levelAuditMax-levelAuditMin)
	}
	return l.agreed >= levelProof && l.lies < levelLies
}

// keep remembers a packet that was passed over.
func (l *levels) keep(packet []byte) {
	l.trail[l.at] = append(l.trail[l.at][:0], packet...)
	l.at = (l.at + 1) % levelWarmUp
	l.count = min(l.count+1, levelWarmUp)
	l.due--
}

// forget: the packets passed over do not lead up to the next one.
func (l *levels) forget() { l.count = 0 }

// warmUp decodes the packets passed over last, for the decoder to know what the
// next one builds on. scratch is overwritten; it returns it, to be used again.
func (l *levels) warmUp(decoder codecs.AudioDecoder, scratch []float32) []float32 {
	for i := levelWarmUp - l.count; i < levelWarmUp; i++ {
		if s, err := decoder.Decode(scratch[:0], l.trail[(l.at+i)%levelWarmUp]); err == nil {
			scratch = s
		}
	}
	l.count = 0
	return scratch
}

// compare compares a decoded packet with what was told about it.
func (l *levels) compare(told float64, sound []float32) {
	if level := dBov(sound); level > told+levelTolerance && level > levelHeard {
		l.agreed = 0
		l.lies = min(l.lies+1, levelLies)
		return
	}
	if l.agreed = min(l.agreed+1, levelProof); l.agreed == levelProof && l.lies < levelLies {
		l.lies = 0
	}
}

// dBov returns the level of samples as RFC 6464 has it, -127 to 0.
func dBov(x []float32) float64 {
	var sum float32
	for _, v := range x {
		sum += v * v
	}
	if sum == 0 {
		return -127
	}
	return min(max(10*math.Log10(float64(sum)/float64(len(x))), -127), 0)
}
