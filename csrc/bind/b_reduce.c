/* b_reduce.c - sums, means, extremes and softmax over axes. Axes count from 1 in Lua; nil means all of them. */
#include "../kernels/norm.h"
#include "../kernels/reduce.h"
#include "bind.h"
#include <string.h>

/* A reduction brought to (O,R,C): what is summed lies in the middle. */
typedef struct job {
  const gn_real *x;
  gn_int o, r, c;
  gn_shape y; /* shape of the result */
} job;

/* Bit i set: axis i is reduced. The argument is nil (all axes), a number or a list of numbers. */
static unsigned check_axes(lua_State *L, int arg, int nd) {
  unsigned mask = 0;
  if (lua_isnoneornil(L, arg)) return (1u << nd) - 1;
  if (lua_type(L, arg) == LUA_TNUMBER) return 1u << gn_check_axis(L, arg, "axes", nd);
  if (lua_type(L, arg) != LUA_TTABLE) gn_expected(L, arg, "axes", "an axis, a list of axes, or nil for all");
  if (lua_rawlen(L, arg) == 0) { /* x:sum{keepdim = true}: the options are in the place of the axes */
    lua_pushnil(L);
    if (lua_next(L, arg)) gn_expected(L, arg, "axes", "an axis, a list of axes, or nil for all; options come behind");
  }
  const int n = (int)GN_MIN(lua_rawlen(L, arg), (lua_Unsigned)GN_MAXD + 1); /* the last of them cannot be new */
  for (int i = 1; i <= n; i++) {
    const int axis = gn_check_axis_entry(L, arg, "axes", i, nd);
    if (mask & 1u << axis) gn_argerror(L, arg, "axes", "axis %d appears twice", axis + 1);
    mask |= 1u << axis;
  }
  return mask;
}

static int check_flag(lua_State *L, int arg, const char *name) {
  if (!lua_isnoneornil(L, arg) && lua_type(L, arg) != LUA_TBOOLEAN) gn_expected(L, arg, name, "a boolean");
  return lua_toboolean(L, arg);
}

/* Brings x to (O,R,C). Where the reduced axes are not neighbours, or x has gaps, it is copied first (onto the
** stack). */
static job prepare(lua_State *L, const gn_tensor *t, unsigned mask, int keepdim) {
  job j = {.o = 1, .r = 1, .c = 1};
  gn_tensor v = *t; /* t with its axes in the order of the copy */
  int phase = 0, split = 0, nd = 0;
  for (int i = 0; i < t->nd; i++) { /* kept, reduced, kept: phases 0, 1, 2 */
    int reduced = mask >> i & 1;
    if (!reduced || keepdim) j.y.size[j.y.nd++] = reduced ? 1 : t->size[i];
    if (t->size[i] == 1) continue;
    if (reduced && phase == 2) split = 1;
    if (reduced && phase == 0) phase = 1;
    if (!reduced && phase == 1) phase = 2;
    *(reduced ? &j.r : phase == 0 ? &j.o : &j.c) *= t->size[i];
  }
  if (!split && gn_is_contiguous(t)) {
    j.x = gn_real_ptr(t);
    return j;
  }
  if (split) {
    for (int want = 0; want < 2; want++)
      for (int i = 0; i < t->nd; i++)
        if ((int)(mask >> i & 1) == want) {
          v.size[nd] = t->size[i];
          v.stride[nd++] = t->stride[i];
        }
    j.o *= j.c;
    j.c = 1;
  }
  gn_tensor *d = gn_new_real(L, v.nd, v.size);
  gn_set_dense(d, &v);
  j.x = gn_real_ptr(d);
  return j;
}

static void check_some(lua_State *L, const job *j) {
  if (j->r == 0)
    gn_argerror(L, 1, "x", "nothing to reduce: an axis has size 0, shape %s",
                gn_shape_str(L, gn_check_tensor(L, 1, "x")->nd, gn_check_tensor(L, 1, "x")->size));
}

static int run(lua_State *L, const job *j, gn_reduction kind, double scale) {
  gn_real *work = gn_scratch(L, gn_reduce_work(j->o, j->r, j->c));
  int at = lua_gettop(L);
  gn_tensor *y = gn_new_real(L, j->y.nd, j->y.size);
  gn_reduce(gn_real_ptr(y), j->x, j->o, j->r, j->c, kind, scale, work);
  gn_scratch_free(L, at);
  return 1;
}

/* f(x, axes, keepdim) of one kind */
static int reduce(lua_State *L, gn_reduction kind, int is_mean) {
  gn_tensor *t = gn_check_real(L, 1, "x");
  unsigned mask = check_axes(L, 2, t->nd);
  job j = prepare(L, t, mask, check_flag(L, 3, "keepdim"));
  if (is_mean || kind >= GN_MAXIMUM) check_some(L, &j);
  return run(L, &j, kind, is_mean ? 1 / (double)j.r : 1);
}

/* core.sum(x [, axes [, keepdim]]); mean, max, min, norm (root of the sum of squares) alike. */
static int sum(lua_State *L) { return reduce(L, GN_SUM, 0); }
static int mean(lua_State *L) { return reduce(L, GN_SUM, 1); }
static int max(lua_State *L) { return reduce(L, GN_MAXIMUM, 0); }
static int min(lua_State *L) { return reduce(L, GN_MINIMUM, 0); }
static int norm(lua_State *L) { return reduce(L, GN_SUM_SQUARES, 0); }

/* core.var(x [, axes [, keepdim [, unbiased]]]) */
static int var(lua_State *L) {
  gn_tensor *t = gn_check_real(L, 1, "x");
  unsigned mask = check_axes(L, 2, t->nd);
  int keepdim = check_flag(L, 3, "keepdim"), unbiased = check_flag(L, 4, "unbiased");
  job j = prepare(L, t, mask, keepdim);
  check_some(L, &j);
  if (unbiased && j.r < 2) gn_argerror(L, 1, "x", "the unbiased variance needs at least 2 elements");
  gn_norm_dims d = {.o = j.o, .r = j.r, .c = j.c, .g = j.c};
  gn_int n = gn_norm_work(&d);
  gn_real *work = gn_scratch(L, n + j.o * j.c), *m = work + n;
  int at = lua_gettop(L);
  gn_tensor *y = gn_new_real(L, j.y.nd, j.y.size);
  if (j.o * j.c > 0) gn_moments(m, gn_real_ptr(y), j.x, &d, work);
  if (unbiased)
    for (gn_int i = 0; i < j.o * j.c; i++)
      gn_real_ptr(y)[i] = (gn_real)((double)gn_real_ptr(y)[i] * ((double)j.r / (double)(j.r - 1)));
  gn_scratch_free(L, at);
  return 1;
}

static int argreduce(lua_State *L, int least) {
  gn_tensor *t = gn_check_real(L, 1, "x");
  unsigned mask = lua_isnoneornil(L, 2) ? (1u << t->nd) - 1 : 1u << gn_check_axis(L, 2, "axis", t->nd);
  job j = prepare(L, t, mask, check_flag(L, 3, "keepdim"));
  check_some(L, &j);
  if (j.r > INT32_MAX) gn_argerror(L, 1, "x", "more than 2^31-1 elements to choose from");
  gn_tensor *y = gn_new_tensor(L, GN_I32, j.y.nd, j.y.size);
  gn_argreduce(gn_i32_ptr(y), j.x, j.o, j.r, j.c, least);
  return 1;
}

/* core.argmax(x [, axis [, keepdim]]) -> i32 positions from 0, as labels count. argmin alike. */
static int argmax(lua_State *L) { return argreduce(L, 0); }
static int argmin(lua_State *L) { return argreduce(L, 1); }

/* core.sum_to(x, shape) -> x summed over what broadcasting stretched from shape; a view of x where nothing was. */
static int sum_to(lua_State *L) {
  gn_tensor *t = gn_check_real(L, 1, "x");
  gn_shape s, both;
  gn_check_shape(L, 2, "shape", &s);
  if (!gn_broadcast(t->nd, t->size, s.nd, s.size, &both) || both.nd != t->nd ||
      memcmp(both.size, t->size, sizeof *s.size * (size_t)t->nd) != 0)
    gn_shape_error(L, 1, "x", "a shape that", lua_pushfstring(L, "%s broadcasts to", gn_shape_str(L, s.nd, s.size)));
  unsigned mask = 0;
  for (int i = 0; i < t->nd; i++) {
    int k = i - (t->nd - s.nd);
    if (k < 0 || (s.size[k] == 1 && t->size[i] != 1)) mask |= 1u << i;
  }
  if (mask == 0) {
    gn_new_view(L, t, t->nd, t->size, t->stride, t->offset);
    return 1;
  }
  job j = prepare(L, t, mask, 0);
  j.y = s;
  return run(L, &j, GN_SUM, 1);
}

static int softmax_of(lua_State *L, gn_softmax_kind kind) {
  gn_tensor *t = gn_check_dense(L, 1, "x");
  lua_settop(L, 2);
  int a = t->nd == 0 ? -1 : lua_isnil(L, 2) ? t->nd - 1 : gn_check_axis(L, 2, "axis", t->nd);
  if (a < 0) gn_shape_error(L, 1, "x", "at least 1 dimension", NULL);
  job j = prepare(L, t, 1u << a, 0);
  gn_tensor *y = gn_new_real_like(L, t);
  if (j.r > 0) gn_softmax(gn_real_ptr(y), j.x, j.o, j.r, j.c, kind);
  return 1;
}

/* core.softmax(x [, axis = last]); log_softmax alike. */
static int softmax(lua_State *L) { return softmax_of(L, GN_SOFTMAX); }
static int log_softmax(lua_State *L) { return softmax_of(L, GN_LOG_SOFTMAX); }

/* core.logsumexp(x [, axes [, keepdim]]) */
static int logsumexp(lua_State *L) {
  gn_tensor *t = gn_check_real(L, 1, "x");
  unsigned mask = check_axes(L, 2, t->nd);
  job j = prepare(L, t, mask, check_flag(L, 3, "keepdim"));
  check_some(L, &j);
  gn_tensor *y = gn_new_real(L, j.y.nd, j.y.size);
  gn_logsumexp(gn_real_ptr(y), j.x, j.o, j.r, j.c);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"sum", sum},
    {"mean", mean},
    {"max", max},
    {"min", min},
    {"norm", norm},
    {"var", var},
    {"argmax", argmax},
    {"argmin", argmin},
    {"sum_to", sum_to},
    {"softmax", softmax},
    {"log_softmax", log_softmax},
    {"logsumexp", logsumexp},
    {NULL, NULL},
};

void gn_open_reduce(lua_State *L) { gn_register(L, funcs); }
