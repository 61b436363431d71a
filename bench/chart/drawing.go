package chart

import (
	"fmt"
	"image/color"
	"io"
	"slices"

	weight "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// drawing is a sheet that a chart is drawn on.
type drawing struct {
	sheet draw.Canvas
	file  io.WriterTo
}

// Limits of a sheet in points.
const (
	leastSide = 200
	mostSide  = 4000
)

func newDrawing(format string, size Size) (*drawing, error) {
	if min(size.Width, size.Height) < leastSide || max(size.Width, size.Height) > mostSide {
		return nil, fmt.Errorf("chart of %dx%d: sides of %d to %d", size.Width, size.Height, leastSide, mostSide)
	}
	w, h := vg.Length(size.Width), vg.Length(size.Height)
	switch format {
	case "svg":
		c := vgsvg.New(w, h)
		return &drawing{draw.New(c), c}, nil
	case "png":
		c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(2*72))}
		return &drawing{draw.New(c), c}, nil
	}
	return nil, fmt.Errorf("charts are written as %v, not as %q", Formats(), format)
}

var (
	paper = color.Gray{255}
	ink   = color.Gray{40}
	faint = color.Gray{110}
	rule  = color.Gray{215}
)

// colours can be told apart by those who do not see all colours, too, and are
// dark enough for paper.
var colours = [...]color.Color{
	color.RGBA{0, 104, 173, 255},
	color.RGBA{209, 84, 0, 255},
	color.RGBA{0, 138, 102, 255},
	color.RGBA{176, 62, 130, 255},
	color.RGBA{64, 160, 214, 255},
	color.RGBA{196, 138, 0, 255},
	color.RGBA{90, 90, 90, 255},
}

// dashes begin anew with the colours, so that no two of the first 21 lines are alike.
var dashes = [...][]vg.Length{nil, {5, 3}, {1.5, 2.5}}

// marked is how many points a line may have for each to be marked.
const marked = 40

func style(size font.Length, c color.Color, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = weight.WeightBold
	}
	return text.Style{Color: c, Font: f, YAlign: draw.YTop, Handler: plot.DefaultTextHandler}
}

// draw puts title, plot and legend on the sheet.
func (d *drawing) draw(c Chart) error {
	p := plot.New()
	p.BackgroundColor = paper
	p.X.Label.Text, p.Y.Label.Text = c.XLabel, c.YLabel
	for _, a := range [...]*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Label.TextStyle.Color = style(11, ink, false).Font, ink
		a.Tick.Label.Font, a.Tick.Label.Color = style(10, ink, false).Font, ink
		a.Color, a.Tick.Color = ink, ink
		a.Label.Padding, a.Padding = 4, 2
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = rule, rule
	p.Add(grid)
	legend := plot.NewLegend()
	legend.TextStyle.Font, legend.TextStyle.Color = style(10, ink, false).Font, ink
	legend.Top, legend.Left, legend.Padding, legend.ThumbnailWidth = true, true, 3, 22
	for i, line := range c.Lines {
		drawn, err := d.line(p, line, i)
		if err != nil {
			return fmt.Errorf("%s: %w", line.Name, err)
		}
		legend.Add(line.Name, drawn...)
	}
	scaleAxis(&p.X, false)
	scaleAxis(&p.Y, true)

	d.sheet.SetColor(paper)
	d.sheet.Fill(d.sheet.Path())
	const margin = 14
	in := draw.Crop(d.sheet, margin, -margin, margin, -margin)
	title, subtitle := style(14, ink, true), style(9, faint, false)
	in.FillText(title, vg.Point{X: in.Min.X, Y: in.Max.Y}, c.Title)
	in = draw.Crop(in, 0, 0, 0, -18)
	in.FillText(subtitle, vg.Point{X: in.Min.X, Y: in.Max.Y}, c.Subtitle)
	in = draw.Crop(in, 0, 0, 0, -18)
	if len(c.Lines) > 1 {
		box := legend.Rectangle(in)
		wide := min(box.Max.X-box.Min.X, in.Rectangle.Size().X/2)
		legend.Draw(draw.Crop(in, in.Rectangle.Size().X-wide, 0, 0, 0))
		in = draw.Crop(in, 0, -wide-margin, 0, 0)
	}
	p.Draw(in)
	return nil
}

// line adds a line to the plot and returns what stands for it in the legend.
func (d *drawing) line(p *plot.Plot, line Line, i int) ([]plot.Thumbnailer, error) {
	points := make(plotter.XYs, len(line.X))
	for k := range points {
		points[k].X, points[k].Y = line.X[k], line.Y[k]
	}
	slices.SortStableFunc(points, func(a, b plotter.XY) int {
		switch {
		case a.X < b.X:
			return -1
		case a.X > b.X:
			return 1
		}
		return 0
	})
	l, marks, err := plotter.NewLinePoints(points)
	if err != nil {
		return nil, err
	}
	colour := colours[i%len(colours)]
	l.Color, l.Width, l.Dashes = colour, 1.75, dashes[i/len(colours)%len(dashes)]
	p.Add(l)
	if len(points) > marked {
		return []plot.Thumbnailer{l}, nil
	}
	marks.Color, marks.Shape, marks.Radius = colour, draw.CircleGlyph{}, 2.5
	p.Add(marks)
	return []plot.Thumbnailer{l, marks}, nil
}
