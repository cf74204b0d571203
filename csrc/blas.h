/* blas.h - BLAS in one place. OpenBLAS is set to one thread when the module loads; our own threads call it. */
#ifndef GN_BLAS_H
#define GN_BLAS_H

#include "gn.h"

/* c (m,n) <- alpha * op(a) op(b) + beta * c, row-major, on the calling thread. op(a) is (m,k), op(b) is (k,n);
** ta, tb: 1 if stored transposed. lda, ldb, ldc: row strides of what is stored. Cannot fail. */
void gn_gemm(int ta, int tb, gn_int m, gn_int n, gn_int k, gn_real alpha, const gn_real *a, gn_int lda, const gn_real *b,
             gn_int ldb, gn_real beta, gn_real *c, gn_int ldc);

void gn_blas_init(void); /* one thread; called once from luaopen */

#endif
