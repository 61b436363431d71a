// The native kernels. Planes are given by their first sample and the bytes
// from one row to the next; sizes are positive and were checked by the caller.
#ifndef PARLEY_PIXEL_BRIDGE_H
#define PARLEY_PIXEL_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

// One direction of a scaler: output i is the sum of weights[i*taps+k] * input[start[i]+k].
typedef struct {
    const int32_t *start;
    const int16_t *weights;
    int taps;
} parley_axis;

// The horizontal direction arranged for vectors; see plan.go.
typedef struct {
    const int32_t *base;
    const uint8_t *shuffle;
    const int16_t *weights;
    int pairs, blocks;
} parley_row_plan;

// The tables come one by one: Go may not hand over pointers to pointers.
#define PARLEY_SCALE(name)                                                                    \
    void name(uint8_t *dst, ptrdiff_t dst_stride, int dst_width, int dst_height,              \
              const uint8_t *src, ptrdiff_t src_stride, int src_width,                        \
              const int32_t *x_start, const int16_t *x_weights, int x_taps,                   \
              const int32_t *y_start, const int16_t *y_weights, int y_taps, int16_t *row,     \
              const int32_t *plan_base, const uint8_t *plan_shuffle, const int16_t *plan_weights, \
              int plan_pairs, int plan_blocks)
#define PARLEY_AXES                                             \
    parley_axis x_axis = {x_start, x_weights, x_taps},          \
                y_axis = {y_start, y_weights, y_taps};          \
    const parley_row_plan plan = {plan_base, plan_shuffle, plan_weights, plan_pairs, plan_blocks}
#define PARLEY_BLEND(name)                                                                    \
    void name(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *mask, ptrdiff_t mask_stride, \
              int width, int height, uint8_t value)

PARLEY_SCALE(parley_scale_c);
PARLEY_BLEND(parley_blend_c);
#if defined(__x86_64__)
PARLEY_SCALE(parley_scale_sse41);
PARLEY_SCALE(parley_scale_avx2);
PARLEY_BLEND(parley_blend_avx2);
#endif
void parley_fill(uint8_t *dst, ptrdiff_t stride, int width, int height, uint8_t value);
void parley_copy(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride, int width, int height);

#endif
