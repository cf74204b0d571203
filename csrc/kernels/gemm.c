/* gemm.c - matrix product on all threads: thin matrices by conv/product.c, else blocks fixed by the shape,
** single-threaded BLAS inside each. */
#include "gemm.h"
#include "../blas.h"
#include "../par.h"
#include "conv/product.h"
#include "runs.h"

#define TASKS 16      /* blocks wanted: enough to balance a few threads */
#define TASK_MACS 1e6 /* multiply-adds below which a block is not cut further (some 20 us) */
#define MIN_ROWS 64   /* thinnest block: below this, packing shows */
#define MIN_COLS 128
#define MIN_DEPTH 256
#define PART_REALS ((gn_int)1 << 20) /* most workspace for partial sums */

/* How a product is divided into tasks. */
typedef struct division {
  gn_int bm, bn, bk; /* block sizes */
  gn_int nm, nn, nk; /* how many */
} division;

/* Returns half of a as a multiple of 32, so that only the last block has edges. */
static gn_int half(gn_int a) { return gn_ceil_div(gn_ceil_div(a, 2), 32) * 32; }

/* Halved until there are enough blocks or they would get thin: rows first (they need no repacking of b), then columns,
** then the depth, which costs a partial sum each. */
static division divide(gn_int m, gn_int n, gn_int k) {
  division c = {m, n, k, 1, 1, 1};
  while (c.nm * c.nn * c.nk < TASKS) {
    if ((double)c.bm * (double)c.bn * (double)c.bk < 2 * TASK_MACS) break;
    if (c.bm >= 2 * MIN_ROWS && (c.bm >= c.bn || c.bn < 2 * MIN_COLS)) c.bm = half(c.bm);
    else if (c.bn >= 2 * MIN_COLS) c.bn = half(c.bn);
    else if (c.bk >= 2 * MIN_DEPTH && 2 * c.nk * m * n <= PART_REALS) c.bk = half(c.bk);
    else break;
    c.nm = gn_ceil_div(m, c.bm);
    c.nn = gn_ceil_div(n, c.bn);
    c.nk = gn_ceil_div(k, c.bk);
  }
  return c;
}

/* Returns 1 for the products that gn_product computes: those with a short side. Measured against the blocks of BLAS
** below (AVX2, float, one thread), it is 1.0 to 1.7 times as fast where this says so, convolutions of 1x1 most, and 0.6
** to 1.0 times beyond. Few rows do not pay for packing b, the less where it is transposed; columns of a, which lie
** apart, want more than a few columns of c each; large matrices want a copied, as BLAS does. Long sums for three rows
** or columns, the colours of pixels, are what BLAS is slow at. */
static int is_thin(int ta, int tb, gn_int m, gn_int n, gn_int k) {
  const gn_int least = GN_MIN(m, GN_MIN(n, k));
  if (least < 1) return 0;
  if (!ta) return least <= 256 && m >= (tb ? 48 : 12) && n * k <= (gn_int)1 << 20;
  if (k >= 4096 && (m == 3 || n == 3)) return GN_MAX(m, n) >= 16;
  return least <= 128 && m >= 16 && n >= 8;
}

gn_int gn_gemm_par_work(int ta, int tb, gn_int m, gn_int n, gn_int k) {
  if (is_thin(ta, tb, m, n, k)) return gn_product_work(m, n, k);
  const division c = divide(m, n, k);
  return c.nk > 1 ? c.nk * m * n : 0;
}

void gn_gemm_par(int ta, int tb, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int lda, const gn_real *b,
                 gn_int ldb, gn_real *c, gn_real *work) {
  if (is_thin(ta, tb, m, n, k)) {
    gn_product(ta, tb, m, n, k, a, lda, b, ldb, c, work);
    return;
  }
  const division q = divide(m, n, k);
  const gn_int tasks = q.nm * q.nn * q.nk;
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < tasks; t++) {
    const gn_int part = t % q.nk, i = t / q.nk / q.nn * q.bm, j = t / q.nk % q.nn * q.bn, p = part * q.bk;
    const gn_int rows = GN_MIN(q.bm, m - i), cols = GN_MIN(q.bn, n - j), depth = GN_MIN(q.bk, k - p);
    const gn_real *ap = a + (ta ? p * lda + i : i * lda + p), *bp = b + (tb ? j * ldb + p : p * ldb + j);
    if (q.nk > 1) gn_gemm(ta, tb, rows, cols, depth, 1, ap, lda, bp, ldb, 0, work + part * m * n + i * n + j, n);
    else gn_gemm(ta, tb, rows, cols, depth, 1, ap, lda, bp, ldb, 0, c + i * n + j, n);
  }
  if (q.nk == 1) return;
  GN_PARALLEL_FOR_IF(m * n * q.nk > GN_PAR_MIN)
  for (gn_int i = 0; i < m; i++) {
    gn_real *restrict ci = c + i * n;
    for (gn_int j = 0; j < n; j++) ci[j] = work[i * n + j];
    for (gn_int p = 1; p < q.nk; p++) {
      const gn_real *restrict w = work + p * m * n + i * n;
      for (gn_int j = 0; j < n; j++) ci[j] += w[j];
    }
  }
}

void gn_gemm_batch(const gn_gemm_strides *s, int ta, int tb, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int lda,
                   const gn_real *b, gn_int ldb, gn_real *c) {
  gn_int batch = 1;
  for (int d = 0; d < s->nd; d++) batch *= s->size[d];
  GN_PARALLEL_FOR
  for (gn_int i = 0; i < batch; i++) {
    gn_int oa = 0, ob = 0, rest = i;
    for (int d = s->nd - 1; d >= 0; d--) {
      const gn_int at = rest % s->size[d];
      rest /= s->size[d];
      oa += at * s->sa[d];
      ob += at * s->sb[d];
    }
    gn_gemm(ta, tb, m, n, k, 1, a + oa, lda, b + ob, ldb, 0, c + i * m * n, n);
  }
}
