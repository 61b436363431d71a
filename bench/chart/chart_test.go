package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"parley/bench/chart"
	"parley/bench/report"
)

func runWith(bench string, curves ...report.Curve) *report.Run {
	r := report.New(bench, "v1")
	r.Curves = curves
	return r
}

func curve(name, x, y string, points int) report.Curve {
	c := report.Curve{Name: name, XLabel: x, YLabel: y}
	for i := range points {
		c.X, c.Y = append(c.X, float64(i+1)), append(c.Y, float64(i*i+1))
	}
	return c
}

func TestOf(t *testing.T) {
	a := chart.Source{Name: "before", Run: runWith("ramp",
		curve("hidden", "ports", "CPU, cores", 3), curve("shown", "ports", "CPU, cores", 3), curve("delay", "delay, ms", "share, %", 9))}
	b := chart.Source{Name: "after", Run: runWith("ramp",
		curve("hidden", "ports", "CPU, cores", 4), curve("delay", "delay, ms", "share, %", 9), curve("empty", "ports", "CPU, cores", 0))}
	b.Run.Machine.Processor = "another"
	for _, test := range []struct {
		name    string
		sources []chart.Source
		want    []string // title, file, lines
	}{
		{"one run", []chart.Source{a}, []string{
			"CPU against ports|cpu-against-ports|hidden,shown",
			"Share against delay: delay|share-against-delay|delay",
		}},
		{"two runs", []chart.Source{a, b}, []string{
			"CPU against ports|cpu-against-ports|hidden, before,shown, before,hidden, after",
			"Share against delay: delay|share-against-delay|before,after",
		}},
		{"none", nil, nil},
	} {
		charts := chart.Of(test.sources)
		if len(charts) != len(test.want) {
			t.Errorf("%s: %d charts, want %d", test.name, len(charts), len(test.want))
			continue
		}
		for i, c := range charts {
			var lines []string
			for _, l := range c.Lines {
				lines = append(lines, l.Name)
			}
			if have := c.Title + "|" + c.Name + "|" + strings.Join(lines, ","); have != test.want[i] {
				t.Errorf("%s:\nhave %s\nwant %s", test.name, have, test.want[i])
			}
		}
	}
	charts := chart.Of([]chart.Source{a, b})
	if s := charts[0].Subtitle; !strings.HasPrefix(s, "bench ramp · v1") || strings.Contains(s, "another") {
		t.Errorf("in common: %q", s)
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct{ x, y, want string }{
		{"ports", "../../etc/passwd", "etc-passwd-against-ports"},
		{"", ", %", "unnamed-against-unnamed"},
		{"Ünïcode µs", strings.Repeat("x", 100), strings.Repeat("x", 40) + "-against-ünïcode-µs"},
	} {
		c := chart.Of([]chart.Source{{Name: "r", Run: runWith("b", curve("c", test.x, test.y, 2))}})
		if c[0].Name != test.want {
			t.Errorf("%q: %q, want %q", test.y, c[0].Name, test.want)
		}
	}
}

// Every pixel of a column or row of the sheet's edge is paper; inside there is
// ink of the colours of both lines.
func TestPNG(t *testing.T) {
	c := chart.Of([]chart.Source{{Name: "r", Run: runWith("b", curve("one", "x", "y", 5), curve("two", "x", "y", 100))}})[0]
	var file bytes.Buffer
	if err := c.Write(&file, "png", chart.Size{Width: 400, Height: 300}); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != image.Rect(0, 0, 800, 600) {
		t.Errorf("the sheet is %v", img.Bounds())
	}
	var blue, orange int
	for y := range 600 {
		for x := range 800 {
			r, g, b, _ := img.At(x, y).RGBA()
			switch {
			case x == 0 || y == 0 || x == 799 || y == 599:
				if r != 0xffff || g != 0xffff || b != 0xffff {
					t.Fatalf("something is drawn at %d, %d", x, y)
				}
			case r>>8 == 0 && b>>8 == 173:
				blue++
			case r>>8 == 209 && b>>8 == 0:
				orange++
			}
		}
	}
	if blue < 200 || orange < 200 {
		t.Errorf("%d pixels of the first line, %d of the second", blue, orange)
	}
}

func TestSVG(t *testing.T) {
	c := chart.Of([]chart.Source{{Name: "r", Run: runWith("b", curve("a<b", "x", "y & z", 5), curve("two", "x", "y & z", 5))}})[0]
	var file bytes.Buffer
	if err := c.Write(&file, "svg", chart.Size{Width: 400, Height: 300}); err != nil {
		t.Fatal(err)
	}
	if plain := file.String(); !strings.Contains(plain, "font-family:Liberation Sans,Arial,") || strings.Contains(plain, "font-family:Liberation Sans;") {
		t.Error("there is no font for those without Liberation Sans")
	}
	text := ""
	for d := xml.NewDecoder(&file); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if chars, ok := token.(xml.CharData); ok {
			text += string(chars) + "\n"
		}
	}
	for _, want := range []string{"Y & z against x", "a<b", "two", "bench b"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not written on it", want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	line := []chart.Line{{Name: "l", X: []float64{1}, Y: []float64{1}}}
	for _, test := range []struct {
		name, format string
		lines        []chart.Line
		size         chart.Size
		ok           bool
	}{
		{"one point", "png", line, chart.Size{Width: 300, Height: 200}, true},
		{"no line", "svg", nil, chart.Size{Width: 300, Height: 200}, true},
		{"equal values", "svg", []chart.Line{{Name: "l", X: []float64{0, 0}, Y: []float64{0, 0}}}, chart.Size{Width: 300, Height: 200}, true},
		{"a format", "bmp", line, chart.Size{Width: 300, Height: 200}, false},
		{"too small", "png", line, chart.Size{Width: 300, Height: 100}, false},
		{"too large", "png", line, chart.Size{Width: 30000, Height: 200}, false},
		{"no number", "png", []chart.Line{{Name: "l", X: []float64{1}, Y: []float64{math.NaN()}}}, chart.Size{Width: 300, Height: 200}, false},
	} {
		c := chart.Chart{Title: "t", Lines: test.lines}
		if err := c.Write(io.Discard, test.format, test.size); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
