// Rows for AVX-512 with VBMI. Only the ends of rows are masked: that is slow on some CPUs.
#include "rows.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))
#define LOAD(p) _mm512_loadu_si512(p)
#define STORE(p, v) _mm512_storeu_si512(p, v)

AVX512 static inline void pick_pairs_avx512(int16_t *const mid[2], const uint8_t *const src[2], int width, const parley_scaler *s,
                                            int pairs, int same)
{
    const __m512i sign = _mm512_set1_epi8(-128);
    const int groups = s->outputs / 32, second = s->outputs * 2;
    const int32_t *base = s->wide.base;
    const uint8_t *index = s->wide.index, *w = s->pick_weights, *src0 = src[0], *src1 = src[1];
    int16_t *mid0 = mid[0], *mid1 = mid[1];
    for (int x = 0; x < width; x += 32, base++, index += 64, w += 64) {
        __m512i in0 = _mm512_xor_si512(LOAD(src0 + base[0]), sign), in1 = _mm512_xor_si512(LOAD(src1 + base[0]), sign);
        __m512i at = LOAD(index), by = LOAD(w);
        __m512i a = _mm512_maddubs_epi16(by, _mm512_permutexvar_epi8(at, in0));
        __m512i b = _mm512_maddubs_epi16(by, _mm512_permutexvar_epi8(at, in1));
        if (pairs > 1) {
            if (!same) {
                in0 = _mm512_xor_si512(LOAD(src0 + base[groups]), sign);
                in1 = _mm512_xor_si512(LOAD(src1 + base[groups]), sign);
            }
            at = LOAD(index + second), by = LOAD(w + second);
            a = _mm512_add_epi16(a, _mm512_maddubs_epi16(by, _mm512_permutexvar_epi8(at, in0)));
            b = _mm512_add_epi16(b, _mm512_maddubs_epi16(by, _mm512_permutexvar_epi8(at, in1)));
        }
        STORE(mid0 + x, a);
        STORE(mid1 + x, b);
    }
}

AVX512 static void pick_avx512(int16_t *const mid[2], const uint8_t *const src[2], int width, const parley_scaler *s)
{
    if (!s->wide.base)
        parley_rows_avx2.pick(mid, src, width, s);
    else if (s->pairs == 1)
        pick_pairs_avx512(mid, src, width, s, 1, 1);
    else if (s->wide.same)
        pick_pairs_avx512(mid, src, width, s, 2, 1);
    else
        pick_pairs_avx512(mid, src, width, s, 2, 0);
}

AVX512 static inline __m512i mixed_avx512(const int16_t *const rows[3], int x, const __m512i w[3], int taps)
{
    __m512i sum = _mm512_set1_epi16((short)(0x8000 + (1 << (MID_BITS - 1))));
    for (int k = 0; k < taps; k++)
        sum = _mm512_add_epi16(sum, _mm512_mulhrs_epi16(LOAD(rows[k] + x), w[k]));
    return sum;
}

AVX512 static inline void mix_taps_avx512(uint8_t *dst, int width, const int16_t *const rows[3], const int16_t *weights, int taps)
{
    __m512i w[3];
    for (int k = 0; k < taps; k++)
        w[k] = _mm512_set1_epi16(weights[k]);
    uint8_t upper[64]; // of the words of two vectors the upper bytes: that shifts by MID_BITS
    for (int i = 0; i < 64; i++)
        upper[i] = (uint8_t)(2 * i + 1);
    const __m512i index = LOAD(upper);
    int x = 0;
    for (; x + 64 <= width; x += 64) {
        const __m512i a = mixed_avx512(rows, x, w, taps), b = mixed_avx512(rows, x + 32, w, taps);
        STORE(dst + x, _mm512_permutex2var_epi8(a, index, b));
    }
    if (x < width) {
        const __m512i a = mixed_avx512(rows, x, w, taps), b = mixed_avx512(rows, x + 32, w, taps);
        _mm512_mask_storeu_epi8(dst + x, ((__mmask64)1 << (width - x)) - 1, _mm512_permutex2var_epi8(a, index, b));
    }
}

AVX512 static void mix_avx512(uint8_t *dst, int width, const int16_t *const rows[3], const int16_t *weights, int taps)
{
    switch (taps) {
    case 1: mix_taps_avx512(dst, width, rows, weights, 1); return;
    case 2: mix_taps_avx512(dst, width, rows, weights, 2); return;
    default: mix_taps_avx512(dst, width, rows, weights, 3);
    }
}

AVX512 static inline void sum_all_avx512(int16_t *mid, const uint8_t *src, ptrdiff_t stride, int width, const parley_coarse *weights, int plain)
{
    const __m512i sign = _mm512_set1_epi8(-128), unity = _mm512_set1_epi16(plain ? -0x8000 : 0);
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (int x = 0; x < width; x += 64) {
        const int at = x + 64 <= width ? x : width - 64; // the last vector ends with the row
        const uint8_t *s = src + at;
        __m512i low = _mm512_setzero_si512(), high = low;
        for (int k = 0; k < weights->taps; k += 2, s += 2 * stride) {
            const __m512i w = _mm512_set1_epi32((int)weights->pairs[k / 2]);
            // Past the last tap the row need not exist.
            const uint8_t *next = k + 1 < weights->taps ? s + stride : s;
            __m512i a = LOAD(s), b = LOAD(next);
            if (plain) {
                low = _mm512_add_epi16(low, _mm512_maddubs_epi16(_mm512_unpacklo_epi8(a, b), w));
                high = _mm512_add_epi16(high, _mm512_maddubs_epi16(_mm512_unpackhi_epi8(a, b), w));
            } else {
                a = _mm512_xor_si512(a, sign), b = _mm512_xor_si512(b, sign);
                low = _mm512_add_epi16(low, _mm512_maddubs_epi16(w, _mm512_unpacklo_epi8(a, b)));
                high = _mm512_add_epi16(high, _mm512_maddubs_epi16(w, _mm512_unpackhi_epi8(a, b)));
            }
        }
        low = _mm512_xor_si512(low, unity), high = _mm512_xor_si512(high, unity);
        STORE(mid + at, _mm512_permutex2var_epi64(low, first, high));
        STORE(mid + at + 32, _mm512_permutex2var_epi64(low, second, high));
    }
}

AVX512 static void sum_avx512(int16_t *mid, const uint8_t *src, ptrdiff_t stride, int width, const parley_coarse *weights)
{
    if (width < 64)
        parley_rows_avx2.sum(mid, src, stride, width, weights);
    else if (weights->plain)
        sum_all_avx512(mid, src, stride, width, weights, 1);
    else
        sum_all_avx512(mid, src, stride, width, weights, 0);
}

// Eight outputs: two taps of each in the lower half, two in the upper.
AVX512 static inline __m512i gathered_avx512(const int16_t *mid, const uint16_t *index, const int16_t *w, int fours)
{
    const __m512i low = LOAD(mid), high = LOAD(mid + 32);
    __m512i sum = _mm512_setzero_si512();
    for (int k = 0; k < fours; k++) {
        __m512i in = _mm512_permutex2var_epi16(low, LOAD(index + 32 * k), high);
        sum = _mm512_add_epi32(sum, _mm512_madd_epi16(in, LOAD(w + 32 * k)));
    }
    return sum;
}

AVX512 static inline void gather_fours_avx512(uint8_t *dst, int width, const int16_t *mid, const parley_scaler *s, int n)
{
    const int32_t *base = s->gather_base;
    const uint16_t *index = s->gather_index;
    const int16_t *w = s->gather_weights;
    const __m512i half = _mm512_set1_epi32(1 << (FINE_BITS + MID_BITS - 1));
    for (int x = 0; x < width; x += 16, base += 2, index += 64 * n, w += 64 * n) {
        __m512i a = gathered_avx512(mid + base[0], index, w, n);
        __m512i b = gathered_avx512(mid + base[1], index + 32 * n, w + 32 * n, n);
        a = _mm512_add_epi32(_mm512_shuffle_i64x2(a, b, 0x44), _mm512_shuffle_i64x2(a, b, 0xEE));
        a = _mm512_srai_epi32(_mm512_add_epi32(a, half), FINE_BITS + MID_BITS);
        __m128i out = _mm_xor_si128(_mm512_cvtsepi32_epi8(a), _mm_set1_epi8(-128));
        if (x + 16 <= width)
            _mm_storeu_si128((__m128i *)(dst + x), out);
        else
            _mm_mask_storeu_epi8(dst + x, (__mmask16)((1 << (width - x)) - 1), out);
    }
}

AVX512 static void gather_avx512(uint8_t *dst, int width, const int16_t *mid, const parley_scaler *s)
{
    switch (s->fours) {
    case 0: parley_rows_avx2.gather(dst, width, mid, s); return;
    case 1: gather_fours_avx512(dst, width, mid, s, 1); return;
    case 2: gather_fours_avx512(dst, width, mid, s, 2); return;
    case 3: gather_fours_avx512(dst, width, mid, s, 3); return;
    default: gather_fours_avx512(dst, width, mid, s, s->fours);
    }
}

// The masks of 255-m and m times samples less 128, which takes 128*255 off the sum.
AVX512 static inline __m512i blended_avx512(__m512i masks, __m512i samples)
{
    const __m512i sum = _mm512_add_epi16(_mm512_maddubs_epi16(masks, samples), _mm512_set1_epi16((short)(128 * 255 + 128)));
    return _mm512_mulhi_epu16(sum, _mm512_set1_epi16(257)); // (n + n>>8) >> 8
}

AVX512 static void blend_avx512(uint8_t *dst, const uint8_t *mask, int width, uint8_t value)
{
    const __m512i sign = _mm512_set1_epi8(-128), with = _mm512_set1_epi8((char)(value ^ 0x80)), all = _mm512_set1_epi8(-1);
    int x = 0;
    for (; x + 64 <= width; x += 64) {
        const __m512i m = LOAD(mask + x), d = LOAD(dst + x);
        const __m512i under = _mm512_xor_si512(d, sign), rest = _mm512_xor_si512(m, all);
        const __m512i low = blended_avx512(_mm512_unpacklo_epi8(rest, m), _mm512_unpacklo_epi8(under, with));
        const __m512i high = blended_avx512(_mm512_unpackhi_epi8(rest, m), _mm512_unpackhi_epi8(under, with));
        STORE(dst + x, _mm512_packus_epi16(low, high));
    }
    if (x < width)
        parley_rows_avx2.blend(dst + x, mask + x, width - x, value);
}

const parley_rows parley_rows_avx512 = {pick_avx512, mix_avx512, sum_avx512, gather_avx512, blend_avx512};
#endif
