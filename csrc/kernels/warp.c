/* warp.c - affine maps of pictures; the contracts are in warp.h.
**
** A picture is padded ("wide": in columns; rows are looked up), doubled ("fine"), sampled on a "grid", and halved.
** Of the fine picture only the runs of each row that samples touch are made. Even and odd columns of fine and grid lie
** apart, so that each filter is a sum of shifted runs; three channels take the place of four, a vector. */
#include "warp.h"
#include "../par.h"
#include "runs.h"
#include <math.h>

#define HALF 6          /* taps of the filter that meet a pixel when it doubles, and half of its taps */
#define TAPS (2 * HALF) /* of the filter */
#define APRON 3         /* pixels by which the grid is larger than the picture, on each side */
#define EDGE 6          /* columns of zeros on both sides of the fine picture's even and odd columns */
#define BLOCK 8         /* rows and columns of the grid whose samples are bounded together */
#define ALIGN(n, to) (((n) + (to)-1) / (to) * (to))

/* sym6, with a sum of sqrt(2): the gain of doubling; half of it is that of halving. */
static const double sym6[TAPS] = {0.015404109327027373, 0.0034907120842174702, -0.11799011114819057,
                                  -0.048311742585633,   0.4910559419267466,    0.787641141030194,
                                  0.3379294217276218,   -0.07263752278646252,  -0.021060292512300564,
                                  0.04472490177066578,  0.0017677118642428036, -0.007800708325034148};

typedef struct filters {                   /* runs of taps */
  gn_real even[HALF], odd[HALF];           /* doubling: of even and odd places, from the first pixel that they read */
  gn_real half_even[HALF], half_odd[HALF]; /* halving: of even and odd places of the grid */
} filters;

static filters make_filters(void) {
  const double root2 = 1.4142135623730951;
  filters f;
  for (int i = 0; i < HALF; i++) {
    f.even[i] = (gn_real)(sym6[TAPS - 1 - 2 * i] * root2);
    f.odd[i] = (gn_real)(sym6[TAPS - 2 - 2 * i] * root2);
    f.half_even[i] = (gn_real)(sym6[2 * i] / root2);
    f.half_odd[i] = (gn_real)(sym6[2 * i + 1] / root2);
  }
  return f;
}

/* Which pixel of an axis of n shows at place i; -1: none, a zero. */
static inline gn_int shown(gn_int i, gn_int n, gn_beyond beyond) {
  if (i >= 0 && i < n) return i;
  if (beyond == GN_BEYOND_ZERO) return -1;
  const gn_int mirrored = i < 0 ? -i : 2 * (n - 1) - i;
  return mirrored >= 0 && mirrored < n ? mirrored : -1;
}

/* ---- maps that take pixels to pixels ---- */

typedef struct moves { /* output (row, column) shows column first[0] + step[0] (row or column), row first[1] + ... */
  int turned;          /* columns come from rows */
  gn_int first[2], step[2];
} moves;

/* 1: the map is one of these. */
static int moves_of(moves *to, const double *map, gn_int h, gn_int w) {
  const double size[2] = {(double)w, (double)h};
  to->turned = map[0] == 0;
  for (int i = 0; i < 2; i++) {
    const double *row = map + 3 * i;
    const int from = to->turned ? 1 - i : i; /* the output's axis that this one follows */
    if (fabs(row[from]) != 1 || row[1 - from] != 0) return 0;
    const double first = (size[i] - 1) / 2 - row[from] * ((size[from] - 1) / 2) + row[2];
    if (first != floor(first)) return 0;
    const double most = 4e9; /* further off than any picture is wide */
    to->first[i] = (gn_int)GN_MAX(GN_MIN(first, most), -most);
    to->step[i] = (gn_int)row[from];
  }
  return 1;
}

static void move(gn_real *y, const gn_real *x, const moves *m, const gn_warping *p) {
  const gn_int h = p->h, w = p->w, c = p->c;
  const gn_int from = GN_MIN(GN_MAX(-m->first[0], 0), w), to = GN_MAX(GN_MIN(w - m->first[0], w), from);
  for (gn_int i = 0; i < h; i++)
    for (gn_int j = 0; j < w; j++) {
      gn_real *yp = y + (i * w + j) * c;
      const gn_int row = shown(m->first[1] + m->step[1] * (m->turned ? j : i), h, p->beyond);
      const gn_int column = shown(m->first[0] + m->step[0] * (m->turned ? i : j), w, p->beyond);
      if (row < 0 || column < 0) gn_zero_run(yp, c);
      else if (!m->turned && m->step[0] == 1 && j == from && to > from) { /* all that lies inside, at once */
        gn_copy_run(yp, x + (row * w + column) * c, (to - from) * c);
        j = to - 1;
      } else gn_copy_run(yp, x + (row * w + column) * c, c);
    }
}

static void move_dx(gn_real *dx, const gn_real *dy, const moves *m, const gn_warping *p) {
  const gn_int h = p->h, w = p->w, c = p->c;
  gn_zero_run(dx, h * w * c);
  for (gn_int i = 0; i < h; i++)
    for (gn_int j = 0; j < w; j++) {
      const gn_int row = shown(m->first[1] + m->step[1] * (m->turned ? j : i), h, p->beyond);
      const gn_int column = shown(m->first[0] + m->step[0] * (m->turned ? i : j), w, p->beyond);
      if (row >= 0 && column >= 0) gn_add_run(dx + (row * w + column) * c, dy + (i * w + j) * c, c);
    }
}

/* ---- all other maps: sizes and workspace ---- */

typedef struct sizes { /* [0]: of columns, [1]: of rows */
  gn_int before[2], padded[2], grid[2];
  gn_int lanes;                 /* reals of a pixel */
  gn_int ldwide, apart, ldfine; /* reals of a row of wide; between even and odd columns of fine; of a row of fine */
} sizes;

static gn_int lanes_of(gn_int c) { return c == 3 ? 4 : c; }

/* Margins: the furthest that a corner looks, and two aprons. */
static sizes sizes_of(const double *map, const gn_warping *p) {
  const gn_int size[2] = {p->w, p->h};
  sizes s = {.lanes = lanes_of(p->c)};
  for (int i = 0; i < 2; i++) {
    const double *m = map + 3 * i, half = (double)(size[i] - 1) / 2, most = (double)(size[i] - 1);
    gn_int margin[2] = {APRON, APRON}; /* of zeros: as far as the filter spreads a pixel */
    for (int side = 0; side < 2 && p->beyond == GN_BEYOND_REFLECT; side++) {
      const double sign = side ? 1 : -1, x = (double)(p->w - 1) / 2, y = (double)(p->h - 1) / 2;
      const double reach = sign * m[2] + fabs(m[0]) * x + fabs(m[1]) * y + 2 * APRON - half;
      margin[side] = reach > 0 ? (gn_int)ceil(reach < most ? reach : most) : 0;
    }
    s.before[i] = margin[0];
    s.padded[i] = size[i] + margin[0] + margin[1];
    s.grid[i] = 2 * size[i] + TAPS - 2;
  }
  s.ldwide = (s.padded[0] + 2 * HALF) * s.lanes;
  s.apart = (s.padded[0] + 2 * EDGE) * s.lanes;
  s.ldfine = 2 * s.apart;
  return s;
}

int gn_warp_fits(gn_int h, gn_int w, gn_int c) {
  const double most = 2.0 * (3.0 * (double)w + 2 * EDGE) * (double)lanes_of(c);
  return most < INT32_MAX && 6.0 * (double)h + TAPS < INT32_MAX;
}

typedef struct run { /* columns first .. last of even and of odd places; none if last < first */
  int32_t first, last;
} run;

typedef struct desk {                          /* a picture's workspace */
  double *x_column, *y_column, *x_row, *y_row; /* a sample's place is the sum of its column's part and its row's */
  run *runs;                                   /* (2 padded + 3): of each row of fine, from row -1 on */
  int32_t *row, *left, *right;                 /* (grid[0]): where a row of samples reads, in fine */
  gn_real *across, *down;                      /* (grid[0]): and between which of its four pixels */
  gn_real *wide, *fine, *line, *samples, *rows, *zeros;
} desk;

/* Lays a picture's workspace out at `at` (NULL: only counts); returns its doubles. */
static gn_int lay_out(desk *d, const sizes *s, const gn_warping *p, double *at) {
  gn_int used = 0;
#define LAY(field, type, count)                                                                                        \
  do {                                                                                                                 \
    if (at) d->field = (type *)(at + used);                                                                            \
    used += ALIGN((count) * (gn_int)sizeof(type), 64) / (gn_int)sizeof(double);                                        \
  } while (0)
  const gn_int lanes = s->lanes, widest = GN_MAX(s->ldwide, (p->w + 2 * HALF) * lanes);
  LAY(x_column, double, s->grid[0]);
  LAY(y_column, double, s->grid[0]);
  LAY(x_row, double, s->grid[1]);
  LAY(y_row, double, s->grid[1]);
  LAY(runs, run, 2 * s->padded[1] + 3);
  LAY(row, int32_t, s->grid[0]);
  LAY(left, int32_t, s->grid[0]);
  LAY(right, int32_t, s->grid[0]);
  LAY(across, gn_real, s->grid[0]);
  LAY(down, gn_real, s->grid[0]);
  LAY(wide, gn_real, p->h * s->ldwide);
  LAY(fine, gn_real, (2 * s->padded[1] + 3) * s->ldfine);
  LAY(line, gn_real, widest);
  LAY(samples, gn_real, s->grid[0] * lanes);
  LAY(rows, gn_real, s->grid[1] * p->w * lanes);
  LAY(zeros, gn_real, widest);
#undef LAY
  if (at) gn_zero_run(d->zeros, widest);
  return used;
}

/* Doubles of one thread's workspace. */
static gn_int share_of(const gn_warping *p) {
  gn_int most = 0;
  moves m;
  for (gn_int n = 0; n < p->n; n++) {
    if (moves_of(&m, p->maps + 6 * n, p->h, p->w)) continue;
    const sizes s = sizes_of(p->maps + 6 * n, p);
    most = GN_MAX(most, lay_out(NULL, &s, p, NULL));
  }
  return most;
}

gn_int gn_warp_work(const gn_warping *p) { return gn_threads() * share_of(p); }

/* ---- where samples look ---- */

/* Grid place (i, j) looks at column x_row[i] + x_column[j] of fine, row y_row[i] + y_column[j]. The parts are stored
** before they are added: then each sum is the same bits wherever it is made, and grows, or falls, in i and j. */
static void place_grid(const desk *d, const sizes *s, const double *map, const gn_warping *p) {
  const gn_int size[2] = {p->w, p->h};
  double *column[2] = {d->x_column, d->y_column}, *row[2] = {d->x_row, d->y_row};
  const double x0 = -(double)(p->w + TAPS / 2 - 2) / 2, y0 = -(double)(p->h + TAPS / 2 - 2) / 2;
  for (int k = 0; k < 2; k++) {
    const double *m = map + 3 * k, shift = (double)(size[k] - 1) / 2 + (double)s->before[k];
    for (gn_int j = 0; j < s->grid[0]; j++) column[k][j] = m[0] * (2 * x0 + (double)j);
    for (gn_int i = 0; i < s->grid[1]; i++) row[k][i] = m[1] * (2 * y0 + (double)i) + 2 * (m[2] + shift);
  }
}

/* Keeps a place within the fine picture and the zeros around it; not a number, the sum of infinities, is outside. */
static inline double inside(double at, double n) {
  at = at > -1 ? at : -1;
  return at < n ? at : n;
}

static inline int32_t floor_of(double at) { return (int32_t)(at + 1) - 1; } /* at >= -1 */

/* Notes which columns of each row of fine the samples touch. */
static void bound(const desk *d, const sizes *s) {
  const gn_int rows = 2 * s->padded[1] + 3, gh = s->grid[1], gw = s->grid[0];
  const double w = (double)(2 * s->padded[0]), h = (double)(2 * s->padded[1]);
  for (gn_int r = 0; r < rows; r++) d->runs[r] = (run){INT32_MAX, INT32_MIN};
  for (gn_int i0 = 0; i0 < gh; i0 += BLOCK)
    for (gn_int j0 = 0; j0 < gw; j0 += BLOCK) {
      const gn_int i1 = GN_MIN(i0 + BLOCK, gh) - 1, j1 = GN_MIN(j0 + BLOCK, gw) - 1;
      int32_t left = INT32_MAX, right = INT32_MIN, top = INT32_MAX, bottom = INT32_MIN;
      for (int corner = 0; corner < 4; corner++) {
        const gn_int i = corner & 1 ? i1 : i0, j = corner & 2 ? j1 : j0;
        const int32_t x = floor_of(inside(d->x_row[i] + d->x_column[j], w));
        const int32_t y = floor_of(inside(d->y_row[i] + d->y_column[j], h));
        left = GN_MIN(left, x);
        right = GN_MAX(right, x + 1);
        top = GN_MIN(top, y);
        bottom = GN_MAX(bottom, y + 1);
      }
      for (int32_t r = top; r <= bottom; r++) {
        run *to = &d->runs[r + 1];
        to->first = GN_MIN(to->first, left >> 1);
        to->last = GN_MAX(to->last, right >> 1);
      }
    }
}

/* Where the samples of grid row i read. */
static void look(const desk *d, const sizes *s, gn_int i) {
  const double x_row = d->x_row[i], y_row = d->y_row[i];
  const double w = (double)(2 * s->padded[0]), h = (double)(2 * s->padded[1]);
  const int32_t apart = (int32_t)s->apart, lanes = (int32_t)s->lanes;
  for (gn_int j = 0; j < s->grid[0]; j++) {
    const double x = inside(x_row + d->x_column[j], w), y = inside(y_row + d->y_column[j], h);
    const int32_t column = floor_of(x), row = floor_of(y), next = column + 1;
    d->row[j] = row + 1;
    d->left[j] = (column & 1) * apart + ((column >> 1) + EDGE) * lanes;
    d->right[j] = (next & 1) * apart + ((next >> 1) + EDGE) * lanes;
    d->across[j] = (gn_real)(x - column);
    d->down[j] = (gn_real)(y - row);
  }
}

/* ---- sums of runs ---- */

/* y (n) <- the sum of `taps` runs at r, each times its weight */
static inline __attribute__((always_inline)) void weigh(gn_real *restrict y, const gn_real *const *r, const gn_real *w,
                                                        int taps, gn_int n) {
  for (gn_int i = 0; i < n; i++) {
    gn_real sum = 0;
    for (int t = 0; t < taps; t++) sum += w[t] * r[t][i];
    y[i] = sum;
  }
}

/* y (n) <- six runs of x, ld reals apart */
static void weigh_half(gn_real *y, const gn_real *x, gn_int ld, const gn_real *w, gn_int n) {
  const gn_real *r[HALF];
  for (int t = 0; t < HALF; t++) r[t] = x + t * ld;
  weigh(y, r, w, HALF, n);
}

/* y (n) <- six runs of a, six of b */
static void weigh_both(gn_real *y, const gn_real *a, gn_int lda, const gn_real *wa, const gn_real *b, gn_int ldb,
                       const gn_real *wb, gn_int n) {
  const gn_real *r[TAPS];
  gn_real w[TAPS];
  for (int t = 0; t < HALF; t++) {
    r[t] = a + t * lda;
    r[HALF + t] = b + t * ldb;
    w[t] = wa[t];
    w[HALF + t] = wb[t];
  }
  weigh(y, r, w, TAPS, n);
}

/* ---- padding ---- */

/* wide (h, HALF + padded + HALF, lanes): zeros on both sides. */
static void widen(const desk *d, const sizes *s, const gn_real *x, const gn_warping *p) {
  const gn_int c = p->c, lanes = s->lanes;
  for (gn_int i = 0; i < p->h; i++) {
    gn_real *row = d->wide + i * s->ldwide;
    gn_zero_run(row, s->ldwide);
    for (gn_int k = 0; k < s->padded[0]; k++) {
      const gn_int from = shown(k - s->before[0], p->w, p->beyond);
      if (from < 0) continue;
      const gn_real *xp = x + (i * p->w + from) * c;
      gn_real *to = row + (k + HALF) * lanes;
      for (gn_int q = 0; q < c; q++) to[q] = xp[q];
    }
  }
}

static void widen_dx(gn_real *dx, const desk *d, const sizes *s, const gn_warping *p) {
  const gn_int c = p->c, lanes = s->lanes;
  gn_zero_run(dx, p->h * p->w * c);
  for (gn_int i = 0; i < p->h; i++)
    for (gn_int k = 0; k < s->padded[0]; k++) {
      const gn_int to = shown(k - s->before[0], p->w, p->beyond);
      if (to >= 0) gn_add_run(dx + (i * p->w + to) * c, d->wide + i * s->ldwide + (k + HALF) * lanes, c);
    }
}

/* ---- doubling ---- */

/* Columns of the padded picture that the run of a row of fine reads, within it; its length. */
static gn_int reads(const run *r, const sizes *s, gn_int *first) {
  const gn_int from = GN_MAX((gn_int)r->first, 0), to = GN_MIN((gn_int)r->last, s->padded[0] - 1);
  *first = from;
  return GN_MAX(to - from + 1, 0);
}

/* The picture's row behind row r + t of the padded one, or -1. */
static gn_int row_behind(gn_int r, const sizes *s, const gn_warping *p) {
  return r < 0 || r >= s->padded[1] ? -1 : shown(r - s->before[1], p->h, p->beyond);
}

static void double_size(const desk *d, const sizes *s, const filters *f, const gn_warping *p) {
  const gn_int lanes = s->lanes;
  for (gn_int i = -1; i < 2 * s->padded[1] + 2; i++) {
    const run *touched = &d->runs[i + 1];
    if (touched->last < touched->first) continue;
    gn_real *even = d->fine + (i + 1) * s->ldfine + EDGE * lanes, *odd = even + s->apart;
    gn_int first, count = reads(touched, s, &first);
    const gn_int whole = touched->last - touched->first + 1;
    if (i < 0 || i >= 2 * s->padded[1]) count = 0;
    if (count < whole) { /* there are zeros beyond the picture in it */
      gn_zero_run(even + touched->first * lanes, whole * lanes);
      gn_zero_run(odd + touched->first * lanes, whole * lanes);
    }
    if (count == 0) continue;
    const gn_int top = (i >> 1) - 3 + (i & 1);
    const gn_real *r[HALF];
    for (int t = 0; t < HALF; t++) {
      const gn_int row = row_behind(top + t, s, p);
      r[t] = (row < 0 ? d->zeros : d->wide + row * s->ldwide) + (first - 3 + HALF) * lanes;
    }
    weigh(d->line, r, i & 1 ? f->odd : f->even, HALF, (count + 6) * lanes);
    weigh_half(even + first * lanes, d->line, lanes, f->even, count * lanes);
    weigh_half(odd + first * lanes, d->line + lanes, lanes, f->odd, count * lanes);
  }
}

static void clear_fine(const desk *d, const sizes *s) {
  const gn_int lanes = s->lanes;
  for (gn_int i = 0; i < 2 * s->padded[1] + 3; i++) {
    const run *touched = &d->runs[i];
    if (touched->last < touched->first) continue;
    const gn_int from = GN_MAX(touched->first - HALF, -EDGE),
                 to = GN_MIN(touched->last + HALF, s->padded[0] + EDGE - 1);
    for (int odd = 0; odd < 2; odd++)
      gn_zero_run(d->fine + i * s->ldfine + odd * s->apart + (from + EDGE) * lanes, (to - from + 1) * lanes);
  }
}

/* Adjoint of double_size: into wide. */
static void double_size_dx(const desk *d, const sizes *s, const filters *f, const gn_warping *p) {
  const gn_int lanes = s->lanes;
  gn_real even_back[HALF], odd_back[HALF];
  for (int t = 0; t < HALF; t++) even_back[t] = f->even[HALF - 1 - t], odd_back[t] = f->odd[HALF - 1 - t];
  gn_zero_run(d->wide, p->h * s->ldwide);
  for (gn_int i = 0; i < 2 * s->padded[1]; i++) {
    const run *touched = &d->runs[i + 1];
    gn_int first, count = reads(touched, s, &first);
    if (touched->last < touched->first || count == 0) continue;
    gn_real *even = d->fine + (i + 1) * s->ldfine + EDGE * lanes, *odd = even + s->apart;
    for (int k = 0; k < 2; k++) { /* what samples left in the zeros beside the picture */
      const gn_int at = (k ? s->padded[0] : -1) * lanes;
      gn_zero_run(even + at, lanes);
      gn_zero_run(odd + at, lanes);
    }
    const gn_int from = GN_MAX(first - 3, 0), to = GN_MIN(first + count + 2, s->padded[0] - 1);
    const gn_int reals = (to - from + 1) * lanes;
    weigh_both(d->line, even + (from - 2) * lanes, lanes, even_back, odd + (from - 3) * lanes, lanes, odd_back, reals);
    const gn_int top = (i >> 1) - 3 + (i & 1);
    for (int t = 0; t < HALF; t++) {
      const gn_int row = row_behind(top + t, s, p);
      if (row < 0) continue;
      gn_add_scaled_run(d->wide + row * s->ldwide + (from + HALF) * lanes, d->line, i & 1 ? f->odd[t] : f->even[t],
                        reals);
    }
  }
}

/* ---- sampling ---- */

typedef gn_real four __attribute__((vector_size(4 * sizeof(gn_real)), aligned(sizeof(gn_real)), may_alias)); /* lanes */

/* Where sample j of a row of `grid` lies: even ones, and then odd ones. */
static inline gn_int sample_at(gn_int j, gn_int grid, gn_int lanes) { return ((j & 1) * (grid / 2) + j / 2) * lanes; }

/* The samples of a row, as `look` has left it. */
static void sample(gn_real *restrict samples, const desk *d, const sizes *s) {
  const gn_int grid = s->grid[0], ld = s->ldfine, lanes = s->lanes;
  const int32_t *rows = d->row, *left = d->left, *right = d->right;
  const gn_real *fine = d->fine, *across = d->across, *down = d->down;
  for (gn_int j = 0; j < grid; j++) {
    const gn_real *top = fine + rows[j] * ld, *bottom = top + ld;
    const gn_real *tl = top + left[j], *tr = top + right[j], *bl = bottom + left[j], *br = bottom + right[j];
    const gn_real a = across[j], b = down[j];
    gn_real *to = samples + sample_at(j, grid, lanes);
    if (lanes == 4) {
      const four t = *(const four *)tl + a * (*(const four *)tr - *(const four *)tl);
      const four u = *(const four *)bl + a * (*(const four *)br - *(const four *)bl);
      *(four *)to = t + b * (u - t);
      continue;
    }
    for (gn_int q = 0; q < lanes; q++) {
      const gn_real t = tl[q] + a * (tr[q] - tl[q]), u = bl[q] + a * (br[q] - bl[q]);
      to[q] = t + b * (u - t);
    }
  }
}

static void sample_dx(const gn_real *restrict samples, const desk *d, const sizes *s) {
  const gn_int grid = s->grid[0], ld = s->ldfine, lanes = s->lanes;
  const int32_t *restrict rows = d->row, *restrict left = d->left, *restrict right = d->right;
  const gn_real *restrict across = d->across, *restrict down = d->down;
  gn_real *fine = d->fine;
  for (gn_int j = 0; j < grid; j++) {
    gn_real *top = fine + rows[j] * ld, *bottom = top + ld;
    gn_real *tl = top + left[j], *tr = top + right[j], *bl = bottom + left[j], *br = bottom + right[j];
    const gn_real a = across[j], b = down[j];
    const gn_real *from = samples + sample_at(j, grid, lanes);
    if (lanes == 4) {
      const four low = b * *(const four *)from, high = *(const four *)from - low;
      *(four *)tl += high - a * high;
      *(four *)tr += a * high;
      *(four *)bl += low - a * low;
      *(four *)br += a * low;
      continue;
    }
    for (gn_int q = 0; q < lanes; q++) {
      const gn_real low = b * from[q], high = from[q] - low;
      tl[q] += high - a * high;
      tr[q] += a * high;
      bl[q] += low - a * low;
      br[q] += a * low;
    }
  }
}

/* ---- a picture ---- */

static void resample(gn_real *y, const gn_real *x, const double *map, const filters *f, const gn_warping *p,
                     double *work) {
  const sizes s = sizes_of(map, p);
  const gn_int lanes = s.lanes, c = p->c, ld = p->w * lanes;
  desk d;
  lay_out(&d, &s, p, work);
  place_grid(&d, &s, map, p);
  bound(&d, &s);
  widen(&d, &s, x, p);
  double_size(&d, &s, f, p);
  for (gn_int i = 0; i < s.grid[1]; i++) {
    look(&d, &s, i);
    sample(d.samples, &d, &s);
    weigh_both(d.rows + i * ld, d.samples, lanes, f->half_even, d.samples + s.grid[0] / 2 * lanes, lanes, f->half_odd,
               ld);
  }
  for (gn_int i = 0; i < p->h; i++) {
    weigh_both(d.line, d.rows + 2 * i * ld, 2 * ld, f->half_even, d.rows + (2 * i + 1) * ld, 2 * ld, f->half_odd, ld);
    for (gn_int j = 0; j < p->w; j++, y += c)
      for (gn_int q = 0; q < c; q++) y[q] = d.line[j * lanes + q];
  }
}

static void resample_dx(gn_real *dx, const gn_real *dy, const double *map, const filters *f, const gn_warping *p,
                        double *work) {
  const sizes s = sizes_of(map, p);
  const gn_int lanes = s.lanes, c = p->c, ld = p->w * lanes;
  gn_real even_back[HALF], odd_back[HALF];
  desk d;
  lay_out(&d, &s, p, work);
  for (int t = 0; t < HALF; t++) even_back[t] = f->half_even[HALF - 1 - t], odd_back[t] = f->half_odd[HALF - 1 - t];
  place_grid(&d, &s, map, p);
  bound(&d, &s);
  clear_fine(&d, &s);
  for (gn_int i = 0; i < p->h; i++) /* into rows: (h, w, lanes) */
    for (gn_int j = 0; j < p->w; j++, dy += c)
      for (gn_int q = 0; q < lanes; q++) d.rows[i * ld + j * lanes + q] = q < c ? dy[q] : 0;
  gn_zero_run(d.line, (p->w + 2 * HALF) * lanes);
  for (gn_int i = 0; i < s.grid[1]; i++) {
    const gn_real *r[HALF];
    for (int t = 0; t < HALF; t++) {
      const gn_int row = i / 2 - HALF + 1 + t;
      r[t] = row < 0 || row >= p->h ? d.zeros : d.rows + row * ld;
    }
    weigh(d.line + (HALF - 1) * lanes, r, i & 1 ? odd_back : even_back, HALF, ld);
    weigh_half(d.samples, d.line, lanes, even_back, s.grid[0] / 2 * lanes);
    weigh_half(d.samples + s.grid[0] / 2 * lanes, d.line, lanes, odd_back, s.grid[0] / 2 * lanes);
    look(&d, &s, i);
    sample_dx(d.samples, &d, &s);
  }
  double_size_dx(&d, &s, f, p);
  widen_dx(dx, &d, &s, p);
}

void gn_warp(gn_real *y, const gn_real *x, const gn_warping *p, double *work) {
  const gn_int share = share_of(p), size = p->h * p->w * p->c;
  const filters f = make_filters();
  GN_PARALLEL_FOR
  for (gn_int n = 0; n < p->n; n++) {
    const double *map = p->maps + 6 * n;
    moves m;
    if (moves_of(&m, map, p->h, p->w)) move(y + n * size, x + n * size, &m, p);
    else resample(y + n * size, x + n * size, map, &f, p, work + gn_thread_id() * share);
  }
}

void gn_warp_dx(gn_real *dx, const gn_real *dy, const gn_warping *p, double *work) {
  const gn_int share = share_of(p), size = p->h * p->w * p->c;
  const filters f = make_filters();
  GN_PARALLEL_FOR
  for (gn_int n = 0; n < p->n; n++) {
    const double *map = p->maps + 6 * n;
    moves m;
    if (moves_of(&m, map, p->h, p->w)) move_dx(dx + n * size, dy + n * size, &m, p);
    else resample_dx(dx + n * size, dy + n * size, map, &f, p, work + gn_thread_id() * share);
  }
}
