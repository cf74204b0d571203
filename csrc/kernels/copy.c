/* copy.c - strided copies and conversions between dtypes. See copy.h. */
#include "copy.h"
#include "../par.h"
#include <math.h>
#include <string.h>

/* Runs the body for each row (i.e. all dimensions but the last), or block of a long one, with n, do, so: its elements
** and the operands' offsets in elements. */
#define FOR_ROWS(...)                                                                                                  \
  do {                                                                                                                 \
    const int in = p->nd - 1;                                                                                          \
    const gn_int all = p->size[in], sd = p->stride[0][in], ss = p->stride[1][in], rows = gn_numel(in, p->size);        \
    const gn_int per = (all + GN_PAR_BLOCK - 1) / GN_PAR_BLOCK;                                                        \
    GN_PARALLEL_FOR_IF(rows *per > 1 && rows * all > GN_PAR_MIN)                                                       \
    for (gn_int r = 0; r < rows * per; r++) {                                                                          \
      const gn_int i0 = r % per * GN_PAR_BLOCK, n = GN_MIN(all - i0, GN_PAR_BLOCK);                                    \
      gn_int od = i0 * sd, os = i0 * ss, q = r / per;                                                                  \
      for (int d = in - 1; d >= 0; d--) {                                                                              \
        gn_int c = q % p->size[d];                                                                                     \
        q /= p->size[d];                                                                                               \
        od += c * p->stride[0][d];                                                                                     \
        os += c * p->stride[1][d];                                                                                     \
      }                                                                                                                \
      __VA_ARGS__                                                                                                      \
    }                                                                                                                  \
  } while (0)

#define COPY_AS(T)                                                                                                     \
  FOR_ROWS(T *restrict d = (T *)dst + od; const T *restrict s = (const T *)src + os;                                   \
           if (sd == 1 && ss == 1) memcpy(d, s, (size_t)n * sizeof(T));                                                \
           else for (gn_int i = 0; i < n; i++) d[i * sd] = s[i * ss];)

void gn_copy(void *dst, const void *src, size_t size, const gn_plan *p) {
  for (int d = 0; d < p->nd; d++)
    if (p->size[d] == 0) return;
  if (size == 1) COPY_AS(uint8_t);
  else if (size == 4) COPY_AS(uint32_t);
  else COPY_AS(uint64_t);
}

#define DTYPE(TAG, name, article, type, ...)                                                                           \
  _Static_assert(sizeof(type) == 1 || sizeof(type) == 4 || sizeof(type) == 8, "gn_copy knows no such size");
#include "../dtype.def"
#undef DTYPE

#define GN_TO_REAL(x) ((gn_real)(x))
#define GN_TO_F64(x) (x)
#define GN_TO_U8(x) ((uint8_t)(int32_t)((x) >= UINT8_MAX ? UINT8_MAX : (x) > 0 ? (x) + 0.5 : 0))
#define GN_TO_I32(x) ((int32_t)((x) >= INT32_MAX ? INT32_MAX : (x) <= INT32_MIN ? INT32_MIN : (x) == (x) ? rint(x) : 0))

/* A step of 1 apart: that loop becomes vectors. */
#define LOAD(type, at)                                                                                                 \
  for (gn_int i = 0; i < n; i++) v[i] = (double)((const type *)src)[at];
#define STORE(type, TAG, at)                                                                                           \
  for (gn_int i = 0; i < n; i++) ((type *)dst)[at] = GN_TO_##TAG(v[i]);

void gn_load_elements(double *v, const void *src, gn_dtype from, gn_int stride, gn_int n) {
  switch (from) {
#define DTYPE(TAG, name, article, type, ...)                                                                           \
  case GN_##TAG:                                                                                                       \
    if (stride == 1) LOAD(type, i) else LOAD(type, i *stride) break;
#include "../dtype.def"
#undef DTYPE
  }
}

void gn_store_elements(void *dst, gn_dtype to, gn_int stride, const double *v, gn_int n) {
  switch (to) {
#define DTYPE(TAG, name, article, type, ...)                                                                           \
  case GN_##TAG:                                                                                                       \
    if (stride == 1) STORE(type, TAG, i) else STORE(type, TAG, i *stride) break;
#include "../dtype.def"
#undef DTYPE
  }
}

#define CHUNK 512 /* elements that are doubles for a moment, in the nearest cache */

void gn_convert(void *dst, gn_dtype to, const void *src, gn_dtype from, const gn_plan *p) {
  const gn_int to_size = (gn_int)gn_dtype_size(to), from_size = (gn_int)gn_dtype_size(from);
  if (to == from) {
    gn_copy(dst, src, (size_t)to_size, p);
    return;
  }
  for (int d = 0; d < p->nd; d++)
    if (p->size[d] == 0) return;
  FOR_ROWS(double v[CHUNK]; for (gn_int i = 0; i < n; i += CHUNK) {
    const gn_int k = GN_MIN(CHUNK, n - i);
    gn_load_elements(v, (const char *)src + (os + i * ss) * from_size, from, ss, k);
    gn_store_elements((char *)dst + (od + i * sd) * to_size, to, sd, v, k);
  });
}
