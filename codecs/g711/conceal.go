package g711

import "math"

// Concealer fills gaps of a decoded stream at 8 or 16 kHz by repeating the last
// pitch periods of what was heard, fading to silence, and blends into the sound
// that follows. The idea is that of ITU-T G.711 Appendix I; no delay is added.
type Concealer struct {
	rate    int
	history []float32 // the last historyMs before the gap
	cycle   []float32 // what is repeated during a gap, made for the longest use
	period  int       // pitch period of the gap, samples
	lost    int       // samples concealed since the last received one
	at      int       // place in the part of cycle that is repeated now
	gap     []float32 // what was given out during the gap, up to the fade's end
	scores  []float32 // of the periods, from the shortest on
	join    []float32 // concealment past the end of a gap, to blend with
}

// Lengths of the method, in milliseconds.
const (
	historyMs  = 60
	longestMs  = 15 // pitch of 67 Hz
	shortestMs = 2.5
	matchMs    = 20 // stretch over which periods are compared
	holdMs     = 10 // full volume
	fadeMs     = 60 // silent from here on
	joinMs     = 5
)

// NewConcealer returns a concealer for a sampling rate in Hz.
func NewConcealer(rate int) *Concealer {
	c := &Concealer{rate: rate}
	c.history = make([]float32, c.samples(historyMs))
	c.cycle = make([]float32, 0, 3*c.samples(longestMs))
	c.scores = make([]float32, c.samples(longestMs)-c.samples(shortestMs)+1)
	c.gap = make([]float32, 0, c.samples(fadeMs))
	c.join = make([]float32, c.samples(joinMs))
	return c
}

func (c *Concealer) samples(ms float64) int { return int(float64(c.rate) * ms / 1000) }

// Received takes note of decoded samples, which it changes only just after a
// gap, where it blends them with the concealment.
func (c *Concealer) Received(samples []float32) {
	if c.lost > 0 {
		lost := c.lost
		n := min(len(c.join), len(samples))
		c.fill(c.join[:n]) // reads the history of before the gap
		for i, old := range c.join[:n] {
			w := (float32(i) + 1) / float32(n+1)
			samples[i] = w*samples[i] + (1-w)*old
		}
		if lost > len(c.gap) {
			clear(c.history)
		} else {
			c.remember(c.gap)
		}
		c.lost, c.gap = 0, c.gap[:0]
	}
	c.remember(samples)
}

// Conceal fills dst with sound for a gap.
func (c *Concealer) Conceal(dst []float32) {
	if len(dst) == 0 {
		return
	}
	if c.lost == 0 {
		c.period = c.pitch()
		c.at = 0
		c.repeat(1)
	}
	c.fill(dst)
	c.gap = append(c.gap, dst[:min(len(dst), cap(c.gap)-len(c.gap))]...)
}

// fill writes the next samples of the repetition.
func (c *Concealer) fill(dst []float32) {
	hold, silent := c.samples(holdMs), c.samples(fadeMs)
	for i := range dst {
		if c.lost >= silent {
			c.lost++
			dst[i] = 0
			continue
		}
		if c.at == len(c.cycle) {
			// Two and three periods in turn sound less like a buzzer than one.
			c.at = 0
			if periods := min(1+c.lost/hold, 3); periods*c.period != len(c.cycle) {
				c.repeat(periods)
			}
		}
		gain := float32(1)
		if c.lost > hold {
			gain = float32(silent-c.lost) / float32(silent-hold)
		}
		dst[i] = c.cycle[c.at] * gain
		c.at++
		c.lost++
	}
}

// repeat makes cycle the last periods of the sound before the gap, its end
// blended into what came before its start, so that it closes on itself.
func (c *Concealer) repeat(periods int) {
	n := periods * c.period
	source := c.history
	blend := c.period / 4
	for n+blend > len(source) {
		n -= c.period
	}
	start := len(source) - n
	c.cycle = append(c.cycle[:0], source[start:]...)
	for i := range blend {
		w := (float32(i) + 1) / float32(blend+1)
		k := n - blend + i
		c.cycle[k] = (1-w)*c.cycle[k] + w*source[start-blend+i]
	}
}

// pitch returns the period at which the end of the history repeats itself: the
// shortest that does so nearly as well as the best, for its multiples match too.
func (c *Concealer) pitch() int {
	h := c.history
	match := c.samples(matchMs)
	longest, shortest := c.samples(longestMs), c.samples(shortestMs)
	recent := h[len(h)-match:]
	best := float32(0)
	for lag := range c.scores {
		earlier := h[len(h)-match-shortest-lag : len(h)-shortest-lag]
		product, energy := dot(recent, earlier), dot(earlier, earlier)
		c.scores[lag] = max(product, 0) / float32(math.Sqrt(float64(energy)+1e-9))
		best = max(best, c.scores[lag])
	}
	for lag := 1; lag+1 < len(c.scores); lag++ {
		s := c.scores[lag]
		if s > 0.9*best && s >= c.scores[lag-1] && s >= c.scores[lag+1] {
			return shortest + lag
		}
	}
	return longest
}

// remember appends samples to the history.
func (c *Concealer) remember(samples []float32) {
	if n := len(c.history); len(samples) >= n {
		copy(c.history, samples[len(samples)-n:])
		return
	}
	copy(c.history, c.history[len(samples):])
	copy(c.history[len(c.history)-len(samples):], samples)
}

// maxRecover bounds one call of RecoverNarrow: everything past the fade is silent.
const maxRecover = 48000

// RecoverNarrow appends so many samples of concealment at 48 kHz to dst, for a
// decoder whose own rate is lower by the factor.
func RecoverNarrow(dst []float32, samples, factor int, c *Concealer, up *Interpolator) []float32 {
	samples = min(samples, maxRecover)
	var narrow [160]float32
	for samples > 0 {
		n := min((samples+factor-1)/factor, len(narrow))
		c.Conceal(narrow[:n])
		before := len(dst)
		dst = up.Append(dst, narrow[:n])
		if len(dst)-before > samples {
			dst = dst[:before+samples]
		}
		samples -= n * factor
	}
	return dst
}
