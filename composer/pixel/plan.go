package pixel

// pick is an axis of one or two inputs per output arranged for vectors that
// pick bytes from a window of neighbouring inputs. Outputs come in groups of
// one vector; the taps of an output come in pairs, as vectors multiply and add
// them. Tables hold one pair of all outputs, then the next pair.
type pick struct {
	pairs   int
	outputs int // rounded up to whole vectors

	lane, wide picker
	weights    []uint8 // two for each output
}

// picker is the windows of one vector size.
type picker struct {
	usable bool    // the inputs fill a window
	same   bool    // all pairs use the window of the first
	base   []int32 // the first input of each window
	index  []uint8 // two for each output: places in the window
}

const (
	laneOutputs = 8  // outputs of a window of 16 inputs
	wideOutputs = 32 // outputs of a window of 64 inputs
)

func newPick(a *axis, src int) pick {
	dst := len(a.start)
	p := pick{pairs: (a.taps + 1) / 2, outputs: (dst + wideOutputs - 1) / wideOutputs * wideOutputs}
	inputs := make([]int32, 2*p.pairs*p.outputs)
	p.weights = make([]uint8, 2*p.pairs*p.outputs)
	for k := range p.pairs {
		for i := range p.outputs {
			at := 2 * (k*p.outputs + i)
			o := min(i, dst-1)
			first, second := 2*k, min(2*k+1, a.taps-1)
			inputs[at], inputs[at+1] = a.start[o]+int32(first), a.start[o]+int32(second)
			if i >= dst {
				continue // weights of zero
			}
			w, v := a.weights[o*a.taps+first], int16(0)
			if second > first {
				v = a.weights[o*a.taps+second]
			}
			switch {
			case w == coarse: // does not fit a byte: half of it twice
				inputs[at+1] = inputs[at]
				w, v = coarse/2, coarse/2
			case v == coarse:
				inputs[at] = inputs[at+1]
				w, v = coarse/2, coarse/2
			}
			p.weights[at], p.weights[at+1] = uint8(w), uint8(v)
		}
	}
	p.lane = newPicker(inputs, p.outputs, laneOutputs, src)
	p.wide = newPicker(inputs, p.outputs, wideOutputs, src)
	return p
}

func newPicker(inputs []int32, outputs, group, src int) picker {
	window := int32(2 * group)
	if src < int(window) {
		return picker{}
	}
	p := picker{usable: true, same: true, index: make([]uint8, len(inputs)), base: make([]int32, len(inputs)/2/group)}
	groups := outputs / group
	for g := range p.base {
		in := inputs[2*g*group : 2*(g+1)*group]
		low, high := in[0], in[0]
		for _, n := range in {
			low, high = min(low, n), max(high, n)
		}
		// The window must not reach beyond the row.
		base := min(low, int32(src)-window)
		if first := g % groups; first != g && p.base[first] <= base && high < p.base[first]+window {
			base = p.base[first]
		} else if first != g {
			p.same = false
		}
		if high >= base+window {
			return picker{}
		}
		p.base[g] = base
		for i, n := range in {
			p.index[2*g*group+i] = uint8(n - base)
		}
	}
	return p
}

// gather is an axis of many inputs per output, 16 bits each, arranged for
// vectors. Output i is the dot product of blocks*dotTaps inputs from start[i] on.
//
// If fours is not 0, gatherOutputs neighbouring outputs also lie in a window of
// gatherWindow inputs from base on, from which index picks, for each four taps,
// first two inputs of each output, then the other two; byFour has their weights.
type gather struct {
	blocks  int
	weights []int16

	fours  int
	base   []int32
	index  []uint16
	byFour []int16
}

const (
	dotTaps       = 8
	gatherOutputs = 8
	gatherWindow  = 64
)

func newGather(a *axis) gather {
	dst := len(a.start)
	g := gather{blocks: (a.taps + dotTaps - 1) / dotTaps}
	if g.blocks > 1 { // vectors of two blocks
		g.blocks = (g.blocks + 1) &^ 1
	}
	g.weights = make([]int16, dst*g.blocks*dotTaps)
	for i := range dst {
		copy(g.weights[i*g.blocks*dotTaps:], a.weights[i*a.taps:(i+1)*a.taps])
	}
	groups := (dst + 2*gatherOutputs - 1) / (2 * gatherOutputs) * 2
	fours := (a.taps + 3) / 4
	g.base = make([]int32, groups)
	g.index = make([]uint16, groups*fours*4*gatherOutputs)
	g.byFour = make([]int16, len(g.index))
	for i := range dst {
		group, lane := i/gatherOutputs, i%gatherOutputs
		if lane == 0 {
			g.base[group] = a.start[i]
		}
		for k := range a.taps {
			at := ((group*fours+k/4)*2+k%4/2)*2*gatherOutputs + 2*lane + k%2
			from := int(a.start[i]-g.base[group]) + k
			if from >= gatherWindow {
				g.base, g.index, g.byFour = nil, nil, nil
				return g
			}
			g.index[at], g.byFour[at] = uint16(from), a.weights[i*a.taps+k]
		}
	}
	g.fours = fours
	return g
}
