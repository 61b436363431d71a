package pixel

import (
	"os"
	"slices"
)

// Kernels is one variant of every kernel. Planes that overlap in memory give
// undefined samples.
type Kernels struct {
	Name string // ref, c, sse41, avx2, avx512

	scale func(dst, src Plane, s *Scaler)
	blend func(dst, mask Plane, value byte)
	fill  func(dst Plane, value byte)
	copy  func(dst, src Plane)
}

// names lists the variants in rising order, as PARLEY_CPU spells them.
var names = []string{"ref", "c", "sse41", "avx2", "avx512"}

// variants holds what this build and CPU can run, in rising order; the first
// is the reference.
var variants = allVariants()

// active is what the package's functions use.
var active = choose(variants, os.Getenv("PARLEY_CPU"))

func allVariants() []Kernels {
	ref := Kernels{Name: "ref", scale: scaleRef, blend: blendRef, fill: fillRef, copy: copyRef}
	return append([]Kernels{ref}, nativeVariants()...)
}

// choose returns the highest variant that is not above limit; an unknown or
// empty limit is none.
func choose(from []Kernels, limit string) Kernels {
	top := slices.Index(names, limit)
	if top < 0 {
		top = len(names) - 1
	}
	best := from[0]
	for _, k := range from {
		if slices.Index(names, k.Name) <= top {
			best = k
		}
	}
	return best
}

// Variants returns the variants that this build and CPU can run, the reference
// first, the fastest last; for tests and benchmarks.
func Variants() []Kernels { return slices.Clone(variants) }

// Active returns the name of the variant in use.
func Active() string { return active.Name }

// Scale fills dst with src scaled by s.
func Scale(dst, src Plane, s *Scaler) { active.Scale(dst, src, s) }

// Blend draws value on dst through mask: dst = (dst*(255-mask) + value*mask) / 255, rounded.
func Blend(dst, mask Plane, value byte) { active.Blend(dst, mask, value) }

// Fill sets every sample of dst to value.
func Fill(dst Plane, value byte) { active.Fill(dst, value) }

// Copy copies src to dst.
func Copy(dst, src Plane) { active.Copy(dst, src) }

// Scale fills dst with src scaled by s. It panics unless the planes have the sizes of s.
func (k Kernels) Scale(dst, src Plane, s *Scaler) {
	sameSize(dst, Plane{Width: s.dstWidth, Height: s.dstHeight})
	sameSize(src, Plane{Width: s.srcWidth, Height: s.srcHeight})
	if dst.empty() || src.empty() {
		return
	}
	if src.Width == dst.Width && src.Height == dst.Height {
		k.copy(dst, src)
		return
	}
	k.scale(dst, src, s)
}

// Blend draws value on dst through mask, which has the size of dst.
func (k Kernels) Blend(dst, mask Plane, value byte) {
	sameSize(dst, mask)
	if dst.empty() || mask.empty() {
		return
	}
	k.blend(dst, mask, value)
}

// Fill sets every sample of dst to value.
func (k Kernels) Fill(dst Plane, value byte) {
	if !dst.empty() {
		k.fill(dst, value)
	}
}

// Copy copies src to dst, which has the size of src.
func (k Kernels) Copy(dst, src Plane) {
	sameSize(dst, src)
	if dst.empty() || src.empty() {
		return
	}
	k.copy(dst, src)
}
