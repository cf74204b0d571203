/* gemm.h - matrix product on all threads. */
#ifndef GN_GEMM_H
#define GN_GEMM_H

#include "../gn.h"

/* c (m,n) <- op(a) (m,k) op(b) (k,n), row-major. ta, tb: 1 if stored transposed; lda, ldb: row strides of what is
** stored. Overwrites c, which is dense. work: gn_gemm_par_work reals, for the present number of threads. Parallel over
** blocks of c, and over parts of k where c is small; the division depends on the shape alone, because an edge row of a
** GEMM rounds differently. Cannot fail. */
void gn_gemm_par(int ta, int tb, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int lda, const gn_real *b,
                 gn_int ldb, gn_real *c, gn_real *work);
gn_int gn_gemm_par_work(int ta, int tb, gn_int m, gn_int n, gn_int k);

/* A batch of products: nd batch dimensions of the given sizes; sa, sb: what a and b move along each (0 where
** broadcast). */
typedef struct gn_gemm_strides {
  int nd;
  gn_int size[GN_MAXD], sa[GN_MAXD], sb[GN_MAXD];
} gn_gemm_strides;

/* c (batch...,m,n) <- op(a) op(b) for every index of the batch, in row-major order. No workspace. Parallel over the
** batch. Cannot fail. */
void gn_gemm_batch(const gn_gemm_strides *s, int ta, int tb, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int lda,
                   const gn_real *b, gn_int ldb, gn_real *c);

#endif
