/* copy.h - strided copies and conversions between dtypes. */
#ifndef GN_COPY_H
#define GN_COPY_H

#include "../tensor.h"

/* Copies elements of `size` bytes (1, 4 or 8) along a plan of two operands: 0 is written, 1 is read. Cannot fail. */
void gn_copy(void *dst, const void *src, size_t size, const gn_plan *p);

/* The same with conversion from dtype `from` to dtype `to`; real or f64 -> integer rounds to nearest and saturates, NaN gives 0. */
void gn_convert(void *dst, gn_dtype to, const void *src, gn_dtype from, const gn_plan *p);

#endif
