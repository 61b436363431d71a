package composer

import "strconv"

var (
	moreColour    = rgb(58, 66, 80)
	welcomeTop    = rgb(24, 62, 92)
	welcomeBottom = rgb(18, 26, 52)
	faintColour   = rgb(196, 210, 224)
)

const maxLines = 6 // of a message

// drawMore draws the number of those not shown.
func (c *Composer) drawMore(s surface, n int) {
	if n <= 0 || s.height < 8 {
		return
	}
	c.counters.Overlays++
	line := s.height * 6 / 10 &^ 1
	if n != c.moreNumber {
		c.moreNumber, c.moreText = n, "+"+strconv.Itoa(min(n, 999))
	}
	m := c.text(c.moreText, line, s.width)
	width := min(even(m.width+line), s.width)
	x := (s.width - width) / 2 &^ 1
	s.stamp(c.shape(kindPill, width, s.height), x, 0, moreColour)
	s.stamp(m, x+(width-m.width)/2, (s.height-line)/2, nameColour)
}

// drawWelcome fills s with the message.
func (c *Composer) drawWelcome(s surface, lines []string) {
	c.counters.Overlays++
	// A gradient from top to bottom, in even rows so that chroma goes along.
	for y := 0; y < s.height; y += 2 {
		s.part(Rect{0, y, s.width, 2}).fill(mix(welcomeTop, welcomeBottom, y, s.height))
	}
	c.drawLines(s, lines, s.height/11)
}

// drawPanel draws the message on a dark bar in the middle of s.
func (c *Composer) drawPanel(s surface, lines []string) {
	if len(lines) == 0 || s.height < 8 {
		return
	}
	c.counters.Overlays++
	first := s.height / 5
	width := 0
	for i, text := range lines[:min(len(lines), maxLines)] {
		width = max(width, c.text(text, lineHeight(i, first), s.width*9/10).width)
	}
	width = min(even(width+2*first), s.width)
	s.stamp(c.shape(kindBar, width, s.height), (s.width-width)/2, 0, barColour)
	c.drawLines(s, lines, first)
}

// drawLines centres lines in s, the first one of that height.
func (c *Composer) drawLines(s surface, lines []string, height int) {
	lines = lines[:min(len(lines), maxLines)]
	total := 0
	for i := range lines {
		total += lineHeight(i, height) * 5 / 4
	}
	y := (s.height - total) / 2
	for i, text := range lines {
		h := lineHeight(i, height)
		colour := faintColour
		if i == 0 {
			colour = white
		}
		m := c.text(text, h, s.width*9/10)
		s.stamp(m, (s.width-m.width)/2, y+h/8, colour)
		y += h * 5 / 4
	}
}

func lineHeight(i, first int) int {
	if i == 0 {
		return even(first)
	}
	return even(max(first*11/20, 12))
}

// mix returns the colour i/n of the way from a to b.
func mix(a, b colour, i, n int) colour {
	part := func(a, b byte) byte { return byte((int(a)*(n-i) + int(b)*i + n/2) / n) }
	return colour{part(a.y, b.y), part(a.u, b.u), part(a.v, b.v)}
}
