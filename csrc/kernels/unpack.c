/* unpack.c - numbers in the formats of foreign files, into tensors. See unpack.h. */
#include "unpack.h"
#include <math.h>
#include <string.h>

static float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static float half(uint16_t h) {
  const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
  if (exponent == 0) { /* zero and subnormals */
    const float x = (float)fraction * 0x1p-24f;
    return sign ? -x : x;
  }
  return from_bits(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
}

static float brain(uint16_t h) { return from_bits((uint32_t)h << 16); } /* bfloat16: the upper half of a float */

/* The body sees v, an element as it lies in the file (of type S), and sets d[i * sd]. */
#define EACH(D, S, ...)                                                                                                \
  for (gn_int r = 0; r < rows; r++) {                                                                                  \
    gn_int od = 0, os = 0, q = r;                                                                                      \
    for (int k = in - 1; k >= 0; k--) {                                                                                \
      const gn_int c = q % p->size[k];                                                                                 \
      q /= p->size[k];                                                                                                 \
      od += c * p->stride[0][k];                                                                                       \
      os += c * p->stride[1][k];                                                                                       \
    }                                                                                                                  \
    D *d = (D *)dst + od;                                                                                              \
    const char *s = (const char *)src + os * (gn_int)sizeof(S);                                                        \
    for (gn_int i = 0; i < n; i++) {                                                                                   \
      S v;                                                                                                             \
      memcpy(&v, s + i * ss * (gn_int)sizeof v, sizeof v);                                                             \
      __VA_ARGS__;                                                                                                     \
    }                                                                                                                  \
  }

#define FLOATS(D)                                                                                                      \
  switch (from) {                                                                                                      \
  case GN_PACKED_F2: EACH(D, uint16_t, d[i * sd] = (D)half(v)) break;                                                  \
  case GN_PACKED_BF2: EACH(D, uint16_t, d[i * sd] = (D)brain(v)) break;                                                \
  case GN_PACKED_F4: EACH(D, float, d[i * sd] = (D)v) break;                                                           \
  default: EACH(D, double, d[i * sd] = (D)v) break;                                                                    \
  }

#define INTEGER(D, S)                                                                                                  \
  EACH(D, S, const int64_t w = v; if (w < LEAST(D) || w > MOST(D)) return r * n + i; d[i * sd] = (D)w)
#define MOST(D) ((D)-1 > 0 ? ((int64_t)1 << 8 * sizeof(D)) - 1 : ((int64_t)1 << (8 * sizeof(D) - 1)) - 1)
#define LEAST(D) ((D)-1 > 0 ? 0 : -MOST(D) - 1)
#define INTEGERS(D)                                                                                                    \
  switch (from) {                                                                                                      \
  case GN_PACKED_I1: INTEGER(D, int8_t) break;                                                                         \
  case GN_PACKED_I2: INTEGER(D, int16_t) break;                                                                        \
  case GN_PACKED_I4: INTEGER(D, int32_t) break;                                                                        \
  case GN_PACKED_I8: INTEGER(D, int64_t) break;                                                                        \
  case GN_PACKED_U1: INTEGER(D, uint8_t) break;                                                                        \
  default: EACH(D, uint8_t, d[i * sd] = v != 0) break;                                                                 \
  }

gn_int gn_unpack(void *dst, gn_dtype to, const void *src, gn_packed from, const gn_plan *p) {
  const int in = p->nd - 1;
  const gn_int n = p->size[in], sd = p->stride[0][in], ss = p->stride[1][in], rows = gn_numel(in, p->size);
  switch (to) {
#define DTYPE(TAG, name, article, type, KIND, ...)                                                                     \
  case GN_##TAG:                                                                                                       \
    KIND##S(type) break;
#include "../dtype.def"
#undef DTYPE
  }
  return -1;
}
