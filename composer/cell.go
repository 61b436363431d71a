package composer

import (
	"strings"
	"unicode"

	"parley/codecs"
	"parley/composer/pixel"
)

// drawCell draws content over the whole of cell.
func (c *Composer) drawCell(cell *codecs.Picture, content Content, picture *codecs.Picture) {
	s := surfaceOf(cell)
	if picture != nil {
		c.drawPicture(s, picture, content.OnHold)
	} else {
		c.drawAvatar(s, content)
	}
	c.drawLabel(s, content)
	if content.Speaking {
		drawFrame(s, speaking)
	}
}

// drawPicture scales picture to s, whole and undistorted, on black.
func (c *Composer) drawPicture(s surface, picture *codecs.Picture, grey bool) {
	w, h := fit(picture.Width, picture.Height, s.width, s.height)
	x, y := (s.width-w)/2&^1, (s.height-h)/2&^1
	for _, side := range [...]Rect{
		{0, 0, s.width, y},
		{0, y + h, s.width, s.height - y - h},
		{0, y, x, h},
		{x + w, y, s.width - x - w, h},
	} {
		s.part(side).fill(black)
	}
	to, from := s.part(Rect{x, y, w, h}), surfaceOf(picture)
	c.counters.Scaled++
	pixel.Scale(to.y, from.y, c.scaler(from.y.Width, from.y.Height, to.y.Width, to.y.Height))
	if grey {
		pixel.Fill(to.u, black.u)
		pixel.Fill(to.v, black.v)
		return
	}
	chroma := c.scaler(from.u.Width, from.u.Height, to.u.Width, to.u.Height)
	pixel.Scale(to.u, from.u, chroma)
	pixel.Scale(to.v, from.v, chroma)
}

// fit returns the largest even size with the aspect of w x h inside intoW x intoH.
func fit(w, h, intoW, intoH int) (int, int) {
	if w*intoH >= h*intoW {
		h = (h*intoW + w) / (2 * w) * 2
		w = intoW
	} else {
		w = (w*intoH + h) / (2 * h) * 2
		h = intoH
	}
	return min(max(w, 2), intoW), min(max(h, 2), intoH)
}

// speaking is the colour of the frame around somebody who speaks.
var speaking = rgb(88, 196, 132)

func drawFrame(s surface, c colour) {
	t := max(2, s.height/48&^1)
	s.part(Rect{0, 0, s.width, t}).fill(c)
	s.part(Rect{0, s.height - t, s.width, t}).fill(c)
	s.part(Rect{0, 0, t, s.height}).fill(c)
	s.part(Rect{s.width - t, 0, t, s.height}).fill(c)
}

var (
	barColour   = rgb(12, 14, 18)
	nameColour  = rgb(246, 246, 246)
	mutedColour = rgb(255, 120, 108)
)

// drawLabel draws the indicators and the name on a dark bar in the lower left corner.
func (c *Composer) drawLabel(s surface, content Content) {
	line := labelHeight(s.height)
	if line == 0 {
		return
	}
	pad := even(line / 3)
	margin := s.height / 70 &^ 1
	room := s.width - 2*margin - 2*pad
	icon := even(line * 7 / 8)
	gap := even(pad / 2)
	icons := [...]struct {
		on   bool
		kind stencilKind
		c    colour
	}{
		{content.OnHold, kindOnHold, nameColour},
		{content.Muted, kindMuted, mutedColour},
		{content.AudioOnly, kindAudioOnly, nameColour},
	}
	width := 0
	for _, i := range icons {
		if i.on {
			width += icon + gap
		}
	}
	var name *stencil
	if content.Name != "" && room-width > line {
		if name = c.text(content.Name, line, room-width); name.width == 0 {
			name = nil
		} else {
			width += name.width
		}
	}
	if width == 0 || room < icon {
		return
	}
	height := even(line + line/3)
	x, y := margin, s.height-margin-height
	s.stamp(c.shape(kindBar, even(width+2*pad), height), x, y, barColour)
	x += pad
	for _, i := range icons {
		if i.on {
			s.stamp(c.shape(i.kind, icon, icon), x, y+(height-icon)/2, i.c)
			x += icon + gap
		}
	}
	if name != nil {
		s.stamp(name, x, y+(height-line)/2, nameColour)
	}
}

// labelHeight returns the height of the line with the name on a cell of that
// height: readable in thumbnails too, 0 where it cannot be.
func labelHeight(cell int) int {
	line := min(13+cell*24/1000, cell*26/100)
	if line < 8 {
		return 0
	}
	return even(line)
}

// calm are the colours of avatars: dark enough for white letters, not shrill.
var calm = []struct{ ground, disc colour }{
	{rgb(38, 50, 68), rgb(72, 98, 138)},
	{rgb(34, 56, 56), rgb(62, 112, 110)},
	{rgb(56, 44, 66), rgb(108, 82, 132)},
	{rgb(64, 46, 44), rgb(134, 88, 80)},
	{rgb(42, 56, 40), rgb(84, 116, 76)},
	{rgb(62, 54, 36), rgb(128, 108, 66)},
	{rgb(34, 54, 72), rgb(58, 110, 144)},
	{rgb(66, 42, 56), rgb(138, 80, 110)},
}

// drawAvatar draws the initials of the name, or a person, in a disc whose
// colour stays with the identity.
func (c *Composer) drawAvatar(s surface, content Content) {
	hash := uint32(2166136261) // FNV-1a
	for i := range len(content.Source) {
		hash = (hash ^ uint32(content.Source[i])) * 16777619
	}
	look := calm[hash%uint32(len(calm))]
	ground, disc := look.ground, look.disc
	if content.OnHold {
		ground.u, ground.v, disc.u, disc.v = 128, 128, 128, 128
	}
	s.fill(ground)
	side := min(s.width, s.height) * 56 / 100 &^ 1
	if side < 8 {
		return
	}
	x, y := (s.width-side)/2&^1, (s.height-side)/2&^1
	if labelHeight(s.height) > 0 && s.height < 240 && content.Name != "" {
		y = max(2, y-labelHeight(s.height)/2) &^ 1 // clear of the name
	}
	s.stamp(c.shape(kindCircle, side, side), x, y, disc)
	letters := initials(content.Name)
	if letters == "" {
		s.stamp(c.shape(kindPerson, side, side), x, y, nameColour)
		return
	}
	line := even(side * 54 / 100)
	m := c.text(letters, line, side*9/10)
	s.stamp(m, x+(side-m.width)/2, y+(side-line)/2, nameColour)
}

// initials returns the letters that stand for name: the first ones of the
// first and the last word where the script has capitals, else the first one;
// "" for numbers and the like.
func initials(name string) string {
	if at := strings.IndexByte(name, '@'); at > 0 {
		name = name[:at]
	}
	var first, last rune
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '.' || r == '_' || r == '-' }) {
		for _, r := range word {
			if !unicode.IsLetter(r) {
				continue
			}
			if first == 0 {
				first = r
			} else {
				last = r
			}
			break
		}
	}
	upper := unicode.ToUpper(first)
	switch {
	case first == 0:
		return ""
	case last == 0 || upper == unicode.ToLower(first):
		return string(upper)
	}
	return string(upper) + string(unicode.ToUpper(last))
}
