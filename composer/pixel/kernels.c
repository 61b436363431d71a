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

// Row: the weighted sums of neighbours, back to 8 bits.
static void along(uint8_t *restrict dst, int width, const int16_t *restrict row,
                  const int32_t *restrict start, const int16_t *restrict weights, int taps)
{
    const int32_t half = 1 << 20;
    switch (taps) {
    case 1:
        for (int x = 0; x < width; x++)
            dst[x] = (uint8_t)((weights[x] * row[start[x]] + half) >> 21);
        return;
    case 2:
        for (int x = 0; x < width; x++, weights += 2) {
            const int16_t *p = row + start[x];
            dst[x] = (uint8_t)((weights[0] * p[0] + weights[1] * p[1] + half) >> 21);
        }
        return;
    case 3:
        for (int x = 0; x < width; x++, weights += 3) {
            const int16_t *p = row + start[x];
            dst[x] = (uint8_t)((weights[0] * p[0] + weights[1] * p[1] + weights[2] * p[2] + half) >> 21);
        }
        return;
    }
    for (int x = 0; x < width; x++, weights += taps) {
        const int16_t *p = row + start[x];
        int32_t sum = half;
        for (int k = 0; k < taps; k++)
            sum += weights[k] * p[k];
        dst[x] = (uint8_t)(sum >> 21);
    }
}

PARLEY_SCALE(parley_scale_c)
{
    for (int y = 0; y < dst_height; y++) {
        columns(row, src + y_start[y] * src_stride, src_stride, src_width, y_weights + (ptrdiff_t)y * y_taps, y_taps);
        along(dst + y * dst_stride, dst_width, row, x_start, x_weights, x_taps);
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
