package mixer

// The loops over samples. Each walks whole arrays without bounds checks.

// energy returns the sum of squares. Eight sums run side by side, so that one
// addition need not wait for the one before.
func energy(f *frame) float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for x := f[:]; len(x) >= 8; x = x[8:] {
		s0 += x[0] * x[0]
		s1 += x[1] * x[1]
		s2 += x[2] * x[2]
		s3 += x[3] * x[3]
		s4 += x[4] * x[4]
		s5 += x[5] * x[5]
		s6 += x[6] * x[6]
		s7 += x[7] * x[7]
	}
	return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))
}

// sum sets dst to the sum of the parts but that of except.
func sum(dst *frame, parts []part, except *Input) {
	first := true
	for _, p := range parts {
		switch {
		case p.sound == nil || except != nil && p.in == except:
		case first:
			*dst = *p.sound
			first = false
		default:
			add(dst, p.sound)
		}
	}
	if first {
		*dst = frame{}
	}
}

func add(dst, src *frame) {
	for i := range dst {
		dst[i] += src[i]
	}
}

// fadeIn sets dst to src with the first n samples faded in.
func fadeIn(dst, src *frame, n int) {
	*dst = *src
	step := 1 / float32(n)
	for i := range dst[:n] {
		dst[i] *= float32(i+1) * step
	}
}

// fadeOut sets dst to src faded out over the whole frame.
func fadeOut(dst, src *frame) {
	const step = 1 / float32(len(frame{}))
	for i := range dst {
		dst[i] = src[i] * (float32(len(dst)-1-i) * step)
	}
}

// addTail adds an end to a sound that stopped without one: its last 5 ms
// mirrored in time, so that there is no jump, and faded out.
func addTail(dst []float32, last *edge) {
	const step = 1 / float32(edgeSamples)
	dst = dst[:edgeSamples]
	for i := range dst {
		dst[i] += last[edgeSamples-1-i] * (float32(edgeSamples-1-i) * step)
	}
}
