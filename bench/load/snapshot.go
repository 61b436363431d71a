package load

import (
	"cmp"
	"slices"
	"time"
)

// Snapshot is what a load has counted up to a moment.
type Snapshot struct {
	At         time.Time
	Receivers  []Receiver
	Findings   []Findings // of the probes, since the last snapshot
	PumpLate   float64    // seconds: the longest that a pump was late, since the last snapshot
	SendErrors uint64     // packets that the kernel refused
}

// Receiver is what one caller was sent. Counts are since he called.
type Receiver struct {
	Conference, Index int    // his place, which another may have taken
	Call              uint64 // counted from 1
	Name              string
	Over              bool    // the far end ended the call
	Answered          float64 // seconds from INVITE to the answer
	FirstWhole        float64 // seconds from INVITE to the first complete key frame; 0 = none yet
	Frames            uint64  // pictures, by the timestamps of their packets
	Late              uint64  // of these: more than a picture time behind
	Missing           uint64  // pictures that the timestamps leave out, at the rate that he is sent
	Half              uint64  // pictures that came at half the frame rate
	KeyFrames         uint64
	Damaged, Gaps     uint64
	Bits              uint64 // of access units
	VideoPackets      uint64
	VideoLost         uint64
	AudioPackets      uint64
	AudioLost         uint64
	Sent              uint64 // pictures
	KeysWanted        uint64 // key frames that he was asked for
	KeysAsked         uint64 // key frames that he asked for
	Nacks             uint64 // packets that he asked for again
	Resent            uint64 // packets that he was asked for again
}

// count returns what was counted; the pump rests.
func (c *Caller) count() Receiver {
	v, a := c.streams[video], c.streams[audio]
	return Receiver{
		Conference: c.conference.index, Index: c.index, Call: c.call, Name: c.name, Over: c.over.Load(),
		Answered: time.Duration(c.joined.Load()).Seconds(), FirstWhole: c.firstWhole.Seconds(),
		Frames: c.frames.count.frames, Late: c.frames.count.late, Missing: c.frames.count.missing, Half: c.frames.count.half,
		KeyFrames: c.keys, Damaged: c.damaged, Gaps: c.gaps, Bits: c.bits,
		VideoPackets: v.reception.packets, VideoLost: v.reception.lost(),
		AudioPackets: a.reception.packets, AudioLost: a.reception.lost(),
		Sent: c.sent, KeysWanted: v.wanted, KeysAsked: v.asked, Nacks: v.nacks, Resent: v.resent,
	}
}

// Find returns the receiver of that call.
func (s Snapshot) Find(call uint64) (Receiver, bool) {
	for _, r := range s.Receivers {
		if r.Call == call {
			return r, true
		}
	}
	return Receiver{}, false
}

// Quantile returns the value below which the share q of the values lies,
// between the nearest two where it falls between; 0 of none. The values are
// sorted in place.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	if !slices.IsSorted(values) {
		slices.SortFunc(values, cmp.Compare)
	}
	at := q * float64(len(values)-1)
	i := min(max(int(at), 0), len(values)-1)
	if i+1 == len(values) {
		return values[i]
	}
	return values[i] + (at-float64(i))*(values[i+1]-values[i])
}
