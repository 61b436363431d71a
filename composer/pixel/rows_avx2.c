// Rows for AVX2.
#include "rows.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define LOAD128(p) _mm_loadu_si128((const __m128i *)(p))

// Two windows of 16 side by side.
AVX2 static inline __m256i windows_avx2(const uint8_t *src, const int32_t *base)
{
    __m256i in = _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD128(src + base[0])), LOAD128(src + base[1]), 1);
    return _mm256_xor_si256(in, _mm256_set1_epi8(-128));
}

AVX2 static inline void pick_pairs_avx2(int16_t *const mid[2], const uint8_t *const src[2], int width, const parley_scaler *s,
                                        int pairs, int same)
{
    const int groups = s->outputs / 8, second = s->outputs * 2;
    const int32_t *base = s->lane.base;
    const uint8_t *index = s->lane.index, *w = s->pick_weights, *src0 = src[0], *src1 = src[1];
    int16_t *mid0 = mid[0], *mid1 = mid[1];
    for (int x = 0; x < width; x += 16, base += 2, index += 32, w += 32) {
        __m256i in0 = windows_avx2(src0, base), in1 = windows_avx2(src1, base);
        __m256i at = LOAD(index), by = LOAD(w);
        __m256i a = _mm256_maddubs_epi16(by, _mm256_shuffle_epi8(in0, at));
        __m256i b = _mm256_maddubs_epi16(by, _mm256_shuffle_epi8(in1, at));
        if (pairs > 1) {
            if (!same)
                in0 = windows_avx2(src0, base + groups), in1 = windows_avx2(src1, base + groups);
            at = LOAD(index + second), by = LOAD(w + second);
            a = _mm256_add_epi16(a, _mm256_maddubs_epi16(by, _mm256_shuffle_epi8(in0, at)));
            b = _mm256_add_epi16(b, _mm256_maddubs_epi16(by, _mm256_shuffle_epi8(in1, at)));
        }
        STORE(mid0 + x, a);
        STORE(mid1 + x, b);
    }
}

AVX2 static void pick_avx2(int16_t *const mid[2], const uint8_t *const src[2], int width, const parley_scaler *s)
{
    if (!s->lane.base)
        parley_rows_c.pick(mid, src, width, s);
    else if (s->pairs == 1)
        pick_pairs_avx2(mid, src, width, s, 1, 1);
    else if (s->lane.same)
        pick_pairs_avx2(mid, src, width, s, 2, 1);
    else
        pick_pairs_avx2(mid, src, width, s, 2, 0);
}

AVX2 static inline __m256i mixed_avx2(const int16_t *const rows[3], int x, const __m256i w[3], int taps)
{
    __m256i sum = _mm256_set1_epi16((short)(0x8000 + (1 << (MID_BITS - 1))));
    for (int k = 0; k < taps; k++)
        sum = _mm256_add_epi16(sum, _mm256_mulhrs_epi16(LOAD(rows[k] + x), w[k]));
    return _mm256_srli_epi16(sum, MID_BITS);
}

AVX2 static inline __m256i mixed_32_avx2(const int16_t *const rows[3], int x, const __m256i w[3], int taps)
{
    const __m256i out = _mm256_packus_epi16(mixed_avx2(rows, x, w, taps), mixed_avx2(rows, x + 16, w, taps));
    return _mm256_permute4x64_epi64(out, 0xD8);
}

AVX2 static inline void mix_taps_avx2(uint8_t *dst, int width, const int16_t *const rows[3], const int16_t *weights, int taps)
{
    __m256i w[3];
    for (int k = 0; k < taps; k++)
        w[k] = _mm256_set1_epi16(weights[k]);
    int x = 0;
    for (; x + 32 <= width; x += 32)
        STORE(dst + x, mixed_32_avx2(rows, x, w, taps));
    if (x < width) {
        uint8_t last[32];
        STORE(last, mixed_32_avx2(rows, x, w, taps));
        store_first(dst + x, last, width - x);
    }
}

AVX2 static void mix_avx2(uint8_t *dst, int width, const int16_t *const rows[3], const int16_t *weights, int taps)
{
    switch (taps) {
    case 1: mix_taps_avx2(dst, width, rows, weights, 1); return;
    case 2: mix_taps_avx2(dst, width, rows, weights, 2); return;
    default: mix_taps_avx2(dst, width, rows, weights, 3);
    }
}

// 32 columns for each of n.
AVX2 static inline void summed_avx2(int16_t *mid, const uint8_t *src, ptrdiff_t stride, const parley_coarse *weights, int plain, int n)
{
    const __m256i sign = _mm256_set1_epi8(-128);
    __m256i low[2], high[2];
    for (int i = 0; i < n; i++)
        low[i] = high[i] = _mm256_setzero_si256();
    for (int k = 0; k < weights->taps; k += 2, src += 2 * stride) {
        const __m256i w = _mm256_set1_epi32((int)weights->pairs[k / 2]);
        // Past the last tap the row need not exist.
        const uint8_t *next = k + 1 < weights->taps ? src + stride : src;
        for (int i = 0; i < n; i++) {
            __m256i a = LOAD(src + 32 * i), b = LOAD(next + 32 * i);
            if (plain) {
                low[i] = _mm256_add_epi16(low[i], _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), w));
                high[i] = _mm256_add_epi16(high[i], _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), w));
            } else {
                a = _mm256_xor_si256(a, sign), b = _mm256_xor_si256(b, sign);
                low[i] = _mm256_add_epi16(low[i], _mm256_maddubs_epi16(w, _mm256_unpacklo_epi8(a, b)));
                high[i] = _mm256_add_epi16(high[i], _mm256_maddubs_epi16(w, _mm256_unpackhi_epi8(a, b)));
            }
        }
    }
    const __m256i unity = _mm256_set1_epi16(plain ? -0x8000 : 0);
    for (int i = 0; i < n; i++) {
        const __m256i l = _mm256_xor_si256(low[i], unity), h = _mm256_xor_si256(high[i], unity);
        STORE(mid + 32 * i, _mm256_permute2x128_si256(l, h, 0x20));
        STORE(mid + 32 * i + 16, _mm256_permute2x128_si256(l, h, 0x31));
    }
}

AVX2 static inline void sum_all_avx2(int16_t *mid, const uint8_t *src, ptrdiff_t stride, int width, const parley_coarse *weights, int plain)
{
    int x = 0;
    for (; x + 64 <= width; x += 64)
        summed_avx2(mid + x, src + x, stride, weights, plain, 2);
    for (; x < width; x += 32) {
        const int at = x + 32 <= width ? x : width - 32; // the last vector ends with the row
        summed_avx2(mid + at, src + at, stride, weights, plain, 1);
    }
}

AVX2 static void sum_avx2(int16_t *mid, const uint8_t *src, ptrdiff_t stride, int width, const parley_coarse *weights)
{
    if (width < 32)
        sum_tail(mid, src, stride, 0, width, weights);
    else if (weights->plain)
        sum_all_avx2(mid, src, stride, width, weights, 1);
    else
        sum_all_avx2(mid, src, stride, width, weights, 0);
}

// Sums from int32 to samples, four bytes in each lane.
AVX2 static inline __m256i levels_avx2(__m256i sums)
{
    sums = _mm256_add_epi32(sums, _mm256_set1_epi32(1 << (FINE_BITS + MID_BITS - 1)));
    sums = _mm256_srai_epi32(sums, FINE_BITS + MID_BITS);
    sums = _mm256_packs_epi32(sums, sums);
    return _mm256_xor_si256(_mm256_packs_epi16(sums, sums), _mm256_set1_epi8(-128));
}

// Outputs i and j, each a lane, of no more than eight inputs.
AVX2 static inline __m256i short_dots_avx2(const int16_t *mid, const int32_t *start, const int16_t *w, int i, int j)
{
    __m256i in = _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD128(mid + start[i])), LOAD128(mid + start[j]), 1);
    __m256i by = _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD128(w + 8 * i)), LOAD128(w + 8 * j), 1);
    return _mm256_madd_epi16(in, by);
}

AVX2 static inline __m256i dot_avx2(const int16_t *p, const int16_t *w, int blocks)
{
    __m256i sum = _mm256_madd_epi16(LOAD(p), LOAD(w));
    for (int k = 2; k < blocks; k += 2)
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(LOAD(p + 8 * k), LOAD(w + 8 * k)));
    return sum;
}

// Four outputs, each with half of its sum in either lane.
AVX2 static inline __m256i four_dots_avx2(const int16_t *mid, const int32_t *start, const int16_t *w, int blocks)
{
    __m256i a = _mm256_hadd_epi32(dot_avx2(mid + start[0], w, blocks), dot_avx2(mid + start[1], w + 8 * blocks, blocks));
    __m256i b = _mm256_hadd_epi32(dot_avx2(mid + start[2], w + 16 * blocks, blocks), dot_avx2(mid + start[3], w + 24 * blocks, blocks));
    return _mm256_hadd_epi32(a, b);
}

AVX2 static inline int gather_blocks_avx2(uint8_t *dst, int width, const int16_t *mid, const parley_scaler *s, int n)
{
    const int16_t *w = s->dot_weights;
    const int32_t *start = s->x.start;
    int x = 0;
    for (; x + 8 <= width; x += 8, w += 64 * n, start += 8) {
        __m256i sums;
        if (n == 1) {
            __m256i a = _mm256_hadd_epi32(short_dots_avx2(mid, start, w, 0, 4), short_dots_avx2(mid, start, w, 1, 5));
            __m256i b = _mm256_hadd_epi32(short_dots_avx2(mid, start, w, 2, 6), short_dots_avx2(mid, start, w, 3, 7));
            sums = _mm256_hadd_epi32(a, b);
        } else {
            __m256i a = four_dots_avx2(mid, start, w, n), b = four_dots_avx2(mid, start + 4, w + 32 * n, n);
            sums = _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
        }
        sums = levels_avx2(sums);
        int32_t low = _mm_cvtsi128_si32(_mm256_castsi256_si128(sums));
        int32_t high = _mm_cvtsi128_si32(_mm256_extracti128_si256(sums, 1));
        memcpy(dst + x, &low, 4);
        memcpy(dst + x + 4, &high, 4);
    }
    return x;
}

AVX2 static void gather_avx2(uint8_t *dst, int width, const int16_t *mid, const parley_scaler *s)
{
    int x;
    switch (s->blocks) {
    case 1: x = gather_blocks_avx2(dst, width, mid, s, 1); break;
    case 2: x = gather_blocks_avx2(dst, width, mid, s, 2); break;
    default: x = gather_blocks_avx2(dst, width, mid, s, s->blocks);
    }
    gather_tail(dst, x, width, mid, &s->x);
}

// The masks of 255-m and m times samples less 128, which takes 128*255 off the sum.
AVX2 static inline __m256i blended_avx2(__m256i masks, __m256i samples)
{
    const __m256i sum = _mm256_add_epi16(_mm256_maddubs_epi16(masks, samples), _mm256_set1_epi16((short)(128 * 255 + 128)));
    return _mm256_mulhi_epu16(sum, _mm256_set1_epi16(257)); // (n + n>>8) >> 8
}

AVX2 static void blend_avx2(uint8_t *dst, const uint8_t *mask, int width, uint8_t value)
{
    const __m256i sign = _mm256_set1_epi8(-128), with = _mm256_set1_epi8((char)(value ^ 0x80)), all = _mm256_set1_epi8(-1);
    int x = 0;
    for (; x + 32 <= width; x += 32) {
        const __m256i m = LOAD(mask + x), d = LOAD(dst + x);
        const __m256i under = _mm256_xor_si256(d, sign), rest = _mm256_xor_si256(m, all);
        const __m256i low = blended_avx2(_mm256_unpacklo_epi8(rest, m), _mm256_unpacklo_epi8(under, with));
        const __m256i high = blended_avx2(_mm256_unpackhi_epi8(rest, m), _mm256_unpackhi_epi8(under, with));
        STORE(dst + x, _mm256_packus_epi16(low, high));
    }
    if (x < width)
        parley_rows_sse41.blend(dst + x, mask + x, width - x, value);
}

const parley_rows parley_rows_avx2 = {pick_avx2, mix_avx2, sum_avx2, gather_avx2, blend_avx2};
#endif
