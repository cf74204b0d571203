/* blas.h - BLAS and LAPACK in one place. OpenBLAS is set to one thread when the module loads; our own threads call
** it. */
#ifndef GN_BLAS_H
#define GN_BLAS_H

#include "gn.h"

/* c (m,n) <- alpha * op(a) op(b) + beta * c, row-major, on the calling thread. op(a) is (m,k), op(b) is (k,n);
** ta, tb: 1 if stored transposed. lda, ldb, ldc: row strides of what is stored. Cannot fail. */
void gn_gemm(int ta, int tb, gn_int m, gn_int n, gn_int k, gn_real alpha, const gn_real *a, gn_int lda,
             const gn_real *b, gn_int ldb, gn_real beta, gn_real *c, gn_int ldc);

/* The same in doubles, whatever real is. */
void gn_dgemm(int ta, int tb, gn_int m, gn_int n, gn_int k, double alpha, const double *a, gn_int lda, const double *b,
              gn_int ldb, double beta, double *c, gn_int ldc);

/* Symmetric eigenproblem: w (n) <- eigenvalues of a (n,n), ascending; only the entries of a at and left of its
** diagonal are read. With vectors, row i of a becomes the eigenvector of w[i]; without, a is destroyed. work:
** gn_syev_work(n, vectors) doubles. n < 2^15. a holds finite numbers. 0, or not 0 where LAPACK did not converge. */
int gn_syev(gn_int n, double *a, double *w, int vectors, double *work);
gn_int gn_syev_work(gn_int n, int vectors);

/* s (min(m,n)) <- singular values of a (m,n), descending; a is destroyed. work: gn_svd_work(m, n) doubles. As above. */
int gn_svd(gn_int m, gn_int n, double *a, double *s, double *work);
gn_int gn_svd_work(gn_int m, gn_int n);

void gn_blas_init(void); /* one thread for each call, whoever calls; once for each process */

#endif
