package pixel

// The reference: plain Go, the oracle of all other variants.

func scaleRef(dst, src Plane, s *Scaler) {
	if s.rowsFirst {
		scaleRowsFirst(dst, src, s)
	} else {
		scaleColumnsFirst(dst, src, s)
	}
}

func scaleRowsFirst(dst, src Plane, s *Scaler) {
	made := 0
	for y := range dst.Height {
		first, weights := int(s.y.start[y]), s.y.weights[y*s.y.taps:(y+1)*s.y.taps]
		for ; made < first+len(weights); made++ {
			row, in := s.midRow(made), src.row(made)
			for x := range row {
				sum := 0
				for k, w := range s.x.weights[x*s.x.taps : (x+1)*s.x.taps] {
					sum += int(w) * (int(in[int(s.x.start[x])+k]) - 128)
				}
				row[x] = int16(sum)
			}
		}
		out := dst.row(y)
		for x := range out {
			sum := 0
			for k, w := range weights {
				sum += (int(w)*int(s.midRow(first + k)[x]) + fine/2) >> 15
			}
			out[x] = level(sum, midBits)
		}
	}
}

// midRow returns the place of source row y once its width is scaled.
func (s *Scaler) midRow(y int) []int16 {
	return s.mid[y%midRows*s.midStride():][:s.dstWidth]
}

func scaleColumnsFirst(dst, src Plane, s *Scaler) {
	for y := range dst.Height {
		row := s.mid[:src.Width]
		for x := range row {
			sums := 0
			for g := range s.groups {
				sum := 0
				for k := g * s.y.taps / s.groups; k < (g+1)*s.y.taps/s.groups; k++ {
					if w := int(s.y.weights[y*s.y.taps+k]); w != 0 {
						sum += w * (int(src.row(int(s.y.start[y]) + k)[x]) - 128)
					}
				}
				if s.groups == 1 {
					sums = sum
				} else {
					sums += int(s.byGroup[y*s.groups+g]) * sum
				}
			}
			if s.groups > 1 {
				sums = (sums + fine/2) >> 15
			}
			row[x] = int16(sums)
		}
		out := dst.row(y)
		for x := range out {
			sum := 0
			for k, w := range s.x.weights[x*s.x.taps : (x+1)*s.x.taps] {
				sum += int(w) * int(row[int(s.x.start[x])+k])
			}
			out[x] = level(sum, midBits+15)
		}
	}
}

// level rounds a value with so many fraction bits to a sample.
func level(value, bits int) byte { return byte((value+1<<(bits-1))>>bits + 128) }

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
