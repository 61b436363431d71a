// Rows for SSE4.1. Every function names the instruction set that it needs; the
// file is compiled for the oldest CPU.
#include "rows.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SSE41 __attribute__((target("sse4.1")))
#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define STORE(p, v) _mm_storeu_si128((__m128i *)(p), v)

// Eight outputs from one window.
SSE41 static inline __m128i picked_sse41(const uint8_t *src, const uint8_t *index, const uint8_t *w)
{
    const __m128i in = _mm_xor_si128(LOAD(src), _mm_set1_epi8(-128));
    return _mm_maddubs_epi16(LOAD(w), _mm_shuffle_epi8(in, LOAD(index)));
}

SSE41 static void pick_sse41(int16_t *const mid[2], const uint8_t *const src[2], int width, const parley_scaler *s)
{
    if (!s->lane.base) {
        parley_rows_c.pick(mid, src, width, s);
        return;
    }
    const int groups = s->outputs / 8, second = s->outputs * 2, pairs = s->pairs;
    const int32_t *base = s->lane.base;
    const uint8_t *src0 = src[0], *src1 = src[1];
    int16_t *mid0 = mid[0], *mid1 = mid[1];
    for (int g = 0; g * 8 < width; g++) {
        const uint8_t *index = s->lane.index + g * 16, *w = s->pick_weights + g * 16;
        __m128i a = picked_sse41(src0 + base[g], index, w), b = picked_sse41(src1 + base[g], index, w);
        if (pairs > 1) {
            index += second, w += second;
            a = _mm_add_epi16(a, picked_sse41(src0 + base[groups + g], index, w));
            b = _mm_add_epi16(b, picked_sse41(src1 + base[groups + g], index, w));
        }
        STORE(mid0 + g * 8, a);
        STORE(mid1 + g * 8, b);
    }
}

SSE41 static inline __m128i mixed_sse41(const int16_t *const rows[3], int x, const __m128i w[3], int taps)
{
    __m128i sum = _mm_set1_epi16((short)(0x8000 + (1 << (MID_BITS - 1))));
    for (int k = 0; k < taps; k++)
        sum = _mm_add_epi16(sum, _mm_mulhrs_epi16(LOAD(rows[k] + x), w[k]));
    return _mm_srli_epi16(sum, MID_BITS);
}

SSE41 static inline void mix_taps_sse41(uint8_t *dst, int width, const int16_t *const rows[3], const int16_t *weights, int taps)
{
    __m128i w[3];
    for (int k = 0; k < taps; k++)
        w[k] = _mm_set1_epi16(weights[k]);
    int x = 0;
    for (; x + 16 <= width; x += 16)
        STORE(dst + x, _mm_packus_epi16(mixed_sse41(rows, x, w, taps), mixed_sse41(rows, x + 8, w, taps)));
    if (x < width) {
        uint8_t last[16];
        STORE(last, _mm_packus_epi16(mixed_sse41(rows, x, w, taps), mixed_sse41(rows, x + 8, w, taps)));
        store_first(dst + x, last, width - x);
    }
}

SSE41 static void mix_sse41(uint8_t *dst, int width, const int16_t *const rows[3], const int16_t *weights, int taps)
{
    switch (taps) {
    case 1: mix_taps_sse41(dst, width, rows, weights, 1); return;
    case 2: mix_taps_sse41(dst, width, rows, weights, 2); return;
    default: mix_taps_sse41(dst, width, rows, weights, 3);
    }
}

// 16 columns.
SSE41 static inline void summed_sse41(int16_t *mid, const uint8_t *src, ptrdiff_t stride, const parley_coarse *weights, int plain)
{
    const __m128i sign = _mm_set1_epi8(-128);
    __m128i low = _mm_setzero_si128(), high = low;
    for (int k = 0; k < weights->taps; k += 2, src += 2 * stride) {
        const __m128i w = _mm_set1_epi32((int)weights->pairs[k / 2]);
        // Past the last tap the row need not exist.
        __m128i a = LOAD(src), b = LOAD(k + 1 < weights->taps ? src + stride : src);
        if (plain) {
            low = _mm_add_epi16(low, _mm_maddubs_epi16(_mm_unpacklo_epi8(a, b), w));
            high = _mm_add_epi16(high, _mm_maddubs_epi16(_mm_unpackhi_epi8(a, b), w));
        } else {
            a = _mm_xor_si128(a, sign), b = _mm_xor_si128(b, sign);
            low = _mm_add_epi16(low, _mm_maddubs_epi16(w, _mm_unpacklo_epi8(a, b)));
            high = _mm_add_epi16(high, _mm_maddubs_epi16(w, _mm_unpackhi_epi8(a, b)));
        }
    }
    const __m128i unity = _mm_set1_epi16(plain ? -0x8000 : 0);
    STORE(mid, _mm_xor_si128(low, unity));
    STORE(mid + 8, _mm_xor_si128(high, unity));
}

SSE41 static void sum_sse41(int16_t *mid, const uint8_t *src, ptrdiff_t stride, int width, const parley_coarse *weights)
{
    if (width < 16) {
        sum_tail(mid, src, stride, 0, width, weights);
        return;
    }
    // The last vector ends with the row.
    if (weights->plain)
        for (int x = 0; x < width; x += 16) {
            const int at = x + 16 <= width ? x : width - 16;
            summed_sse41(mid + at, src + at, stride, weights, 1);
        }
    else
        for (int x = 0; x < width; x += 16) {
            const int at = x + 16 <= width ? x : width - 16;
            summed_sse41(mid + at, src + at, stride, weights, 0);
        }
}

SSE41 static inline __m128i dot_sse41(const int16_t *p, const int16_t *weights, int blocks)
{
    __m128i sum = _mm_setzero_si128();
    for (int k = 0; k < blocks; k++)
        sum = _mm_add_epi32(sum, _mm_madd_epi16(LOAD(p + 8 * k), LOAD(weights + 8 * k)));
    return sum;
}

SSE41 static void gather_sse41(uint8_t *dst, int width, const int16_t *mid, const parley_scaler *s)
{
    const int n = s->blocks;
    const int16_t *w = s->dot_weights;
    const int32_t *start = s->x.start;
    int x = 0;
    for (; x + 4 <= width; x += 4, w += 32 * n, start += 4) {
        __m128i a = _mm_hadd_epi32(dot_sse41(mid + start[0], w, n), dot_sse41(mid + start[1], w + 8 * n, n));
        __m128i b = _mm_hadd_epi32(dot_sse41(mid + start[2], w + 16 * n, n), dot_sse41(mid + start[3], w + 24 * n, n));
        a = _mm_add_epi32(_mm_hadd_epi32(a, b), _mm_set1_epi32(1 << (FINE_BITS + MID_BITS - 1)));
        a = _mm_srai_epi32(a, FINE_BITS + MID_BITS);
        a = _mm_packs_epi32(a, a);
        int32_t four = _mm_cvtsi128_si32(_mm_xor_si128(_mm_packs_epi16(a, a), _mm_set1_epi8(-128)));
        memcpy(dst + x, &four, 4);
    }
    gather_tail(dst, x, width, mid, &s->x);
}

// The masks of 255-m and m times samples less 128, which takes 128*255 off the sum.
SSE41 static inline __m128i blended_sse41(__m128i masks, __m128i samples)
{
    const __m128i sum = _mm_add_epi16(_mm_maddubs_epi16(masks, samples), _mm_set1_epi16((short)(128 * 255 + 128)));
    return _mm_mulhi_epu16(sum, _mm_set1_epi16(257)); // (n + n>>8) >> 8
}

SSE41 static void blend_sse41(uint8_t *dst, const uint8_t *mask, int width, uint8_t value)
{
    const __m128i sign = _mm_set1_epi8(-128), with = _mm_set1_epi8((char)(value ^ 0x80)), all = _mm_set1_epi8(-1);
    int x = 0;
    for (; x + 16 <= width; x += 16) {
        const __m128i m = LOAD(mask + x), d = LOAD(dst + x);
        const __m128i under = _mm_xor_si128(d, sign), rest = _mm_xor_si128(m, all);
        const __m128i low = blended_sse41(_mm_unpacklo_epi8(rest, m), _mm_unpacklo_epi8(under, with));
        const __m128i high = blended_sse41(_mm_unpackhi_epi8(rest, m), _mm_unpackhi_epi8(under, with));
        STORE(dst + x, _mm_packus_epi16(low, high));
    }
    for (; x < width; x++)
        dst[x] = blend_one(dst[x], mask[x], value);
}

const parley_rows parley_rows_sse41 = {pick_sse41, mix_sse41, sum_sse41, gather_sse41, blend_sse41};
#endif
