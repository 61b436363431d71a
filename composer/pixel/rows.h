// Kernels of single rows, one table for each instruction set.
#ifndef PARLEY_PIXEL_ROWS_H
#define PARLEY_PIXEL_ROWS_H

#include "bridge.h"

#include <string.h>

enum { MID_ROWS = 4, GROUP_TAPS = 16, FINE_BITS = 15, MID_BITS = 8 };

// The coarse weights of neighbouring rows by pairs, as vectors want them:
// two bytes, twice.
typedef struct {
    int taps; // rows; an odd one at the end is paired with itself and 0
    int plain; // weights fit int8 and pairs of samples int16: samples need no sign
    uint32_t pairs[GROUP_TAPS / 2];
    const int16_t *weights;
} parley_coarse;

typedef struct {
    // Rows first: the coarse weights along two rows, which share what is looked
    // up and may be the same, and the fine ones over up to three rows.
    void (*pick)(int16_t *const mid[2], const uint8_t *const src[2], int width, const parley_scaler *s);
    void (*mix)(uint8_t *dst, int width, const int16_t *const rows[3], const int16_t *weights, int taps);
    // Columns first: the coarse weights over up to GROUP_TAPS rows, and the fine ones along a row.
    void (*sum)(int16_t *mid, const uint8_t *src, ptrdiff_t stride, int width, const parley_coarse *weights);
    void (*gather)(uint8_t *dst, int width, const int16_t *mid, const parley_scaler *s);

    void (*blend)(uint8_t *dst, const uint8_t *mask, int width, uint8_t value);
} parley_rows;

extern const parley_rows parley_rows_c;
#if defined(__x86_64__)
extern const parley_rows parley_rows_sse41, parley_rows_avx2, parley_rows_avx512;
#endif

// What vectors leave over.
static inline void sum_tail(int16_t *mid, const uint8_t *src, ptrdiff_t stride, int from, int width, const parley_coarse *weights)
{
    for (int x = from; x < width; x++) {
        int sum = 0;
        for (int k = 0; k < weights->taps; k++)
            sum += weights->weights[k] * (src[k * stride + x] - 128);
        mid[x] = (int16_t)sum;
    }
}

static inline void gather_tail(uint8_t *dst, int from, int width, const int16_t *mid, const parley_axis *x)
{
    for (int i = from; i < width; i++) {
        const int16_t *p = mid + x->start[i], *w = x->weights + (ptrdiff_t)i * x->taps;
        int32_t sum = 1 << (FINE_BITS + MID_BITS - 1);
        for (int k = 0; k < x->taps; k++)
            sum += w[k] * p[k];
        dst[i] = (uint8_t)((sum >> (FINE_BITS + MID_BITS)) + 128);
    }
}

// The first n bytes, less than 32, of a vector: faster than memcpy as n stays
// the same from row to row.
static inline void store_first(uint8_t *dst, const uint8_t *from, int n)
{
    for (int part = 16; part > 0; part /= 2)
        if (n & part) {
            switch (part) {
            case 16: memcpy(dst, from, 16); break;
            case 8: memcpy(dst, from, 8); break;
            case 4: memcpy(dst, from, 4); break;
            case 2: memcpy(dst, from, 2); break;
            case 1: *dst = *from;
            }
            dst += part, from += part;
        }
}

static inline uint8_t blend_one(uint8_t under, uint8_t mask, uint8_t value)
{
    // At most 255*255+128: the division by 255, rounded, stays in 16 bits.
    uint16_t n = (uint16_t)(under * (255 - mask) + value * mask + 128);
    return (uint8_t)((uint16_t)(n + (n >> 8)) >> 8);
}

#endif
