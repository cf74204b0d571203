/* linalg.c - statistics of feature sets in doubles; the contracts are in linalg.h. */
#include "linalg.h"
#include "../blas.h"
#include "../par.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define COLS 256 /* columns of one block of a (d,d) matrix */

gn_int gn_bad_row(const gn_real *x, gn_int n, gn_int d) {
  for (gn_int i = 0; i < n * d; i++)
    if (!isfinite(x[i])) return i / d;
  return -1;
}

gn_int gn_bad_row_f64(const double *x, gn_int n, gn_int d) {
  for (gn_int i = 0; i < n * d; i++)
    if (!isfinite(x[i])) return i / d;
  return -1;
}

/* ---- means and covariances ---- */

gn_int gn_asymmetry(const double *a, gn_int d, double tolerance) {
  for (gn_int i = 0; i < d; i++) {
    if (a[i * d + i] < 0) return i * d + i;
    for (gn_int j = 0; j < i; j++)
      if (fabs(a[i * d + j] - a[j * d + i]) > tolerance * sqrt(a[i * d + i]) * sqrt(a[j * d + j])) return i * d + j;
  }
  return -1;
}

/* Columns lo..hi-1 of mean. */
static void block_mean(double *restrict mean, const gn_real *restrict x, gn_int n, gn_int d, gn_int lo, gn_int hi) {
  for (gn_int j = lo; j < hi; j++) mean[j] = 0;
  for (gn_int i = 0; i < n; i++)
    for (gn_int j = lo; j < hi; j++) mean[j] += (double)x[i * d + j];
  for (gn_int j = lo; j < hi; j++) mean[j] /= (double)n;
}

void gn_column_stats(double *mean, double *squares, const gn_real *x, gn_int n, gn_int d) {
  GN_PARALLEL_FOR_IF(n * d > GN_PAR_MIN)
  for (gn_int b = 0; b < (d + COLS - 1) / COLS; b++) {
    const gn_int lo = b * COLS, hi = GN_MIN(lo + COLS, d);
    block_mean(mean, x, n, d, lo, hi);
    for (gn_int j = lo; j < hi; j++) squares[j] = 0;
    for (gn_int i = 0; i < n; i++)
      for (gn_int j = lo; j < hi; j++) {
        const double v = (double)x[i * d + j] - mean[j];
        squares[j] += v * v;
      }
  }
}

void gn_moments_add(double *mean, double *scatter, double seen, const gn_real *x, gn_int n, gn_int d, double *work) {
  if (n <= 0) return;
  /* own: the batch's mean; xc (n+1,d): centred rows, and one for the step between the means */
  double *own = work, *xc = work + d;
  const double all = seen + (double)n, step = sqrt(seen * (double)n / all), part = (double)n / all;
  const gn_int blocks = (d + COLS - 1) / COLS;
  GN_PARALLEL_FOR_IF(n * d > GN_PAR_MIN)
  for (gn_int b = 0; b < blocks; b++) {
    const gn_int lo = b * COLS, hi = GN_MIN(lo + COLS, d);
    block_mean(own, x, n, d, lo, hi);
    for (gn_int i = 0; i < n; i++)
      for (gn_int j = lo; j < hi; j++) xc[i * d + j] = (double)x[i * d + j] - own[j];
    for (gn_int j = lo; j < hi; j++) {
      const double delta = own[j] - mean[j];
      xc[n * d + j] = step * delta;
      mean[j] += part * delta;
    }
  }
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < blocks * blocks; t++) {
    const gn_int i = t / blocks * COLS, j = t % blocks * COLS;
    if (j < i) continue;
    gn_dgemm(1, 0, GN_MIN(COLS, d - i), GN_MIN(COLS, d - j), n + 1, 1, xc + i, d, xc + j, d, 1, scatter + i * d + j, d);
  }
}

void gn_covariance(double *sigma, const double *scatter, gn_int d, double divisor) {
  for (gn_int i = 0; i < d; i++)
    for (gn_int j = i; j < d; j++) sigma[i * d + j] = sigma[j * d + i] = scatter[i * d + j] / divisor;
}

/* c (m,n) <- a op(b), all (.,k) or (k,.), contiguous; with lower only the blocks at and left of the diagonal. */
static void product(double *c, const double *a, const double *b, gn_int m, gn_int n, gn_int k, int tb, int lower) {
  const gn_int nm = (m + COLS - 1) / COLS, nn = (n + COLS - 1) / COLS;
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < nm * nn; t++) {
    const gn_int i = t / nn * COLS, j = t % nn * COLS;
    if (lower && j > i) continue;
    gn_dgemm(0, tb, GN_MIN(COLS, m - i), GN_MIN(COLS, n - j), k, 1, a + i * k, k, tb ? b + j * k : b + j, tb ? k : n, 0,
             c + i * n + j, n);
  }
}

gn_int gn_trace_sqrt_work(gn_int d) { return d * d + d + GN_MAX(gn_syev_work(d, 1), 2 * d * d + gn_syev_work(d, 0)); }

int gn_trace_sqrt(double *trace, const double *a, const double *b, gn_int d, gn_int rank_a, gn_int rank_b,
                  double *work) {
  /* v: eigenvectors of a, one a row, then each times the root of its eigenvalue */
  double *v = work, *w = v + d * d, *more = w + d;
  memcpy(v, a, (size_t)(d * d) * sizeof *v);
  const int failed = gn_syev(d, v, w, 1, more);
  if (failed) return failed;
  gn_int r = 0; /* eigenvalues ascend: the last r are wanted */
  while (r < GN_MIN(rank_a, d) && w[d - 1 - r] > 0) r++;
  double *s = v + (d - r) * d, *sb = more, *sbs = sb + r * d;
  for (gn_int i = 0; i < r; i++) {
    const double root = sqrt(w[d - r + i]);
    for (gn_int j = 0; j < d; j++) s[i * d + j] *= root;
  }
  product(sb, s, b, r, d, d, 0, 0);
  product(sbs, sb, s, r, r, d, 1, 1);
  const int failed2 = gn_syev(r, sbs, w, 0, sbs + r * r);
  if (failed2) return failed2;
  double sum = 0;
  for (gn_int i = GN_MAX(0, r - rank_b); i < r; i++) sum += w[i] > 0 ? sqrt(w[i]) : 0;
  *trace = sum;
  return 0;
}

gn_int gn_nuclear_norm_work(gn_int n, gn_int m) { return GN_MIN(n, m) + gn_svd_work(n, m); }

int gn_nuclear_norm(double *norm, double *a, gn_int n, gn_int m, double *work) {
  const gn_int r = GN_MIN(n, m);
  const int failed = gn_svd(n, m, a, work, work + r);
  if (failed) return failed;
  double sum = 0;
  for (gn_int i = r - 1; i >= 0; i--) sum += work[i];
  *norm = sum;
  return 0;
}

/* ---- pairs of rows ---- */

/* What one thread needs for a block of pairs. */
typedef struct bench {
  double *x, *y;   /* (GN_ROWS,d): the rows as doubles */
  double *xx, *yy; /* (GN_ROWS): their squared norms */
  double *xy;      /* (GN_ROWS,GN_ROWS): their products */
} bench;

static gn_int bench_size(gn_int d) { return 2 * GN_ROWS * d + 2 * GN_ROWS + GN_ROWS * GN_ROWS; }
gn_int gn_pair_work(gn_int d) { return gn_threads() * bench_size(d); }

static bench bench_of(double *work, gn_int d) {
  bench b;
  b.x = work + gn_thread_id() * bench_size(d);
  b.y = b.x + GN_ROWS * d;
  b.xx = b.y + GN_ROWS * d;
  b.yy = b.xx + GN_ROWS;
  b.xy = b.yy + GN_ROWS;
  return b;
}

static gn_int block_rows(gn_int n, gn_int block) { return GN_MIN(GN_ROWS, n - block * GN_ROWS); }

/* Rows of x as doubles, less mean where there is one, and their squared norms. */
static void load_rows(double *restrict out, double *restrict norm, const gn_real *restrict x, const double *mean,
                      gn_int n, gn_int d) {
  for (gn_int i = 0; i < n; i++) {
    double s = 0;
    for (gn_int j = 0; j < d; j++) out[i * d + j] = (double)x[i * d + j] - (mean ? mean[j] : 0);
    for (gn_int j = 0; j < d; j++) s += out[i * d + j] * out[i * d + j];
    norm[i] = s;
  }
}

static void products(const bench *b, gn_int n, gn_int m, gn_int d) {
  gn_dgemm(0, 1, n, m, d, 1, b->x, d, b->y, d, 0, b->xy, GN_ROWS);
}

/* |a - b|^2, the same for (b, a). */
static double distance2(const double *restrict a, const double *restrict b, gn_int d) {
  double s[4] = {0, 0, 0, 0};
  gn_int j = 0;
  for (; j + 4 <= d; j += 4)
    for (int c = 0; c < 4; c++) s[c] += (a[j + c] - b[j + c]) * (a[j + c] - b[j + c]);
  for (; j < d; j++) s[0] += (a[j] - b[j]) * (a[j] - b[j]);
  return (s[0] + s[1]) + (s[2] + s[3]);
}

/* |x|^2 + |y|^2 - 2<x,y> is off by at most so much of |x|^2 + |y|^2: sums of d products, each rounded. */
static double slack(gn_int d) { return 4 * (double)(d + 8) * DBL_EPSILON; }

void gn_centred_gram(double *g, const gn_real *x, const double *mx, gn_int n, const gn_real *y, const double *my,
                     gn_int m, gn_int d, double *work) {
  const gn_int columns = gn_row_blocks(m);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < gn_row_blocks(n) * columns; t++) {
    const bench b = bench_of(work, d);
    const gn_int bi = t / columns, bj = t % columns, ni = block_rows(n, bi), nj = block_rows(m, bj), i0 = bi * GN_ROWS,
                 j0 = bj * GN_ROWS;
    load_rows(b.x, b.xx, x + i0 * d, mx, ni, d);
    load_rows(b.y, b.yy, y + j0 * d, my, nj, d);
    products(&b, ni, nj, d);
    for (gn_int i = 0; i < ni; i++) memcpy(g + (i0 + i) * m + j0, b.xy + i * GN_ROWS, (size_t)nj * sizeof *g);
  }
}

/* Puts a distance into an ascending list of k; behind its equals. */
static void insert(double *restrict squared, int32_t *restrict index, gn_int k, double value, gn_int at) {
  gn_int p = k - 1;
  for (; p > 0 && squared[p - 1] > value; p--) {
    squared[p] = squared[p - 1];
    index[p] = index[p - 1];
  }
  squared[p] = value;
  index[p] = (int32_t)at;
}

void gn_nearest(double *squared, int32_t *index, const gn_real *x, gn_int n, const gn_real *y, gn_int m, gn_int d,
                gn_int k, int self, double *work) {
  const double tol = slack(d);
  GN_PARALLEL_FOR
  for (gn_int bi = 0; bi < gn_row_blocks(n); bi++) {
    const bench b = bench_of(work, d);
    const gn_int i0 = bi * GN_ROWS, ni = block_rows(n, bi);
    load_rows(b.x, b.xx, x + i0 * d, NULL, ni, d);
    for (gn_int i = 0; i < ni * k; i++) {
      squared[i0 * k + i] = INFINITY;
      index[i0 * k + i] = 0;
    }
    for (gn_int bj = 0; bj < gn_row_blocks(m); bj++) {
      const gn_int j0 = bj * GN_ROWS, nj = block_rows(m, bj);
      load_rows(b.y, b.yy, y + j0 * d, NULL, nj, d);
      products(&b, ni, nj, d);
      for (gn_int i = 0; i < ni; i++) {
        double *near = squared + (i0 + i) * k;
        int32_t *at = index + (i0 + i) * k;
        for (gn_int j = 0; j < nj; j++) {
          const double norms = b.xx[i] + b.yy[j];
          if (norms - 2 * b.xy[i * GN_ROWS + j] > near[k - 1] + tol * norms || near[k - 1] == 0) continue;
          if (self && i0 + i == j0 + j) continue;
          const double v = distance2(b.x + i * d, b.y + j * d, d);
          if (v < near[k - 1]) insert(near, at, k, v, j0 + j);
        }
      }
    }
  }
}

enum { OWN = 1, OTHER = 2 };

void gn_balls(int32_t *count, int32_t *own, int32_t *other, const gn_real *x, const double *rx, gn_int n,
              const gn_real *y, const double *ry, gn_int m, gn_int d, double *work, uint8_t *flags) {
  const double tol = slack(d);
  const gn_int blocks = gn_row_blocks(n);
  GN_PARALLEL_FOR
  for (gn_int bi = 0; bi < blocks; bi++) {
    const bench b = bench_of(work, d);
    const gn_int i0 = bi * GN_ROWS, ni = block_rows(n, bi);
    uint8_t *flag = flags + bi * m;
    memset(flag, 0, (size_t)m);
    load_rows(b.x, b.xx, x + i0 * d, NULL, ni, d);
    for (gn_int i = 0; i < ni; i++) count[i0 + i] = 0;
    for (gn_int bj = 0; bj < gn_row_blocks(m); bj++) {
      const gn_int j0 = bj * GN_ROWS, nj = block_rows(m, bj);
      load_rows(b.y, b.yy, y + j0 * d, NULL, nj, d);
      products(&b, ni, nj, d);
      for (gn_int i = 0; i < ni; i++)
        for (gn_int j = 0; j < nj; j++) {
          const double norms = b.xx[i] + b.yy[j], largest = rx ? GN_MAX(rx[i0 + i], ry[j0 + j]) : ry[j0 + j];
          double v = norms - 2 * b.xy[i * GN_ROWS + j];
          const double off = tol * norms;
          if (v > largest + off) continue;
          if (fabs(v - ry[j0 + j]) <= off || (rx && fabs(v - rx[i0 + i]) <= off))
            v = distance2(b.x + i * d, b.y + j * d, d);
          if (v <= ry[j0 + j]) {
            count[i0 + i]++;
            flag[j0 + j] |= OWN;
          }
          if (rx && v <= rx[i0 + i]) flag[j0 + j] |= OTHER;
        }
    }
  }
  for (gn_int j = 0; j < m; j++) {
    unsigned any = 0;
    for (gn_int bi = 0; bi < blocks; bi++) any |= flags[bi * m + j];
    own[j] = any & OWN ? 1 : 0;
    other[j] = any & OTHER ? 1 : 0;
  }
}

double gn_cubic_sum(const gn_real *x, gn_int n, const gn_real *y, gn_int m, gn_int d, double *work, double *parts) {
  const int same = y == NULL;
  const gn_real *z = same ? x : y;
  const gn_int nz = same ? n : m, columns = gn_row_blocks(nz), tasks = gn_row_blocks(n) * columns;
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < tasks; t++) {
    const bench b = bench_of(work, d);
    const gn_int bi = t / columns, bj = t % columns, ni = block_rows(n, bi), nj = block_rows(nz, bj);
    double sum = 0;
    if (!same || bi <= bj) {
      load_rows(b.x, b.xx, x + bi * GN_ROWS * d, NULL, ni, d);
      load_rows(b.y, b.yy, z + bj * GN_ROWS * d, NULL, nj, d);
      products(&b, ni, nj, d);
      for (gn_int i = 0; i < ni; i++) {
        double row = 0;
        for (gn_int j = same && bi == bj ? i + 1 : 0; j < nj; j++) {
          const double k = b.xy[i * GN_ROWS + j] / (double)d + 1;
          row += k * k * k;
        }
        sum += row;
      }
    }
    parts[t] = same ? 2 * sum : sum;
  }
  double sum = 0;
  for (gn_int t = 0; t < tasks; t++) sum += parts[t];
  return sum;
}

void gn_distance_sums(double *sums, const gn_real *x, gn_int n, gn_int d, double *work, double *parts) {
  const gn_int blocks = gn_row_blocks(n);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < blocks * blocks; t++) {
    const bench b = bench_of(work, d);
    const gn_int bi = t / blocks, bj = t % blocks, ni = block_rows(n, bi), nj = block_rows(n, bj);
    double sum = 0, squares = 0;
    if (bi <= bj) {
      load_rows(b.x, b.xx, x + bi * GN_ROWS * d, NULL, ni, d);
      load_rows(b.y, b.yy, x + bj * GN_ROWS * d, NULL, nj, d);
      products(&b, ni, nj, d);
      for (gn_int i = 0; i < ni; i++)
        for (gn_int j = bi == bj ? i + 1 : 0; j < nj; j++) {
          const double norms = b.xx[i] + b.yy[j];
          double v = norms - 2 * b.xy[i * GN_ROWS + j];
          /* what cancellation left is mostly rounding */
          if (v < 1e-6 * norms) v = distance2(b.x + i * d, b.y + j * d, d);
          sum += sqrt(v);
          squares += v;
        }
    }
    parts[2 * t] = sum;
    parts[2 * t + 1] = squares;
  }
  sums[0] = sums[1] = 0;
  for (gn_int t = 0; t < blocks * blocks; t++) {
    sums[0] += parts[2 * t];
    sums[1] += parts[2 * t + 1];
  }
}

void gn_row_distances(double *squared, const gn_real *x, const gn_real *y, gn_int n, gn_int d) {
  for (gn_int i = 0; i < n; i++) {
    double s = 0;
    for (gn_int j = 0; j < d; j++) {
      const double v = (double)x[i * d + j] - (double)y[i * d + j];
      s += v * v;
    }
    squared[i] = s;
  }
}

double gn_softmax_sums(double *total, const gn_real *x, gn_int n, gn_int c) {
  double sum = 0;
  for (gn_int i = 0; i < n; i++) {
    const gn_real *row = x + i * c;
    double most = (double)row[0], z = 0, entropy = 0;
    for (gn_int j = 1; j < c; j++) most = GN_MAX(most, (double)row[j]);
    for (gn_int j = 0; j < c; j++) z += exp((double)row[j] - most);
    const double log_z = log(z);
    for (gn_int j = 0; j < c; j++) {
      const double log_p = (double)row[j] - most - log_z, p = exp(log_p);
      total[j] += p;
      entropy += p * log_p; /* p = 0 where log_p is far down, and finite: the term is 0 */
    }
    sum += entropy;
  }
  return sum;
}
