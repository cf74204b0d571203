/* boxes.c - sample by sample, each of them four pixels' channels. See boxes.h. */
#include "boxes.h"
#include "../par.h"
#include <string.h>

/* Two neighbours along an axis of n pixels, and the share of the second. */
typedef struct neighbours {
  gn_int low, high;
  double share;
} neighbours;

/* Returns 0 for a position that is more than a pixel outside, or no number. */
static int find(neighbours *at, double position, gn_int n) {
  if (!(position >= -1 && position <= (double)n)) return 0;
  if (position < 0) position = 0;
  at->low = (gn_int)position;
  if (at->low >= n - 1) {
    at->low = at->high = n - 1;
    at->share = 0;
  } else {
    at->high = at->low + 1;
    at->share = position - (double)at->low;
  }
  return 1;
}

/* Where sample j of bin i lies, of a box from a to b in bins bins. */
static double position(const gn_roi *r, double a, double b, gn_int bins, gn_int i, gn_int j) {
  const double bin = (b - a) * r->scale / (double)bins;
  return a * r->scale - 0.5 + ((double)i + ((double)j + 0.5) / (double)r->samples) * bin;
}

/* Calls STEP(offset, weight) for the four pixels of each sample of bin (i,j) of a box; weights add up to 1 at most. */
#define FOR_SAMPLES(r, box, i, j, STEP)                                                                                \
  for (gn_int a_ = 0; a_ < (r)->samples; a_++) {                                                                       \
    neighbours v_;                                                                                                     \
    if (!find(&v_, position(r, (double)(box)[1], (double)(box)[3], (r)->ph, i, a_), (r)->h)) continue;                 \
    for (gn_int b_ = 0; b_ < (r)->samples; b_++) {                                                                     \
      neighbours u_;                                                                                                   \
      if (!find(&u_, position(r, (double)(box)[0], (double)(box)[2], (r)->pw, j, b_), (r)->w)) continue;               \
      const double all_ = 1 / (double)((r)->samples * (r)->samples);                                                   \
      STEP((v_.low * (r)->w + u_.low) * (r)->c, (1 - v_.share) * (1 - u_.share) * all_);                               \
      STEP((v_.low * (r)->w + u_.high) * (r)->c, (1 - v_.share) * u_.share * all_);                                    \
      STEP((v_.high * (r)->w + u_.low) * (r)->c, v_.share * (1 - u_.share) * all_);                                    \
      STEP((v_.high * (r)->w + u_.high) * (r)->c, v_.share * u_.share * all_);                                         \
    }                                                                                                                  \
  }

static void add(gn_real *restrict y, const gn_real *restrict x, double weight, gn_int n) {
  const gn_real w = (gn_real)weight;
  if (w == 0) return; /* a pixel that has no share may hold anything */
  for (gn_int k = 0; k < n; k++) y[k] += w * x[k];
}

void gn_roi_align(gn_real *y, const gn_real *x, const gn_real *boxes, const int32_t *rows, const gn_roi *r) {
  const gn_int image = r->h * r->w * r->c, out = r->ph * r->pw * r->c;
  GN_PARALLEL_FOR_IF(4 * r->m * out * r->samples * r->samples > GN_PAR_MIN)
  for (gn_int m = 0; m < r->m; m++) {
    const gn_real *xm = x + rows[m] * image;
    memset(y + m * out, 0, sizeof *y * (size_t)out);
    for (gn_int i = 0; i < r->ph; i++)
      for (gn_int j = 0; j < r->pw; j++) {
        gn_real *yb = y + m * out + (i * r->pw + j) * r->c;
#define GATHER(at, weight) add(yb, xm + (at), weight, r->c)
        FOR_SAMPLES(r, boxes + 4 * m, i, j, GATHER)
      }
  }
}

void gn_roi_align_dx(gn_real *dx, const gn_real *dy, const gn_real *boxes, const int32_t *rows, const gn_roi *r) {
  const gn_int image = r->h * r->w * r->c, out = r->ph * r->pw * r->c;
  GN_PARALLEL_FOR_IF(4 * r->m * out * r->samples * r->samples > GN_PAR_MIN)
  for (gn_int n = 0; n < r->n; n++) {
    gn_real *dxn = dx + n * image;
    memset(dxn, 0, sizeof *dx * (size_t)image);
    for (gn_int m = 0; m < r->m; m++) {
      if (rows[m] != n) continue;
      for (gn_int i = 0; i < r->ph; i++)
        for (gn_int j = 0; j < r->pw; j++) {
          const gn_real *dyb = dy + m * out + (i * r->pw + j) * r->c;
#define SCATTER(at, weight) add(dxn + (at), dyb, weight, r->c)
          FOR_SAMPLES(r, boxes + 4 * m, i, j, SCATTER)
        }
    }
  }
}
