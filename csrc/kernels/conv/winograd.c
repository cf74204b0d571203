/* winograd.c - the convolution triple by Winograd's minimal filtering (see winograd.h).
**
** Blocks of tiles are transformed into the cache of one thread, multiplied there point by point (n*n matrix products
** on register tiles), and transformed back. Blocks are fixed by the shape, so the result does not depend on the number
** of threads. */
#include "winograd.h"
#include "../../par.h"
#include "../runs.h"
#include "choice.h"
#include "sums.h"
#include "tile.h"
#include "winograd_line.h"
#include "winograd_tables.h"

#define ROWS GN_TILE_ROWS
#define COLS GN_TILE_COLS
#define LANES (COLS / 2)
#define MAXN 6
#define MAXP (MAXN * MAXN)      /* points */
#define DEPTH 256               /* channels multiplied at a time: panels of the kernel stay in the cache */
#define BLOCK ((gn_int)1 << 18) /* reals of a block: they stay in a second-level cache of 1 MB or near it */
#define MOST_TILES 192          /* tiles of a block, at most; a multiple of every GN_TILE_ROWS */
#define TASKS 8                 /* tasks wanted: enough to balance a few threads */
#define CHANNELS 128            /* rows of dw in one task, at most */
#define PARTS ((gn_int)1 << 20) /* reals of partial sums in dw */

static gn_int up(gn_int a, gn_int to) { return gn_ceil_div(a, to) * to; }

/* ---- the small transforms: out = L in Lt on every channel ---- */

/* out[k] (C), k < b*b  <-  (base[k], if there is a base) + L in Lt, in[k] (C), k < a*a. Every COLS channels, out moves
** on by `jump`. */
static inline __attribute__((always_inline)) void sandwich(int b, int a, const gn_real *X, int transposed,
                                                           const gn_real *const *in, const gn_real *const *base,
                                                           gn_real *const *out, gn_int C, gn_int jump) {
  gn_real tail_in[MAXP * LANES], tail_base[MAXP * LANES], tail_out[MAXP * LANES];
  for (gn_int c = 0; c < C; c += LANES) {
    const gn_int to = c / COLS * jump + c % COLS, rest = C - c;
    vec x[MAXP], y[MAXP];
    if (rest < LANES) {
      for (int k = 0; k < a * a; k++)
        for (gn_int j = 0; j < LANES; j++) tail_in[k * LANES + j] = j < rest ? in[k][c + j] : 0;
      if (base)
        for (int k = 0; k < b * b; k++)
          for (gn_int j = 0; j < LANES; j++) tail_base[k * LANES + j] = j < rest ? base[k][c + j] : 0;
    }
#pragma GCC unroll 36
    for (int k = 0; k < a * a; k++) x[k] = *(const vec *)(rest < LANES ? tail_in + k * LANES : in[k] + c);
    gn_sandwich(b, a, X, transposed, x, y);
    if (base) {
#pragma GCC unroll 36
      for (int k = 0; k < b * b; k++) y[k] += *(const vec *)(rest < LANES ? tail_base + k * LANES : base[k] + c);
    }
#pragma GCC unroll 36
    for (int k = 0; k < b * b; k++) *(vec *)(rest < LANES ? tail_out + k * LANES : out[k] + to) = y[k];
    if (rest < LANES)
      for (int k = 0; k < b * b; k++)
        for (gn_int j = 0; j < rest; j++) out[k][to + j] = tail_out[k * LANES + j];
  }
}

/* The same along one axis: out[k] (C), k < b  <-  L in, in[k] (C), k < a. */
static inline __attribute__((always_inline)) void rod(int b, int a, const gn_real *X, const gn_real *const *in,
                                                      gn_real *const *out, gn_int C, gn_int jump) {
  gn_real tail_in[MAXP * LANES], tail_out[MAXP * LANES];
  for (gn_int c = 0; c < C; c += LANES) {
    const gn_int to = c / COLS * jump + c % COLS, rest = C - c;
    vec x[MAXP], y[MAXP];
    if (rest < LANES)
      for (int k = 0; k < a; k++)
        for (gn_int j = 0; j < LANES; j++) tail_in[k * LANES + j] = j < rest ? in[k][c + j] : 0;
#pragma GCC unroll 10
    for (int k = 0; k < a; k++) x[k] = *(const vec *)(rest < LANES ? tail_in + k * LANES : in[k] + c);
    gn_line(b, a, X, 0, x, 1, y, 1);
#pragma GCC unroll 10
    for (int k = 0; k < b; k++) *(vec *)(rest < LANES ? tail_out + k * LANES : out[k] + to) = y[k];
    if (rest < LANES)
      for (int k = 0; k < b; k++)
        for (gn_int j = 0; j < rest; j++) out[k][to + j] = tail_out[k * LANES + j];
  }
}

typedef void transform(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump);
typedef void transform_add(const gn_real *const *in, const gn_real *const *base, gn_real *const *out, gn_int C);

typedef struct variant {
  int axes, m, r, n;                               /* axes: 2, or 1 for kernels of one line or column */
  transform *x_in, *y_out, *dy_in, *w_in, *dw_out; /* Bt x B, At y A, A dy At, G w Gt, Gt u G */
  transform_add *dx_out;                           /* base + B u Bt */
} variant;

#define FORWARD(m, r, n)                                                                                               \
  static void x_in##m##r(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump) {                       \
    sandwich(n, n, Bt##m##r, 0, in, NULL, out, C, jump);                                                               \
  }                                                                                                                    \
  static void y_out##m##r(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump) {                      \
    sandwich(m, n, At##m##r, 0, in, NULL, out, C, jump);                                                               \
  }                                                                                                                    \
  static void w_in##m##r(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump) {                       \
    sandwich(n, r, G##m##r, 0, in, NULL, out, C, jump);                                                                \
  }
#define ADJOINT(m, r, n)                                                                                               \
  static void dy_in##m##r(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump) {                      \
    sandwich(n, m, At##m##r, 1, in, NULL, out, C, jump);                                                               \
  }                                                                                                                    \
  static void dw_out##m##r(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump) {                     \
    sandwich(r, n, G##m##r, 1, in, NULL, out, C, jump);                                                                \
  }                                                                                                                    \
  static void dx_out##m##r(const gn_real *const *in, const gn_real *const *base, gn_real *const *out, gn_int C) {      \
    sandwich(n, n, Bt##m##r, 1, in, base, out, C, COLS);                                                               \
  }
#define ROD(m, r, n)                                                                                                   \
  static void x_rod##m##r(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump) {                      \
    rod(n, n, Bt##m##r, in, out, C, jump);                                                                             \
  }                                                                                                                    \
  static void y_rod##m##r(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump) {                      \
    rod(m, n, At##m##r, in, out, C, jump);                                                                             \
  }                                                                                                                    \
  static void w_rod##m##r(const gn_real *const *in, gn_real *const *out, gn_int C, gn_int jump) {                      \
    rod(n, r, G##m##r, in, out, C, jump);                                                                              \
  }

FORWARD(2, 2, 3)
ADJOINT(2, 2, 3)
FORWARD(4, 2, 5)
ADJOINT(4, 2, 5)
FORWARD(2, 3, 4)
ADJOINT(2, 3, 4)
FORWARD(4, 3, 6)
ADJOINT(4, 3, 6)
FORWARD(2, 5, 6)
ROD(4, 3, 6)
ROD(4, 7, 10)

#define ENTRY(m, r, n)                                                                                                 \
  { 2, m, r, n, x_in##m##r, y_out##m##r, dy_in##m##r, w_in##m##r, dw_out##m##r, dx_out##m##r }
#define ROD_ENTRY(m, r, n)                                                                                             \
  { 1, m, r, n, x_rod##m##r, y_rod##m##r, NULL, w_rod##m##r, NULL, NULL }
static const variant variants[] = {ENTRY(2, 2, 3),
                                   ENTRY(4, 2, 5),
                                   ENTRY(2, 3, 4),
                                   ENTRY(4, 3, 6),
                                   {2, 2, 5, 6, x_in25, y_out25, NULL, w_in25, NULL, NULL},
                                   ROD_ENTRY(4, 3, 6),
                                   ROD_ENTRY(4, 7, 10)};

/* ---- the shape ---- */

/* A picture of y is th x tw tiles of mh x mw, the last of which may hang over; x is seen as `phases` pictures: phase
** (a,b) of position (u,v) is x[stride*u + a - ph, stride*v + b - pw], and tile (i,j) takes its nh x nw positions from
** (i*mh, j*mw) on. A variant of one axis has m = n = r = 1 along the other. */
typedef struct tiling {
  const variant *v;
  const gn_conv *d;
  int mh, mw, nh, nw, rh, rw;
  gn_int stride, phases, points, outs, taps, th, tw, tiles; /* tiles: of the whole batch */
} tiling;

static int axes_of(const gn_conv *d) { return (d->Kh == 1) != (d->Kw == 1) ? 1 : 2; }

/* Returns the variant with tiles of m for this kernel, or NULL. */
static const variant *variant_of(const gn_conv *d, int m) {
  const gn_int r = d->sh == 1 ? GN_MAX(d->Kh, d->Kw) : 2;
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
    if (variants[i].m == m && variants[i].r == r && variants[i].axes == axes_of(d)) return variants + i;
  return NULL;
}

int gn_winograd_relu_fits(const gn_conv *d, int m) {
  if (gn_conv_winograd_fits(d)) return 1;
  if (d->sh != 1 || d->sw != 1 || d->dh != 1 || d->dw != 1 || (axes_of(d) == 2 && d->Kh != d->Kw)) return 0;
  return variant_of(d, m) != NULL;
}

static tiling tiling_of(const gn_conv *d, int m) {
  const variant *v = variant_of(d, m);
  const int h = v->axes == 2 || d->Kh > 1, w = v->axes == 2 || d->Kw > 1;
  tiling p = {.v = v, .d = d, .stride = d->sh, .phases = d->sh * d->sh};
  p.mh = h ? v->m : 1, p.nh = h ? v->n : 1, p.rh = h ? v->r : 1;
  p.mw = w ? v->m : 1, p.nw = w ? v->n : 1, p.rw = w ? v->r : 1;
  p.points = p.nh * p.nw, p.outs = p.mh * p.mw, p.taps = p.rh * p.rw;
  p.th = gn_ceil_div(d->Ho, p.mh), p.tw = gn_ceil_div(d->Wo, p.mw), p.tiles = d->N * p.th * p.tw;
  return p;
}

double gn_winograd_share(const gn_conv *d, int m) {
  const tiling p = tiling_of(d, m);
  return (double)(p.points * p.th * p.tw) / (double)(p.taps * d->Ho * d->Wo);
}

/* Image, first line and column of a tile's outputs. */
typedef struct where {
  gn_int n, i, j;
} where;

static where tile_at(const tiling *p, gn_int tile) {
  return (where){tile / (p->th * p->tw), tile / p->tw % p->th * p->mh, tile % p->tw * p->mw};
}

/* Index of the first channel of pixel k of a tile's patch of phase f in x, for every k < nh*nw; -1 on padding. */
static void patch_of_x(gn_int *at, const tiling *p, gn_int tile, gn_int f) {
  const gn_conv *d = p->d;
  const where t = tile_at(p, tile);
  const gn_int h0 = p->stride * t.i + f / p->stride - d->ph, w0 = p->stride * t.j + f % p->stride - d->pw;
  for (int i = 0; i < p->nh; i++) {
    const gn_int h = h0 + p->stride * i;
    for (int j = 0; j < p->nw; j++) {
      const gn_int w = w0 + p->stride * j;
      *at++ = h < 0 || h >= d->H || w < 0 || w >= d->W ? -1 : ((t.n * d->H + h) * d->W + w) * d->Ci;
    }
  }
}

/* The same for the mh*mw outputs of a tile in y, ld reals from pixel to pixel; -1 beyond the border. */
static void patch_of_y(gn_int *at, const tiling *p, gn_int tile, gn_int ld) {
  const gn_conv *d = p->d;
  const where t = tile_at(p, tile);
  for (gn_int i = t.i; i < t.i + p->mh; i++)
    for (gn_int j = t.j; j < t.j + p->mw; j++)
      *at++ = i >= d->Ho || j >= d->Wo ? -1 : ((t.n * d->Ho + i) * d->Wo + j) * ld;
}

/* v[point*each + tile*row + channel of the block, every COLS of them `jump` apart]  <-  channels c0..c0+C-1 of x,
** phase f, under tiles t0..t0+nt-1. zeros: C of them. */
static void load_x(gn_real *v, gn_int each, gn_int row, gn_int jump, const tiling *p, const gn_real *x, gn_int f,
                   gn_int c0, gn_int C, gn_int t0, gn_int nt, const gn_real *zeros) {
  for (gn_int t = 0; t < nt; t++) {
    gn_int at[MAXP];
    const gn_real *in[MAXP];
    gn_real *out[MAXP];
    patch_of_x(at, p, t0 + t, f);
    for (gn_int k = 0; k < p->points; k++) in[k] = at[k] < 0 ? zeros : x + at[k] + c0, out[k] = v + k * each + t * row;
    p->v->x_in(in, out, C, jump);
  }
}

static void load_dy(gn_real *v, gn_int each, gn_int row, gn_int jump, const tiling *p, const gn_real *dy, gn_int c0,
                    gn_int C, gn_int t0, gn_int nt, const gn_real *zeros) {
  for (gn_int t = 0; t < nt; t++) {
    gn_int at[MAXP];
    const gn_real *in[MAXP];
    gn_real *out[MAXP];
    patch_of_y(at, p, t0 + t, p->d->Co);
    for (gn_int k = 0; k < p->outs; k++) in[k] = at[k] < 0 ? zeros : dy + at[k] + c0;
    for (gn_int k = 0; k < p->points; k++) out[k] = v + k * each + t * row;
    p->v->dy_in(in, out, C, jump);
  }
}

/* c (tiles rounded up to ROWS, panels*COLS; rows of ldc)  <-  v (the same tiles, K; rows of ldv) times u, panels of
** (K, COLS) */
static void multiply(gn_real *c, gn_int ldc, const gn_real *v, gn_int ldv, const gn_real *u, gn_int tiles, gn_int K,
                     gn_int panels) {
  for (gn_int k = 0; k < K; k += DEPTH)
    for (gn_int o = 0; o < panels; o++)
      for (gn_int t = 0; t < tiles; t += ROWS) {
        const gn_real *a[ROWS];
        gn_real *to[ROWS];
        for (int r = 0; r < ROWS; r++) a[r] = v + (t + r) * ldv + k, to[r] = c + (t + r) * ldc + o * COLS;
        gn_tile(GN_MIN(DEPTH, K - k), 1, a, u + (o * K + k) * COLS, to, ROWS, COLS, k > 0);
      }
}

/* Rows of a power of two would fall on the same lines of the cache. */
static gn_int row_size(gn_int channels) { return up(channels, LANES) + LANES; }

/* ---- the kernel ---- */

/* Y: (points, panels of Co, phases*Ci, COLS). DX: (points, phases, panels of Ci, Co, COLS). */
gn_int gn_winograd_kernel_size(const gn_conv *d, gn_conv_pass pass, int m) {
  const tiling p = tiling_of(d, m);
  return p.points * p.phases * COLS * (pass != GN_CONV_DX ? gn_panels(d->Co) * d->Ci : gn_panels(d->Ci) * d->Co);
}

/* at[tap] <- where the taps of phase f, rh*rw of them, each (Ci,Co), begin in w or dw */
static void taps_of(gn_int *at, const tiling *p, gn_int f) {
  const gn_conv *d = p->d;
  for (int a = 0; a < p->rh; a++)
    for (int b = 0; b < p->rw; b++)
      *at++ = ((p->stride * a + f / p->stride) * d->Kw + p->stride * b + f % p->stride) * d->Ci * d->Co;
}

/* Channels c0..c1-1 of phase f of the kernel for pass Y, transformed. */
static void kernel_y(gn_real *u, const tiling *p, const gn_real *w, gn_int f, gn_int c0, gn_int c1) {
  const gn_int O = p->d->Co, K = p->phases * p->d->Ci, panels = gn_panels(O);
  const gn_real *in[MAXP];
  gn_real *out[MAXP];
  gn_int taps[MAXP];
  taps_of(taps, p, f);
  for (gn_int c = c0; c < c1; c++) {
    for (int k = 0; k < p->taps; k++) in[k] = w + taps[k] + c * O;
    for (gn_int k = 0; k < p->points; k++) {
      out[k] = u + (k * panels * K + f * p->d->Ci + c) * COLS;
      if (O % COLS) gn_zero_run(out[k] + (panels - 1) * K * COLS, COLS);
    }
    p->v->w_in(in, out, O, K * COLS);
  }
}

/* One panel of phase f of the kernel for pass DX, transformed. It is turned over in squares that fit the first cache,
** so that the transform finds the channels of x side by side. */
static void kernel_dx(gn_real *u, const tiling *p, const gn_real *w, gn_int f, gn_int panel) {
  const gn_int O = p->d->Co, panels = gn_panels(p->d->Ci), c0 = panel * COLS, C = GN_MIN(COLS, p->d->Ci - c0);
  const gn_int taps = p->taps;
  const gn_real *in[MAXP];
  gn_real turned[9 * LANES * COLS], *out[MAXP];
  gn_int from[MAXP];
  taps_of(from, p, f);
  for (gn_int o0 = 0; o0 < O; o0 += LANES) {
    const gn_int on = GN_MIN(LANES, O - o0);
    for (gn_int k = 0; k < taps; k++)
      for (gn_int c = 0; c < COLS; c++)
        for (gn_int o = 0; o < on; o++)
          turned[(k * LANES + o) * COLS + c] = c < C ? w[from[k] + (c0 + c) * O + o0 + o] : 0;
    for (gn_int o = 0; o < on; o++) {
      for (gn_int k = 0; k < taps; k++) in[k] = turned + (k * LANES + o) * COLS;
      for (gn_int k = 0; k < p->points; k++) out[k] = u + (((k * p->phases + f) * panels + panel) * O + o0 + o) * COLS;
      p->v->w_in(in, out, COLS, COLS);
    }
  }
}

void gn_winograd_kernel(gn_real *u, const gn_real *w, const gn_conv *d, gn_conv_pass pass, int m) {
  const tiling p = tiling_of(d, m);
  const gn_int panels = gn_panels(d->Ci); /* of channels of x, for both passes */
  GN_PARALLEL_FOR_IF(d->Kh * d->Kw * d->Ci * d->Co > GN_PAR_MIN)
  for (gn_int t = 0; t < p.phases * panels; t++) {
    const gn_int f = t / panels, o = t % panels;
    if (pass != GN_CONV_DX) kernel_y(u, &p, w, f, o * COLS, GN_MIN(d->Ci, (o + 1) * COLS));
    else kernel_dx(u, &p, w, f, o);
  }
}

/* ---- y ---- */

/* How a pass is divided into tasks: blocks of `block` tiles by groups of `width` panels. */
typedef struct division {
  gn_int block, blocks, width, groups;
} division;

static gn_int block_size(const tiling *p, gn_int row) {
  return GN_MAX(4 * ROWS, GN_MIN(MOST_TILES, BLOCK / (p->points * row) / ROWS * ROWS));
}

static void divide_panels(division *c, gn_int panels) {
  c->width = panels;
  while (c->blocks * gn_ceil_div(panels, c->width) < TASKS && c->width > 2) c->width = gn_ceil_div(c->width, 2);
  c->groups = gn_ceil_div(panels, c->width);
}

static division divide_y(const tiling *p) {
  const gn_int most = block_size(p, p->phases * p->d->Ci + p->d->Co);
  division c;
  c.block = up(gn_ceil_div(p->tiles, gn_ceil_div(p->tiles, most)), ROWS); /* equal blocks */
  c.blocks = gn_ceil_div(p->tiles, c.block);
  divide_panels(&c, gn_panels(p->d->Co));
  return c;
}

static gn_int work_y(const tiling *p, const division *c) {
  return p->points * c->block * (row_size(p->phases * p->d->Ci) + row_size(c->width * COLS)) +
         GN_MAX(p->d->Ci, p->d->Co);
}

/* One task of y: a block of tiles by a group of panels of channels. */
static void y_task(gn_real *y, gn_int ldy, const tiling *p, const division *q, const gn_real *x, const gn_real *u,
                   const gn_real *bias, gn_int task, gn_real *work) {
  const gn_conv *d = p->d;
  const gn_int K = p->phases * d->Ci, ldv = row_size(K), ldc = row_size(q->width * COLS), panels = gn_panels(d->Co);
  const gn_int t0 = task / q->groups * q->block, nt = GN_MIN(q->block, p->tiles - t0), rows = up(nt, ROWS);
  const gn_int o0 = task % q->groups * q->width, on = GN_MIN(q->width, panels - o0),
               C = GN_MIN(d->Co - o0 * COLS, on * COLS);
  gn_real *v = work, *c = v + p->points * q->block * ldv, *spare = c + p->points * q->block * ldc;
  gn_zero_run(spare, d->Ci);
  /* the tiles' patches of x, transformed: a row of all phases' channels for each tile and point */
  for (gn_int f = 0; f < p->phases; f++)
    load_x(v + f * d->Ci, q->block * ldv, ldv, COLS, p, x, f, 0, d->Ci, t0, nt, spare);
  /* one product per point; the rows that fill up the last register tile are zeros */
  for (gn_int k = 0; k < p->points; k++) {
    gn_real *vk = v + k * q->block * ldv;
    gn_zero_run(vk + nt * ldv, (rows - nt) * ldv);
    multiply(c + k * q->block * ldc, ldc, vk, ldv, u + (k * panels + o0) * K * COLS, rows, K, on);
  }
  /* transformed back into y; what hangs over the border goes to spare */
  for (gn_int t = 0; t < nt; t++) {
    gn_int at[MAXP];
    const gn_real *in[MAXP];
    gn_real *out[MAXP];
    patch_of_y(at, p, t0 + t, ldy);
    for (gn_int k = 0; k < p->points; k++) in[k] = c + (k * q->block + t) * ldc;
    for (gn_int k = 0; k < p->outs; k++) out[k] = at[k] < 0 ? spare : y + at[k] + o0 * COLS;
    p->v->y_out(in, out, C, COLS);
    for (gn_int k = 0; bias && k < p->outs; k++)
      if (at[k] >= 0) gn_bias_relu_run(out[k], bias + o0 * COLS, C);
  }
}

void gn_winograd_y(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *u, const gn_real *bias, const gn_conv *d,
                   int m, gn_real *work) {
  const tiling p = tiling_of(d, m);
  const division q = divide_y(&p);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < q.blocks * q.groups; t++)
    y_task(y, ldy, &p, &q, x, u, bias, t, work + gn_thread_id() * work_y(&p, &q));
}

/* ---- dx ---- */

/* Here `blocks` counts tasks' runs of `images` images, whose tiles are walked in blocks. */
typedef struct image_division {
  division c;
  gn_int images;
} image_division;

static image_division divide_dx(const tiling *p) {
  const gn_int most = block_size(p, p->d->Co + p->phases * p->d->Ci), each = p->th * p->tw;
  image_division q;
  q.images = GN_MAX(1, GN_MIN(most / each, gn_ceil_div(p->d->N, TASKS)));
  q.c.blocks = gn_ceil_div(p->d->N, q.images);
  q.c.block = GN_MIN(most, up(q.images * each, ROWS));
  divide_panels(&q.c, gn_panels(p->d->Ci));
  return q;
}

static gn_int work_dx(const tiling *p, const division *c) {
  return p->points * c->block * (row_size(p->d->Co) + row_size(p->phases * c->width * COLS)) +
         GN_MAX(p->d->Co, c->width * COLS) + c->width * COLS;
}

/* One task of dx: a run of images by a group of panels of channels. */
static void dx_task(gn_real *dx, const tiling *p, const image_division *q, const gn_real *dy, const gn_real *u,
                    gn_int task, gn_real *work) {
  const gn_conv *d = p->d;
  const gn_int K = d->Co, panels = gn_panels(d->Ci), o0 = task % q->c.groups * q->c.width,
               on = GN_MIN(q->c.width, panels - o0);
  const gn_int c0 = o0 * COLS, C = GN_MIN(d->Ci - c0, on * COLS), ldv = row_size(K),
               ldc = row_size(p->phases * q->c.width * COLS);
  const gn_int i0 = task / q->c.groups * q->images, i1 = GN_MIN(d->N, i0 + q->images), each = p->th * p->tw;
  const gn_int lap = p->v->r - 1, h1 = p->stride * (p->th * p->v->m + lap) - d->ph,
               w1 = p->stride * (p->tw * p->v->m + lap) - d->pw;
  gn_real *v = work, *c = v + p->points * q->c.block * ldv, *zeros = c + p->points * q->c.block * ldc;
  gn_real *spare = zeros + GN_MAX(K, q->c.width * COLS);
  gn_zero_run(zeros, GN_MAX(K, C));
  /* what no tile reaches is 0 */
  for (gn_int n = i0; n < i1; n++)
    for (gn_int h = 0; h < d->H; h++)
      for (gn_int w = h < h1 ? GN_MAX(0, w1) : 0; w < d->W; w++)
        gn_zero_run(dx + ((n * d->H + h) * d->W + w) * d->Ci + c0, C);
  for (gn_int t0 = i0 * each; t0 < i1 * each; t0 += q->c.block) {
    const gn_int nt = GN_MIN(q->c.block, i1 * each - t0), rows = up(nt, ROWS);
    /* the tiles of dy, transformed, times the kernel of every point and phase */
    load_dy(v, q->c.block * ldv, ldv, COLS, p, dy, 0, K, t0, nt, zeros);
    for (gn_int k = 0; k < p->points; k++) {
      gn_real *vk = v + k * q->c.block * ldv;
      gn_zero_run(vk + nt * ldv, (rows - nt) * ldv);
      for (gn_int f = 0; f < p->phases; f++)
        multiply(c + k * q->c.block * ldc + f * on * COLS, ldc, vk, ldv,
                 u + ((k * p->phases + f) * panels + o0) * K * COLS, rows, K, on);
    }
    /* transformed back and added to the patches of dx: the first tile to reach a pixel sets it, later ones add */
    for (gn_int t = 0; t < nt; t++)
      for (gn_int f = 0; f < p->phases; f++) {
        const where tile = tile_at(p, t0 + t);
        gn_int at[MAXP];
        const gn_real *in[MAXP], *base[MAXP];
        gn_real *out[MAXP];
        patch_of_x(at, p, t0 + t, f);
        for (int i = 0, k = 0; i < p->v->n; i++)
          for (int j = 0; j < p->v->n; j++, k++) {
            const int later = (i < lap && tile.i > 0) || (j < lap && tile.j > 0);
            in[k] = c + (k * q->c.block + t) * ldc + f * on * COLS;
            out[k] = at[k] < 0 ? spare : dx + at[k] + c0;
            base[k] = at[k] < 0 || !later ? zeros : out[k];
          }
        p->v->dx_out(in, base, out, C);
      }
  }
}

void gn_winograd_dx(gn_real *dx, const gn_real *dy, const gn_real *u, const gn_conv *d, int m, gn_real *work) {
  const tiling p = tiling_of(d, m);
  const image_division q = divide_dx(&p);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < q.c.blocks * q.c.groups; t++)
    dx_task(dx, &p, &q, dy, u, t, work + gn_thread_id() * work_dx(&p, &q.c));
}

/* ---- dw ---- */

/* `chunk` channels of x of one phase by groups of `width` panels of dy, over `parts` parts of the tiles. */
typedef struct dw_division {
  gn_int chunk, chunks, width, groups, block, part, parts;
} dw_division;

static dw_division divide_dw(const tiling *p) {
  const gn_conv *d = p->d;
  const gn_int panels = gn_panels(d->Co), size = d->Kh * d->Kw * d->Ci * d->Co;
  dw_division q;
  q.chunks = gn_ceil_div(d->Ci, CHANNELS);
  q.chunk = gn_ceil_div(d->Ci, q.chunks);
  q.width = panels;
  /* sums stay in a cache; then tasks enough for a few threads */
  while (p->points * q.chunk * q.width * COLS > BLOCK / 2 && q.width > 2) q.width = gn_ceil_div(q.width, 2);
  while (p->phases * q.chunks * gn_ceil_div(panels, q.width) < TASKS && q.width > 2) q.width = gn_ceil_div(q.width, 2);
  q.groups = gn_ceil_div(panels, q.width);
  q.block = block_size(p, q.chunk + q.width * COLS);
  q.parts = 1;
  while (q.parts * p->phases * q.chunks * q.groups < TASKS && p->tiles > 4 * q.parts * q.block &&
         2 * q.parts * size <= PARTS)
    q.parts *= 2;
  q.part = gn_ceil_div(p->tiles, q.parts);
  return q;
}

static gn_int work_dw(const tiling *p, const dw_division *q) {
  return p->points * (q->block * (row_size(q->chunk) + q->width * COLS) + up(q->chunk, ROWS) * q->width * COLS) +
         GN_MAX(q->chunk, q->width * COLS);
}

/* One task of dw: a chunk of channels of x in one phase by a group of panels of dy, over one part of the tiles. */
static void dw_task(gn_real *dw, const tiling *p, const dw_division *q, const gn_real *x, const gn_real *dy,
                    gn_int task, gn_int part, gn_real *work) {
  const gn_conv *d = p->d;
  const gn_int f = task / q->groups / q->chunks, c0 = task / q->groups % q->chunks * q->chunk,
               C = GN_MIN(q->chunk, d->Ci - c0);
  const gn_int o0 = task % q->groups * q->width, on = GN_MIN(q->width, gn_panels(d->Co) - o0),
               O = GN_MIN(d->Co - o0 * COLS, on * COLS);
  const gn_int ldv = row_size(q->chunk), t1 = GN_MIN(p->tiles, (part + 1) * q->part), ldu = on * COLS,
               rows = up(C, ROWS);
  const gn_int vs = q->block * ldv, zs = q->block * ldu, us = rows * ldu;
  gn_real *v = work, *z = v + p->points * vs, *u = z + p->points * q->block * q->width * COLS;
  gn_real *zeros = u + p->points * up(q->chunk, ROWS) * q->width * COLS;
  gn_zero_run(zeros, GN_MAX(C, O));
  gn_zero_run(v, p->points * vs); /* the spare channels at the end of a row are multiplied too */
  if (O % COLS) gn_zero_run(z, p->points * zs);
  gn_zero_run(u, p->points * us);
  /* u += x' dy of every point, a block of tiles at a time */
  for (gn_int t0 = part * q->part; t0 < t1; t0 += q->block) {
    const gn_int nt = GN_MIN(q->block, t1 - t0);
    load_x(v, vs, ldv, COLS, p, x, f, c0, C, t0, nt, zeros);
    load_dy(z, zs, COLS, q->block * COLS, p, dy, o0 * COLS, O, t0, nt, zeros);
    for (gn_int k = 0; k < p->points; k++)
      for (gn_int o = 0; o < on; o++)
        for (gn_int c = 0; c < C; c += ROWS) {
          const gn_real *a[ROWS];
          gn_real *to[ROWS];
          for (int r = 0; r < ROWS; r++) a[r] = v + k * vs + c + r, to[r] = u + k * us + (c + r) * ldu + o * COLS;
          gn_tile(nt, ldv, a, z + k * zs + o * q->block * COLS, to, ROWS, COLS, 1);
        }
  }
  /* the sums, transformed back to the taps of this phase */
  gn_real *out[MAXP];
  const gn_real *in[MAXP];
  gn_int taps[MAXP];
  taps_of(taps, p, f);
  for (gn_int c = 0; c < C; c++) {
    for (gn_int k = 0; k < p->points; k++) in[k] = u + k * us + c * ldu;
    for (int k = 0; k < p->taps; k++) out[k] = dw + taps[k] + (c0 + c) * d->Co + o0 * COLS;
    p->v->dw_out(in, out, O, COLS);
  }
}

void gn_winograd_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, int m, gn_real *work) {
  const tiling p = tiling_of(d, m);
  const dw_division q = divide_dw(&p);
  const gn_int tasks = p.phases * q.chunks * q.groups, size = d->Kh * d->Kw * d->Ci * d->Co;
  gn_real *sums = q.parts > 1 ? work : dw, *own = work + (q.parts > 1 ? q.parts * size : 0);
  GN_PARALLEL_FOR
  for (gn_int t = 0; t < tasks * q.parts; t++)
    dw_task(sums + t / tasks * size, &p, &q, x, dy, t % tasks, t / tasks, own + gn_thread_id() * work_dw(&p, &q));
  if (q.parts > 1) gn_sum_parts(dw, sums, size, q.parts);
}

gn_int gn_winograd_work(const gn_conv *d, gn_conv_pass pass, int m) {
  const tiling p = tiling_of(d, m);
  if (pass == GN_CONV_Y || pass == GN_CONV_RELU) {
    const division q = divide_y(&p);
    return gn_threads() * work_y(&p, &q);
  }
  if (pass == GN_CONV_DX) {
    const image_division q = divide_dx(&p);
    return gn_threads() * work_dx(&p, &q.c);
  }
  const dw_division q = divide_dw(&p);
  return (q.parts > 1 ? q.parts * d->Kh * d->Kw * d->Ci * d->Co : 0) + gn_threads() * work_dw(&p, &q);
}
