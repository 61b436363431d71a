package pixel

// rowPlan is the horizontal axis of a scaler arranged for vectors of eight
// int16. There are two ways; which one serves depends on the sizes.
//
// By windows (pairs > 0), where four neighbouring outputs need no more than
// eight neighbouring inputs: base[g] is the first input of group g, and for
// each pair of taps, shuffle brings the two inputs of each output side by side
// and weights holds their weights.
//
// By dots (blocks > 0), where an output has many inputs: output i is the dot
// product of blocks*8 inputs from base[i] on.
type rowPlan struct {
	pairs, blocks int
	base          []int32
	shuffle       []uint8 // 16 bytes for each group and pair
	weights       []int16 // 8 for each group and pair, or for each output and block
}

const (
	group  = 4 // outputs of one vector of int32
	window = 8 // inputs of one vector of int16
)

func newRowPlan(a *axis) rowPlan {
	dst := len(a.start)
	groups := (dst + group - 1) / group
	if a.taps <= 4 && fitsWindow(a) {
		p := rowPlan{pairs: (a.taps + 1) / 2, base: make([]int32, groups)}
		p.shuffle = make([]uint8, groups*p.pairs*16)
		p.weights = make([]int16, groups*p.pairs*window)
		for i := range groups * group {
			g, lane := i/group, i%group
			if i >= dst {
				continue // weights of zero
			}
			if lane == 0 {
				p.base[g] = a.start[i]
			}
			for k := range a.taps {
				at := (g*p.pairs+k/2)*window + lane*2 + k%2
				from := uint8(a.start[i]-p.base[g]) + uint8(k)
				p.weights[at] = a.weights[i*a.taps+k]
				p.shuffle[2*at], p.shuffle[2*at+1] = 2*from, 2*from+1
			}
		}
		return p
	}
	p := rowPlan{blocks: (a.taps + window - 1) / window, base: a.start}
	p.weights = make([]int16, dst*p.blocks*window)
	for i := range dst {
		copy(p.weights[i*p.blocks*window:], a.weights[i*a.taps:(i+1)*a.taps])
	}
	return p
}

func fitsWindow(a *axis) bool {
	for i := 0; i < len(a.start); i += group {
		last := min(i+group, len(a.start)) - 1
		if int(a.start[last]-a.start[i])+a.taps > window {
			return false
		}
	}
	return true
}
