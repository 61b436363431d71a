package rtp

import "time"

// ntpEpoch is the seconds from 1900 to 1970 (RFC 5905 section 6).
const ntpEpoch = 2208988800

// ntpTime returns the 64-bit NTP timestamp of t.
func ntpTime(t time.Time) uint64 {
	seconds := uint64(t.Unix() + ntpEpoch)
	fraction := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return seconds<<32 | fraction
}

// ntpMiddle returns the middle 32 bits, as used in report blocks (RFC 3550 section 4).
func ntpMiddle(t time.Time) uint32 { return uint32(ntpTime(t) >> 16) }

// fromNTP is the inverse of ntpTime, for times from 1970 on.
func fromNTP(n uint64) time.Time {
	nanos := (n & 0xffffffff) * uint64(time.Second) >> 32
	return time.Unix(int64(n>>32)-ntpEpoch, int64(nanos))
}
