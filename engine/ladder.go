package engine

import "parley/codecs"

// Rung is a step of the ladder of sizes and rates that renditions are made at.
type Rung struct {
	Width, Height int // luma samples
	FPS           int
	Bitrate       int // bit/s
	Level         int // level_idc that such a stream needs (ITU-T H.264 table A-1)
}

// ladder is ordered from the best rung down; rates fall strictly. Few rungs
// mean that receivers share encodes.
var ladder = []Rung{
	{1920, 1080, 30, 4_000_000, 40},
	{1920, 1080, 30, 2_500_000, 40},
	{1280, 720, 30, 1_500_000, 31},
	{1280, 720, 30, 1_000_000, 31},
	{960, 540, 30, 700_000, 31},
	{640, 360, 30, 450_000, 30},
	{640, 360, 15, 300_000, 22},
	{480, 270, 15, 200_000, 21},
	{320, 180, 15, 128_000, 12},
	{160, 90, 15, 60_000, 10},
}

// VideoLimits is what a receiver declared that it can take.
type VideoLimits struct {
	Profile           codecs.Profile
	Level             int // level_idc
	MaxFS             int // macroblocks per frame, 0 = unsaid
	MaxMBPS           int // macroblocks per second, 0 = unsaid
	MaxBitrate        int // bit/s, 0 = unsaid
	PacketizationMode int // RFC 6184 section 6.2
}

// TypicalLimits are those of a phone that takes 720p: level 3.1.
var TypicalLimits = VideoLimits{Level: 31, MaxFS: 3600, MaxMBPS: 108000, MaxBitrate: 14_000_000, PacketizationMode: 1}

// macroblocks returns the size of a picture of the rung in macroblocks.
func (r Rung) macroblocks() int { return ((r.Width + 15) / 16) * ((r.Height + 15) / 16) }

// fits reports whether the receiver can take the rung. Bits are compared with
// what is free for the whole stream, so a declared rate is never exceeded.
func (l VideoLimits) fits(r Rung, maxHeight int) bool {
	mbs := r.macroblocks()
	return (maxHeight == 0 || r.Height <= maxHeight) &&
		(l.MaxFS == 0 || mbs <= l.MaxFS) &&
		(l.MaxMBPS == 0 || mbs*r.FPS <= l.MaxMBPS) &&
		(l.MaxBitrate == 0 || r.Bitrate <= l.MaxBitrate)
}

// bestRung returns the index of the best rung that the receiver can take;
// len(ladder) when he can take none.
func (l VideoLimits) bestRung(maxHeight int) int {
	for i, r := range ladder {
		if l.fits(r, maxHeight) {
			return i
		}
	}
	return len(ladder)
}

// Best returns the best rung that the receiver can take with at most maxHeight
// luma rows, 0 = any; false when he can take none.
func (l VideoLimits) Best(maxHeight int) (Rung, bool) {
	i := l.bestRung(maxHeight)
	if i == len(ladder) {
		return Rung{}, false
	}
	return ladder[i], true
}
