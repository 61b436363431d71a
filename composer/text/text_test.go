package text

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-text/typesetting/font"
	"golang.org/x/image/math/fixed"
)

// needNoto fails where the system has no Noto fonts.
func needNoto(t *testing.T, name string) {
	t.Helper()
	for _, dir := range fontDirs {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return
		}
	}
	t.Fatal("not installed: " + name + ": run make deps")
}

func glyphs(l line) (ids []font.GID) {
	for _, run := range l.runs {
		for _, g := range run.Glyphs {
			ids = append(ids, g.GlyphID)
		}
	}
	return ids
}

const size = fixed.Int26_6(20 * 64)

// Joined Arabic letters have other glyphs than the same letters apart, and run
// from right to left.
func TestArabicIsJoined(t *testing.T) {
	needNoto(t, "NotoSansArabic-Regular.ttf")
	ts := newTypesetter(fontDirs)
	const word = "محمد"
	joined := glyphs(ts.shape([]rune(word), size))
	var apart []font.GID
	for _, r := range word {
		apart = append(apart, glyphs(ts.shape([]rune{r}, size))...)
	}
	if slices.Contains(joined, missing) || len(joined) == 0 {
		t.Fatalf("glyphs %v: the font lacks some", joined)
	}
	slices.Reverse(apart)
	if slices.Equal(joined, apart) {
		t.Errorf("the letters are not joined: %v", joined)
	}
	for _, run := range ts.shape([]rune(word), size).runs {
		first, last := run.Glyphs[0].TextIndex(), run.Glyphs[len(run.Glyphs)-1].TextIndex()
		if first <= last {
			t.Errorf("the run goes from letter %d to %d, left to right", first, last)
		}
	}
}

// order returns where in the text the glyphs come from, from left to right.
func order(l line) (at []int) {
	for _, run := range l.runs {
		for _, g := range run.Glyphs {
			at = append(at, g.TextIndex())
		}
	}
	return at
}

// Mixed directions follow UAX #9; the letters stand for their positions.
func TestBidi(t *testing.T) {
	needNoto(t, "NotoSansHebrew-Regular.ttf")
	ts := newTypesetter(fontDirs)
	for _, test := range []struct {
		text string
		want []int
	}{
		{"abc", []int{0, 1, 2}},
		{"אבג", []int{2, 1, 0}},
		{"ab אב", []int{0, 1, 2, 4, 3}},
		{"אב ab", []int{3, 4, 2, 1, 0}},
		{"אב 12", []int{3, 4, 2, 1, 0}},
		{"אב 12 גד", []int{7, 6, 5, 3, 4, 2, 1, 0}},
		{"a אב 12 גד b", []int{0, 1, 9, 8, 7, 5, 6, 4, 3, 2, 10, 11}},
	} {
		if got := order(ts.shape([]rune(test.text), size)); !slices.Equal(got, test.want) {
			t.Errorf("%q is ordered %v, want %v", test.text, got, test.want)
		}
	}
}

func ink(m *Mask) (sum int) {
	for y := range m.H {
		for _, a := range m.Alpha[y*m.Stride : y*m.Stride+m.W] {
			sum += int(a)
		}
	}
	return sum
}

func TestRenderScripts(t *testing.T) {
	for _, test := range []struct{ text, font string }{
		{"Ada Lovelace", ""},
		{"Лев Толстой", ""},
		{"Ἀριστοτέλης", notoLatin},
		{"Nguyễn Thị Minh", notoLatin},
		{"محمد بن راشد", "NotoSansArabic-Regular.ttf"},
		{"王小明", notoCJK},
		{"山田 太郎", notoCJK},
		{"김철수", notoCJK},
		{"שלום", "NotoSansHebrew-Regular.ttf"},
		{"अमित कुमार", "NotoSansDevanagari-Regular.ttf"},
		{"สมชาย", "NotoSansThai-Regular.ttf"},
	} {
		t.Run(test.text, func(t *testing.T) {
			if test.font != "" {
				needNoto(t, test.font)
			}
			ts := newTypesetter(fontDirs)
			if ids := glyphs(ts.shape(clean(test.text), size)); slices.Contains(ids, missing) {
				t.Errorf("missing glyphs in %v", ids)
			}
			m := Render(test.text, 24, 400)
			letters := utf8.RuneCountInString(test.text)
			if m.H != 24 || m.W < letters*4 || m.W > letters*24 {
				t.Errorf("%d letters are %dx%d", letters, m.W, m.H)
			}
			if share := float64(ink(m)) / 255 / float64(m.W*m.H); share < 0.05 || share > 0.5 {
				t.Errorf("ink covers %.2f of it", share)
			}
		})
	}
}

func TestLongTextIsCut(t *testing.T) {
	const long = "A name that goes on and on, far beyond any cell"
	whole := Render(long, 20, 2000)
	cut := Render(long, 20, 120)
	if whole.W <= 120 || cut.W > 120 || cut.W < 90 {
		t.Fatalf("whole %d wide, cut %d", whole.W, cut.W)
	}
	ts := newTypesetter(nil)
	got := glyphs(ts.fit([]rune(long), size, fixed.I(120)))
	dots := glyphs(ts.shape(ellipsis, size))
	if got[len(got)-1] != dots[0] {
		t.Errorf("glyphs %v do not end with the ellipsis %v", got, dots)
	}
	// A combined character is never torn apart.
	flags := strings.Repeat("e\u0301", 60)
	for width := 20; width < 100; width++ {
		l := ts.fit([]rune(flags), size, fixed.I(width))
		if l.width.Ceil() > width {
			t.Fatalf("%d wide, at most %d", l.width.Ceil(), width)
		}
	}
	if m := Render(long, 20, 3); m.W > 3 {
		t.Errorf("%d wide, at most 3", m.W)
	}
}

func TestMissingGlyphIsABox(t *testing.T) {
	ts := newTypesetter(nil) // the embedded font alone
	m := ts.render("王", 24, 100)
	if m.W == 0 || ink(m) == 0 {
		t.Fatalf("%dx%d with nothing on it", m.W, m.H)
	}
	// A frame: ink at its sides, none in the middle.
	if at := m.Alpha[m.H/2*m.Stride+m.W/2]; at != 0 {
		t.Errorf("the middle has %d", at)
	}
}

func TestBrokenFontIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{notoCJK, notoLatin, "NotoSansArabic-Regular.ttf"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("OTTO\x00\x09 this is no font"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ts := newTypesetter([]string{dir})
	if m := ts.render("王 م ﷽ a", 24, 300); ink(m) == 0 {
		t.Error("nothing drawn")
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"  Ada \t\n Lovelace ":              "Ada Lovelace",
		"a\x00b\x1bc\u0085":                 "abc",
		"\u202egnp.exe":                     "gnp.exe",
		"\u0301x":                           "x",
		"e" + strings.Repeat("\u0301", 50):  "e" + strings.Repeat("\u0301", maxMarks),
		"bad\xff":                           "bad\ufffd",
		"می\u200cخواهم":                     "می\u200cخواهم",
		strings.Repeat("x", 1000):           strings.Repeat("x", maxRunes),
		"":                                  "",
		"\u200b\ufeff\u2028":                "",
		"\U000e0041\U000f0000\U0010ffff ok": "ok",
	} {
		if got := string(clean(in)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	for _, m := range []*Mask{Render("", 20, 100), Render("\n\x00", 20, 100), Render("x", 20, 0), Render("x", -5, 100), Render("x", 2, 100)} {
		if m.W != 0 || m.H < 0 {
			t.Errorf("%dx%d", m.W, m.H)
		}
	}
	if m := Render("x", 1<<30, 1<<30); m.H > maxHeight || m.W > maxWidth {
		t.Errorf("%dx%d", m.W, m.H)
	}
}

// Names come from anybody. The unguarded function is called: a panic shows.
func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"Ada Lovelace", "محمد بن راشد", "王小明 (北京)", "a אב 12 גד b", "👨‍👩‍👧‍👦 🏳️‍🌈", "\u202e\u2066x", "क्षत्रिय", "ﷺ﷽",
		"Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!", "\xff\xfe", strings.Repeat("ᾀ", 80), "ส่ํ้ำ", "မြန်မာ", "ᠮᠣᠩᠭᠣᠯ",
	} {
		f.Add(s, 24, 170)
	}
	ts := newTypesetter(fontDirs)
	f.Fuzz(func(t *testing.T, s string, height, width int) {
		m := ts.render(s, height%200, width%1000)
		if m.W < 0 || m.H < 0 || m.W > max(width%1000, 0) || m.Stride < m.W || len(m.Alpha) < m.H*m.Stride && m.W > 0 {
			t.Errorf("%q at %d, %d: mask %dx%d stride %d, %d bytes", s, height, width, m.W, m.H, m.Stride, len(m.Alpha))
		}
	})
}

func BenchmarkRender(b *testing.B) {
	for _, s := range []string{"Ada Lovelace", "محمد بن راشد", "王小明"} {
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				Render(s, 24, 400)
			}
		})
	}
	b.Run("first CJK", func(b *testing.B) {
		for b.Loop() {
			newTypesetter(fontDirs).render("王小明", 24, 400)
		}
	})
}
