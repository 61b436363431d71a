// The native kernels. Sizes are positive and were checked by the caller.
#ifndef PARLEY_PIXEL_BRIDGE_H
#define PARLEY_PIXEL_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

// Which variant of a kernel runs, in rising order.
enum { PARLEY_C, PARLEY_SSE41, PARLEY_AVX2, PARLEY_AVX512 };

// See Plane.
typedef struct {
    uint8_t *pix;
    ptrdiff_t stride;
    int width, height;
} parley_plane;

// See axis: output i is the sum of weights[i*taps+k] * input[start[i]+k].
typedef struct {
    const int32_t *start;
    const int16_t *weights;
    int taps;
} parley_axis;

// See picker.
typedef struct {
    const int32_t *base; // NULL if not usable
    const uint8_t *index;
    int same;
} parley_picker;

// See Scaler.
typedef struct {
    int src_width, rows_first, groups, pairs, outputs, blocks, fours;
    parley_axis x, y;
    const int16_t *by_group;
    parley_picker lane, wide;
    const uint8_t *pick_weights;
    const int16_t *dot_weights;
    const int32_t *gather_base;
    const uint16_t *gather_index;
    const int16_t *gather_weights;
    int16_t *mid;
    ptrdiff_t mid_stride;
    int32_t *sums;
} parley_scaler;

void parley_scale(int isa, parley_plane dst, parley_plane src, parley_scaler scaler);
void parley_blend(int isa, parley_plane dst, parley_plane mask, uint8_t value);
void parley_fill(parley_plane dst, uint8_t value);
void parley_copy(parley_plane dst, parley_plane src);

#endif
