/* copy.c - strided copies and conversions between dtypes. See copy.h. */
#include "copy.h"
#include "../par.h"
#include <math.h>
#include <string.h>

/* Runs the body for each row (i.e. all dimensions but the last), or block of a long one, with n, do, so: its elements and the operands'
** offsets in elements. */
#define FOR_ROWS(...)                                                                                                  \
  do {                                                                                                                 \
    const int in = p->nd - 1;                                                                                          \
    const gn_int all = p->size[in], sd = p->stride[0][in], ss = p->stride[1][in], rows = gn_numel(in, p->size);        \
    const gn_int per = (all + GN_PAR_BLOCK - 1) / GN_PAR_BLOCK;                                                        \
    GN_PARALLEL_FOR_IF(rows * per > 1 && rows * all > GN_PAR_MIN)                                                      \
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
           if (sd == 1 && ss == 1) memcpy(d, s, (size_t)n * sizeof(T)); else for (gn_int i = 0; i < n; i++) d[i * sd] = s[i * ss];)

void gn_copy(void *dst, const void *src, size_t size, const gn_plan *p) {
  for (int d = 0; d < p->nd; d++)
    if (p->size[d] == 0) return;
  if (size == 1)
    COPY_AS(uint8_t);
  else if (size == 4)
    COPY_AS(uint32_t);
  else
    COPY_AS(uint64_t);
}

/* From any dtype; halves are rounded up in bytes and to even in i32. */
#define TO_REAL(x) ((gn_real)(x))
#define TO_F64(x) ((double)(x))
#define TO_U8(x) ((x) >= 255 ? 255 : (x) > 0 ? (uint8_t)((x) + GN_R(0.5)) : 0)
static int32_t to_i32(double x) { return x >= INT32_MAX ? INT32_MAX : x <= INT32_MIN ? INT32_MIN : x == x ? (int32_t)lrint(x) : 0; }

#define CONVERT(TO, FROM, f) FOR_ROWS(for (gn_int i = 0; i < n; i++)((TO *)dst)[od + i * sd] = f(((const FROM *)src)[os + i * ss]);)
#define CONVERT_ANY(TO, f)                                                                                             \
  switch (from) {                                                                                                      \
  case GN_REAL: CONVERT(TO, gn_real, f); break;                                                                        \
  case GN_U8: CONVERT(TO, uint8_t, f); break;                                                                          \
  case GN_I32: CONVERT(TO, int32_t, f); break;                                                                         \
  case GN_F64: CONVERT(TO, double, f); break;                                                                          \
  }                                                                                                                    \
  break

void gn_convert(void *dst, gn_dtype to, const void *src, gn_dtype from, const gn_plan *p) {
  if (to == from) {
    gn_copy(dst, src, gn_dtype_size(to), p);
    return;
  }
  for (int d = 0; d < p->nd; d++)
    if (p->size[d] == 0) return;
  switch (to) {
  case GN_REAL: CONVERT_ANY(gn_real, TO_REAL);
  case GN_U8: CONVERT_ANY(uint8_t, TO_U8);
  case GN_I32: CONVERT_ANY(int32_t, to_i32);
  case GN_F64: CONVERT_ANY(double, TO_F64);
  }
}
