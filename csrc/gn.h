/* gn.h - first include of every C file: the real type, limits, version. The same sources are built twice: gan.core
** with real = float, and gan.core64 (GN_DOUBLE) with real = double, for tests. */
#ifndef GN_H
#define GN_H

#include <stddef.h>
#include <stdint.h>

#define GN_VERSION "0.1.0"

#ifdef GN_DOUBLE
typedef double gn_real;
#define GN_R(x) x /* a real literal: GN_R(0.5) */
#define GN_REAL_NAME "double"
#define GN_EITHER(single, twice) twice /* by the precision of real */
#else
typedef float gn_real;
#define GN_R(x) x##f
#define GN_REAL_NAME "float"
#define GN_EITHER(single, twice) single
#endif

typedef int64_t gn_int; /* sizes, strides, offsets: counted in elements unless a name says bytes */

#define GN_MAXD 8 /* most dimensions of a tensor */

#define GN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define GN_MAX(a, b) ((a) > (b) ? (a) : (b))

typedef enum {
#define DTYPE(TAG, ...) GN_##TAG,
#include "dtype.def"
#undef DTYPE
} gn_dtype;

enum { /* how many there are */
       GN_DTYPES = 0
#define DTYPE(...) +1
#include "dtype.def"
#undef DTYPE
};

static inline size_t gn_dtype_size(gn_dtype t) {
  static const unsigned char bytes[] = {
#define DTYPE(TAG, name, article, type, ...) sizeof(type),
#include "dtype.def"
#undef DTYPE
  };
  return bytes[t];
}

static inline int gn_dtype_is_float(gn_dtype t) {
  enum { INTEGER, FLOAT };
  static const unsigned char kinds[] = {
#define DTYPE(TAG, name, article, type, KIND, ...) KIND,
#include "dtype.def"
#undef DTYPE
  };
  return kinds[t] == FLOAT;
}

#endif
