package clip

import "parley/codecs"

// Mark is what a machine can read from a clip: whose it is and which of its
// pictures. It is drawn as a row of sixteen black or white fields at the foot
// of the figure: white, black, four bits of caller, eight bits of picture
// number, and two bits of check sum.
type Mark struct {
	Caller  int // 0..15
	Picture int // 0..255, counted from the start of the clip; see VideoSpec.Marked
}

// talkingMarks is what the picture numbers of a talking Person begin with, so
// that he can be told from his silent self.
const talkingMarks = 128

// MarkOf returns the mark of picture i of the clip.
func (s VideoSpec) MarkOf(i int) Mark {
	if s.Style == Person && s.Talking {
		i += talkingMarks
	}
	return Mark{Caller: ((s.Caller % Callers) + Callers) % Callers, Picture: i & 255}
}

const (
	markFields = 16
	markBlack  = 24
	markWhite  = 225
)

// markRects are where the mark is drawn in a picture or in an uncropped cell:
// at the foot, and, of people, above their heads too, since composers write
// names at the foot.
func markRects(r Rect) [2]Rect {
	return [2]Rect{r.Part(0.25, 0.82, 0.75, 0.90), r.Part(0.25, 0.03, 0.75, 0.11)}
}

func (m Mark) bits() (bits uint16) {
	body := uint16(m.Caller&15)<<8 | uint16(m.Picture&255)
	return 0x8000 | body<<2 | markSum(body)
}

func markSum(body uint16) uint16 {
	return (body + body>>2 + body>>4 + body>>6 + body>>8 + body>>10 + 1) & 3
}

// draw paints the mark into the area of the picture.
func (m Mark) draw(c canvas, area Rect) {
	bits := m.bits()
	for i := range markFields {
		col := Colour{markBlack, 128, 128}
		if bits>>(markFields-1-i)&1 == 1 {
			col.Y = markWhite
		}
		c.rect(area.Part(float64(i)/markFields, 0, float64(i+1)/markFields, 1), col)
	}
}

// ReadMark reads the mark of the clip that fills the rectangle of the picture.
// It reports false where there is none, or none that can be read safely.
func ReadMark(p *codecs.Picture, r Rect) (Mark, bool) {
	for _, area := range markRects(r) {
		if m, ok := readMark(p, area); ok {
			return m, true
		}
	}
	return Mark{}, false
}

func readMark(p *codecs.Picture, area Rect) (Mark, bool) {
	var bits uint16
	for i := range markFields {
		field := area.Part((float64(i)+0.3)/markFields, 0.3, (float64(i)+0.7)/markFields, 0.7)
		field.W, field.H = max(field.W, 1), max(field.H, 1)
		switch y, _ := planeMean(p.Y, p.StrideY, p.Width, p.Height, field); {
		case y > markWhite-60:
			bits |= 1 << (markFields - 1 - i)
		case y > markBlack+60:
			return Mark{}, false
		}
	}
	body := bits >> 2 & 0xfff
	if bits>>14 != 2 || bits&3 != markSum(body) {
		return Mark{}, false
	}
	return Mark{Caller: int(body >> 8), Picture: int(body & 255)}, true
}
