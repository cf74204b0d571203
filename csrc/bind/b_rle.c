/* b_rle.c - runs of masks for Lua, as texts of 32-bit counts in the machine's order; polygons, COCO's texts of them. */
#include "../kernels/rle.h"
#include "../codec/budget.h"
#include "bind.h"
#include <string.h>

#define STEPS ((gn_int)1 << 24) /* of an outline, on a grid of a fifth of a pixel */

static int fail(lua_State *L, const char *why) {
  luaL_pushfail(L);
  lua_pushstring(L, why);
  return 2;
}

static const uint32_t *check_runs(lua_State *L, int arg, const char *name, gn_int *n) {
  size_t bytes = 0;
  const char *s = lua_type(L, arg) == LUA_TSTRING ? lua_tolstring(L, arg, &bytes) : NULL;
  if (!s || bytes % sizeof(uint32_t) != 0) gn_expected(L, arg, name, "runs, as core.rle_of makes them");
  *n = (gn_int)(bytes / sizeof(uint32_t));
  return (const uint32_t *)s;
}

/* A buffer of n counts on the stack. */
static uint32_t *new_counts(lua_State *L, gn_int n) {
  return lua_newuserdatauv(L, sizeof(uint32_t) * (size_t)n + 8, 0);
}

static int push_runs(lua_State *L, const uint32_t *counts, gn_int n) {
  lua_pushlstring(L, (const char *)counts, sizeof *counts * (size_t)n);
  return 1;
}

static void check_size(lua_State *L, int arg, gn_int *h, gn_int *w) {
  *h = gn_check_int(L, arg, "h", 1, GN_BUDGET_SIDE);
  *w = gn_check_int(L, arg + 1, "w", 1, GN_BUDGET_SIDE);
}

/* core.rle_polygon(points, h, w) -> runs of a polygon on h x w pixels; or nil, message. points: a text of doubles x, y,
** x, y, ... */
static int polygon(lua_State *L) {
  size_t bytes = 0;
  const char *s = lua_type(L, 1) == LUA_TSTRING ? lua_tolstring(L, 1, &bytes) : NULL;
  if (!s || bytes % sizeof(double) != 0) gn_expected(L, 1, "points", "a text of doubles");
  gn_int h, w;
  check_size(L, 2, &h, &w);
  const gn_int k = (gn_int)(bytes / sizeof(double));
  if (k < 6) return fail(L, "a polygon of fewer than 3 points");
  if (k % 2) return fail(L, "a polygon with an odd count of numbers");
  double *xy = lua_newuserdatauv(L, bytes, 0);
  memcpy(xy, s, bytes);
  for (gn_int i = 0; i < k; i++)
    if (!(xy[i] >= -GN_RLE_FAR && xy[i] <= GN_RLE_FAR)) return fail(L, "a polygon with a number beyond +-65536");
  const gn_int points = gn_rle_points(xy, k / 2, STEPS);
  if (points > STEPS) return fail(L, "a polygon whose outline is too long");
  uint32_t *places = new_counts(L, points + 1), *counts = new_counts(L, points + 1);
  return push_runs(L, counts, gn_rle_polygon(counts, xy, k / 2, h, w, places));
}

/* core.rle_decode(text) -> runs of COCO's text of them; or nil, message. */
static int decode(lua_State *L) {
  size_t n = 0;
  const char *s = lua_type(L, 1) == LUA_TSTRING ? lua_tolstring(L, 1, &n) : NULL;
  if (!s) gn_expected(L, 1, "text", "a string");
  const gn_int count = gn_rle_decode(NULL, s, (gn_int)n);
  if (count < 0) {
    luaL_pushfail(L);
    lua_pushfstring(L, "runs that go wrong at character %I", (lua_Integer)-count);
    return 2;
  }
  uint32_t *counts = new_counts(L, count);
  gn_rle_decode(counts, s, (gn_int)n);
  return push_runs(L, counts, count);
}

/* core.rle_encode(runs) -> COCO's text of them. */
static int encode(lua_State *L) {
  gn_int n;
  const uint32_t *counts = check_runs(L, 1, "runs", &n);
  char *text = lua_newuserdatauv(L, 7 * (size_t)n + 1, 0);
  lua_pushlstring(L, text, (size_t)gn_rle_encode(text, counts, n));
  return 1;
}

/* core.rle_of(mask u8 (H,W)) -> its runs; what is not 0 counts as 1. */
static int of_mask(lua_State *L) {
  const gn_tensor *mask = gn_check_dense_u8(L, 1, "mask");
  if (mask->nd != 2) gn_shape_error(L, 1, "mask", "(H,W)", NULL);
  uint32_t *counts = new_counts(L, mask->size[0] * mask->size[1] + 1);
  return push_runs(L, counts, gn_rle_of_mask(counts, gn_u8_ptr(mask), mask->size[0], mask->size[1]));
}

/* core.rle_merge(a, b [, intersect = false]) -> runs of the union, or the intersection. */
static int merge(lua_State *L) {
  gn_int na, nb;
  const uint32_t *a = check_runs(L, 1, "a", &na), *b = check_runs(L, 2, "b", &nb);
  lua_settop(L, 3);
  uint32_t *counts = new_counts(L, na + nb + 1);
  return push_runs(L, counts, gn_rle_merge(counts, a, na, b, nb, lua_toboolean(L, 3)));
}

/* core.rle_measure(runs, h) -> how many pixels they are, how many ones, and x0, y0, x1, y1 of the box around these. */
static int measure(lua_State *L) {
  gn_int n, area, box[4];
  const uint32_t *counts = check_runs(L, 1, "runs", &n);
  const gn_int h = gn_check_int(L, 2, "h", 1, GN_BUDGET_SIDE);
  lua_pushinteger(L, (lua_Integer)gn_rle_measure(&area, box, counts, n, h));
  lua_pushinteger(L, (lua_Integer)area);
  for (int k = 0; k < 4; k++) lua_pushinteger(L, (lua_Integer)box[k]);
  return 6;
}

/* Four integers {y, x, h, w} at arg: a window that lies in (h,w). */
static void check_window(lua_State *L, int arg, const char *name, gn_int v[4], gn_int h, gn_int w) {
  if (lua_type(L, arg) != LUA_TTABLE) gn_expected(L, arg, name, "{y, x, h, w}");
  for (int k = 0; k < 4; k++) {
    int ok;
    lua_rawgeti(L, arg, k + 1);
    v[k] = lua_tointegerx(L, -1, &ok);
    lua_pop(L, 1);
    if (!ok || v[k] < (k < 2 ? 0 : 1) || v[k] > GN_BUDGET_SIDE) gn_expected(L, arg, name, "{y, x, h, w} of sizes");
  }
  if (v[0] + v[2] > h || v[1] + v[3] > w)
    gn_argerror(L, arg, name, "expected a window of %I x %I, got one to %I x %I", (lua_Integer)h, (lua_Integer)w,
                (lua_Integer)(v[0] + v[2]), (lua_Integer)(v[1] + v[3]));
}

/* core.rle_paint_(mask u8 (H,W), runs, h, w, value, window, place): sets what the runs of h x w pixels have to value,
** where `window` {y,x,h,w} of these is shown at `place` of the mask, by nearest pixels. */
static int paint(lua_State *L) {
  gn_tensor *mask = gn_check_tensor(L, 1, "mask");
  if (mask->dtype != GN_U8 || mask->nd != 2 || !gn_is_contiguous(mask))
    gn_shape_error(L, 1, "mask", "a contiguous u8 tensor (H,W)", NULL);
  gn_int n, h, w, src[4], dst[4];
  const uint32_t *counts = check_runs(L, 2, "runs", &n);
  check_size(L, 3, &h, &w);
  const gn_int value = gn_check_int(L, 5, "value", 0, 255);
  check_window(L, 6, "window", src, h, w);
  check_window(L, 7, "place", dst, mask->size[0], mask->size[1]);
  gn_rle_paint(gn_u8_ptr(mask), mask->size[1], (uint8_t)value, counts, n, h, src, dst);
  gn_touch(mask);
  return 0;
}

static const luaL_Reg funcs[] = {
    {"rle_polygon", polygon}, {"rle_decode", decode},   {"rle_encode", encode}, {"rle_of", of_mask},
    {"rle_merge", merge},     {"rle_measure", measure}, {"rle_paint_", paint},  {NULL, NULL},
};

void gn_open_rle(lua_State *L) { gn_register(L, funcs); }
