/* shapes.c - the built-in picture set: see shapes.h. All in float, so that both builds draw the same pictures. */
#include "../gn.h"
#include "shapes.h"
#include "../rng.h"
#include <math.h>
#include <string.h>

/* Random numbers of one picture: the words of sequence i, one after the other. */
typedef struct dice {
  uint64_t key, sub, block;
  uint32_t word[4];
  int used;
} dice;

static float roll(dice *d) { /* [0,1) */
  if (d->used == 4) {
    gn_philox(d->key, d->sub, d->block++, d->word);
    d->used = 0;
  }
  return (float)(d->word[d->used++] >> 8) * (1.0f / 16777216.0f);
}
static float between(dice *d, float lo, float hi) { return lo + (hi - lo) * roll(d); }
static int pick(dice *d, int n) { return (int)(roll(d) * (float)n); }

static float clamp01(float v) { return v < 0 ? 0 : v > 1 ? 1 : v; }
static float smooth(float v) {
  v = clamp01(v);
  return v * v * (3 - 2 * v);
}

/* ---- signed distances to the outline of each kind ----
** Negative inside. y points down, the shape's radius is about 1. */

typedef struct point {
  float y, x;
} point;

static float box(point p, float half_h, float half_w) {
  float dy = fabsf(p.y) - half_h, dx = fabsf(p.x) - half_w;
  return hypotf(fmaxf(dy, 0), fmaxf(dx, 0)) + fminf(fmaxf(dy, dx), 0);
}

/* Distance to the nearest edge; the sign from how often a ray to the right crosses the outline. */
static float polygon(point p, const point *v, int n) {
  float best = 1e9f;
  int inside = 0;
  for (int i = 0, j = n - 1; i < n; j = i++) {
    float ey = v[j].y - v[i].y, ex = v[j].x - v[i].x, wy = p.y - v[i].y, wx = p.x - v[i].x;
    float t = clamp01((wy * ey + wx * ex) / (ey * ey + ex * ex)), dy = wy - t * ey, dx = wx - t * ex;
    best = fminf(best, dy * dy + dx * dx);
    if ((v[i].y > p.y) != (v[j].y > p.y) && wx < ex * wy / ey) inside = !inside;
  }
  return inside ? -sqrtf(best) : sqrtf(best);
}

enum { CIRCLE, SQUARE, TRIANGLE, STAR, RING, CROSS, HEART, MOON };
#define OUTLINE 40

typedef struct figure {
  int kind;
  float y, x, r, cosa, sina;
  int n; /* outline points, for those drawn as polygons */
  point outline[OUTLINE];
} figure;

static void trace(figure *f) {
  const float tau = 6.2831853f;
  switch (f->kind) {
  case TRIANGLE:
    f->n = 3;
    for (int i = 0; i < 3; i++)
      f->outline[i] = (point){0.18f - 1.12f * cosf(tau * (float)i / 3), 1.12f * sinf(tau * (float)i / 3)};
    break;
  case STAR:
    f->n = 10;
    for (int i = 0; i < 10; i++) {
      float r = i % 2 ? 0.47f : 1.12f;
      f->outline[i] = (point){0.05f - r * cosf(tau * (float)i / 10), r * sinf(tau * (float)i / 10)};
    }
    break;
  case HEART:
    f->n = OUTLINE;
    for (int i = 0; i < OUTLINE; i++) {
      float t = tau * (float)i / OUTLINE, s = sinf(t);
      f->outline[i] =
          (point){-(13 * cosf(t) - 5 * cosf(2 * t) - 2 * cosf(3 * t) - cosf(4 * t)) / 16.5f - 0.12f, s * s * s};
    }
    break;
  default: f->n = 0;
  }
}

static float distance(const figure *f, float y, float x) { /* in pixels */
  float dy = (y - f->y) / f->r, dx = (x - f->x) / f->r, d = 0;
  point p = {f->cosa * dy - f->sina * dx, f->sina * dy + f->cosa * dx};
  switch (f->kind) {
  case CIRCLE: d = hypotf(p.y, p.x) - 0.95f; break;
  case SQUARE: d = box(p, 0.80f, 0.80f); break;
  case RING: d = fabsf(hypotf(p.y, p.x) - 0.72f) - 0.25f; break;
  case CROSS: d = fminf(box(p, 0.98f, 0.32f), box(p, 0.32f, 0.98f)); break;
  case MOON: d = fmaxf(hypotf(p.y, p.x) - 1, 0.82f - hypotf(p.y + 0.12f, p.x - 0.48f)); break;
  default: d = polygon(p, f->outline, f->n);
  }
  return d * f->r;
}

/* ---- ground ---- */

typedef struct ground {
  int kind;
  float low[3], high[3]; /* the two tones, 0..1 */
  float sy, sx, ty, tx;  /* two directions, one period each */
  float phase, phase2;
  uint64_t key, sub; /* of the speckles */
} ground;

enum { PLAIN, STRIPED, CHECKED, DOTTED, SPECKLED, WAVY };

static float lattice(const ground *g, int y, int x) {
  uint32_t w[4];
  gn_philox(g->key, g->sub, ((uint64_t)1 << 40) + (uint64_t)(y * 512 + x), w);
  return (float)(w[0] >> 8) * (1.0f / 16777216.0f);
}

/* 0..1: how much of the high tone is at pixel (y,x); edges are one pixel soft. */
static float tone(const ground *g, float y, float x, float size) {
  const float tau = 6.2831853f;
  float u = g->sy * y + g->sx * x + g->phase, v = g->ty * y + g->tx * x + g->phase2;
  float soft = 1 / (tau * hypotf(g->sy, g->sx)); /* pixels for one unit of a sine's argument at its zero */
  switch (g->kind) {
  case STRIPED: return clamp01(0.5f + sinf(tau * u) * soft);
  case CHECKED: return clamp01(0.5f + sinf(tau * u) * sinf(tau * v) * soft * 1.4f);
  case DOTTED: {
    float fu = u - floorf(u) - 0.5f, fv = v - floorf(v) - 0.5f;
    return clamp01(0.5f + (0.28f - hypotf(fu, fv)) * soft * tau);
  }
  case WAVY: return clamp01(0.5f + sinf(tau * (u + 0.22f * sinf(tau * v * 0.5f))) * soft);
  case SPECKLED: {
    float cell = fmaxf(2, size / 20), cy = y / cell, cx = x / cell;
    int iy = (int)cy, ix = (int)cx;
    float fy = smooth(cy - (float)iy), fx = smooth(cx - (float)ix);
    float top = lattice(g, iy, ix) * (1 - fx) + lattice(g, iy, ix + 1) * fx;
    float bottom = lattice(g, iy + 1, ix) * (1 - fx) + lattice(g, iy + 1, ix + 1) * fx;
    return top * (1 - fy) + bottom * fy;
  }
  default: return clamp01(0.5f + (u - g->phase) * 0.5f); /* a gradient */
  }
}

static void make_ground(ground *g, dice *d, float size) {
  const float tau = 6.2831853f;
  g->kind = pick(d, GN_SHAPE_GROUNDS);
  g->key = d->key;
  g->sub = d->sub;
  float light = between(d, 0.78f, 0.92f);
  float hue = between(d, 0, tau), step = between(d, 0.02f, 0.04f), warmth = between(d, 0.01f, 0.04f);
  for (int k = 0; k < 3; k++) {
    float tint = warmth * cosf(hue + tau * (float)k / 3);
    g->low[k] = light + tint - step;
    g->high[k] = light + tint + step;
  }
  float angle = between(d, 0, tau), period = size * between(d, 0.17f, 0.30f);
  if (g->kind == PLAIN) period = size;
  if (g->kind == CHECKED) period *= 1.4f;
  g->sy = sinf(angle) / period;
  g->sx = cosf(angle) / period;
  g->ty = g->sx;
  g->tx = -g->sy;
  g->phase = g->kind == PLAIN ? -0.5f * size * (g->sy + g->sx) : roll(d);
  g->phase2 = roll(d);
}

/* ---- the scene ---- */

static const uint8_t COLOUR[GN_SHAPE_COLOURS][3] = {{214, 46, 44},  {240, 138, 36}, {246, 206, 58}, {58, 166, 76},
                                                    {38, 172, 176}, {48, 92, 204},  {138, 70, 186}, {242, 122, 172}};

/* stray: how far from the middle the centre may be, of the size; less where the picture's edge is nearer. */
static void place(figure *f, dice *d, int kind, float size, float lo, float hi, float stray) {
  float a = between(d, -0.15f, 0.15f);
  f->kind = kind;
  f->r = size * between(d, lo, hi);
  float edge = fmaxf(f->r * 1.02f + size * 0.03f, size * (0.5f - stray));
  f->y = between(d, edge, size - edge);
  f->x = between(d, edge, size - edge);
  f->cosa = cosf(a);
  f->sina = sinf(a);
  trace(f);
}

static int apart(const figure *f, const figure *g, float gap) {
  return hypotf(f->y - g->y, f->x - g->x) > 1.1f * (f->r + g->r) + gap;
}

static int compose(gn_shape_scene *scene, figure *f, dice *d, float size, int objects) {
  float u = roll(d);
  int want = GN_MIN(objects, u < 0.80f ? 1 : u < 0.92f ? 2 : 3), n = 1;
  if (want == 1) /* most pictures: one large shape in the middle, which a small network learns in minutes */
    place(&f[0], d, pick(d, GN_SHAPE_KINDS), size, 0.33f, 0.42f, 0.06f);
  else place(&f[0], d, pick(d, GN_SHAPE_KINDS), size, 0.22f, 0.28f, 0.5f);
  scene->object[0].colour = pick(d, GN_SHAPE_COLOURS);
  for (int k = 1; k < want; k++) {
    int kind = pick(d, GN_SHAPE_KINDS), colour = pick(d, GN_SHAPE_COLOURS - n);
    for (int seen = 1; seen;) { /* no colour twice, so that a caption tells the shapes apart */
      seen = 0;
      for (int j = 0; j < n; j++) seen |= scene->object[j].colour == colour;
      if (seen) colour = (colour + 1) % GN_SHAPE_COLOURS;
    }
    for (int attempt = 0; attempt < 24; attempt++) {
      place(&f[n], d, kind, size, 0.11f, 0.15f, 0.5f);
      int ok = 1;
      for (int j = 0; j < n; j++) ok = ok && apart(&f[n], &f[j], 0.02f * size);
      if (!ok) continue;
      scene->object[n++].colour = colour;
      break;
    }
  }
  for (int k = 0; k < n; k++) scene->object[k].kind = f[k].kind;
  return n;
}

static void mix(float *p, const float *q, float a) {
  for (int k = 0; k < 3; k++) p[k] += a * (q[k] - p[k]);
}

void gn_shapes_draw(uint8_t *image, uint8_t *mask, gn_shape_scene *scene, uint64_t key, uint64_t i, gn_int size,
                    int objects) {
  dice d = {.key = key, .sub = i, .used = 4};
  float s = (float)size, tint[GN_SHAPE_MOST][3];
  ground g;
  figure f[GN_SHAPE_MOST];
  memset(scene, 0, sizeof *scene);
  make_ground(&g, &d, s);
  int n = compose(scene, f, &d, s, objects);
  scene->ground = g.kind;
  scene->count = n;
  for (int k = 0; k < n; k++) {
    gn_shape_object *o = &scene->object[k];
    o->y0 = o->x0 = (int32_t)size;
    for (int c = 0; c < 3; c++) tint[k][c] = ((float)COLOUR[o->colour][c] + between(&d, -14, 14)) / 255;
  }
  const float black[3] = {0, 0, 0};
  float rim = fmaxf(0.8f, s * 0.02f), reach = s * 0.10f;
  for (int32_t y = 0; y < size; y++)
    for (int32_t x = 0; x < size; x++) {
      float py = (float)y + 0.5f, px = (float)x + 0.5f, pix[3];
      int owner = 0;
      memcpy(pix, g.low, sizeof pix);
      mix(pix, g.high, tone(&g, py, px, s));
      for (int k = 0; k < n; k++) {
        float far = 1.15f * f[k].r + reach;
        if (fabsf(py - f[k].y) > far || fabsf(px - f[k].x) > far) continue;
        float shadow = distance(&f[k], py - 0.035f * s, px - 0.025f * s);
        mix(pix, black, 0.30f * smooth(0.5f - shadow / (0.07f * s)));
        float dist = distance(&f[k], py, px), cover = clamp01(0.5f - dist);
        if (cover <= 0) continue;
        float lit = 1.04f - 0.13f * ((py - f[k].y) + (px - f[k].x)) / f[k].r; /* light from the upper left */
        lit *= 1 - 0.38f * smooth(1 + dist / (2 * rim));                      /* a darker rim */
        float fill[3];
        for (int c = 0; c < 3; c++) fill[c] = clamp01(tint[k][c] * lit);
        mix(pix, fill, cover);
        if (cover >= 0.5f) owner = k + 1;
      }
      for (int c = 0; c < 3; c++) image[(y * size + x) * 3 + c] = (uint8_t)(clamp01(pix[c]) * 255 + 0.5f);
      if (mask) mask[y * size + x] = (uint8_t)owner;
      if (owner) {
        gn_shape_object *o = &scene->object[owner - 1];
        o->y0 = GN_MIN(o->y0, y);
        o->x0 = GN_MIN(o->x0, x);
        o->y1 = GN_MAX(o->y1, y + 1);
        o->x1 = GN_MAX(o->x1, x + 1);
      }
    }
}
