/* product.h - products of matrices of which one is thin, on the register tile of the convolutions. */
#ifndef GN_PRODUCT_H
#define GN_PRODUCT_H

#include "../../gn.h"
#include "simd_names.h"

/* c (m,n) <- op(a) (m,k) op(b) (k,n), row-major; m, n, k > 0. ta, tb: 1 if stored transposed; lda, ldb: row strides of
** what is stored. Overwrites c, which is dense. work: gn_product_work reals, for the present number of threads.
** Parallel over blocks of c, and over parts of k where c is small; the division depends on the shape alone. Cannot
** fail. */
void gn_product(int ta, int tb, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int lda, const gn_real *b,
                gn_int ldb, gn_real *c, gn_real *work);
gn_int gn_product_work(gn_int m, gn_int n, gn_int k);

#endif
