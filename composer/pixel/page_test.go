//go:build linux

package pixel

import (
	"math/rand/v2"
	"syscall"
	"testing"
)

// atPageEnd returns a plane whose last sample is the last byte before memory
// that must not be touched, neither read nor written.
func atPageEnd(t *testing.T, width, height, stride int) Plane {
	t.Helper()
	page := syscall.Getpagesize()
	n := (height-1)*stride + width
	room := (n + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, room+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(mem[room:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return Plane{Pix: mem[room-n : room : room], Stride: stride, Width: width, Height: height}
}

// No variant touches memory behind the last sample: that would end the process.
func TestVariantsStayInside(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, k := range variants {
		for range 150 {
			sw, sh, dw, dh := 1+r.IntN(150), 1+r.IntN(8), 1+r.IntN(150), 1+r.IntN(8)
			src, dst := atPageEnd(t, sw, sh, sw+r.IntN(20)), atPageEnd(t, dw, dh, dw+r.IntN(20))
			k.Scale(dst, src, NewScaler(sw, sh, dw, dh))
			mask := atPageEnd(t, dw, dh, dw)
			k.Blend(dst, mask, 77)
			k.Copy(dst, mask)
			k.Fill(dst, 3)
		}
	}
}
