package resource

import "strconv"

func quote(s string) string { return strconv.Quote(s) }

// bounds says what a number, or the length of a text, may be.
func (f *Field) bounds() string {
	unit := ""
	if f.Type == String {
		unit = " characters"
	}
	switch {
	case f.Min != nil && f.Max != nil:
		return strconv.FormatInt(*f.Min, 10) + " to " + strconv.FormatInt(*f.Max, 10) + unit
	case f.Max != nil:
		return "at most " + strconv.FormatInt(*f.Max, 10) + unit
	}
	return "at least " + strconv.FormatInt(*f.Min, 10) + unit
}
