/* b_augment.c - maps of pictures, of places or of colours, and filters, one for each picture of a batch, for Lua. */
#include "../kernels/augment.h"
#include "../kernels/copy.h"
#include "../kernels/warp.h"
#include "bind.h"
#include "options.h"
#include <math.h>
#include <string.h>

/* ---- arguments ---- */

/* Pictures (N,H,W,C), contiguous, with H and W in 1 .. INT32_MAX. */
static const gn_tensor *check_pictures(lua_State *L, const char *name) {
  const gn_tensor *t = gn_check_dense_nd(L, 1, name, 4);
  for (int i = 1; i <= 2; i++)
    if (t->size[i] < 1 || t->size[i] > INT32_MAX) gn_shape_error(L, 1, name, "(N,H,W,C)", "with H, W >= 1");
  return t;
}

static gn_pictures pictures_of(const gn_tensor *t) {
  return (gn_pictures){t->size[0], t->size[1], t->size[2], t->size[3]};
}

static int is_empty(const gn_tensor *t) { return gn_numel(t->nd, t->size) == 0; }

/* What argument 2 should be: numbers of a shape whose last size may be anything (-1), and what they are. */
typedef struct numbers {
  const char *name, *what;
  gn_shape shape;
} numbers;

/* The shape that is wanted, as a text: "(2,2,3)", "(2,K)". */
static const char *wanted(lua_State *L, const numbers *w) {
  const int last = w->shape.nd - 1;
  if (w->shape.size[last] >= 0) return gn_shape_str(L, w->shape.nd, w->shape.size);
  return lua_pushfstring(L, "(%I,K)", (lua_Integer)w->shape.size[0]);
}

/* The name of the entry at a place of the first d axes: "maps[1][2]". */
static const char *entry(lua_State *L, const numbers *w, const gn_int *at, int d) {
  lua_pushstring(L, w->name);
  for (int i = 0; i < d; i++) lua_pushfstring(L, "%s[%I]", lua_tostring(L, -1), (lua_Integer)at[i] + 1);
  return lua_tostring(L, -1);
}

/* Copies entries of nested tables to `to`; the table of the first d axes at `at` is on top. */
static double *read_nested(lua_State *L, const numbers *w, gn_int *at, int d, double *to) {
  const int type = lua_type(L, -1), top = lua_gettop(L);
  if (d == w->shape.nd) {
    if (type != LUA_TNUMBER)
      gn_argerror(L, 2, w->name, "expected a number, got %s at %s", gn_found(L, top), entry(L, w, at, d));
    *to = lua_tonumber(L, -1);
    return to + 1;
  }
  const gn_int count = type == LUA_TTABLE ? (gn_int)lua_rawlen(L, -1) : 0;
  if (type != LUA_TTABLE || count != w->shape.size[d]) {
    const char *got = type == LUA_TTABLE ? lua_pushfstring(L, "a table of %I", (lua_Integer)count) : gn_found(L, top);
    gn_argerror(L, 2, w->name, "expected %s %s, got %s at %s", wanted(L, w), w->what, got, entry(L, w, at, d));
  }
  for (at[d] = 0; at[d] < w->shape.size[d]; at[d]++) {
    lua_rawgeti(L, -1, at[d] + 1);
    to = read_nested(L, w, at, d + 1, to);
    lua_pop(L, 1);
  }
  return to;
}

/* Pushes the numbers that argument 2 holds, nested tables or a tensor (real or f64), as scratch; completes the shape.
** Raises unless all are finite. */
static const double *read_numbers(lua_State *L, numbers *w) {
  const int last = w->shape.nd - 1;
  const gn_tensor *t = gn_test_tensor(L, 2);
  if (t && (t->dtype == GN_REAL || t->dtype == GN_F64)) {
    int same = t->nd == w->shape.nd;
    for (int i = 0; same && i <= last; i++) same = w->shape.size[i] < 0 || t->size[i] == w->shape.size[i];
    if (!same) gn_shape_error(L, 2, w->name, wanted(L, w), w->what);
    t = gn_check_dense_any(L, 2, w->name);
    w->shape.size[last] = t->size[last];
  } else if (lua_type(L, 2) != LUA_TTABLE) {
    gn_expected(L, 2, w->name, "nested tables or a real or f64 tensor %s", wanted(L, w));
  } else if (w->shape.size[last] < 0) { /* as many as the first has */
    w->shape.size[last] = 1;
    if (lua_rawgeti(L, 2, 1) == LUA_TTABLE) w->shape.size[last] = GN_MIN((gn_int)lua_rawlen(L, -1), INT32_MAX);
    lua_pop(L, 1);
  }
  if (!gn_size_ok(w->shape.nd, w->shape.size)) gn_argerror(L, 2, w->name, "too large");
  const gn_int count = gn_numel(w->shape.nd, w->shape.size);
  double *to = gn_scratch_f64(L, count);
  if (t) {
    gn_load_elements(to, gn_tensor_ptr(t), t->dtype, 1, count);
  } else {
    gn_int at[GN_MAXD] = {0};
    luaL_checkstack(L, 2 * GN_MAXD, "nested tables");
    lua_pushvalue(L, 2);
    read_nested(L, w, at, 0, to);
    lua_pop(L, 1);
  }
  for (gn_int i = 0; i < count; i++)
    if (!isfinite(to[i])) {
      gn_int at[GN_MAXD], rest = i;
      for (int d = last; d >= 0; d--) at[d] = rest % w->shape.size[d], rest /= w->shape.size[d];
      lua_pushnumber(L, to[i]);
      const char *got = lua_tostring(L, -1);
      gn_argerror(L, 2, w->name, "expected a finite number, got %s at %s", got, entry(L, w, at, w->shape.nd));
    }
  return to;
}

/* ---- warp ---- */

typedef struct warp_options {
  int fill;
} warp_options;

static const char *const fills[] = {"reflect", "zero", NULL}; /* as gn_beyond */
static const gn_option of_warp[] = {GN_OPT_WORD(warp_options, fill, fills), GN_OPT_END};

typedef void warp_function(gn_real *, const gn_real *, const gn_warping *, double *);

static int warp_by(lua_State *L, const char *name, warp_function *f) {
  const gn_tensor *x = check_pictures(L, name);
  gn_warping p = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  warp_options o = {GN_BEYOND_REFLECT};
  gn_read_options(L, 3, of_warp, &o);
  p.beyond = (gn_beyond)o.fill;
  if (!is_empty(x) && !gn_warp_fits(p.h, p.w, p.c))
    gn_argerror(L, 1, name, "pictures of %I x %I x %I are too large", (lua_Integer)p.h, (lua_Integer)p.w,
                (lua_Integer)p.c);
  numbers maps = {"maps", "one map a picture", {3, {p.n, 2, 3}}};
  lua_settop(L, 3);
  p.maps = read_numbers(L, &maps);
  const gn_tensor *y = gn_new_real_like(L, x);
  if (is_empty(x)) return 1;
  double *work = gn_scratch_f64(L, gn_warp_work(&p));
  f(gn_real_ptr(y), gn_real_ptr(x), &p, work);
  gn_scratch_free(L, 6);
  gn_scratch_free(L, 4);
  lua_settop(L, 5);
  return 1;
}

/* warp(x (N,H,W,C), maps (N,2,3), options) -> (N,H,W,C) */
static int warp(lua_State *L) { return warp_by(L, "x", gn_warp); }

/* warp_dx(dy (N,H,W,C), maps (N,2,3), options) -> (N,H,W,C) */
static int warp_dx(lua_State *L) { return warp_by(L, "dy", gn_warp_dx); }

/* ---- recolour ---- */

/* recolour(x (N,H,W,C), m (N,C,C+1)) -> (N,H,W,C) */
static int recolour(lua_State *L) {
  const gn_tensor *x = check_pictures(L, "x");
  const gn_pictures p = pictures_of(x);
  numbers m = {"m", "one map a picture", {3, {p.n, p.c, p.c + 1}}};
  lua_settop(L, 2);
  const double *map = read_numbers(L, &m);
  const gn_tensor *y = gn_new_real_like(L, x);
  if (!is_empty(x)) gn_recolour(gn_real_ptr(y), gn_real_ptr(x), map, &p);
  gn_scratch_free(L, 3);
  return 1;
}

/* ---- filter ---- */

typedef void filter_function(gn_real *, const gn_real *, const double *, gn_int, const gn_pictures *, gn_real *);

static int filter_by(lua_State *L, const char *name, filter_function *f) {
  const gn_tensor *x = check_pictures(L, name);
  const gn_pictures p = pictures_of(x);
  numbers taps = {"taps", "one filter a picture", {2, {p.n, -1}}};
  lua_settop(L, 2);
  const double *t = read_numbers(L, &taps);
  const gn_int k = taps.shape.size[1];
  if (p.n > 0 && (k % 2 == 0 || k > INT32_MAX))
    gn_argerror(L, 2, "taps", "expected an odd number of taps, got %I", (lua_Integer)k);
  if (p.n > 0 && (p.h <= k / 2 || p.w <= k / 2))
    gn_argerror(L, 2, "taps", "pictures of %I x %I are too small for %I taps: both sides must be larger than %I",
                (lua_Integer)p.h, (lua_Integer)p.w, (lua_Integer)k, (lua_Integer)(k / 2));
  const gn_tensor *y = gn_new_real_like(L, x);
  if (is_empty(x)) return 1;
  gn_real *work = gn_scratch(L, gn_filter_work(&p, k));
  f(gn_real_ptr(y), gn_real_ptr(x), t, k, &p, work);
  gn_scratch_free(L, 5);
  gn_scratch_free(L, 3);
  lua_settop(L, 4);
  return 1;
}

/* filter(x (N,H,W,C), taps (N,K)) -> (N,H,W,C) */
static int filter(lua_State *L) { return filter_by(L, "x", gn_filter); }

/* filter_dx(dy (N,H,W,C), taps (N,K)) -> (N,H,W,C) */
static int filter_dx(lua_State *L) { return filter_by(L, "dy", gn_filter_dx); }

static const luaL_Reg funcs[] = {
    {"filter", filter}, {"filter_dx", filter_dx}, {"recolour", recolour},
    {"warp", warp},     {"warp_dx", warp_dx},     {NULL, NULL},
};

void gn_open_augment(lua_State *L) { gn_register(L, funcs); }
