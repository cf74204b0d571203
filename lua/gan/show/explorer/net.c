/* net.c - a generator's arithmetic in the explorer's page: WebAssembly with 128-bit SIMD, no library, no allocator.
**
** Images are rows of pixels of c floats. `row` says how many floats lie from one row to the next: images that a
** convolution reads have a border of one pixel of zeros, so that no tap needs a test. The page lays out the memory.
**
** Built by build.sh beside it; module.lua holds the bytes. */
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) name
#define INLINE static inline __attribute__((always_inline))

extern unsigned char __heap_base;

/* The first byte that is free. */
unsigned EXPORT(heap)(void) { return ((unsigned)&__heap_base + 15) & ~15u; }

/* ---- weights ---- */

/* out (n) <- IEEE halves: their bits in place, times 2^112, which is exact and makes subnormal halves normal floats.
** No infinity and no NaN. */
void EXPORT(halves)(float *out, const unsigned short *w, int n) {
  for (int i = 0; i < n; i++) {
    union {
      unsigned u;
      float f;
    } v = {(unsigned)(w[i] & 0x7fff) << 13};
    v.f *= 0x1p112f;
    v.u |= (unsigned)(w[i] & 0x8000) << 16;
    out[i] = v.f;
  }
}

/* out (panels,rows,8) <- w (rows,co), whose rows lie `stride` floats apart. Channels behind co are 0. */
void EXPORT(panel)(float *out, const float *w, int rows, int co, int stride) {
  for (int p = 0; p < co; p += 8)
    for (int k = 0; k < rows; k++)
      for (int j = 0; j < 8; j++) *out++ = p + j < co ? w[k * stride + p + j] : 0;
}

/* ---- sums over taps: linear layers and convolutions ---- */

typedef struct {
  const float *x; /* the first tap of output pixel (0,0) */
  int row, pixel; /* of x: floats from one output pixel to the one below, and to the next */
  const int *tap; /* (taps): floats from there to each tap */
  int taps, ci;
} source;

/* One panel of P output pixels: s (P,8) = sum over taps and ci of x . panel. */
#define BLOCK(P)                                                                                                       \
  INLINE void block##P(v128_t *s, const source *in, const float *const *px, const float *b) {                          \
    v128_t a[2 * P];                                                                                                   \
    for (int j = 0; j < 2 * P; j++) a[j] = wasm_f32x4_const_splat(0);                                                  \
    for (int t = 0; t < in->taps; t++) {                                                                               \
      const float *q[P];                                                                                               \
      for (int j = 0; j < P; j++) q[j] = px[j] + in->tap[t];                                                           \
      for (int k = 0; k < in->ci; k++, b += 8) {                                                                       \
        const v128_t b0 = wasm_v128_load(b), b1 = wasm_v128_load(b + 4);                                               \
        for (int j = 0; j < P; j++) {                                                                                  \
          const v128_t v = wasm_v128_load32_splat(q[j] + k);                                                           \
          a[2 * j] = wasm_f32x4_add(a[2 * j], wasm_f32x4_mul(v, b0));                                                  \
          a[2 * j + 1] = wasm_f32x4_add(a[2 * j + 1], wasm_f32x4_mul(v, b1));                                          \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
    for (int j = 0; j < 2 * P; j++) s[j] = a[j];                                                                       \
  }
BLOCK(4)
BLOCK(1)

/* u where it is positive, slope u elsewhere. */
INLINE v128_t rectified(v128_t u, v128_t slope) {
  const v128_t zero = wasm_f32x4_const_splat(0);
  return wasm_f32x4_add(wasm_f32x4_max(u, zero), wasm_f32x4_mul(slope, wasm_f32x4_min(u, zero)));
}

/* y (h,w,co) <- rectified(scale (sum over taps of x . panel) + shift). Output rows are yrow floats apart, pixels
** ypixel. scale, shift (co, rounded up to 8). Four pixels and eight channels at a time. */
void EXPORT(taps)(float *y, int yrow, int ypixel, const float *x, int xrow, int xpixel, int h, int w, const int *tap,
                  int ntaps, int ci, const float *panel, const float *scale, const float *shift, int co, float slope) {
  const source in = {x, xrow, xpixel, tap, ntaps, ci};
  const v128_t slopes = wasm_f32x4_splat(slope);
  for (int c = 0; c < co; c += 8, panel += ntaps * ci * 8)
    for (int i = 0; i < h * w;) {
      const int n = h * w - i >= 4 ? 4 : 1;
      const float *px[4];
      v128_t s[8];
      for (int j = 0; j < n; j++) px[j] = x + (i + j) / w * xrow + (i + j) % w * xpixel;
      if (n == 4) block4(s, &in, px, panel);
      else block1(s, &in, px, panel);
      for (int j = 0; j < n; j++, i++) {
        float *out = y + i / w * yrow + i % w * ypixel + c, v[8];
        for (int k = 0; k < 2; k++) {
          const v128_t a = wasm_v128_load(scale + c + 4 * k), b = wasm_v128_load(shift + c + 4 * k);
          wasm_v128_store(v + 4 * k, rectified(wasm_f32x4_add(wasm_f32x4_mul(s[2 * j + k], a), b), slopes));
        }
        for (int k = 0; k < 8 && c + k < co; k++) out[k] = v[k];
      }
    }
}

/* ---- channel by channel ---- */

/* y <- rectified(scale x + shift), (h,w,c). */
void EXPORT(affine)(float *y, int yrow, const float *x, int xrow, int h, int w, int c, const float *scale,
                    const float *shift, float slope) {
  for (int i = 0; i < h; i++)
    for (int j = 0; j < w * c; j += c)
      for (int k = 0; k < c; k++) {
        const float u = scale[k] * x[i * xrow + j + k] + shift[k];
        y[i * yrow + j + k] = u > 0 ? u : slope * u;
      }
}

/* y <- x without its mean over deviation, for each of `groups` groups of neighbouring channels over the whole image;
** centre 0: x over its root mean square, pixel by pixel. (h,w,c). */
void EXPORT(normalise)(float *y, int yrow, const float *x, int xrow, int h, int w, int c, int groups, int centre,
                       float eps) {
  const int n = c / groups, high = centre ? h : 1, wide = centre ? w : 1;
  for (int at = 0; at < h * w; at += high * wide) {
    const float *from = x + at / w * xrow + at % w * c;
    float *to = y + at / w * yrow + at % w * c;
    for (int g = 0; g < c; g += n) {
      double sum = 0, squares = 0;
      for (int i = 0; i < high; i++)
        for (int j = 0; j < wide * c; j += c)
          for (int k = g; k < g + n; k++) sum += from[i * xrow + j + k];
      const double mean = centre ? sum / (high * wide * n) : 0;
      for (int i = 0; i < high; i++)
        for (int j = 0; j < wide * c; j += c)
          for (int k = g; k < g + n; k++) {
            const double u = from[i * xrow + j + k] - mean;
            squares += u * u;
          }
      const double by = 1 / __builtin_sqrt(squares / (high * wide * n) + eps);
      for (int i = 0; i < high; i++)
        for (int j = 0; j < wide * c; j += c)
          for (int k = g; k < g + n; k++) to[i * yrow + j + k] = (float)((from[i * xrow + j + k] - mean) * by);
    }
  }
}

/* exp(x), to some 2e-7 of itself: 2^k times the series on [-ln 2 / 2, ln 2 / 2]. */
static float power(float x) {
  x = x < -87 ? -87 : x > 88 ? 88 : x;
  const float k = __builtin_nearbyintf(x * 1.44269504f), r = x - k * 0.693359375f + k * 2.12194440e-4f;
  float s = 1;
  for (int i = 7; i >= 1; i--) s = 1 + s * r / (float)i;
  union {
    int u;
    float f;
  } two = {((int)k + 127) << 23};
  return s * two.f;
}

/* log(1 + e), e in [0,1]: 2 atanh(e / (2 + e)). */
static float log_one_plus(float e) {
  const float s = e / (2 + e), s2 = s * s;
  float t = 0;
  for (int i = 15; i >= 1; i -= 2) t = t * s2 + 1 / (float)i;
  return 2 * s * t;
}

/* The normal distribution's, to 1e-7 (Abramowitz & Stegun 7.1.26). */
static float normal_cdf(float x) {
  const float a = __builtin_fabsf(x) * 0.70710678f, t = 1 / (1 + 0.3275911f * a);
  const float p =
      t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
  const float tail = 0.5f * p * power(-a * a);
  return x > 0 ? 1 - tail : tail;
}

static float sigmoid(float x) { return 1 / (1 + power(-x)); }

/* The numbers by which the page names activations. */
enum { TANH = 1, SIGMOID, ELU, SELU, SWISH, GELU, SOFTPLUS };

/* y <- f(x), (h,w,c). alpha: of ELU. */
void EXPORT(activate)(float *y, int yrow, const float *x, int xrow, int h, int w, int c, int f, float alpha) {
  for (int i = 0; i < h; i++)
    for (int j = 0; j < w * c; j++) {
      const float v = x[i * xrow + j];
      float u = v;
      if (f == TANH) u = 1 - 2 / (power(2 * v) + 1);
      else if (f == SIGMOID) u = sigmoid(v);
      else if (f == ELU) u = v > 0 ? v : alpha * (power(v) - 1);
      else if (f == SELU) u = 1.05070099f * (v > 0 ? v : 1.67326324f * (power(v) - 1));
      else if (f == SWISH) u = v * sigmoid(v);
      else if (f == GELU) u = v * normal_cdf(v);
      else if (f == SOFTPLUS) u = (v > 0 ? v : 0) + log_one_plus(power(v > 0 ? -v : v));
      y[i * yrow + j] = u;
    }
}

/* y <- a + b, (h,w,c). */
void EXPORT(add)(float *y, int yrow, const float *a, int arow, const float *b, int brow, int h, int w, int c) {
  for (int i = 0; i < h; i++)
    for (int j = 0; j < w * c; j++) y[i * yrow + j] = a[i * arow + j] + b[i * brow + j];
}

/* ---- sizes ---- */

enum { NEAREST, CLAMPED, BORDERED };

/* y (2h,2w,c) <- x (h,w,c). Each pixel four times; or the filter [1,3,3,1] of both axes, beyond the edge the edge's
** pixels, or the border's. */
void EXPORT(enlarge)(float *y, int yrow, const float *x, int xrow, int h, int w, int c, int mode) {
  for (int i = 0; i < 2 * h; i++)
    for (int j = 0; j < 2 * w; j++) {
      int down = mode == NEAREST ? 0 : i & 1 ? 1 : -1, right = mode == NEAREST ? 0 : j & 1 ? 1 : -1;
      if (mode == CLAMPED) {
        if (i / 2 + down < 0 || i / 2 + down >= h) down = 0;
        if (j / 2 + right < 0 || j / 2 + right >= w) right = 0;
      }
      const float *p = x + i / 2 * xrow + j / 2 * c;
      float *out = y + i * yrow + j * c;
      for (int k = 0; k < c; k++) {
        const float near = 0.75f * p[k] + 0.25f * p[right * c + k];
        const float far = 0.75f * p[down * xrow + k] + 0.25f * p[down * xrow + right * c + k];
        out[k] = mode == NEAREST ? p[k] : 0.75f * near + 0.25f * far;
      }
    }
}

/* y (h/2,w/2,c) <- the largest of 2x2 pixels of x (h,w,c). */
void EXPORT(largest)(float *y, int yrow, const float *x, int xrow, int h, int w, int c) {
  for (int i = 0; i < h / 2; i++)
    for (int j = 0; j < w / 2; j++)
      for (int k = 0; k < c; k++) {
        const float *p = x + 2 * i * xrow + 2 * j * c + k;
        const float a = p[0] > p[c] ? p[0] : p[c], b = p[xrow] > p[xrow + c] ? p[xrow] : p[xrow + c];
        y[i * yrow + j * c + k] = a > b ? a : b;
      }
}

/* ---- attention ---- */

/* y (h,w,cv) <- for each position the mean of v (hk,wk,cv), weighed by softmax(q . k); q (h,w,cq), k (hk,wk,cq).
** weights: room for hk*wk floats. */
void EXPORT(attend)(float *y, int yrow, const float *q, int qrow, const float *k, int krow, const float *v, int vrow,
                    int h, int w, int hk, int wk, int cq, int cv, float *weights) {
  for (int at = 0; at < h * w; at++) {
    const float *query = q + at / w * qrow + at % w * cq;
    float *out = y + at / w * yrow + at % w * cv, most = -3e38f, sum = 0;
    for (int i = 0; i < hk * wk; i++) {
      const float *key = k + i / wk * krow + i % wk * cq;
      float s = 0;
      for (int c = 0; c < cq; c++) s += query[c] * key[c];
      weights[i] = s;
      if (s > most) most = s;
    }
    for (int i = 0; i < hk * wk; i++) {
      weights[i] = power(weights[i] - most);
      sum += weights[i];
    }
    for (int c = 0; c < cv; c++) out[c] = 0;
    for (int i = 0; i < hk * wk; i++) {
      const float *value = v + i / wk * vrow + i % wk * cv, by = weights[i] / sum;
      for (int c = 0; c < cv; c++) out[c] += by * value[c];
    }
  }
}
