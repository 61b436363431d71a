package mixer

// The loops over samples. They go by arrays of eight, which needs no bounds
// checks inside and leaves independent operations side by side.

// energy returns the sum of squares.
func energy(f *frame) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i < len(f); i += 8 {
		x := (*[8]float32)(f[i:])
		s0 += x[0]*x[0] + x[4]*x[4]
		s1 += x[1]*x[1] + x[5]*x[5]
		s2 += x[2]*x[2] + x[6]*x[6]
		s3 += x[3]*x[3] + x[7]*x[7]
	}
	return (s0 + s1) + (s2 + s3)
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
	for i := 0; i < len(dst); i += 8 {
		d, s := (*[8]float32)(dst[i:]), (*[8]float32)(src[i:])
		d[0] += s[0]
		d[1] += s[1]
		d[2] += s[2]
		d[3] += s[3]
		d[4] += s[4]
		d[5] += s[5]
		d[6] += s[6]
		d[7] += s[7]
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
