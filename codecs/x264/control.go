//go:build cgo

package x264

import (
	"math"

	"parley/codecs"
)

// The range of quantisers. Finer ones than the least cost bits and time for
// camera noise and show nothing more: drawn people have 51 dB at the least, and
// with 18 a third more bits bought one decibel.
const (
	leastQP = 22
	mostQP  = 51
)

// What is known before anything was coded: bits of an intra picture for each
// step of difference between neighbours at a quantiser of 0, measured.
const firstIntra = 8

// bend is by how much more than in proportion to the quantiser's step the bits
// fall (they do as its power; measured from 23 to 26 on camera pictures).
const bend = 1.2

// control chooses the quantiser of each picture so that the stream keeps to its
// rate. The library's own rate control looks at a small copy of each picture; a
// few samples do as well, for a hundredth of the time. Bits are predicted from
// how much the samples changed and from what such changes did cost so far; the
// quantiser moves by small steps, or as far as needed where far too many bits
// are to be expected, as when another speaker is shown.
type control struct {
	target, buffer float64 // bits a picture; bits
	owed           float64 // bits that were spent above the target, negative below it

	band                   bool
	width, height, columns int // columns apart are samples
	samples                []byte
	change, activity       float64 // of the samples since the last picture, and in the picture
	usual                  float64 // change, 0 = not known
	intra, inter           float64 // bits for each step of activity or change at quantiser 0; inter 0 = not known
	qp                     int     // of the last picture, 0 = none
	key                    bool
}

// rowsApart is the distance of rows that are sampled.
const rowsApart = 8

func newControl(width, height int, band bool) *control {
	c := &control{width: width, height: height, band: band, columns: 16, intra: firstIntra}
	if width < 640 {
		c.columns = 4
	}
	c.samples = make([]byte, (height/rowsApart+1)*(width/c.columns+1))
	return c
}

// set sets the target in bits a picture and the buffer of the receiver in bits.
func (c *control) set(target, buffer float64) {
	c.target, c.buffer = target, buffer
	c.owed = min(c.owed, buffer)
}

// measure compares the samples with those of the picture before, and their
// neighbours. Samples that stand still count a little: they may cost bits too.
func (c *control) measure(p *codecs.Picture) {
	change, activity, n := 0, 0, 0
	for y := rowsApart / 2; y < c.height; y += rowsApart {
		row := p.Y[y*p.StrideY:][:c.width]
		for x := 0; x < len(row)-2; x += c.columns {
			v := int(row[x])
			d, a := v-int(c.samples[n]), v-int(row[x+2])
			change += max(d, -d)
			activity += max(a, -a)
			c.samples[n] = row[x]
			n++
		}
	}
	area := float64(rowsApart * c.columns)
	still := area * float64(n) / 8
	c.change, c.activity = area*float64(change)+still, area*float64(activity)+still
}

// scale returns how many bits less there are at a quantiser than at 0.
func scale(qp float64) float64 { return math.Exp2(bend * qp / 6) }

// quantiser returns the one at which those bits become the wanted ones.
func quantiser(bits, wanted float64) float64 { return 6 / bend * math.Log2(bits/wanted) }

// choose returns the quantiser for the picture.
func (c *control) choose(p *codecs.Picture, key bool) int {
	c.measure(p)
	if c.key = key; key {
		c.qp = c.chooseIntra()
	} else {
		c.qp = c.chooseInter()
	}
	return c.qp
}

// An intra picture takes the bits of so many others, if the buffer has room.
const intraShare = 8

func (c *control) chooseIntra() int {
	wanted := min(intraShare*c.target, max(c.target, 0.8*c.buffer-c.owed))
	qp := int(math.Ceil(quantiser(c.intra*c.activity, wanted)))
	if c.qp > 0 {
		qp = max(qp, c.qp-3) // the ones after it would not keep what is finer
	}
	qp = min(max(qp, leastQP), mostQP)
	if c.band {
		return flatQP(qp)
	}
	return qp
}

func (c *control) chooseInter() int {
	coefficient := c.inter
	if coefficient == 0 {
		coefficient = c.intra
	}
	// However much changes, intra coding is not dearer.
	bits := min(coefficient*c.change, 1.2*c.intra*c.activity)
	// What is owed is paid back within some twenty pictures.
	wanted := min(max(c.target-c.owed/20, c.target/5), 1.5*c.target)
	ideal := quantiser(bits, wanted)
	last := float64(c.qp)
	step := ideal - last
	if expected := bits / scale(last); expected > 4*c.target || expected > 0.7*(c.buffer-c.owed) && expected > c.target {
		// A sudden change: as coarse as it must be to go out in time.
		most := max(min(intraShare*c.target, 0.7*(c.buffer-c.owed)), c.target)
		step = max(quantiser(bits, most)-last, 0)
	} else {
		// Back to fine ones faster the farther away they are.
		step = min(max(step, min(-1, step/3)), 2)
		// Before the buffer is full the rate comes before steadiness.
		if c.owed > c.buffer/2 && bits/scale(last) > c.target {
			step = max(step, 4)
		}
	}
	return min(max(int(math.Round(last+step)), leastQP), mostQP)
}

// spent notes how many bits the picture took.
func (c *control) spent(bits int) {
	b := float64(bits)
	c.owed = min(max(c.owed+b-c.target, -c.buffer/3), c.buffer)
	b = max(b, 200) * scale(float64(c.qp))
	if c.key {
		c.intra += 0.5 * (b/c.activity - c.intra)
		return
	}
	found := b / c.change
	if c.inter == 0 {
		c.inter, c.usual = found, c.change
		return
	}
	// Pictures unlike the usual ones tell less of those to come, unless they
	// tell of danger.
	weight := 0.25
	switch {
	case found > c.inter && float64(bits) > 2*c.target:
		weight = 0.5
	case c.change > 2*c.usual || c.change < c.usual/2:
		weight = 0.05
	}
	c.inter += weight * (min(max(found, c.inter/4), 4*c.inter) - c.inter)
	c.usual += 0.1 * (c.change - c.usual)
}

// finer chooses the next finer quantiser for an intra picture whose black rows
// are uneven; 0 = there is none.
func (c *control) finer() int {
	for _, qp := range [...]int{22, 16, 12} {
		if qp < c.qp {
			c.qp = qp
			return qp
		}
	}
	return 0
}

// flatQP returns the first quantiser from qp on at which black next to nothing
// (predicted from mid-grey, 112 steps off) decodes to exactly black in an intra
// picture, so that bands stay flat at their seams: as pictures after it skip
// what is black, it stays as it is then. Found by trying all.
func flatQP(qp int) int {
	for _, flat := range [...]struct{ from, to int }{{0, 16}, {20, 24}, {27, 29}, {33, 34}} {
		if qp <= flat.to {
			return max(qp, flat.from)
		}
	}
	return 34
}
