/* product.c - products of matrices of which one is thin (see product.h).
**
** A task packs a block of b in panels and multiplies the rows of a where they lie, a register tile at a time; a that
** is stored transposed is read by columns. So nothing but b is copied; BLAS, made for large matrices, copies both. The
** rows to come are fetched while others are multiplied: short rows are no stream that the processor sees.
** Blocks are fixed by the shape, so the result does not depend on the number of threads. */
#include "product.h"
#include "../../par.h"
#include "../runs.h"
#include "sums.h"
#include "tile.h"
#include <string.h>

#define ROWS GN_TILE_ROWS
#define COLS GN_TILE_COLS
#define DEPTH 256               /* of a block: a panel of b stays in the first cache */
#define COLUMN 128              /* the same where columns of a are read, which lie apart */
#define LINES 96                /* rows of a that meet one panel after the other; a multiple of every GN_TILE_ROWS */
#define WIDE 16                 /* most panels of a block: they stay in the second cache */
#define TASKS 16                /* tasks wanted: enough to balance a few threads */
#define TASK_MACS 5e5           /* multiply-adds below which a task is not cut further (some 10 us) */
#define PARTS ((gn_int)1 << 20) /* most reals of partial sums */
#define LINE_REALS (64 / (gn_int)sizeof(gn_real)) /* of the cache */

/* How a product is divided into tasks. */
typedef struct division {
  gn_int bm, bn, bk; /* rows, panels and depth of a task */
  gn_int nm, nn, nk; /* how many */
} division;

/* Returns half of a as a multiple of unit. */
static gn_int half(gn_int a, gn_int unit) { return gn_ceil_div(gn_ceil_div(a, 2), unit) * unit; }

/* Halved until there are enough tasks, or they would get small. Each cut costs: of rows, packing b again; of columns,
** reading a again; of the depth, a partial sum. So what is long is cut first. */
static division divide(gn_int m, gn_int n, gn_int k) {
  const gn_int panels = gn_panels(n);
  division c = {.bm = m, .bn = GN_MIN(panels, WIDE), .bk = k, .nm = 1, .nn = gn_ceil_div(panels, WIDE), .nk = 1};
  while (c.nm * c.nn * c.nk < TASKS) {
    const int sums = 2 * c.nk * m * n <= PARTS;
    if ((double)c.bm * (double)(c.bn * COLS) * (double)c.bk < 2 * TASK_MACS) break;
    if (c.bm >= 1024) c.bm = half(c.bm, LINES);
    else if (c.bk >= 4096 && sums) c.bk = half(c.bk, DEPTH);
    else if (c.bn >= 8) c.bn = half(c.bn, 1);
    else if (c.bm >= 2 * LINES) c.bm = half(c.bm, LINES);
    else if (c.bk >= 1024 && sums) c.bk = half(c.bk, DEPTH);
    else if (c.bn >= 4) c.bn = half(c.bn, 1);
    else break;
    c.nm = gn_ceil_div(m, c.bm);
    c.nn = gn_ceil_div(panels, c.bn);
    c.nk = gn_ceil_div(k, c.bk);
  }
  return c;
}

static gn_int own_work(const division *d) { return GN_MIN(d->bk, DEPTH) * d->bn * COLS; } /* of a thread */

gn_int gn_product_work(gn_int m, gn_int n, gn_int k) {
  const division d = divide(m, n, k);
  return (d.nk > 1 ? d.nk * m * n : 0) + gn_threads() * own_work(&d);
}

/* to (panels, k, COLS) <- op(b) (k,n), zeros beyond n */
static void pack(gn_real *restrict to, int tb, gn_int n, gn_int k, const gn_real *restrict b, gn_int ldb) {
  for (gn_int o = 0; o < n; o += COLS, to += k * COLS) {
    const gn_int cols = GN_MIN(COLS, n - o);
    if (tb)
      for (gn_int p = 0; p < k; p += COLS) /* in squares that fit the first cache */
        for (gn_int j = 0; j < COLS; j++)
          for (gn_int q = p; q < GN_MIN(k, p + COLS); q++) to[q * COLS + j] = j < cols ? b[(o + j) * ldb + q] : 0;
    else
      for (gn_int p = 0; p < k; p++) {
        const gn_real *from = b + p * ldb + o;
        if (cols == COLS) memcpy(to + p * COLS, from, COLS * sizeof *to);
        else
          for (gn_int j = 0; j < COLS; j++) to[p * COLS + j] = j < cols ? from[j] : 0;
      }
  }
}

/* Rows that will be read or written soon: `rows` of them, `reals` long, `each` at a time. */
typedef struct ahead {
  const gn_real *at;
  gn_int ld, reals, rows, each;
} ahead;

static ahead ahead_of(const gn_real *at, gn_int ld, gn_int reals, gn_int rows, gn_int times) {
  return (ahead){.at = at, .ld = ld, .reals = reals, .rows = rows, .each = gn_ceil_div(rows, times)};
}

static void fetch(ahead *f) {
  const gn_int n = GN_MIN(f->each, f->rows);
  for (gn_int i = 0; i < n; i++, f->at += f->ld)
    for (gn_int j = 0; j < f->reals; j += LINE_REALS) __builtin_prefetch(f->at + j);
  f->rows -= n;
}

/* c (m,n), ldc reals from row to row <- (add ? c : 0) + a times b, packed: a[i*line + p*step] for row i and depth p.
** The rows are divided into tiles of about one height. */
static void multiply(gn_real *c, gn_int ldc, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int line, gn_int step,
                     const gn_real *b, int add, ahead next[2]) {
  const gn_int tiles = gn_ceil_div(m, ROWS), low = m / tiles, tall = m % tiles;
  for (gn_int o = 0; o < n; o += COLS, b += k * COLS)
    for (gn_int t = 0, i = 0; t < tiles; t++) {
      const int rows = (int)(low + (t < tall)), cols = (int)GN_MIN(COLS, n - o);
      const gn_real *from[ROWS];
      gn_real *to[ROWS];
      for (int r = 0; r < ROWS; r++) {
        from[r] = a + (i + GN_MIN(r, rows - 1)) * line;
        to[r] = c + (i + GN_MIN(r, rows - 1)) * ldc + o;
      }
      fetch(next);
      fetch(next + 1);
      gn_tile(k, step, from, b, to, rows, cols, add);
      i += rows;
    }
}

void gn_product(int ta, int tb, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int lda, const gn_real *b,
                gn_int ldb, gn_real *c, gn_real *work) {
  const division d = divide(m, n, k);
  const gn_int deep = ta ? COLUMN : DEPTH;
  gn_real *own = work + (d.nk > 1 ? d.nk * m * n : 0), *to = d.nk > 1 ? work : c;
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < d.nm * d.nn * d.nk; t++) {
    const gn_int part = t % d.nk, i0 = t / d.nk / d.nn * d.bm, j0 = t / d.nk % d.nn * d.bn * COLS;
    const gn_int i1 = GN_MIN(m, i0 + d.bm), p1 = GN_MIN(k, (part + 1) * d.bk), cols = GN_MIN(n - j0, d.bn * COLS);
    const gn_int lines = ta ? i1 - i0 : LINES;
    gn_real *packed = own + gn_thread_id() * own_work(&d), *sum = to + part * m * n + j0;
    for (gn_int p = part * d.bk, depth; p < p1; p += depth) {
      depth = GN_MIN(deep, p1 - p);
      pack(packed, tb, cols, depth, b + (tb ? j0 * ldb + p : p * ldb + j0), ldb);
      for (gn_int i = i0, rows; i < i1; i += rows) {
        rows = GN_MIN(lines, i1 - i);
        const gn_int times = gn_ceil_div(rows, ROWS) * gn_panels(cols);
        const gn_int after = ta ? GN_MIN(deep, p1 - p - depth) : GN_MIN(lines, i1 - i - rows);
        ahead next[2] = {{0}};
        if (ta) {
          next[0] = ahead_of(a + (p + depth) * lda + i, lda, rows, after, times);
          if (!tb) next[1] = ahead_of(b + (p + depth) * ldb + j0, ldb, cols, after, times);
        } else {
          next[0] = ahead_of(a + (i + rows) * lda + p, lda, depth, after, times);
          next[1] = ahead_of(sum + (i + rows) * n, n, cols, after, times);
        }
        multiply(sum + i * n, n, rows, cols, depth, a + (ta ? p * lda + i : i * lda + p), ta ? 1 : lda, ta ? lda : 1,
                 packed, p > part * d.bk, next);
      }
    }
  }
  if (d.nk > 1) gn_sum_parts(c, work, m * n, d.nk);
}
