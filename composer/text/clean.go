package text

import "unicode"

const (
	maxRunes = 128 // longer text is cut: no cell shows more
	maxMarks = 4   // combining marks on one letter; more would only blot the line
)

// clean returns the text of s that can be drawn on one line: no controls, no
// changes of direction by invisible characters, white space as single blanks,
// a bounded number of runes.
func clean(s string) []rune {
	runes := make([]rune, 0, min(len(s), maxRunes))
	marks, blank := 0, false
	for _, r := range s {
		if len(runes) >= maxRunes {
			break
		}
		switch {
		case unicode.IsSpace(r):
			blank = len(runes) > 0
			continue
		case !drawable(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks || len(runes) == 0 || blank {
				continue
			}
		default:
			marks = 0
		}
		if blank {
			runes, blank = append(runes, ' '), false
		}
		runes = append(runes, r)
	}
	return runes
}

// drawable reports whether r leaves ink or, as the joiners do, shapes the ink
// of its neighbours.
func drawable(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = 0x200C, 0x200D
	switch {
	case r == zeroWidthNonJoiner || r == zeroWidthJoiner:
		return true
	case r >= 0xE0000: // tags, selectors, private planes
		return false
	}
	return !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Noncharacter_Code_Point)
}
