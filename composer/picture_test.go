package composer

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"parley/codecs"
)

// flat returns a picture of one colour.
func flat(width, height int, c colour) *codecs.Picture {
	p := codecs.NewPicture(width, height)
	surfaceOf(p).fill(c)
	return p
}

// at returns the colour of a sample.
func at(p *codecs.Picture, x, y int) colour {
	return colour{p.Y[y*p.StrideY+x], p.U[y/2*p.StrideUV+x/2], p.V[y/2*p.StrideUV+x/2]}
}

// scene returns a picture with edges and gradients, to look at.
func scene(width, height int, hue float64) *codecs.Picture {
	p := codecs.NewPicture(width, height)
	for y := range height {
		for x := range width {
			fx, fy := float64(x)/float64(width), float64(y)/float64(height)
			dx, dy := (fx-0.5)*float64(width)/float64(height), fy-0.42
			c := rgb(90+80*fx, 100+70*fy, 130+60*math.Sin(hue+3*fx))
			switch d := math.Hypot(dx, dy); {
			case d < 0.2:
				c = rgb(224, 180, 150+20*math.Sin(hue))
			case fy > 0.6 && math.Hypot(dx, (fy-1)*0.8) < 0.36:
				c = rgb(90+60*math.Sin(hue), 80, 110+60*math.Cos(hue))
			case (x/40+y/40)%7 == 0:
				c = rgb(200, 205, 210)
			}
			p.Y[y*p.StrideY+x] = c.y
			p.U[y/2*p.StrideUV+x/2], p.V[y/2*p.StrideUV+x/2] = c.u, c.v
		}
	}
	return p
}

func writePNG(t *testing.T, name string, p *codecs.Picture) {
	t.Helper()
	dir := os.Getenv("PARLEY_PICTURES")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	m := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	clip := func(f float64) uint8 { return uint8(min(max(f+0.5, 0), 255)) }
	for y := range p.Height {
		for x := range p.Width {
			c := at(p, x, y)
			l := (float64(c.y) - 16) * 255 / 219
			u, v := (float64(c.u)-128)*255/224, (float64(c.v)-128)*255/224
			m.SetRGBA(x, y, color.RGBA{clip(l + 1.5748*v), clip(l - 0.1873*u - 0.4681*v), clip(l + 1.8556*u), 255})
		}
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
}

// TestWritePictures writes compositions into the folder named by
// PARLEY_PICTURES, for people to look at.
func TestWritePictures(t *testing.T) {
	if os.Getenv("PARLEY_PICTURES") == "" {
		t.Skip("PARLEY_PICTURES is not set")
	}
	people := func(hue float64) []Content {
		return []Content{
			{Source: "a", Version: 1, Picture: scene(1280, 720, hue), Name: "Ada Lovelace"},
			{Source: "b", Version: 1, Picture: scene(640, 480, 1), Name: "Лев Толстой", Muted: true},
			{Source: "c", Version: 1, Picture: scene(1280, 720, 2), Name: "محمد بن راشد", Speaking: true},
			{Source: "d", Version: 1, Picture: scene(360, 640, 3), Name: "王小明 (北京)"},
			{Source: "e", Version: 1, Name: "Grace Hopper", AudioOnly: true, Muted: true},
			{Source: "f", Version: 1, Name: "+49 30 901820", AudioOnly: true},
			{Source: "g", Version: 1, Picture: scene(1280, 720, 4), Name: "Ein sehr langer Name, der nicht passt", OnHold: true},
			{Source: "h", Version: 1, Name: "李雷"},
		}
	}
	c := New()
	defer c.Close()
	for _, l := range Layouts() {
		for _, size := range [][2]int{{1280, 720}, {640, 360}, {1920, 1080}, {426, 240}} {
			v := c.NewCanvas(l, size[0], size[1])
			p := v.Draw(people(0.3), Overlay{More: 12}, 0)
			writePNG(t, l.Name+"_"+[]string{"240p", "360p", "720p", "1080p"}[map[int]int{240: 0, 360: 1, 720: 2, 1080: 3}[size[1]]], p)
			p.Release()
			v.Close()
		}
	}
	v := c.NewCanvas(Layouts()[0], 1280, 720)
	defer v.Close()
	message := []string{"Welcome to Board Room", "You are the first here"}
	for name, draw := range map[string]func() *codecs.Picture{
		"welcome": func() *codecs.Picture { return v.Draw(nil, Overlay{Message: message}, 0) },
		"welcome_ar": func() *codecs.Picture {
			return v.Draw(nil, Overlay{Message: []string{"مرحبا بكم في الاجتماع", "欢迎来到会议室"}}, 0)
		},
		"panel":  func() *codecs.Picture { return v.Draw(people(0.3)[:1], Overlay{Message: message}, 0) },
		"avatar": func() *codecs.Picture { return v.Draw(people(0.3)[4:], Overlay{}, 0) },
		"vga":    func() *codecs.Picture { return v.Draw(people(0.3)[1:], Overlay{More: 120}, 0) },
	} {
		p := draw()
		writePNG(t, name, p)
		p.Release()
	}
}
