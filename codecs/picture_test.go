package codecs

import "testing"

func TestPictureReferences(t *testing.T) {
	before := PicturesLive()
	freed := 0
	p := &Picture{Width: 2, Height: 2}
	InitPicture(p, func(*Picture) { freed++ })
	if !p.Exclusive() || PicturesLive() != before+1 {
		t.Error("a new picture has one reference")
	}
	if p.Retain() != p || p.Exclusive() {
		t.Error("retained, it has two")
	}
	p.Release()
	if freed != 0 {
		t.Error("freed with a reference left")
	}
	p.Release()
	if freed != 1 || PicturesLive() != before {
		t.Errorf("freed %d times, %d live", freed, PicturesLive()-before)
	}
	for name, misuse := range map[string]func(*Picture){"release": (*Picture).Release, "retain": func(p *Picture) { p.Retain() }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of a released picture goes unnoticed", name)
				}
			}()
			gone := &Picture{}
			InitPicture(gone, nil)
			gone.Release()
			misuse(gone)
		}()
	}
	var none *Picture
	none.Release()
}

func TestPictureShape(t *testing.T) {
	p := NewPicture(1279, 719)
	defer p.Release()
	if p.Width != 1280 || p.Height != 720 || p.StrideY%64 != 0 || p.StrideUV%64 != 0 {
		t.Errorf("%dx%d, strides %d and %d", p.Width, p.Height, p.StrideY, p.StrideUV)
	}
	if len(p.Y) != p.StrideY*720 || len(p.U) != p.StrideUV*360 || len(p.V) != len(p.U) {
		t.Errorf("planes of %d, %d, %d bytes", len(p.Y), len(p.U), len(p.V))
	}
}

func TestPoolReuses(t *testing.T) {
	var pool Pool
	p := pool.Get(640, 360)
	p.Release()
	if q := pool.Get(640, 360); q != p {
		t.Error("a released picture is not used again")
	} else {
		q.Release()
	}
	if q := pool.Get(320, 180); q == p {
		t.Error("a picture of another size was given out")
	} else {
		q.Release()
	}
	if n := testing.AllocsPerRun(100, func() { pool.Get(640, 360).Release() }); n != 0 {
		t.Errorf("%.0f allocations for a picture from the pool", n)
	}
	for range 3 * idlePerSize {
		defer pool.Get(640, 360).Release()
	}
}
