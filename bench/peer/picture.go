package peer

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"

	"parley/codecs"
)

// readPNG reads a picture that a program converted to RGB, and converts it
// back (BT.601, limited range). The caller releases it.
func readPNG(path string) (*codecs.Picture, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return fromRGB(img), nil
}

// fromRGB converts to 4:2:0, taking chroma from the mean of four pixels.
func fromRGB(img image.Image) *codecs.Picture {
	b := img.Bounds()
	w, h := b.Dx()&^1, b.Dy()&^1
	p := codecs.NewPicture(w, h)
	for y := 0; y < h; y += 2 {
		for x := 0; x < w; x += 2 {
			var cb, cr float64
			for i := range 4 {
				px, py := x+i&1, y+i>>1
				c := color.NRGBAModel.Convert(img.At(b.Min.X+px, b.Min.Y+py)).(color.NRGBA)
				r, g, bl := float64(c.R), float64(c.G), float64(c.B)
				p.Y[py*p.StrideY+px] = uint8(16.5 + (65.738*r+129.057*g+25.064*bl)/256)
				cb += 128.5 + (-37.945*r-74.494*g+112.439*bl)/256
				cr += 128.5 + (112.439*r-94.154*g-18.285*bl)/256
			}
			p.U[y/2*p.StrideUV+x/2], p.V[y/2*p.StrideUV+x/2] = uint8(cb/4), uint8(cr/4)
		}
	}
	return p
}

// readJPEG reads a picture whose samples a program put into a JPEG as they
// were, without a change of range. The caller releases it.
func readJPEG(path string) (*codecs.Picture, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoded, err := jpeg.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	img, ok := decoded.(*image.YCbCr)
	if !ok || img.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return nil, fmt.Errorf("%s: a %T, want YCbCr 4:2:0", path, decoded)
	}
	w, h := img.Rect.Dx()&^1, img.Rect.Dy()&^1
	p := codecs.NewPicture(w, h)
	for y := range h {
		copy(p.Y[y*p.StrideY:][:w], img.Y[y*img.YStride:])
	}
	for y := range h / 2 {
		copy(p.U[y*p.StrideUV:][:w/2], img.Cb[y*img.CStride:])
		copy(p.V[y*p.StrideUV:][:w/2], img.Cr[y*img.CStride:])
	}
	return p, nil
}

// writeJPEG writes a picture's samples into a JPEG as they are.
func writeJPEG(path string, p *codecs.Picture) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	img := &image.YCbCr{
		Y: p.Y, Cb: p.U, Cr: p.V, YStride: p.StrideY, CStride: p.StrideUV,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, p.Width, p.Height),
	}
	if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 95}); err != nil {
		return err
	}
	return f.Close()
}
