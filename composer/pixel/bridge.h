// The native kernels. Planes are given by their first sample and the bytes
// from one row to the next; sizes are positive and were checked by the caller.
#ifndef PARLEY_PIXEL_BRIDGE_H
#define PARLEY_PIXEL_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

// One direction of a scaler: output i is the sum of weights[i*taps+k] * input[start[i]+k].
#define PARLEY_SCALE(name)                                                                  \
    void name(uint8_t *dst, ptrdiff_t dst_stride, int dst_width, int dst_height,            \
              const uint8_t *src, ptrdiff_t src_stride, int src_width,                      \
              const int32_t *x_start, const int16_t *x_weights, int x_taps,                 \
              const int32_t *y_start, const int16_t *y_weights, int y_taps, int16_t *row)
#define PARLEY_BLEND(name)                                                                  \
    void name(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *mask, ptrdiff_t mask_stride, \
              int width, int height, uint8_t value)

PARLEY_SCALE(parley_scale_c);
PARLEY_BLEND(parley_blend_c);
void parley_fill(uint8_t *dst, ptrdiff_t stride, int width, int height, uint8_t value);
void parley_copy(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride, int width, int height);

#endif
