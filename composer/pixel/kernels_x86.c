// Variants for x86-64. Every function names the instruction set that it needs;
// the file is compiled for the oldest CPU.
#include "bridge.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define SSE41 __attribute__((target("sse4.1")))
#define AVX2 __attribute__((target("avx2")))

// Two weights side by side, as madd wants them.
static inline int32_t pair(const int16_t *weights, int k, int taps)
{
    uint32_t first = (uint16_t)weights[k], second = k + 1 < taps ? (uint16_t)weights[k + 1] : 0;
    return (int32_t)(first | second << 16);
}

// What vectors leave over at the end of a row.
static inline void column_tail(int16_t *row, const uint8_t *src, ptrdiff_t stride, int from, int width,
                               const int16_t *weights, int taps)
{
    for (int x = from; x < width; x++) {
        int32_t sum = 64;
        for (int k = 0; k < taps; k++)
            sum += weights[k] * src[k * stride + x];
        row[x] = (int16_t)(sum >> 7);
    }
}

static inline void row_tail(uint8_t *dst, int from, int width, const int16_t *row,
                            const int32_t *start, const int16_t *weights, int taps)
{
    for (int x = from; x < width; x++) {
        const int16_t *p = row + start[x], *w = weights + (ptrdiff_t)x * taps;
        int32_t sum = 1 << 20;
        for (int k = 0; k < taps; k++)
            sum += w[k] * p[k];
        dst[x] = (uint8_t)(sum >> 21);
    }
}

SSE41 static void columns_sse41(int16_t *row, const uint8_t *src, ptrdiff_t stride, int width,
                                const int16_t *weights, int taps)
{
    const __m128i half = _mm_set1_epi32(64);
    int x = 0;
    for (; x + 8 <= width; x += 8) {
        __m128i low = half, high = half;
        const uint8_t *s = src + x;
        for (int k = 0; k < taps; k += 2, s += 2 * stride) {
            const __m128i w = _mm_set1_epi32(pair(weights, k, taps));
            // Past the last tap the weight is 0 and the row need not exist.
            const uint8_t *t = k + 1 < taps ? s + stride : s;
            __m128i a = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)s));
            __m128i b = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)t));
            low = _mm_add_epi32(low, _mm_madd_epi16(_mm_unpacklo_epi16(a, b), w));
            high = _mm_add_epi32(high, _mm_madd_epi16(_mm_unpackhi_epi16(a, b), w));
        }
        _mm_storeu_si128((__m128i *)(row + x), _mm_packs_epi32(_mm_srai_epi32(low, 7), _mm_srai_epi32(high, 7)));
    }
    column_tail(row, src, stride, x, width, weights, taps);
}

// Four outputs from a window of eight inputs.
SSE41 static inline __m128i window_sse41(const int16_t *p, const uint8_t *shuffle, const int16_t *weights, int pairs)
{
    __m128i in = _mm_loadu_si128((const __m128i *)p), sum = _mm_set1_epi32(1 << 20);
    for (int k = 0; k < pairs; k++) {
        __m128i s = _mm_loadu_si128((const __m128i *)(shuffle + 16 * k));
        __m128i w = _mm_loadu_si128((const __m128i *)(weights + 8 * k));
        sum = _mm_add_epi32(sum, _mm_madd_epi16(_mm_shuffle_epi8(in, s), w));
    }
    return _mm_srai_epi32(sum, 21);
}

SSE41 static inline __m128i dot_sse41(const int16_t *p, const int16_t *weights, int blocks)
{
    __m128i sum = _mm_setzero_si128();
    for (int k = 0; k < blocks; k++)
        sum = _mm_add_epi32(sum, _mm_madd_epi16(_mm_loadu_si128((const __m128i *)(p + 8 * k)),
                                                _mm_loadu_si128((const __m128i *)(weights + 8 * k))));
    return sum;
}

SSE41 static void along_sse41(uint8_t *dst, int width, const int16_t *row, const parley_row_plan *plan, const parley_axis *axis)
{
    int x = 0;
    if (plan->pairs > 0) {
        const int n = plan->pairs;
        const uint8_t *s = plan->shuffle;
        const int16_t *w = plan->weights;
        const int32_t *base = plan->base;
        for (; x + 8 <= width; x += 8, s += 32 * n, w += 16 * n, base += 2) {
            __m128i a = window_sse41(row + base[0], s, w, n);
            __m128i b = window_sse41(row + base[1], s + 16 * n, w + 8 * n, n);
            a = _mm_packs_epi32(a, b);
            _mm_storel_epi64((__m128i *)(dst + x), _mm_packus_epi16(a, a));
        }
    } else {
        const int n = plan->blocks;
        const int16_t *w = plan->weights;
        const int32_t *base = plan->base;
        for (; x + 4 <= width; x += 4, w += 32 * n, base += 4) {
            __m128i a = _mm_hadd_epi32(dot_sse41(row + base[0], w, n), dot_sse41(row + base[1], w + 8 * n, n));
            __m128i b = _mm_hadd_epi32(dot_sse41(row + base[2], w + 16 * n, n), dot_sse41(row + base[3], w + 24 * n, n));
            a = _mm_srai_epi32(_mm_add_epi32(_mm_hadd_epi32(a, b), _mm_set1_epi32(1 << 20)), 21);
            a = _mm_packs_epi32(a, a);
            int32_t four = _mm_cvtsi128_si32(_mm_packus_epi16(a, a));
            memcpy(dst + x, &four, 4);
        }
    }
    row_tail(dst, x, width, row, axis->start, axis->weights, axis->taps);
}

AVX2 static void columns_avx2(int16_t *row, const uint8_t *src, ptrdiff_t stride, int width,
                              const int16_t *weights, int taps)
{
    const __m256i half = _mm256_set1_epi32(64);
    int x = 0;
    for (; x + 16 <= width; x += 16) {
        __m256i low = half, high = half;
        const uint8_t *s = src + x;
        for (int k = 0; k < taps; k += 2, s += 2 * stride) {
            const __m256i w = _mm256_set1_epi32(pair(weights, k, taps));
            const uint8_t *t = k + 1 < taps ? s + stride : s;
            __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)s));
            __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)t));
            low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), w));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), w));
        }
        // unpack and pack both stay within 128-bit lanes, so the order comes out right.
        _mm256_storeu_si256((__m256i *)(row + x),
                            _mm256_packs_epi32(_mm256_srai_epi32(low, 7), _mm256_srai_epi32(high, 7)));
    }
    column_tail(row, src, stride, x, width, weights, taps);
}

// Eight outputs: the windows of groups g (low lane) and h (high lane).
AVX2 static inline __m256i windows_avx2(const int16_t *row, const int32_t *base, const uint8_t *shuffle,
                                        const int16_t *weights, int pairs, int g, int h)
{
    __m256i in = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(row + base[g]))),
        _mm_loadu_si128((const __m128i *)(row + base[h])), 1);
    __m256i sum = _mm256_set1_epi32(1 << 20);
    for (int k = 0; k < pairs; k++) {
        const int i = g * pairs + k, j = h * pairs + k;
        __m256i s = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(shuffle + 16 * i))),
            _mm_loadu_si128((const __m128i *)(shuffle + 16 * j)), 1);
        __m256i w = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(weights + 8 * i))),
            _mm_loadu_si128((const __m128i *)(weights + 8 * j)), 1);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(in, s), w));
    }
    return _mm256_srai_epi32(sum, 21);
}

AVX2 static inline int along_windows_avx2(uint8_t *dst, int width, const int16_t *row, const parley_row_plan *plan, int n)
{
    const uint8_t *s = plan->shuffle;
    const int16_t *w = plan->weights;
    const int32_t *base = plan->base;
    int x = 0;
    for (; x + 16 <= width; x += 16, s += 64 * n, w += 32 * n, base += 4) {
        __m256i a = windows_avx2(row, base, s, w, n, 0, 2);
        __m256i b = windows_avx2(row, base, s, w, n, 1, 3);
        a = _mm256_packs_epi32(a, b); // groups 0 1 | 2 3
        a = _mm256_packus_epi16(a, a);
        _mm_storeu_si128((__m128i *)(dst + x),
                         _mm_unpacklo_epi64(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1)));
    }
    return x;
}

AVX2 static inline __m256i dots_avx2(const int16_t *row, const int32_t *base, const int16_t *weights, int blocks, int i, int j)
{
    __m256i sum = _mm256_setzero_si256();
    const int16_t *p = row + base[i], *q = row + base[j];
    const int16_t *v = weights + 8 * i * blocks, *w = weights + 8 * j * blocks;
    for (int k = 0; k < blocks; k++) {
        __m256i in = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(p + 8 * k))),
            _mm_loadu_si128((const __m128i *)(q + 8 * k)), 1);
        __m256i by = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(v + 8 * k))),
            _mm_loadu_si128((const __m128i *)(w + 8 * k)), 1);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(in, by));
    }
    return sum;
}

AVX2 static void along_avx2(uint8_t *dst, int width, const int16_t *row, const parley_row_plan *plan, const parley_axis *axis)
{
    int x = 0;
    if (plan->pairs == 1) {
        x = along_windows_avx2(dst, width, row, plan, 1);
    } else if (plan->pairs == 2) {
        x = along_windows_avx2(dst, width, row, plan, 2);
    } else {
        const int n = plan->blocks;
        const int16_t *w = plan->weights;
        const int32_t *base = plan->base;
        for (; x + 8 <= width; x += 8, w += 64 * n, base += 8) {
            __m256i a = _mm256_hadd_epi32(dots_avx2(row, base, w, n, 0, 4), dots_avx2(row, base, w, n, 1, 5));
            __m256i b = _mm256_hadd_epi32(dots_avx2(row, base, w, n, 2, 6), dots_avx2(row, base, w, n, 3, 7));
            a = _mm256_srai_epi32(_mm256_add_epi32(_mm256_hadd_epi32(a, b), _mm256_set1_epi32(1 << 20)), 21);
            a = _mm256_packs_epi32(a, a);
            a = _mm256_packus_epi16(a, a);
            int32_t low = _mm_cvtsi128_si32(_mm256_castsi256_si128(a));
            int32_t high = _mm_cvtsi128_si32(_mm256_extracti128_si256(a, 1));
            memcpy(dst + x, &low, 4);
            memcpy(dst + x + 4, &high, 4);
        }
    }
    row_tail(dst, x, width, row, axis->start, axis->weights, axis->taps);
}

#define SCALE(isa)                                                                                       \
    for (int y = 0; y < dst_height; y++) {                                                              \
        int taps = y_axis.taps;                                                                         \
        const int16_t *w = y_axis.weights + (ptrdiff_t)y * taps;                                        \
        while (taps > 1 && w[taps - 1] == 0)                                                            \
            taps--;                                                                                     \
        columns_##isa(row, src + y_axis.start[y] * src_stride, src_stride, src_width, w, taps);         \
        along_##isa(dst + y * dst_stride, dst_width, row, &plan, &x_axis);                              \
    }

SSE41 PARLEY_SCALE(parley_scale_sse41)
{
    const PARLEY_AXES;
    SCALE(sse41)
}

AVX2 PARLEY_SCALE(parley_scale_avx2)
{
    const PARLEY_AXES;
    SCALE(avx2)
}

AVX2 PARLEY_BLEND(parley_blend_avx2)
{
    const __m256i v = _mm256_set1_epi16(value), ones = _mm256_set1_epi16(255), half = _mm256_set1_epi16(128);
    for (int y = 0; y < height; y++) {
        uint8_t *d = dst + y * dst_stride;
        const uint8_t *m = mask + y * mask_stride;
        int x = 0;
        for (; x + 16 <= width; x += 16) {
            __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(m + x)));
            __m256i o = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(d + x)));
            __m256i n = _mm256_add_epi16(_mm256_mullo_epi16(o, _mm256_sub_epi16(ones, a)), _mm256_mullo_epi16(v, a));
            n = _mm256_add_epi16(n, half);
            n = _mm256_srli_epi16(_mm256_add_epi16(n, _mm256_srli_epi16(n, 8)), 8);
            n = _mm256_permute4x64_epi64(_mm256_packus_epi16(n, n), 0x08);
            _mm_storeu_si128((__m128i *)(d + x), _mm256_castsi256_si128(n));
        }
        for (; x < width; x++) {
            uint32_t n = (uint32_t)d[x] * (255u - m[x]) + (uint32_t)value * m[x] + 128u;
            d[x] = (uint8_t)((n + (n >> 8)) >> 8);
        }
    }
}
#endif
