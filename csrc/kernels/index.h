/* index.h - picking and placing by position: joining tensors, rows and elements by i32 index (0-based, in range). All
** overwrite their outputs, give the same bytes for any number of threads, and cannot fail. Indices named twice add up
** in index order. */
#ifndef GN_INDEX_H
#define GN_INDEX_H

#include "../gn.h"

/* Puts x (outer, part bytes) into columns at .. at+part-1 of y (outer, whole bytes). Any dtype. */
void gn_cat_part(void *y, const void *x, gn_int outer, gn_int part, gn_int whole, gn_int at);

/* y (n,row bytes) <- rows idx (n) of x (rows,row bytes). Any dtype. */
void gn_gather_rows(void *y, const void *x, const int32_t *idx, gn_int n, gn_int row);

/* x (rows,d) <- 0, then row idx[i] += y (n,d) row i. Adjoint of gather_rows. */
void gn_scatter_rows(gn_real *x, const gn_real *y, const int32_t *idx, gn_int n, gn_int rows, gn_int d);

/* y (outer,q,inner) <- x (outer,p,inner): y[o,j,k] = x[o, idx[o,j,k], k]. */
void gn_take_along(gn_real *y, const gn_real *x, const int32_t *idx, gn_int outer, gn_int p, gn_int q, gn_int inner);

/* x (outer,p,inner) <- 0, then x[o, idx[o,j,k], k] += y[o,j,k]. Adjoint of take_along. */
void gn_put_along(gn_real *x, const gn_real *y, const int32_t *idx, gn_int outer, gn_int p, gn_int q, gn_int inner);

void gn_one_hot(gn_real *y, const int32_t *idx, gn_int n, gn_int classes); /* y (n,classes) of 0 and 1 */

#endif
