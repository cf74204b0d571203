/* rle.c - runs of masks. See rle.h. */
#include "rle.h"
#include <math.h>

static int grid(double v) { return (int)(5 * v + 0.5); } /* toward 0, as a C cast does */

static gn_int steps(const double *xy, gn_int k, gn_int i) {
  const double *a = xy + 2 * i, *b = xy + 2 * (i + 1 == k ? 0 : i + 1);
  const gn_int dx = grid(a[0]) - grid(b[0]), dy = grid(a[1]) - grid(b[1]);
  return GN_MAX(dx < 0 ? -dx : dx, dy < 0 ? -dy : dy);
}

gn_int gn_rle_points(const double *xy, gn_int k, gn_int most) {
  gn_int n = 0;
  for (gn_int i = 0; i < k && n <= most; i++) n += steps(xy, k, i) + 1;
  return n;
}

/* Heap sort: needs no memory, and is never slow. */
static void sift(uint32_t *a, gn_int i, gn_int n) {
  const uint32_t v = a[i];
  for (gn_int c; (c = 2 * i + 1) < n; i = c) {
    if (c + 1 < n && a[c + 1] > a[c]) c++;
    if (a[c] <= v) break;
    a[i] = a[c];
  }
  a[i] = v;
}

static void sort(uint32_t *a, gn_int n) {
  for (gn_int i = n / 2 - 1; i >= 0; i--) sift(a, i, n);
  for (gn_int i = n - 1; i > 0; i--) {
    const uint32_t top = a[0];
    a[0] = a[i];
    a[i] = top;
    sift(a, 0, i);
  }
}

/* Where the outline steps from one column of the grid to the next, (u0,v0) to (u,v): notes the place at which the fill
** of a column of pixels toggles, if the step is at such a column's centre. Returns how many were noted. */
static int cross(uint32_t *place, int u0, int v0, int u, int v, gn_int h, gn_int w) {
  const int m = GN_MIN(u0, u) - 2;
  if (m % 5 != 0 || m < 0 || m / 5 >= w) return 0;
  double row = (GN_MIN(v0, v) + 0.5) / 5 - 0.5;
  row = ceil(row < 0 ? 0 : row > (double)h ? (double)h : row);
  *place = (uint32_t)(m / 5 * h + (gn_int)row);
  return 1;
}

gn_int gn_rle_polygon(uint32_t *counts, const double *xy, gn_int k, gn_int h, gn_int w, uint32_t *places) {
  gn_int n = 0;
  int u0 = 0, v0 = 0;
  for (gn_int i = 0; i < k; i++) {
    const double *a = xy + 2 * i, *b = xy + 2 * (i + 1 == k ? 0 : i + 1);
    int xs = grid(a[0]), ys = grid(a[1]), xe = grid(b[0]), ye = grid(b[1]);
    const int dx = xe < xs ? xs - xe : xe - xs, dy = ye < ys ? ys - ye : ye - ys, wide = dx >= dy;
    const int flip = wide ? xs > xe : ys > ye, last = wide ? dx : dy;
    if (flip) {
      int t = xs;
      xs = xe;
      xe = t;
      t = ys;
      ys = ye;
      ye = t;
    }
    const double slope = last == 0 ? 0 : (double)(wide ? ye - ys : xe - xs) / last;
    for (int d = 0; d <= last; d++) { /* in the edge's own direction */
      const int t = flip ? last - d : d, minor = (int)((wide ? ys : xs) + slope * t + 0.5);
      const int u = wide ? xs + t : minor, v = wide ? minor : ys + t;
      if ((i > 0 || d > 0) && u != u0) n += cross(places + n, u0, v0, u, v, h, w);
      u0 = u;
      v0 = v;
    }
  }
  places[n++] = (uint32_t)(h * w);
  sort(places, n);
  gn_int m = 0;
  uint32_t before = 0;
  for (gn_int i = 0; i < n; i++) { /* equal places cancel each other */
    const uint32_t run = places[i] - before;
    before = places[i];
    if (run > 0 || m == 0) {
      counts[m++] = run;
    } else if (++i < n) {
      counts[m - 1] += places[i] - before;
      before = places[i];
    }
  }
  return m;
}

gn_int gn_rle_decode(uint32_t *counts, const char *text, gn_int n) {
  gn_int m = 0;
  uint32_t last[2] = {0, 0}; /* the count before this one, and the one before that */
  for (gn_int i = 0; i < n;) {
    const gn_int began = i;
    int64_t x = 0;
    int more = 1;
    for (int bit = 0; more; bit += 5) {
      const int g = i < n ? text[i] - 48 : -1;
      if (g < 0 || g > 63 || bit > 30) return -1 - GN_MIN(i, n);
      x |= (int64_t)(g & 31) << bit;
      more = g & 32;
      i++;
      if (!more && (g & 16)) x -= (int64_t)1 << (bit + 5);
    }
    if (m > 2) x += last[1];
    if (x < 0 || x > INT32_MAX) return -1 - began;
    if (counts) counts[m] = (uint32_t)x;
    m++;
    last[1] = last[0];
    last[0] = (uint32_t)x;
  }
  return m;
}

gn_int gn_rle_encode(char *text, const uint32_t *counts, gn_int n) {
  gn_int m = 0;
  for (gn_int i = 0; i < n; i++) {
    int64_t x = counts[i];
    if (i > 2) x -= counts[i - 2];
    for (int more = 1; more;) {
      int g = (int)(x & 31);
      x >>= 5;
      more = g & 16 ? x != -1 : x != 0;
      text[m++] = (char)(48 + g + (more ? 32 : 0));
    }
  }
  return m;
}

gn_int gn_rle_of_mask(uint32_t *counts, const uint8_t *mask, gn_int h, gn_int w) {
  gn_int m = 0;
  uint32_t run = 0;
  int now = 0;
  for (gn_int x = 0; x < w; x++)
    for (gn_int y = 0; y < h; y++) {
      const int v = mask[y * w + x] != 0;
      if (v != now) {
        counts[m++] = run;
        run = 0;
        now = v;
      }
      run++;
    }
  counts[m++] = run;
  return m;
}

gn_int gn_rle_merge(uint32_t *counts, const uint32_t *a, gn_int na, const uint32_t *b, gn_int nb, int intersect) {
  gn_int i = 0, j = 0, m = 0;
  uint32_t ra = na > 0 ? a[0] : 0, rb = nb > 0 ? b[0] : 0, run = 0;
  int now = 0;
  while (i < na && j < nb) {
    if (ra == 0) {
      if (++i < na) ra = a[i];
      continue;
    }
    if (rb == 0) {
      if (++j < nb) rb = b[j];
      continue;
    }
    const int va = i & 1, vb = j & 1, v = intersect ? va & vb : va | vb;
    const uint32_t step = GN_MIN(ra, rb);
    if (v != now) {
      counts[m++] = run;
      run = 0;
      now = v;
    }
    run += step;
    ra -= step;
    rb -= step;
  }
  counts[m++] = run;
  return m;
}

gn_int gn_rle_measure(gn_int *area, gn_int box[4], const uint32_t *counts, gn_int n, gn_int h) {
  gn_int at = 0, x0 = INT32_MAX, y0 = INT32_MAX, x1 = 0, y1 = 0;
  *area = 0;
  for (gn_int i = 0; i < n; i++) {
    const gn_int run = counts[i];
    if ((i & 1) && run > 0) {
      const gn_int first = at, last = at + run - 1;
      *area += run;
      x0 = GN_MIN(x0, first / h);
      x1 = GN_MAX(x1, last / h + 1);
      const int several = first / h != last / h; /* columns: then all rows */
      y0 = GN_MIN(y0, several ? 0 : first % h);
      y1 = GN_MAX(y1, several ? h : last % h + 1);
    }
    at += run;
  }
  const gn_int found[4] = {x0, y0, x1, y1};
  for (int k = 0; k < 4; k++) box[k] = *area > 0 ? found[k] : 0;
  return at;
}

void gn_rle_paint(uint8_t *out, gn_int wo, uint8_t value, const uint32_t *counts, gn_int n, gn_int h,
                  const gn_int src[4], const gn_int dst[4]) {
  gn_int run = 0, end = n > 0 ? counts[0] : 0; /* the run at work ends before pixel `end` */
  for (gn_int x = 0; x < dst[3]; x++) {
    const gn_int column = (src[1] + (2 * x + 1) * src[3] / (2 * dst[3])) * h;
    for (gn_int y = 0; y < dst[2]; y++) {
      const gn_int at = column + src[0] + (2 * y + 1) * src[2] / (2 * dst[2]);
      while (at >= end && run < n) end += ++run < n ? counts[run] : 0;
      if (run >= n) return;
      if (run & 1) out[(dst[0] + y) * wo + dst[1] + x] = value;
    }
  }
}
