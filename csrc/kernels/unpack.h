/* unpack.h - numbers in the formats of foreign files, into tensors. */
#ifndef GN_UNPACK_H
#define GN_UNPACK_H

#include "../tensor.h"

/* Little-endian: floats of 2 (IEEE half and bfloat16), 4, 8 bytes, signed integers, bytes, truth values (a byte; not 0
** is true). */
typedef enum {
  GN_PACKED_F2,
  GN_PACKED_BF2,
  GN_PACKED_F4,
  GN_PACKED_F8, /* floats first */
  GN_PACKED_I1,
  GN_PACKED_I2,
  GN_PACKED_I4,
  GN_PACKED_I8,
  GN_PACKED_U1,
  GN_PACKED_B1
} gn_packed;

static inline int gn_packed_is_float(gn_packed f) { return f <= GN_PACKED_F8; }
static inline size_t gn_packed_size(gn_packed f) {
  static const unsigned char bytes[] = {2, 2, 4, 8, 1, 2, 4, 8, 1, 1};
  return bytes[f];
}

/* Fills dst (a float dtype for floats, an integer one for the others) from src, which need not be aligned, along a
** plan of two operands: 0 is written, 1 is read, its strides counted in packed elements; there is at least one.
** Returns -1, or the number (from 0, row-major) of the first element that does not fit dst's type; what comes behind
** it is not written then. Doubles beyond float become infinite. */
gn_int gn_unpack(void *dst, gn_dtype to, const void *src, gn_packed from, const gn_plan *p);

#endif
