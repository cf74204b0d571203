/* winograd_grouped.c - Winograd's engines for groups of channels (see winograd_grouped.h).
**
** With few channels a group the transforms cost as much as the products, so both stay in the first cache: a task copies
** a block of at most TILES tiles, padding written out, into frames of LANES channels; then one group after another is
** transformed, multiplied and transformed back. Groups that do not fill a vector are joined to one, with zeros between
** them. dx is y, from dy with the kernel turned around.
**
** Blocks are fixed by the shape, so the result does not depend on the number of threads. */
#include "winograd_grouped.h"
#include "../../par.h"
#include "../runs.h"
#include "sums.h"
#include "winograd_line.h"
#include "winograd_tables.h"
#include <string.h>

#define LANES (GN_VECTOR_BYTES / (gn_int)sizeof(gn_real))
#if defined __AVX512F__
#define ROWS 16 /* of a product: a vector of each, and one of the kernel, are in registers */
#else
#define ROWS 8
#endif
#define TILES 16                     /* of a block, at most; a multiple of ROWS */
#define EACH (TILES * LANES + LANES) /* reals from point to point of a block: not all in one place of the cache */
#define SOME 8                       /* groups of a task: their frames and kernels stay in the second cache */
#define TASKS 16                     /* tasks wanted: enough to balance a few threads */
#define MAXP 36                      /* points */
#define PARTS ((gn_int)1 << 20)      /* reals of partial sums in dw */

#define INLINE static inline __attribute__((always_inline))

/* out (N, Ho, Wo, outs)  <-  src (N, H, W, ins), padded by ph and pw (which may be negative), 3x3, in tiles of m x m. G
** groups of C channels of src and O of out, each `joined` groups of the convolution; Cv, Ov: their vectors. A block has
** bw x bh tiles of bn images. */
typedef struct shape {
  gn_int N, H, W, Ho, Wo, ph, pw, ins, outs, m;
  gn_int joined, G, C, O, Cv, Ov, some, sets, bn, bh, bw, nn, nh, nw, blocks;
} shape;

static void set_sizes(shape *s, const gn_conv *d) {
  const gn_int C = s->ins / d->groups, O = s->outs / d->groups;
  const gn_int th = gn_ceil_div(s->Ho, s->m), tw = gn_ceil_div(s->Wo, s->m);
  s->N = d->N, s->joined = 1;
  while (2 * s->joined * GN_MAX(C, O) <= LANES && d->groups % (2 * s->joined) == 0) s->joined *= 2;
  s->G = d->groups / s->joined, s->C = s->joined * C, s->O = s->joined * O;
  s->Cv = gn_ceil_div(s->C, LANES), s->Ov = gn_ceil_div(s->O, LANES);
  s->bw = gn_ceil_div(tw, gn_ceil_div(tw, TILES)), s->nw = gn_ceil_div(tw, s->bw);
  s->bh = s->nw > 1 ? 1 : GN_MIN(th, TILES / s->bw), s->nh = gn_ceil_div(th, s->bh);
  s->bn = s->nw * s->nh > 1 ? 1 : GN_MIN(s->N, TILES / (s->bw * s->bh)), s->nn = gn_ceil_div(s->N, s->bn);
  s->blocks = s->nn * s->nh * s->nw;
  s->some = GN_MIN(s->G, SOME);
  while (s->some > 1 && s->blocks * gn_ceil_div(s->G, s->some) < TASKS) s->some = gn_ceil_div(s->some, 2);
  s->sets = gn_ceil_div(s->G, s->some);
}

static shape of_y(const gn_conv *d, int m) {
  shape s = {.H = d->H, .W = d->W, .Ho = d->Ho, .Wo = d->Wo, .ph = d->ph, .pw = d->pw, .ins = d->Ci, .outs = d->Co};
  s.m = m;
  set_sizes(&s, d);
  return s;
}

static shape of_dx(const gn_conv *d, int m) {
  shape s = {.H = d->Ho, .W = d->Wo, .Ho = d->H, .Wo = d->W, .ins = d->Co, .outs = d->Ci};
  s.ph = 2 - d->ph, s.pw = 2 - d->pw, s.m = m;
  set_sizes(&s, d);
  return s;
}

double gn_winograd_grouped_share(const gn_conv *d, int m) {
  const shape s = of_y(d, m);
  const double n = m + 2, transforms = m == 2 ? 150 : 450; /* of a tile, in products of vectors */
  const double tiles = (double)gn_ceil_div(s.Ho, m) * (double)gn_ceil_div(s.Wo, m);
  const double own = (double)(s.G * s.Ov) * tiles * (n * n * (double)s.C + transforms);
  const double in = (double)(s.ins / d->groups), vectors = (double)gn_ceil_div(s.outs / d->groups, LANES);
  return own / ((double)d->groups * vectors * 9.0 * in * (double)(s.Ho * s.Wo));
}

/* ---- blocks and frames ---- */

/* Images n0..n0+images-1, lines of tiles from i0 on, columns of tiles from j0 on; groups g0..g1-1. */
typedef struct block {
  gn_int n0, images, i0, rows, j0, cols, g0, g1;
} block;

static block block_at(const shape *s, gn_int t, gn_int set) {
  block b = {.j0 = t % s->nw * s->bw, .i0 = t / s->nw % s->nh * s->bh, .n0 = t / s->nw / s->nh * s->bn};
  b.cols = GN_MIN(s->bw, gn_ceil_div(s->Wo, s->m) - b.j0), b.rows = GN_MIN(s->bh, gn_ceil_div(s->Ho, s->m) - b.i0);
  b.images = GN_MIN(s->bn, s->N - b.n0);
  b.g0 = set * s->some, b.g1 = GN_MIN(s->G, b.g0 + s->some);
  return b;
}

static gn_int count(const block *b) { return b->images * b->rows * b->cols; }

/* Frames of one vector of channels: `images` of lines x cols pixels. */
typedef struct frame {
  gn_int lines, cols, size; /* size: reals of all images of a block */
} frame;

static frame frame_of(const shape *s, gn_int halo) {
  frame f = {.lines = s->bh * s->m + halo, .cols = s->bw * s->m + halo};
  f.size = s->bn * f.lines * f.cols * LANES;
  return f;
}

/* f (groups of the block, vectors of C channels: a frame each) <- pixels from line i0*m - ph and column j0*m - pw on of
** src (N,H,W,all), zeros outside */
INLINE void fill(gn_real *f, const frame *a, const shape *s, const block *b, const gn_real *src, gn_int H, gn_int W,
                 gn_int all, gn_int C, gn_int ph, gn_int pw) {
  const gn_int first = b->g0 * C, Cv = gn_ceil_div(C, LANES), vectors = (b->g1 - b->g0) * Cv;
  for (gn_int n = 0; n < b->images; n++)
    for (gn_int i = 0; i < a->lines; i++) {
      const gn_int h = b->i0 * s->m - ph + i;
      gn_real *to = f + (n * a->lines + i) * a->cols * LANES;
      for (gn_int j = 0; j < a->cols; j++, to += LANES) {
        const gn_int w = b->j0 * s->m - pw + j;
        if (h < 0 || h >= H || w < 0 || w >= W) {
          for (gn_int v = 0; v < vectors; v++) *(vec *)(to + v * a->size) = (vec){0};
          continue;
        }
        const gn_real *from = src + (((b->n0 + n) * H + h) * W + w) * all + first;
        if (C % LANES == 0)
          for (gn_int v = 0; v < vectors; v++) *(vec *)(to + v * a->size) = *(const vec *)(from + v * LANES);
        else
          for (gn_int v = 0; v < vectors; v++) {
            const gn_int c = v % Cv * LANES, have = GN_MIN(LANES, C - c);
            *(vec *)(to + v * a->size) = (vec){0};
            memcpy(to + v * a->size, from + v / Cv * C + c, (size_t)have * sizeof *to);
          }
      }
    }
}

/* ---- transforms ---- */

/* v[k*EACH] (LANES), k < b*b  <-  L x Lt, x: a x a pixels of a frame from f on, `line` reals from line to line */
INLINE void transform(gn_real *v, int b, int a, const gn_real *X, int transposed, const gn_real *f, gn_int line) {
  vec x[MAXP], y[MAXP];
#pragma GCC unroll 6
  for (int i = 0; i < a; i++)
#pragma GCC unroll 6
    for (int j = 0; j < a; j++) x[i * a + j] = *(const vec *)(f + i * line + j * LANES);
  gn_sandwich(b, a, X, transposed, x, y);
#pragma GCC unroll 36
  for (int k = 0; k < b * b; k++) *(vec *)(v + k * EACH) = y[k];
}

/* v (points, TILES, LANES) <- transformed tiles of one frame */
INLINE void load(gn_real *v, const gn_real *f, const frame *a, const block *b, int n, int r, const gn_real *X,
                 int transposed, int m) {
  for (gn_int q = 0; q < b->images; q++, f += a->lines * a->cols * LANES)
    for (gn_int i = 0; i < b->rows; i++)
      for (gn_int j = 0; j < b->cols; j++, v += LANES)
        transform(v, n, r, X, transposed, f + (i * a->cols + j) * m * LANES, a->cols * LANES);
}

/* ---- y and dx ---- */

/* c[t] (LANES) <- sum over q < C of v[t][q] * u[q*ldu] (LANES), t < R; v: vectors of points apart from each other */
INLINE void product(gn_real *c, const gn_real *v, gn_int points, const gn_real *u, gn_int ldu, gn_int C, int R) {
  vec s[ROWS];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) s[r] = (vec){0};
  for (gn_int c0 = 0; c0 < C; c0 += LANES, v += points * EACH)
    for (gn_int q = 0; q < GN_MIN(LANES, C - c0); q++, u += ldu) {
      const vec b = *(const vec *)u;
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) s[r] += v[r * LANES + q] * b;
    }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) *(vec *)(c + r * LANES) = s[r];
}

/* c (Ov, points, TILES, LANES) <- v (Cv, points, TILES, LANES) times u (points, C, Ov*LANES). Where each is one vector,
** c may be v. */
static void multiply(gn_real *c, const gn_real *v, const gn_real *u, const shape *s, gn_int points, gn_int nt) {
  for (gn_int k = 0; k < points; k++, u += s->C * s->Ov * LANES)
    for (gn_int o = 0; o < s->Ov; o++)
      for (gn_int t = 0; t < nt; t += ROWS) {
        gn_real *to = c + (o * points + k) * EACH + t * LANES;
        const gn_real *from = v + k * EACH + t * LANES;
        if (nt - t > ROWS / 2) product(to, from, points, u + o * LANES, s->Ov * LANES, s->C, ROWS);
        else product(to, from, points, u + o * LANES, s->Ov * LANES, s->C, ROWS / 2);
      }
}

/* out at the tiles of a block, `lanes` channels from o on  <-  At c A, c (points, TILES, LANES) */
INLINE void store_y(gn_real *out, const gn_real *c, const shape *s, const block *b, gn_int o, gn_int lanes, int m) {
  for (gn_int n = 0; n < b->images; n++)
    for (gn_int i = b->i0 * m; i < (b->i0 + b->rows) * m; i += m)
      for (gn_int j = b->j0 * m; j < (b->j0 + b->cols) * m; j += m, c += LANES) {
        const gn_int line = s->Wo * s->outs;
        gn_real *to = out + (((b->n0 + n) * s->Ho + i) * s->Wo + j) * s->outs + o;
        vec x[MAXP], y[16];
#pragma GCC unroll 36
        for (int k = 0; k < (m + 2) * (m + 2); k++) x[k] = *(const vec *)(c + k * EACH);
        gn_sandwich(m, m + 2, m == 2 ? At23 : At43, 0, x, y);
        if (lanes == LANES && i + m <= s->Ho && j + m <= s->Wo) {
#pragma GCC unroll 4
          for (int a = 0; a < m; a++)
#pragma GCC unroll 4
            for (int e = 0; e < m; e++) *(vec *)(to + a * line + e * s->outs) = y[a * m + e];
        } else
          for (gn_int a = 0; a < GN_MIN(m, s->Ho - i); a++)
            for (gn_int e = 0; e < GN_MIN(m, s->Wo - j); e++)
              memcpy(to + a * line + e * s->outs, &y[a * m + e], (size_t)lanes * sizeof *to);
      }
}

static gn_int points_of(const shape *s) { return (s->m + 2) * (s->m + 2); }
static gn_int kernel_size(const shape *s) { return points_of(s) * s->C * s->Ov * LANES; } /* of a group */

/* u (points, C, Ov*LANES) of a group <- G w Gt, w (3,3,Ci/groups,Co); dx: turned around */
INLINE void kernel_task(gn_real *u, const gn_real *w, const gn_conv *d, const shape *s, gn_int g, int dx, int m) {
  const gn_int within = d->Ci / d->groups, C = s->C / s->joined, O = s->O / s->joined;
  for (gn_int c = 0; c < s->C; c++)
    for (gn_int o = 0; o < s->Ov; o++) {
      const gn_int part = c / C, first = (g * s->joined + part) * O; /* the outputs that see channel c */
      const gn_int l0 = GN_MAX(0, part * O - o * LANES), l1 = GN_MIN(LANES, (part + 1) * O - o * LANES);
      gn_real taps[9 * LANES] = {0}, v[MAXP * EACH];
      for (gn_int k = 0; k < 9; k++)
        for (gn_int l = l0; l < l1; l++) {
          const gn_int j = o * LANES + l - part * O;
          taps[k * LANES + l] =
              dx ? w[((8 - k) * within + j) * d->Co + g * s->C + c] : w[(k * within + c % C) * d->Co + first + j];
        }
      transform(v, m + 2, 3, m == 2 ? G23 : G43, 0, taps, 3 * LANES);
      for (gn_int k = 0; k < (m + 2) * (m + 2); k++)
        *(vec *)(u + ((k * s->C + c) * s->Ov + o) * LANES) = *(const vec *)(v + k * EACH);
    }
}

static gn_int v_size(const shape *s) { return s->Cv * points_of(s) * EACH; }
static gn_int z_size(const shape *s) { return s->Ov * points_of(s) * EACH; }

static gn_int own_work(const shape *s) { /* of a thread */
  return v_size(s) + z_size(s) + s->some * s->Cv * frame_of(s, 2).size;
}

/* One task of y: a block of tiles, a set of groups. */
INLINE void y_task(gn_real *out, const gn_real *src, const gn_real *u, const shape *s, gn_int t, int m, gn_real *own) {
  const block b = block_at(s, t % s->blocks, t / s->blocks);
  const frame a = frame_of(s, 2);
  const gn_int points = (m + 2) * (m + 2);
  gn_real *v = own, *z = v + v_size(s), *f = z + z_size(s), *c = s->Cv == 1 && s->Ov == 1 ? v : z;
  fill(f, &a, s, &b, src, s->H, s->W, s->ins, s->C, s->ph, s->pw);
  for (gn_int g = b.g0; g < b.g1; g++, f += s->Cv * a.size) {
    for (gn_int k = 0; k < s->Cv; k++)
      load(v + k * points * EACH, f + k * a.size, &a, &b, m + 2, m + 2, m == 2 ? Bt23 : Bt43, 0, m);
    multiply(c, v, u + g * kernel_size(s), s, points, count(&b));
    for (gn_int k = 0; k < s->Ov; k++)
      store_y(out, c + k * points * EACH, s, &b, g * s->O + k * LANES, GN_MIN(LANES, s->O - k * LANES), m);
  }
}

static void run(gn_real *out, const gn_real *src, const gn_real *w, const gn_conv *d, const shape *s, int dx,
                gn_real *work) {
  gn_real *own = work + s->G * kernel_size(s);
  GN_PARALLEL_FOR
  for (gn_int g = 0; g < s->G; g++) {
    gn_real *u = work + g * kernel_size(s);
    if (s->m == 2) kernel_task(u, w, d, s, g, dx, 2); /* the compiler must see which: transforms are unrolled */
    else kernel_task(u, w, d, s, g, dx, 4);
  }
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < s->sets * s->blocks; t++) {
    gn_real *at = own + gn_thread_id() * own_work(s);
    if (s->m == 2) y_task(out, src, work, s, t, 2, at);
    else y_task(out, src, work, s, t, 4, at);
  }
}

void gn_winograd_grouped_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, int m, gn_real *work) {
  const shape s = of_y(d, m);
  run(y, x, w, d, &s, 0, work);
}

void gn_winograd_grouped_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, int m, gn_real *work) {
  const shape s = of_dx(d, m);
  run(dx, dy, w, d, &s, 1, work);
}

/* ---- dw ---- */

/* u[c] (LANES) += sum over t < nt of v[t][c] * z[t] (LANES), c < R */
INLINE void outer(gn_real *u, gn_int ldu, const gn_real *v, const gn_real *z, gn_int nt, int R) {
  vec s[ROWS];
#pragma GCC unroll 16
  for (int c = 0; c < R; c++) s[c] = *(const vec *)(u + c * ldu);
  for (gn_int t = 0; t < nt; t++, v += LANES, z += LANES) {
    const vec b = *(const vec *)z;
#pragma GCC unroll 16
    for (int c = 0; c < R; c++) s[c] += v[c] * b;
  }
#pragma GCC unroll 16
  for (int c = 0; c < R; c++) *(vec *)(u + c * ldu) = s[c];
}

#define STRETCH GN_MIN(ROWS, LANES) /* channels of x at a time: part of a vector, or all of it */

static gn_int rows_of(const shape *s) { return s->Cv * LANES; }
static gn_int sums_size(const shape *s) { return points_of(s) * rows_of(s) * s->Ov * LANES; } /* of a group */

/* dw (3,3,Ci/groups,Co) of a group <- Gt u G, u (points, Cv*LANES, Ov*LANES) */
INLINE void write_dw(gn_real *dw, const gn_conv *d, const shape *s, const gn_real *u, gn_int g, int m) {
  const gn_int within = d->Ci / d->groups, O = s->O / s->joined;
  for (gn_int c = 0; c < s->C; c++) {
    const gn_int part = c / within; /* of the outputs that were joined, its own count */
    for (gn_int o = part * O / LANES * LANES; o < (part + 1) * O; o += LANES) {
      const gn_int l0 = GN_MAX(o, part * O), l1 = GN_MIN(o + LANES, (part + 1) * O);
      vec x[MAXP], y[9];
#pragma GCC unroll 36
      for (int k = 0; k < (m + 2) * (m + 2); k++) x[k] = *(const vec *)(u + (k * rows_of(s) + c) * s->Ov * LANES + o);
      gn_sandwich(3, m + 2, m == 2 ? G23 : G43, 1, x, y);
      for (int k = 0; k < 9; k++)
        memcpy(dw + (k * within + c % within) * d->Co + g * s->O + l0, (gn_real *)&y[k] + l0 - o,
               (size_t)(l1 - l0) * sizeof *dw);
    }
  }
}

static gn_int parts_of(const gn_conv *d, const shape *s) {
  const gn_int size = 9 * (d->Ci / d->groups) * d->Co;
  gn_int parts = 1;
  while (parts * s->sets < TASKS && 2 * parts <= s->blocks && 2 * parts * size <= PARTS) parts *= 2;
  return parts;
}

static gn_int dw_work(const shape *s) { /* of a thread */
  return v_size(s) + z_size(s) + s->some * (sums_size(s) + s->Cv * frame_of(s, 2).size + s->Ov * frame_of(s, 0).size);
}

/* One task of dw: a set of groups, over blocks t0..t1-1. */
INLINE void dw_task(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, const shape *s, gn_int set,
                    gn_int t0, gn_int t1, int m, gn_real *own) {
  const frame a = frame_of(s, 2), e = frame_of(s, 0);
  const gn_int points = (m + 2) * (m + 2), ldu = s->Ov * LANES;
  gn_real *v = own, *z = v + v_size(s), *u = z + z_size(s), *fx = u + s->some * sums_size(s);
  gn_real *fy = fx + s->some * s->Cv * a.size;
  const gn_int g0 = set * s->some, g1 = GN_MIN(s->G, g0 + s->some);
  gn_zero_run(u, s->some * sums_size(s));
  for (gn_int t = t0; t < t1; t++) {
    const block b = block_at(s, t, set);
    fill(fx, &a, s, &b, x, s->H, s->W, s->ins, s->C, s->ph, s->pw);
    fill(fy, &e, s, &b, dy, s->Ho, s->Wo, s->outs, s->O, 0, 0);
    for (gn_int g = 0; g < g1 - g0; g++) {
      for (gn_int k = 0; k < s->Cv; k++)
        load(v + k * points * EACH, fx + (g * s->Cv + k) * a.size, &a, &b, m + 2, m + 2, m == 2 ? Bt23 : Bt43, 0, m);
      for (gn_int k = 0; k < s->Ov; k++)
        load(z + k * points * EACH, fy + (g * s->Ov + k) * e.size, &e, &b, m + 2, m, m == 2 ? At23 : At43, 1, m);
      for (gn_int k = 0; k < points; k++)
        for (gn_int o = 0; o < s->Ov; o++)
          for (gn_int c = 0; c < rows_of(s); c += STRETCH)
            outer(u + g * sums_size(s) + (k * rows_of(s) + c) * ldu + o * LANES, ldu,
                  v + (c / LANES * points + k) * EACH + c % LANES, z + (o * points + k) * EACH, count(&b), STRETCH);
    }
  }
  for (gn_int g = g0; g < g1; g++) write_dw(dw, d, s, u + (g - g0) * sums_size(s), g, m);
}

void gn_winograd_grouped_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, int m, gn_real *work) {
  const shape s = of_y(d, m);
  const gn_int size = 9 * (d->Ci / d->groups) * d->Co, parts = parts_of(d, &s), each = gn_ceil_div(s.blocks, parts);
  gn_real *sums = parts > 1 ? work : dw, *own = work + (parts > 1 ? parts * size : 0);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < s.sets * parts; t++) {
    const gn_int part = t % parts, t1 = GN_MIN(s.blocks, (part + 1) * each);
    gn_real *to = sums + part * size, *at = own + gn_thread_id() * dw_work(&s);
    if (m == 2) dw_task(to, x, dy, d, &s, t / parts, part * each, t1, 2, at);
    else dw_task(to, x, dy, d, &s, t / parts, part * each, t1, 4, at);
  }
  if (parts > 1) gn_sum_parts(dw, sums, size, parts);
}

gn_int gn_winograd_grouped_work(const gn_conv *d, gn_conv_pass pass, int m) {
  const shape s = pass == GN_CONV_DX ? of_dx(d, m) : of_y(d, m);
  if (pass != GN_CONV_DW) return s.G * kernel_size(&s) + gn_threads() * own_work(&s);
  const gn_int parts = parts_of(d, &s);
  return (parts > 1 ? parts * 9 * (d->Ci / d->groups) * d->Co : 0) + gn_threads() * dw_work(&s);
}
