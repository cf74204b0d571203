/* index.c - joining tensors, rows and elements by index; the contracts are in index.h. */
#include "index.h"
#include "../par.h"
#include <string.h>

void gn_cat_part(void *y, const void *x, gn_int outer, gn_int part, gn_int whole, gn_int at) {
  GN_PARALLEL_FOR_IF(outer > 1 && outer * part > GN_PAR_MIN * (gn_int)sizeof(gn_real))
  for (gn_int i = 0; i < outer; i++) memcpy((char *)y + i * whole + at, (const char *)x + i * part, (size_t)part);
}

void gn_gather_rows(void *y, const void *x, const int32_t *idx, gn_int n, gn_int row) {
  GN_PARALLEL_FOR_IF(n * row > GN_PAR_MIN * (gn_int)sizeof(gn_real))
  for (gn_int i = 0; i < n; i++) memcpy((char *)y + i * row, (const char *)x + idx[i] * row, (size_t)row);
}

#define COLUMNS 64 /* a block of columns per thread: rows named twice then never meet in two threads */

void gn_scatter_rows(gn_real *x, const gn_real *y, const int32_t *idx, gn_int n, gn_int rows, gn_int d) {
  GN_PARALLEL_FOR_IF(d > COLUMNS && (n + rows) * d > GN_PAR_MIN)
  for (gn_int block = 0; block < (d + COLUMNS - 1) / COLUMNS; block++) {
    gn_int lo = block * COLUMNS, hi = GN_MIN(lo + COLUMNS, d);
    for (gn_int i = 0; i < rows; i++)
      for (gn_int k = lo; k < hi; k++) x[i * d + k] = 0;
    for (gn_int i = 0; i < n; i++)
      for (gn_int k = lo; k < hi; k++) x[idx[i] * d + k] += y[i * d + k];
  }
}

void gn_take_along(gn_real *y, const gn_real *x, const int32_t *idx, gn_int outer, gn_int p, gn_int q, gn_int inner) {
  GN_PARALLEL_FOR_IF(outer * q * inner > GN_PAR_MIN)
  for (gn_int i = 0; i < outer * q; i++)
    for (gn_int k = 0; k < inner; k++) y[i * inner + k] = x[(i / q * p + idx[i * inner + k]) * inner + k];
}

void gn_put_along(gn_real *x, const gn_real *y, const int32_t *idx, gn_int outer, gn_int p, gn_int q, gn_int inner) {
  GN_PARALLEL_FOR_IF(outer * (p + q) * inner > GN_PAR_MIN)
  for (gn_int o = 0; o < outer; o++) {
    gn_real *xo = x + o * p * inner;
    for (gn_int k = 0; k < p * inner; k++) xo[k] = 0;
    for (gn_int j = o * q; j < (o + 1) * q; j++)
      for (gn_int k = 0; k < inner; k++) xo[idx[j * inner + k] * inner + k] += y[j * inner + k];
  }
}

void gn_one_hot(gn_real *y, const int32_t *idx, gn_int n, gn_int classes) {
  for (gn_int i = 0; i < n; i++)
    for (gn_int k = 0; k < classes; k++) y[i * classes + k] = k == idx[i] ? 1 : 0;
}
