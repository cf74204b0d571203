/* map.c - every pair of points is looked at from both of its ends: twice the arithmetic, but no sums to be shared
** between threads. See map.h. */
#include "map.h"
#include "../par.h"
#include "vecmath.h"

#define LANES 16 /* partial sums of a row: a fixed order, whatever vectors the machine has */
#define TILE 64
#define ROUNDS 200
#define MOST_BETA 1e12

/* ---- affinities ---- */

/* x in doubles; of each thread distances and weights of a row, as reals. */
gn_int gn_affinities_work(gn_int n, gn_int d) { return n * d + gn_threads() * 2 * n; }

static double distance2(const double *restrict a, const double *restrict b, gn_int d) {
  double s[4] = {0, 0, 0, 0};
  gn_int k = 0;
  for (; k + 4 <= d; k += 4)
    for (int c = 0; c < 4; c++) s[c] += (a[k + c] - b[k + c]) * (a[k + c] - b[k + c]);
  for (; k < d; k++) s[0] += (a[k] - b[k]) * (a[k] - b[k]);
  return (s[0] + s[1]) + (s[2] + s[3]);
}

static double total(const gn_real *lanes) {
  double s = 0;
  for (int c = 0; c < LANES; c++) s += (double)lanes[c];
  return s;
}

/* Returns the entropy of e_j = exp(-beta r_j), e_i = 0, in nats; e and *sum are set. */
static double entropy_of(gn_real *restrict e, double *sum, const gn_real *restrict r, gn_int n, gn_int i, double beta) {
  const gn_real b = (gn_real)beta;
  gn_real s[LANES] = {0}, t[LANES] = {0};
  for (gn_int j = 0; j < n; j++) e[j] = gn_exp(-b * r[j]);
  e[i] = 0;
  gn_int j = 0;
  for (; j + LANES <= n; j += LANES)
    for (int c = 0; c < LANES; c++) {
      s[c] += e[j + c];
      t[c] += e[j + c] * r[j + c];
    }
  for (; j < n; j++) {
    s[0] += e[j];
    t[0] += e[j] * r[j];
  }
  *sum = total(s);
  return log(*sum) + beta * total(t) / *sum;
}

/* Leaves the weights of the best beta in e. r (N): squared distances above the smallest one. */
static double search(gn_real *e, double *sum, const gn_real *r, gn_int n, gn_int i, double entropy, double tolerance) {
  double beta = 1, lo = 0, hi = INFINITY;
  for (int round = 0; round < ROUNDS; round++) {
    const double over = entropy_of(e, sum, r, n, i, beta) - entropy;
    if (fabs(over) < tolerance || (over > 0 && beta >= MOST_BETA)) break;
    if (over > 0) lo = beta;
    else hi = beta;
    beta = hi == INFINITY ? 2 * beta : lo == 0 ? beta / 2 : (lo + hi) / 2;
    if (beta > MOST_BETA) beta = MOST_BETA;
  }
  return beta;
}

void gn_affinities(gn_real *p, double *beta, const gn_real *x, gn_int n, gn_int d, double entropy, double tolerance,
                   double *work) {
  double *xd = work, *rows = work + n * d;
  for (gn_int k = 0; k < n * d; k++) xd[k] = (double)x[k];
  GN_PARALLEL_FOR
  for (gn_int i = 0; i < n; i++) {
    double *full = rows + gn_thread_id() * 2 * n, least = INFINITY, sum;
    gn_real *r = (gn_real *)(full + n), *e = p + i * n;
    for (gn_int j = 0; j < n; j++) {
      full[j] = distance2(xd + i * d, xd + j * d, d);
      if (j != i && full[j] < least) least = full[j];
    }
    for (gn_int j = 0; j < n; j++) r[j] = (gn_real)(full[j] - least);
    r[i] = 0;
    beta[i] = search(e, &sum, r, n, i, entropy, tolerance);
    const gn_real scale = (gn_real)(1 / sum);
    for (gn_int j = 0; j < n; j++) e[j] *= scale;
  }
  /* p_ij = (p_j|i + p_i|j) / 2N: a tile and its mirror image at a time */
  const gn_int tiles = (n + TILE - 1) / TILE;
  const gn_real half = (gn_real)(0.5 / (double)n);
  GN_PARALLEL_FOR
  for (gn_int ti = 0; ti < tiles; ti++)
    for (gn_int tj = ti; tj < tiles; tj++)
      for (gn_int i = ti * TILE; i < GN_MIN(n, (ti + 1) * TILE); i++)
        for (gn_int j = GN_MAX(i, tj * TILE); j < GN_MIN(n, (tj + 1) * TILE); j++)
          p[i * n + j] = p[j * n + i] = (p[i * n + j] + p[j * n + i]) * half;
}

/* ---- the map ---- */

enum { PULL_X, PULL_Y, PUSH_X, PUSH_Y, WEIGHT, SUMS };

/* The coordinates by axis, as reals; SUMS doubles a row. */
gn_int gn_tsne_work(gn_int n) { return (2 + SUMS) * n; }

static void by_axis(gn_real *restrict a, gn_real *restrict b, const gn_real *restrict y, gn_int n) {
  for (gn_int i = 0; i < n; i++) {
    a[i] = y[2 * i];
    b[i] = y[2 * i + 1];
  }
}

/* What all points do to point i: they pull by sum p w d, push by sum w^2 d; and sum w. */
static void row_sums(double *restrict out, const gn_real *restrict a, const gn_real *restrict b,
                     const gn_real *restrict p, gn_int n, gn_int i) {
  const gn_real ai = a[i], bi = b[i];
  gn_real s[SUMS][LANES] = {{0}};
  gn_int j = 0;
  for (; j + LANES <= n; j += LANES)
    for (int c = 0; c < LANES; c++) {
      const gn_real da = ai - a[j + c], db = bi - b[j + c], w = 1 / (1 + da * da + db * db);
      const gn_real pull = p[j + c] * w, push = w * w;
      s[PULL_X][c] += pull * da;
      s[PULL_Y][c] += pull * db;
      s[PUSH_X][c] += push * da;
      s[PUSH_Y][c] += push * db;
      s[WEIGHT][c] += w;
    }
  for (int c = 0; j < n; j++, c++) {
    const gn_real da = ai - a[j], db = bi - b[j], w = 1 / (1 + da * da + db * db);
    const gn_real pull = p[j] * w, push = w * w;
    s[PULL_X][c] += pull * da;
    s[PULL_Y][c] += pull * db;
    s[PUSH_X][c] += push * da;
    s[PUSH_Y][c] += push * db;
    s[WEIGHT][c] += w;
  }
  for (int k = 0; k < SUMS; k++) out[k] = total(s[k]);
  out[WEIGHT] -= 1; /* of the point itself */
}

void gn_tsne_gradient(gn_real *dy, const gn_real *y, const gn_real *p, gn_int n, double factor, double *work) {
  gn_real *a = (gn_real *)work, *b = a + n;
  double *sums = work + 2 * n, z = 0;
  by_axis(a, b, y, n);
  GN_PARALLEL_FOR_IF(n * n > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++) row_sums(sums + i * SUMS, a, b, p + i * n, n, i);
  for (gn_int i = 0; i < n; i++) z += sums[i * SUMS + WEIGHT];
  for (gn_int i = 0; i < n; i++) {
    const double *s = sums + i * SUMS;
    dy[2 * i] = (gn_real)(4 * (factor * s[PULL_X] - s[PUSH_X] / z));
    dy[2 * i + 1] = (gn_real)(4 * (factor * s[PULL_Y] - s[PUSH_Y] / z));
  }
}

double gn_tsne_divergence(const gn_real *y, const gn_real *p, gn_int n, double *work) {
  double *terms = work, *weights = work + n, *mass = work + 2 * n, sum = 0, z = 0, all = 0;
  GN_PARALLEL_FOR_IF(n * n > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++) {
    double t = 0, w = 0, m = 0;
    for (gn_int j = 0; j < n; j++) {
      const double da = (double)y[2 * i] - (double)y[2 * j], db = (double)y[2 * i + 1] - (double)y[2 * j + 1];
      const double d = da * da + db * db, q = (double)p[i * n + j];
      if (j == i) continue;
      w += 1 / (1 + d);
      m += q;
      if (q > 0) t += q * (log(q) + log1p(d)); /* ln q - ln w, but for ln of the sum of all w */
    }
    terms[i] = t;
    weights[i] = w;
    mass[i] = m;
  }
  for (gn_int i = 0; i < n; i++) {
    sum += terms[i];
    z += weights[i];
    all += mass[i];
  }
  return sum + all * log(z);
}

void gn_tsne_step(gn_real *y, gn_real *u, gn_real *gain, gn_real *dy, const gn_real *p, gn_int n, double factor,
                  double momentum, double rate, double *work) {
  gn_tsne_gradient(dy, y, p, n, factor, work);
  double mean[2] = {0, 0};
  for (gn_int k = 0; k < 2 * n; k++) {
    const int g = (dy[k] > 0) - (dy[k] < 0), v = (u[k] > 0) - (u[k] < 0);
    const gn_real changed = g != v ? gain[k] + (gn_real)0.2 : gain[k] * (gn_real)0.8;
    gain[k] = changed > (gn_real)0.01 ? changed : (gn_real)0.01;
    u[k] = (gn_real)(momentum * (double)u[k] - rate * (double)gain[k] * (double)dy[k]);
    y[k] += u[k];
    mean[k & 1] += (double)y[k];
  }
  for (gn_int k = 0; k < 2 * n; k++) y[k] -= (gn_real)(mean[k & 1] / (double)n);
}

/* ---- assignment ---- */

/* least, row, from, seen: one each a column, and one more for the row that is being placed. */
gn_int gn_assign_work(gn_int m) { return 4 * (m + 1); }

void gn_assign(int32_t *at, double *u, double *v, const gn_real *cost, gn_int n, gn_int m, double *work) {
  double *least = work; /* (m): reduced length of a path to j */
  int32_t *row = (int32_t *)(work + m + 1), *from = row + m + 1, *seen = from + m + 1, *list = seen + m + 1;
  for (gn_int i = 0; i < n; i++) u[i] = 0;
  for (gn_int j = 0; j < m; j++) v[j] = 0;
  for (gn_int j = 0; j <= m; j++) row[j] = -1;
  for (gn_int i = 0; i < n; i++) {
    gn_int here = m, count = 0; /* the column that was reached last; m: that of the new row */
    row[m] = (int32_t)i;
    for (gn_int j = 0; j < m; j++) {
      least[j] = INFINITY;
      seen[j] = 0;
    }
    double length = 0;
    while (row[here] >= 0) {
      const gn_int r = row[here];
      const gn_real *c = cost + r * m;
      const double base = length - u[r];
      double best = INFINITY;
      gn_int next = m;
      for (gn_int j = 0; j < m; j++) {
        if (seen[j]) continue;
        const double d = base + (double)c[j] - v[j];
        if (d < least[j]) {
          least[j] = d;
          from[j] = (int32_t)here;
        }
        if (least[j] < best) {
          best = least[j];
          next = j;
        }
      }
      seen[next] = 1;
      list[count++] = (int32_t)next;
      length = best;
      here = next;
    }
    /* the potentials of what was reached before the free column, then the path backwards */
    u[i] += length;
    for (gn_int k = 0; k < count - 1; k++) {
      const gn_int j = list[k];
      u[row[j]] += length - least[j];
      v[j] -= length - least[j];
    }
    for (; here != m; here = from[here]) row[here] = row[from[here]];
  }
  for (gn_int j = 0; j < m; j++)
    if (row[j] >= 0) at[row[j]] = (int32_t)j;
}
