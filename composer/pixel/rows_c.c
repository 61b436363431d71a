// Portable rows. Loops are written so that compilers turn them into vectors
// where there is a way.
#include "rows.h"

// Two rows side by side in 32 bits, so that one multiplication serves both:
// sums are at most 255*256 and nothing carries over.
static void join(uint32_t *restrict both, const uint8_t *restrict first, const uint8_t *restrict second, int width)
{
    for (int x = 0; x < width; x++)
        both[x] = (uint32_t)first[x] | (uint32_t)second[x] << 16;
}

static void pick_c(int16_t *const mid[2], const uint8_t *const src[2], int width, const parley_scaler *s)
{
    uint32_t *restrict both = (uint32_t *)s->sums;
    int16_t *restrict first = mid[0], *restrict second = mid[1];
    const int32_t *restrict start = s->x.start;
    const int16_t *restrict w = s->x.weights;
    const int taps = s->x.taps;
    join(both, src[0], src[1], s->src_width);
#define TAP(k) (uint32_t)w[k] * p[k]
    // The 128 that each sample is less makes 0x8000.
#define EACH(expression)                                 \
    for (int x = 0; x < width; x++, w += taps) {         \
        const uint32_t *p = both + start[x];             \
        const uint32_t sum = (expression) ^ 0x80008000u; \
        first[x] = (int16_t)sum;                         \
        second[x] = (int16_t)(sum >> 16);                \
    }
    switch (taps) {
    case 1: EACH(TAP(0)) return;
    case 2: EACH(TAP(0) + TAP(1)) return;
    default: EACH(TAP(0) + TAP(1) + TAP(2))
    }
#undef EACH
#undef TAP
}

static void mix_c(uint8_t *restrict dst, int width, const int16_t *const rows[3], const int16_t *weights, int taps)
{
    const int16_t *restrict r0 = rows[0], *restrict r1 = rows[1], *restrict r2 = rows[2];
    const int16_t w0 = weights[0], w1 = taps > 1 ? weights[1] : 0, w2 = taps > 2 ? weights[2] : 0;
#define PART(row, w) (((row)[x] * (w) + (1 << (FINE_BITS - 1))) >> FINE_BITS)
#define LEVEL(sum) (uint8_t)((uint16_t)((sum) + (0x8000 + (1 << (MID_BITS - 1)))) >> MID_BITS)
    if (taps < 3)
        for (int x = 0; x < width; x++)
            dst[x] = LEVEL(PART(r0, w0) + PART(r1, w1));
    else
        for (int x = 0; x < width; x++)
            dst[x] = LEVEL(PART(r0, w0) + PART(r1, w1) + PART(r2, w2));
#undef PART
#undef LEVEL
}

static void sum_c(int16_t *restrict mid, const uint8_t *src, ptrdiff_t stride, int width, const parley_coarse *weights)
{
    enum { block = 512 }; // stays in the nearest cache; what overflows comes back, the result fits
    for (int x0 = 0; x0 < width; x0 += block) {
        const int n = width - x0 < block ? width - x0 : block;
        uint16_t sum[block];
        for (int x = 0; x < n; x++)
            sum[x] = 0x8000;
        for (int k = 0; k < weights->taps; k++) {
            const uint8_t *restrict s = src + k * stride + x0;
            const uint16_t w = (uint16_t)weights->weights[k];
            for (int x = 0; x < n; x++)
                sum[x] = (uint16_t)(sum[x] + w * s[x]);
        }
        for (int x = 0; x < n; x++)
            mid[x0 + x] = (int16_t)sum[x];
    }
}

static void gather_c(uint8_t *restrict dst, int width, const int16_t *restrict mid, const parley_scaler *s)
{
    gather_tail(dst, 0, width, mid, &s->x);
}

static void blend_c(uint8_t *restrict dst, const uint8_t *restrict mask, int width, uint8_t value)
{
    for (int x = 0; x < width; x++) {
        uint16_t n = (uint16_t)(dst[x] * (255 - mask[x]) + value * mask[x] + 128);
        dst[x] = (uint8_t)((uint16_t)(n + (n >> 8)) >> 8);
    }
}

const parley_rows parley_rows_c = {pick_c, mix_c, sum_c, gather_c, blend_c};
