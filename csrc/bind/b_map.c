/* b_map.c - points in the plane for Lua (gan.show.tsne, gan.show.atlas). */
#include "../kernels/map.h"
#include "bind.h"
#include <math.h>

#define MAX_POINTS 32767 /* the square of their number, in bytes, is what a machine may have */

static double check_range(lua_State *L, int arg, const char *name, double lo, double hi) {
  const double v = lua_type(L, arg) == LUA_TNUMBER ? (double)lua_tonumber(L, arg) : NAN;
  if (!(v >= lo && v <= hi)) gn_expected(L, arg, name, "a number in [%f,%f]", lo, hi);
  return v;
}

static const gn_tensor *check_finite(lua_State *L, int arg, const char *name, const gn_tensor *t) {
  const gn_real *x = gn_real_ptr(t);
  for (gn_int k = 0; k < gn_numel(t->nd, t->size); k++)
    if (!isfinite(x[k])) {
      const gn_int width = gn_numel(t->nd - 1, t->size + 1);
      gn_argerror(L, arg, name, "row %I holds NaN or an infinity", (lua_Integer)(k / width) + 1);
    }
  return t;
}

/* (N,2), finite; written: contiguous as it stands. */
static gn_tensor *check_points(lua_State *L, int arg, const char *name, gn_int n, int written) {
  gn_tensor *t = gn_check_tensor(L, arg, name);
  if (written && !gn_is_contiguous(t)) gn_argerror(L, arg, name, "expected a contiguous tensor");
  t = gn_check_dense_nd(L, arg, name, 2);
  if (t->size[1] != 2 || t->size[0] < 2 || t->size[0] > MAX_POINTS)
    gn_shape_error(L, arg, name, lua_pushfstring(L, "(N,2) of 2 to %d rows", MAX_POINTS), NULL);
  if (n > 0 && t->size[0] != n) {
    const gn_int want[2] = {n, 2};
    gn_shape_error(L, arg, name, gn_shape_str(L, 2, want), "as y");
  }
  check_finite(L, arg, name, t);
  return t;
}

/* (N,N). What is not finite makes the same of its row: it takes longer to look than to step. */
static const gn_tensor *check_square(lua_State *L, int arg, const char *name, gn_int n) {
  const gn_tensor *t = gn_check_dense_nd(L, arg, name, 2);
  if (t->size[0] != n || t->size[1] != n) {
    const gn_int want[2] = {n, n};
    gn_shape_error(L, arg, name, gn_shape_str(L, 2, want), "to match y");
  }
  return t;
}

/* core.affinities(x (N,D), perplexity [, tolerance = 1e-5]) -> p (N,N), symmetric, of sum 1; beta f64 (N). perplexity
** in [1,N-1]; tolerance in nats. */
static int affinities(lua_State *L) {
  const gn_tensor *x = gn_check_dense_nd(L, 1, "x", 2);
  const gn_int n = x->size[0], d = x->size[1], size[2] = {n, n};
  if (n < 4 || n > MAX_POINTS || d < 1)
    gn_shape_error(L, 1, "x", lua_pushfstring(L, "(N,D) of 4 to %d rows and 1 column", MAX_POINTS), NULL);
  check_finite(L, 1, "x", x);
  const double perplexity = check_range(L, 2, "perplexity", 1, (double)(n - 1));
  const double tolerance = lua_isnoneornil(L, 3) ? 1e-5 : check_range(L, 3, "tolerance", 0, 1);
  gn_tensor *p = gn_new_real(L, 2, size), *beta = gn_new_tensor(L, GN_F64, 1, size);
  double *work = gn_scratch_f64(L, gn_affinities_work(n, d));
  gn_affinities(gn_real_ptr(p), gn_f64_ptr(beta), gn_real_ptr(x), n, d, log(perplexity), tolerance, work);
  gn_scratch_free(L, -1);
  lua_pop(L, 1);
  return 2;
}

/* core.tsne_gradient(y (N,2), p (N,N) [, factor = 1]) -> dy (N,2). */
static int tsne_gradient(lua_State *L) {
  const gn_tensor *y = check_points(L, 1, "y", 0, 0);
  const gn_int n = y->size[0];
  const gn_tensor *p = check_square(L, 2, "p", n);
  const double factor = lua_isnoneornil(L, 3) ? 1 : check_range(L, 3, "factor", 0, 1e6);
  gn_tensor *dy = gn_new_real_like(L, y);
  double *work = gn_scratch_f64(L, gn_tsne_work(n));
  gn_tsne_gradient(gn_real_ptr(dy), gn_real_ptr(y), gn_real_ptr(p), n, factor, work);
  gn_scratch_free(L, -1);
  lua_pop(L, 1);
  return 1;
}

/* core.tsne_divergence(y (N,2), p (N,N)) -> nats. */
static int tsne_divergence(lua_State *L) {
  const gn_tensor *y = check_points(L, 1, "y", 0, 0);
  const gn_int n = y->size[0];
  const gn_tensor *p = check_square(L, 2, "p", n);
  double *work = gn_scratch_f64(L, gn_tsne_work(n));
  const double v = gn_tsne_divergence(gn_real_ptr(y), gn_real_ptr(p), n, work);
  gn_scratch_free(L, -1);
  lua_pushnumber(L, v);
  return 1;
}

/* core.tsne_step_(y (N,2), u (N,2), gain (N,2), p (N,N), factor, momentum, rate): a step, in place. */
static int tsne_step_(lua_State *L) {
  gn_tensor *y = check_points(L, 1, "y", 0, 1);
  const gn_int n = y->size[0];
  gn_tensor *u = check_points(L, 2, "u", n, 1), *gain = check_points(L, 3, "gain", n, 1);
  const gn_tensor *p = check_square(L, 4, "p", n);
  const double factor = check_range(L, 5, "factor", 0, 1e6), momentum = check_range(L, 6, "momentum", 0, 1),
               rate = check_range(L, 7, "rate", 0, 1e9);
  if (u->storage == y->storage) gn_argerror(L, 2, "u", "shares its memory with y");
  if (gain->storage == y->storage || gain->storage == u->storage)
    gn_argerror(L, 3, "gain", "shares its memory with another");
  if (p->storage == y->storage || p->storage == u->storage || p->storage == gain->storage)
    gn_argerror(L, 4, "p", "shares its memory with another");
  gn_real *dy = gn_scratch(L, 2 * n);
  double *work = gn_scratch_f64(L, gn_tsne_work(n));
  gn_tsne_step(gn_real_ptr(y), gn_real_ptr(u), gn_real_ptr(gain), dy, gn_real_ptr(p), n, factor, momentum, rate, work);
  gn_scratch_free(L, -1);
  gn_scratch_free(L, -2);
  gn_touch(y);
  gn_touch(u);
  gn_touch(gain);
  return 0;
}

/* core.assign(cost (N,M)), N <= M -> columns i32 (N), from 0, a different one for each row, of least sum; the duals
** f64 (N) and f64 (M). */
static int assign(lua_State *L) {
  const gn_tensor *cost = gn_check_dense_nd(L, 1, "cost", 2);
  const gn_int n = cost->size[0], m = cost->size[1];
  if (n < 1 || n > m || m > MAX_POINTS)
    gn_shape_error(L, 1, "cost", lua_pushfstring(L, "(N,M), N from 1 to M, M at most %d", MAX_POINTS), NULL);
  check_finite(L, 1, "cost", cost);
  gn_tensor *at = gn_new_tensor(L, GN_I32, 1, &n), *u = gn_new_tensor(L, GN_F64, 1, &n),
            *v = gn_new_tensor(L, GN_F64, 1, &m);
  double *work = gn_scratch_f64(L, gn_assign_work(m));
  gn_assign(gn_i32_ptr(at), gn_f64_ptr(u), gn_f64_ptr(v), gn_real_ptr(cost), n, m, work);
  gn_scratch_free(L, -1);
  lua_pop(L, 1);
  return 3;
}

static const luaL_Reg funcs[] = {
    {"affinities", affinities},       {"assign", assign},         {"tsne_divergence", tsne_divergence},
    {"tsne_gradient", tsne_gradient}, {"tsne_step_", tsne_step_}, {NULL, NULL},
};

void gn_open_map(lua_State *L) { gn_register(L, funcs); }
