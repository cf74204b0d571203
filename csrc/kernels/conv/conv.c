/* conv.c - the convolution triple: which engine for which shape.
**
**   plain      1x1 kernels, and kernels that cover the input: one matrix product
**   winograd   3x3 of stride 1 and 4x4 of stride 2 with enough channels (winograd.c)
**              for inference 5x5, 1x7, 7x1, 1x3, 3x1, too
**   columns    dx with few channels (conv_direct.c)
**   exchanged  y with few channels and stride 1, on the convolution from y to x with the taps backwards: for pass DW,
**              and for pass Y where `columns` fits
**   depthwise  every channel by itself (depthwise.c)
**   grouped    groups of channels (grouped.c); 3x3 of stride 1 with enough channels a group (winograd_grouped.c)
**   gather     everything else (conv_direct.c) */
#include "conv.h"
#include "../gemm.h"
#include "../runs.h"
#include "choice.h"
#include "conv_direct.h"
#include "depthwise.h"
#include "grouped.h"
#include "winograd.h"
#include "winograd_grouped.h"

#define LEAST_CHANNELS 24 /* of x and of y, for Winograd's engines to pay */
#define LEAST_IN_GROUP 4  /* the same, of a group */
#define TRANSFORM 24      /* what transforming a number of x or y costs, in multiply-adds */
#define TRANSFORM_W 60    /* the same for a number of the kernel, in memory */

typedef enum {
  EMPTY,
  DEPTHWISE,
  GROUPED,
  GROUPED2,
  GROUPED4,
  POINTS,
  COVER,
  COLUMNS,
  EXCHANGED,
  GATHER,
  WINOGRAD2,
  WINOGRAD4
} engine;

static int is_winograd(engine e) { return e == WINOGRAD2 || e == WINOGRAD4; }
static int is_grouped_winograd(engine e) { return e == GROUPED2 || e == GROUPED4; }
static int tile(engine e) { return e == WINOGRAD4 || e == GROUPED4 ? 4 : 2; }              /* of a Winograd engine */
static engine winograd(int m) { return m == 2 ? WINOGRAD2 : m == 4 ? WINOGRAD4 : GATHER; } /* m = 0: none of them */

/* Returns the tile whose products and transforms cost least, or 0 where the plain convolution costs less. kept: for
** pass RELU, whose kernel is transformed once for many calls. */
static int tile_of(const gn_conv *d, int kept) {
  const double thin = (double)GN_MIN(d->Ci, d->Co);
  double least = 1;
  int best = 0;
  if (thin < LEAST_CHANNELS || (!kept && !gn_conv_winograd_fits(d))) return 0;
  for (int m = 2; m <= d->largest_tile; m += 2) {
    if (kept && !gn_winograd_relu_fits(d, m)) continue;
    const double weights = (double)(d->Kh * d->Kw * d->Ci * d->Co), outputs = (double)(d->N * d->Ho * d->Wo);
    const double kernel = (double)gn_winograd_kernel_size(d, GN_CONV_Y, m) / (weights * outputs);
    const double cost = gn_winograd_share(d, m) * (1 + TRANSFORM / thin) + (kept ? 0 : kernel * TRANSFORM_W);
    if (cost < least) least = cost, best = m;
  }
  return best;
}

/* Returns the convolution from y to x: its dx is y, its kernel has the taps backwards and Ci and Co exchanged. */
static gn_conv exchanged(const gn_conv *d) {
  gn_conv e = *d;
  e.H = d->Ho, e.W = d->Wo, e.Ci = d->Co, e.Ho = d->H, e.Wo = d->W, e.Co = d->Ci;
  e.ph = d->dh * (d->Kh - 1) - d->ph, e.pw = d->dw * (d->Kw - 1) - d->pw;
  return e;
}

/* Returns 1 where y has so few channels that most of a vector of them would be idle. */
static int exchange_fits(const gn_conv *d, gn_conv_pass pass) {
  const gn_conv e = exchanged(d);
  if (pass == GN_CONV_DX || d->sh != 1 || d->sw != 1 || d->Co > GN_THIN || d->Ci < 2 * d->Co || e.ph < 0 || e.pw < 0)
    return 0;
  if (d->Ho != d->H + 2 * d->ph - d->dh * (d->Kh - 1) || d->Wo != d->W + 2 * d->pw - d->dw * (d->Kw - 1)) return 0;
  return pass == GN_CONV_DW || gn_columns_fit(&e);
}

/* to (Kh,Kw,Co,Ci)  <-  from (Kh,Kw,Ci,Co): taps backwards */
static void exchange_kernel(gn_real *to, const gn_real *from, gn_int taps, gn_int Ci, gn_int Co) {
  for (gn_int t = 0; t < taps; t++)
    for (gn_int c = 0; c < Ci; c++)
      for (gn_int o = 0; o < Co; o++) to[((taps - 1 - t) * Co + o) * Ci + c] = from[(t * Ci + c) * Co + o];
}

/* Returns the engine of pass RELU: one of those that read a kernel made for them, and rectify results while these are
** in the cache. */
static engine relu_engine(const gn_conv *d) {
  const int m = d->engine == GN_CONV_AUTO        ? tile_of(d, 1)
                : d->engine == GN_CONV_WINOGRAD2 ? 2
                : d->engine == GN_CONV_WINOGRAD4 ? 4
                                                 : 0;
  return winograd(m);
}

static engine grouped_engine(const gn_conv *d) {
  double least = 1;
  engine best = GROUPED;
  if (d->engine == GN_CONV_WINOGRAD2) return GROUPED2;
  if (d->engine == GN_CONV_WINOGRAD4) return GROUPED4;
  if (d->engine == GN_CONV_DIRECT || !gn_conv_winograd_fits(d)) return GROUPED;
  if (GN_MIN(d->Ci, d->Co) < LEAST_IN_GROUP * d->groups) return GROUPED;
  for (int m = 2; m <= d->largest_tile; m += 2)
    if (gn_winograd_grouped_share(d, m) < least)
      least = gn_winograd_grouped_share(d, m), best = m == 2 ? GROUPED2 : GROUPED4;
  return best;
}

static engine engine_of(const gn_conv *d, gn_conv_pass pass) {
  if (d->N == 0 || d->H == 0 || d->W == 0 || d->Ci == 0 || d->Co == 0 || d->Ho == 0 || d->Wo == 0) return EMPTY;
  if (gn_depthwise_fits(d) && d->engine != GN_CONV_WINOGRAD2 && d->engine != GN_CONV_WINOGRAD4) return DEPTHWISE;
  if (d->groups > 1) return grouped_engine(d);
  if (pass == GN_CONV_RELU) return relu_engine(d);
  const int bare = d->ph == 0 && d->pw == 0;
  if (bare && d->Kh == 1 && d->Kw == 1 && d->sh == 1 && d->sw == 1 && d->Ho == d->H && d->Wo == d->W) return POINTS;
  if (bare && d->Ho == 1 && d->Wo == 1 && d->Kh == d->H && d->Kw == d->W && d->dh == 1 && d->dw == 1 &&
      d->H * d->W < INT32_MAX / d->Ci)
    return COVER; /* one row of its matrix is a picture; BLAS takes row strides as int */
  if (d->engine == GN_CONV_WINOGRAD2) return WINOGRAD2;
  if (d->engine == GN_CONV_WINOGRAD4) return WINOGRAD4;
  if (pass == GN_CONV_DX && gn_columns_fit(d)) return COLUMNS;
  if (exchange_fits(d, pass)) return EXCHANGED;
  const int m = d->engine == GN_CONV_AUTO ? tile_of(d, 0) : 0;
  return winograd(m);
}

/* Computes the sizes of a plain product: x (m,k), w (k,n), y (m,n). */
static void plain_sizes(const gn_conv *d, engine e, gn_int *m, gn_int *n, gn_int *k) {
  const gn_int pixels = e == EMPTY ? 0 : d->H * d->W;
  *m = e == POINTS ? d->N * pixels : d->N;
  *k = e == POINTS ? d->Ci : pixels * d->Ci;
  *n = d->Co;
}

/* Returns a * b * c * e, where the others may not fit beside a zero. */
static gn_int count(gn_int a, gn_int b, gn_int c, gn_int e) {
  return a == 0 || b == 0 || c == 0 || e == 0 ? 0 : a * b * c * e;
}

gn_int gn_conv2d_work(const gn_conv *d, gn_conv_pass pass) {
  const engine e = engine_of(d, pass);
  gn_int m, n, k;
  if (e == EMPTY) return 0;
  if (e == DEPTHWISE) return pass == GN_CONV_DW ? gn_depthwise_work(d) : 0;
  if (e == GROUPED) return gn_grouped_work(d, pass);
  if (is_grouped_winograd(e)) return gn_winograd_grouped_work(d, pass, tile(e));
  if (e == POINTS || e == COVER) {
    plain_sizes(d, e, &m, &n, &k);
    return pass == GN_CONV_Y    ? gn_gemm_par_work(0, 0, m, n, k)
           : pass == GN_CONV_DX ? gn_gemm_par_work(0, 1, m, k, n)
                                : gn_gemm_par_work(1, 0, k, n, m);
  }
  if (e == COLUMNS) return gn_columns_work(d);
  if (e == EXCHANGED) {
    const gn_conv x = exchanged(d);
    return d->Kh * d->Kw * d->Ci * d->Co + (pass == GN_CONV_Y ? gn_columns_work(&x) : gn_gather_work(&x, GN_CONV_DW));
  }
  if (e == GATHER) return gn_gather_work(d, pass);
  return gn_winograd_work(d, pass, tile(e));
}

gn_int gn_conv2d_kernel_size(const gn_conv *d, gn_conv_pass pass) {
  const engine e = engine_of(d, pass);
  if (e == GATHER && pass == GN_CONV_RELU) return gn_gather_kernel_size(d);
  return is_winograd(e) && pass != GN_CONV_DW ? gn_winograd_kernel_size(d, pass, tile(e)) : 0;
}

void gn_conv2d_kernel(gn_real *u, const gn_real *w, const gn_conv *d, gn_conv_pass pass) {
  const engine e = engine_of(d, pass);
  if (is_winograd(e)) gn_winograd_kernel(u, w, d, pass, tile(e));
  else if (e == GATHER && pass == GN_CONV_RELU) gn_gather_kernel(u, w, d);
}

int gn_conv2d_kernel_form(const gn_conv *d, gn_conv_pass pass) { return (int)engine_of(d, pass); }

void gn_conv2d(gn_real *y, const gn_real *x, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work) {
  const engine e = engine_of(d, GN_CONV_Y);
  gn_int m, n, k;
  plain_sizes(d, e, &m, &n, &k);
  if (e == EMPTY) gn_zero_run(y, count(d->N, d->Ho, d->Wo, d->Co));
  else if (e == DEPTHWISE) gn_depthwise_y(y, x, w, d);
  else if (e == GROUPED) gn_grouped_y(y, x, w, d, work);
  else if (is_grouped_winograd(e)) gn_winograd_grouped_y(y, x, w, d, tile(e), work);
  else if (e == GATHER) gn_gather_y(y, x, w, d, work);
  else if (e == EXCHANGED) {
    const gn_conv other = exchanged(d);
    exchange_kernel(work, w, d->Kh * d->Kw, d->Ci, d->Co);
    gn_columns_dx(y, x, work, &other, work + d->Kh * d->Kw * d->Ci * d->Co);
  } else if (is_winograd(e)) gn_winograd_y(y, d->Co, x, u, NULL, d, tile(e), work);
  else gn_gemm_par(0, 0, m, n, k, x, k, w, n, y, work);
}

void gn_conv2d_relu(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *u, const gn_real *bias, const gn_conv *d,
                    gn_real *work) {
  const engine e = engine_of(d, GN_CONV_RELU);
  if (is_winograd(e)) gn_winograd_y(y, ldy, x, u, bias, d, tile(e), work);
  else if (e == GATHER) gn_gather_packed(y, ldy, x, u, bias, d, work);
  else
    for (gn_int i = 0; i < count(d->N, d->Ho, d->Wo, 1); i++)
      for (gn_int o = 0; o < d->Co; o++) y[i * ldy + o] = bias[o] < 0 ? 0 : bias[o];
}

void gn_conv2d_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work) {
  const engine e = engine_of(d, GN_CONV_DX);
  gn_int m, n, k;
  plain_sizes(d, e, &m, &n, &k);
  if (e == EMPTY) gn_zero_run(dx, count(d->N, d->H, d->W, d->Ci));
  else if (e == DEPTHWISE) gn_depthwise_dx(dx, dy, w, d);
  else if (e == GROUPED) gn_grouped_dx(dx, dy, w, d, work);
  else if (is_grouped_winograd(e)) gn_winograd_grouped_dx(dx, dy, w, d, tile(e), work);
  else if (e == GATHER) gn_gather_dx(dx, dy, w, d, work);
  else if (e == COLUMNS) gn_columns_dx(dx, dy, w, d, work);
  else if (is_winograd(e)) gn_winograd_dx(dx, dy, u, d, tile(e), work);
  else gn_gemm_par(0, 1, m, k, n, dy, n, w, n, dx, work);
}

void gn_conv2d_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work) {
  const engine e = engine_of(d, GN_CONV_DW);
  gn_int m, n, k;
  plain_sizes(d, e, &m, &n, &k);
  if (e == EMPTY) gn_zero_run(dw, count(d->Kh, d->Kw, d->Ci / d->groups, d->Co));
  else if (e == DEPTHWISE) gn_depthwise_dw(dw, x, dy, d, work);
  else if (e == GROUPED) gn_grouped_dw(dw, x, dy, d, work);
  else if (is_grouped_winograd(e)) gn_winograd_grouped_dw(dw, x, dy, d, tile(e), work);
  else if (e == GATHER) gn_gather_dw(dw, x, dy, d, work);
  else if (e == EXCHANGED) {
    const gn_conv other = exchanged(d);
    gn_gather_dw(work, dy, x, &other, work + d->Kh * d->Kw * d->Ci * d->Co);
    exchange_kernel(dw, work, d->Kh * d->Kw, d->Co, d->Ci);
  } else if (is_winograd(e)) gn_winograd_dw(dw, x, dy, d, tile(e), work);
  else gn_gemm_par(1, 0, k, n, m, x, k, dy, n, dw, work);
}
