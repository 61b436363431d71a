// Whole planes, by rows of the variant asked for.
#include "rows.h"

static const parley_rows *rows_of(int isa)
{
#if defined(__x86_64__)
    switch (isa) {
    case PARLEY_SSE41: return &parley_rows_sse41;
    case PARLEY_AVX2: return &parley_rows_avx2;
    case PARLEY_AVX512: return &parley_rows_avx512;
    }
#endif
    (void)isa;
    return &parley_rows_c;
}

// Leaves out what weighs nothing at both ends; returns how many taps that are in front.
static int trim(const int16_t **weights, int *taps)
{
    int front = 0;
    while (*taps > 1 && (*weights)[*taps - 1] == 0)
        --*taps;
    for (; *taps > 1 && **weights == 0; --*taps, ++*weights)
        front++;
    return front;
}

static void scale_rows_first(const parley_rows *rows, parley_plane dst, parley_plane src, const parley_scaler *s)
{
    int made = 0; // rows of src
    for (int y = 0; y < dst.height; y++) {
        const int16_t *weights = s->y.weights + (ptrdiff_t)y * s->y.taps;
        int taps = s->y.taps;
        const int first = s->y.start[y] + trim(&weights, &taps);
        for (; made < first + taps; made += 2) {
            int16_t *const to[2] = {s->mid + made % MID_ROWS * s->mid_stride, s->mid + (made + 1) % MID_ROWS * s->mid_stride};
            const uint8_t *from = src.pix + made * src.stride;
            const uint8_t *const both[2] = {from, made + 1 < src.height ? from + src.stride : from};
            rows->pick(to, both, dst.width, s);
        }
        const int16_t *mid[3];
        for (int k = 0; k < 3; k++)
            mid[k] = s->mid + (first + k) % MID_ROWS * s->mid_stride;
        rows->mix(dst.pix + y * dst.stride, dst.width, mid, weights, taps);
    }
}

static void sum_group(const parley_rows *rows, parley_plane src, int first, const int16_t *weights, int taps, const parley_scaler *s)
{
    first += trim(&weights, &taps);
    parley_coarse c = {.taps = taps, .plain = 1, .weights = weights};
    for (int k = 0; k < c.taps; k += 2) {
        uint32_t a = (uint32_t)weights[k], b = k + 1 < c.taps ? (uint32_t)weights[k + 1] : 0;
        if (a + b > 128 || a > 127 || b > 127)
            c.plain = 0;
        if (a == 256) // does not fit a byte; the row is the only one and paired with itself
            a = b = 128;
        c.pairs[k / 2] = (a | b << 8) * 0x10001u;
    }
    rows->sum(s->mid, src.pix + first * src.stride, src.stride, src.width, &c);
}

static void scale_columns_first(const parley_rows *rows, parley_plane dst, parley_plane src, const parley_scaler *s)
{
    for (int y = 0; y < dst.height; y++) {
        int first = s->y.start[y];
        const int16_t *weights = s->y.weights + (ptrdiff_t)y * s->y.taps;
        if (s->groups == 1) {
            sum_group(rows, src, first, weights, s->y.taps, s);
        } else {
            int32_t *restrict sums = s->sums;
            const int16_t *mid = s->mid;
            for (int x = 0; x < src.width; x++)
                sums[x] = 1 << (FINE_BITS - 1);
            for (int g = 0; g < s->groups; g++, weights += GROUP_TAPS, first += GROUP_TAPS) {
                const int16_t w = s->by_group[(ptrdiff_t)y * s->groups + g];
                if (w == 0)
                    continue; // also groups behind the last row
                sum_group(rows, src, first, weights, GROUP_TAPS, s);
                for (int x = 0; x < src.width; x++)
                    sums[x] += w * mid[x];
            }
            for (int x = 0; x < src.width; x++)
                s->mid[x] = (int16_t)(sums[x] >> FINE_BITS);
        }
        rows->gather(dst.pix + y * dst.stride, dst.width, s->mid, s);
    }
}

void parley_scale(int isa, parley_plane dst, parley_plane src, parley_scaler scaler)
{
    if (scaler.rows_first)
        scale_rows_first(rows_of(isa), dst, src, &scaler);
    else
        scale_columns_first(rows_of(isa), dst, src, &scaler);
}

void parley_blend(int isa, parley_plane dst, parley_plane mask, uint8_t value)
{
    const parley_rows *rows = rows_of(isa);
    for (int y = 0; y < dst.height; y++)
        rows->blend(dst.pix + y * dst.stride, mask.pix + y * mask.stride, dst.width, value);
}

// The C library has variants of these.
void parley_fill(parley_plane dst, uint8_t value)
{
    for (int y = 0; y < dst.height; y++)
        memset(dst.pix + y * dst.stride, value, (size_t)dst.width);
}

void parley_copy(parley_plane dst, parley_plane src)
{
    for (int y = 0; y < dst.height; y++)
        memcpy(dst.pix + y * dst.stride, src.pix + y * src.stride, (size_t)dst.width);
}
