/* copy.h - strided copies and conversions between dtypes. */
#ifndef GN_COPY_H
#define GN_COPY_H

#include "../tensor.h"

/* Copies elements of `size` bytes (1, 4 or 8) along a plan of two operands: 0 is written, 1 is read. Cannot fail. */
void gn_copy(void *dst, const void *src, size_t size, const gn_plan *p);

/* v (n) <- elements of dtype `from`, `stride` apart from src on; a double holds the values of every dtype exactly.
** Cannot fail. */
void gn_load_elements(double *v, const void *src, gn_dtype from, gn_int stride, gn_int n);

/* Elements of dtype `to`, `stride` apart from dst on, <- v (n). In integers numbers are rounded to the nearest (halves
** up in u8, to even in i32) and saturate, NaN gives 0. Cannot fail. */
void gn_store_elements(void *dst, gn_dtype to, gn_int stride, const double *v, gn_int n);

/* As gn_copy, with conversion from dtype `from` to dtype `to`, as gn_store_elements does it. Cannot fail. */
void gn_convert(void *dst, gn_dtype to, const void *src, gn_dtype from, const gn_plan *p);

#endif
