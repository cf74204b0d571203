/* gn.h - first include of every C file: the real type, limits, version.
** The same sources are built twice: gan.core with real = float, and gan.core64 (GN_DOUBLE) with real = double, for tests. */
#ifndef GN_H
#define GN_H

#include <stddef.h>
#include <stdint.h>

#define GN_VERSION "0.1.0"

#ifdef GN_DOUBLE
typedef double gn_real;
#define GN_R(x) x /* a real literal: GN_R(0.5) */
#define GN_REAL_NAME "double"
#else
typedef float gn_real;
#define GN_R(x) x##f
#define GN_REAL_NAME "float"
#endif

typedef int64_t gn_int; /* sizes, strides, offsets: counted in elements unless a name says bytes */

#define GN_MAXD 8 /* most dimensions of a tensor */

#define GN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define GN_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Ops compute on reals; the others only store: pictures, labels and positions, statistics. */
typedef enum { GN_REAL = 0, GN_U8 = 1, GN_I32 = 2, GN_F64 = 3 } gn_dtype;

static inline size_t gn_dtype_size(gn_dtype t) {
  return t == GN_REAL ? sizeof(gn_real) : t == GN_U8 ? 1 : t == GN_I32 ? 4 : 8;
}

#endif
