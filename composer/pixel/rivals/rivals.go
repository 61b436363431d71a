//go:build rivals

package rivals

// #cgo pkg-config: libswscale libavutil
// #cgo LDFLAGS: -lyuv
// #include <libswscale/swscale.h>
// #include <libyuv/planar_functions.h>
// #include <libyuv/scale.h>
//
// static int scale_sws(struct SwsContext *c, const uint8_t *y, const uint8_t *u, const uint8_t *v, int stride, int stride_uv, int height,
//                      uint8_t *to_y, uint8_t *to_u, uint8_t *to_v, int to_stride, int to_stride_uv)
// {
//     const uint8_t *const from[4] = {y, u, v};
//     uint8_t *const to[4] = {to_y, to_u, to_v};
//     const int strides[4] = {stride, stride_uv, stride_uv}, to_strides[4] = {to_stride, to_stride_uv, to_stride_uv};
//     return sws_scale(c, from, strides, 0, height, to, to_strides);
// }
import "C"

import (
	"fmt"

	"parley/composer/pixel"
)

// Picture is the planes of a 4:2:0 picture, Y, U and V.
type Picture [3]pixel.Plane

// Scaler is a rival set up to scale pictures of one size to another.
type Scaler interface {
	Scale(dst, src Picture)
	Close()
}

// Rival is a way in which a library scales.
type Rival struct {
	Name string
	New  func(srcWidth, srcHeight, dstWidth, dstHeight int) Scaler
}

// Scalers returns those that come near to the kernels of package pixel in what
// they make, and the faster ones of the same libraries.
func Scalers() []Rival {
	return []Rival{
		{"libyuv box", libyuv(C.kFilterBox)},
		{"libyuv bilinear", libyuv(C.kFilterBilinear)},
		{"swscale area", swscale(C.SWS_AREA)},
		{"swscale bilinear", swscale(C.SWS_BILINEAR)},
		{"swscale fast", swscale(C.SWS_FAST_BILINEAR)},
	}
}

type yuv struct{ filter uint32 }

func libyuv(filter uint32) func(_, _, _, _ int) Scaler {
	return func(_, _, _, _ int) Scaler { return yuv{filter} }
}

func (s yuv) Scale(dst, src Picture) {
	if C.I420Scale(sample(src[0]), C.int(src[0].Stride), sample(src[1]), C.int(src[1].Stride), sample(src[2]), C.int(src[2].Stride),
		C.int(src[0].Width), C.int(src[0].Height),
		sample(dst[0]), C.int(dst[0].Stride), sample(dst[1]), C.int(dst[1].Stride), sample(dst[2]), C.int(dst[2].Stride),
		C.int(dst[0].Width), C.int(dst[0].Height), s.filter) != 0 {
		panic("rivals: I420Scale fails")
	}
}

func (yuv) Close() {}

type sws struct{ context *C.struct_SwsContext }

func swscale(flags C.int) func(_, _, _, _ int) Scaler {
	return func(srcWidth, srcHeight, dstWidth, dstHeight int) Scaler {
		c := C.sws_getContext(C.int(srcWidth), C.int(srcHeight), C.AV_PIX_FMT_YUV420P,
			C.int(dstWidth), C.int(dstHeight), C.AV_PIX_FMT_YUV420P, flags, nil, nil, nil)
		if c == nil {
			panic(fmt.Sprintf("rivals: no swscale of %dx%d to %dx%d", srcWidth, srcHeight, dstWidth, dstHeight))
		}
		return sws{c}
	}
}

func (s sws) Scale(dst, src Picture) {
	if C.scale_sws(s.context, sample(src[0]), sample(src[1]), sample(src[2]), C.int(src[0].Stride), C.int(src[1].Stride),
		C.int(src[0].Height), sample(dst[0]), sample(dst[1]), sample(dst[2]), C.int(dst[0].Stride), C.int(dst[1].Stride)) < 0 {
		panic("rivals: sws_scale fails")
	}
}

func (s sws) Close() { C.sws_freeContext(s.context) }

// Blend draws a plane on dst through mask; libyuv has nothing that takes a value.
func Blend(dst, mask, with pixel.Plane) {
	C.BlendPlane(sample(with), C.int(with.Stride), sample(dst), C.int(dst.Stride), sample(mask), C.int(mask.Stride),
		sample(dst), C.int(dst.Stride), C.int(dst.Width), C.int(dst.Height))
}

// Copy copies src to dst.
func Copy(dst, src pixel.Plane) {
	C.CopyPlane(sample(src), C.int(src.Stride), sample(dst), C.int(dst.Stride), C.int(src.Width), C.int(src.Height))
}

// Fill sets every sample of dst to value.
func Fill(dst pixel.Plane, value byte) {
	C.SetPlane(sample(dst), C.int(dst.Stride), C.int(dst.Width), C.int(dst.Height), C.uint32_t(value))
}

func sample(p pixel.Plane) *C.uint8_t { return (*C.uint8_t)(&p.Pix[0]) }
