// Portable C. Loops are written so that compilers turn them into vectors.
#include "bridge.h"

#include <string.h>

// Columns: a row of src_width samples with 7 fraction bits, the weighted sum of
// taps rows. The accumulator is a block that stays in registers or L1.
static void columns(int16_t *restrict row, const uint8_t *src, ptrdiff_t stride, int width,
                    const int16_t *weights, int taps)
{
    while (taps > 1 && weights[taps - 1] == 0)
        taps--;
    switch (taps) {
    case 1: {
        const int16_t a = weights[0];
        for (int x = 0; x < width; x++)
            row[x] = (int16_t)((a * (int16_t)src[x] + 64) >> 7);
        return;
    }
    case 2: {
        const uint8_t *restrict s0 = src, *restrict s1 = src + stride;
        const int16_t a = weights[0], b = weights[1];
        for (int x = 0; x < width; x++)
            row[x] = (int16_t)((a * (int16_t)s0[x] + b * (int16_t)s1[x] + 64) >> 7);
        return;
    }
    case 3: {
        const uint8_t *restrict s0 = src, *restrict s1 = s0 + stride, *restrict s2 = s1 + stride;
        const int16_t a = weights[0], b = weights[1], c = weights[2];
        for (int x = 0; x < width; x++)
            row[x] = (int16_t)((a * (int16_t)s0[x] + b * (int16_t)s1[x] + c * (int16_t)s2[x] + 64) >> 7);
        return;
    }
    }
    enum { block = 256 };
    for (int x0 = 0; x0 < width; x0 += block) {
        int n = width - x0 < block ? width - x0 : block;
        int32_t sum[block];
        for (int x = 0; x < n; x++)
            sum[x] = 64;
        for (int k = 0; k < taps; k++) {
            const uint8_t *restrict s = src + k * stride + x0;
            const int16_t w = weights[k];
            for (int x = 0; x < n; x++)
                sum[x] += w * (int16_t)s[x];
        }
        for (int x = 0; x < n; x++)
            row[x0 + x] = (int16_t)(sum[x] >> 7);
    }
}

// Two rows side by side in 64 bits, so that one multiplication serves both:
// sums are never negative and below 1 << 32, so nothing carries over.
static void join(uint64_t *restrict both, const int16_t *restrict first, const int16_t *restrict second, int width)
{
    for (int x = 0; x < width; x++)
        both[x] = (uint64_t)(uint16_t)first[x] | (uint64_t)(uint16_t)second[x] << 32;
}

// Rows: the weighted sums of up to three neighbours, back to 8 bits.
// They may be the same row.
static void along_two(uint8_t *first, uint8_t *second, int width, const uint64_t *restrict both,
                  const int32_t *restrict start, const int16_t *restrict weights, int taps)
{
    const uint64_t half = (uint64_t)1 << 20 | (uint64_t)1 << 52;
    uint64_t sum;
#define EACH(expression)                                    \
    for (int x = 0; x < width; x++, weights += taps) {      \
        const uint64_t *p = both + start[x];                \
        expression;                                         \
        first[x] = (uint8_t)((uint32_t)sum >> 21);          \
        second[x] = (uint8_t)(sum >> 53);                   \
    }
#define TAP(k) (uint64_t)weights[k] * p[k]
    switch (taps) {
    case 1: EACH(sum = half + TAP(0)) return;
    case 2: EACH(sum = half + TAP(0) + TAP(1)) return;
    case 3: EACH(sum = half + TAP(0) + TAP(1) + TAP(2)) return;
    }
#undef EACH
#undef TAP
}

// Row: the same for any number of neighbours.
static void along(uint8_t *restrict dst, int width, const int16_t *restrict row,
                  const int32_t *restrict start, const int16_t *restrict weights, int taps)
{
    for (int x = 0; x < width; x++, weights += taps) {
        const int16_t *p = row + start[x];
        int32_t sum = 1 << 20;
        for (int k = 0; k < taps; k++)
            sum += weights[k] * p[k];
        dst[x] = (uint8_t)(sum >> 21);
    }
}

PARLEY_SCALE(parley_scale_c)
{
    (void)plan_base, (void)plan_shuffle, (void)plan_weights, (void)plan_pairs, (void)plan_blocks;
    if (x_taps > 3) {
        for (int y = 0; y < dst_height; y++) {
            columns(row, src + y_start[y] * src_stride, src_stride, src_width, y_weights + (ptrdiff_t)y * y_taps, y_taps);
            along(dst + y * dst_stride, dst_width, row, x_start, x_weights, x_taps);
        }
        return;
    }
    uint64_t *both = (uint64_t *)row; // the row's memory holds one of these and two of int16
    int16_t *a = row + 4 * (ptrdiff_t)src_width, *b = a + src_width;
    for (int y = 0; y < dst_height; y += 2) {
        const int z = y + 1 < dst_height ? y + 1 : y; // the last of an odd number is made twice
        columns(a, src + y_start[y] * src_stride, src_stride, src_width, y_weights + (ptrdiff_t)y * y_taps, y_taps);
        columns(b, src + y_start[z] * src_stride, src_stride, src_width, y_weights + (ptrdiff_t)z * y_taps, y_taps);
        join(both, a, b, src_width);
        along_two(dst + y * dst_stride, dst + z * dst_stride, dst_width, both, x_start, x_weights, x_taps);
    }
}

PARLEY_BLEND(parley_blend_c)
{
    for (int y = 0; y < height; y++) {
        uint8_t *restrict d = dst + y * dst_stride;
        const uint8_t *restrict m = mask + y * mask_stride;
        for (int x = 0; x < width; x++) {
            // At most 255*255+128: the division by 255, rounded, stays in 16 bits.
            uint16_t n = (uint16_t)(d[x] * (255 - m[x]) + value * m[x] + 128);
            d[x] = (uint8_t)((uint16_t)(n + (n >> 8)) >> 8);
        }
    }
}

void parley_fill(uint8_t *dst, ptrdiff_t stride, int width, int height, uint8_t value)
{
    for (int y = 0; y < height; y++)
        memset(dst + y * stride, value, (size_t)width);
}

void parley_copy(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src, ptrdiff_t src_stride, int width, int height)
{
    for (int y = 0; y < height; y++)
        memcpy(dst + y * dst_stride, src + y * src_stride, (size_t)width);
}
