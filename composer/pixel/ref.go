package pixel

// The reference: plain Go, the oracle of all other variants.

func scaleRef(dst, src Plane, s *Scaler) {
	row := s.row
	for y := range dst.Height {
		first := int(s.y.start[y])
		weights := s.y.weights[y*s.y.taps : (y+1)*s.y.taps]
		for x := range src.Width {
			sum := int32(1 << (weightBits - midBits - 1))
			at := first*src.Stride + x
			for _, w := range weights {
				sum += int32(w) * int32(src.Pix[at])
				at += src.Stride
			}
			row[x] = int16(sum >> (weightBits - midBits))
		}
		out := dst.Pix[y*dst.Stride : y*dst.Stride+dst.Width]
		taps := s.x.taps
		for x := range out {
			in := row[s.x.start[x]:]
			sum := int32(1 << (weightBits + midBits - 1))
			for k, w := range s.x.weights[x*taps : (x+1)*taps] {
				sum += int32(w) * int32(in[k])
			}
			out[x] = byte(sum >> (weightBits + midBits))
		}
	}
}

func blendRef(dst, mask Plane, value byte) {
	for y := range dst.Height {
		d := dst.Pix[y*dst.Stride : y*dst.Stride+dst.Width]
		m := mask.Pix[y*mask.Stride : y*mask.Stride+mask.Width]
		for x, a := range m {
			// (n + n>>8) >> 8 with n = sum + 128 is the sum divided by 255, rounded.
			n := uint32(d[x])*uint32(255-a) + uint32(value)*uint32(a) + 128
			d[x] = byte((n + n>>8) >> 8)
		}
	}
}

func fillRef(dst Plane, value byte) {
	for y := range dst.Height {
		row := dst.Pix[y*dst.Stride : y*dst.Stride+dst.Width]
		for x := range row {
			row[x] = value
		}
	}
}

func copyRef(dst, src Plane) {
	for y := range dst.Height {
		copy(dst.Pix[y*dst.Stride:y*dst.Stride+dst.Width], src.Pix[y*src.Stride:])
	}
}
