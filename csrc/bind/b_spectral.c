/* b_spectral.c - spectral normalisation for Lua. The axis of the output channels makes a weight a matrix: it and all
** others. */
#include "../kernels/spectral.h"
#include "bind.h"
#include <math.h>

/* w (...), dense, and the axis of its rows */
static gn_spectral_dims check_dims(lua_State *L, const gn_tensor *w, int arg, int axis_arg) {
  if (gn_numel(w->nd, w->size) == 0) gn_shape_error(L, arg, "w", "at least one element", NULL);
  if (w->nd == 0) gn_shape_error(L, arg, "w", "at least 1 dimension", NULL);
  const int axis = gn_check_axis(L, axis_arg, "axis", w->nd);
  return (gn_spectral_dims){gn_numel(axis, w->size), w->size[axis], gn_numel(w->nd - axis - 1, w->size + axis + 1)};
}

static gn_tensor *check_vector(lua_State *L, int arg, const char *name, gn_int n, const char *why) {
  gn_tensor *t = gn_check_dense(L, arg, name);
  if (t->nd != 1 || t->size[0] != n) {
    const char *want = gn_shape_str(L, 1, &n);
    gn_shape_error(L, arg, name, want, why);
  }
  return t;
}

/* core.power_iteration(w, u, axis) -> new u, new v, sigma (a number): see gn_power_iteration */
static int power_iteration(lua_State *L) {
  const gn_tensor *w = gn_check_dense(L, 1, "w");
  const gn_spectral_dims d = check_dims(L, w, 1, 3);
  const gn_tensor *u0 = check_vector(L, 2, "u", d.r, "to match w along axis");
  gn_real *work = gn_scratch(L, gn_spectral_work(&d));
  const int at = lua_gettop(L);
  const gn_int n = d.a * d.b;
  gn_tensor *u = gn_new_real(L, 1, &d.r), *v = gn_new_real(L, 1, &n);
  const double sigma = gn_power_iteration(gn_real_ptr(u), gn_real_ptr(v), gn_real_ptr(w), gn_real_ptr(u0), &d, work);
  gn_scratch_free(L, at);
  lua_pushnumber(L, sigma);
  return 3;
}

#define TINY 1e-12 /* a weight of zeros has no direction: it stays zero */

/* core.spectral_divide(w, u, v, axis, sigma or nil) -> w / sigma, sigma (a number): the given one, or sum of u w v;
** TINY where it is less. */
static int spectral_divide(lua_State *L) {
  lua_settop(L, 5);
  const gn_tensor *w = gn_check_dense(L, 1, "w");
  const gn_spectral_dims d = check_dims(L, w, 1, 4);
  const gn_tensor *u = check_vector(L, 2, "u", d.r, "to match w along axis"),
                  *v = check_vector(L, 3, "v", d.a * d.b, "to match w");
  if (!lua_isnil(L, 5)) gn_check_number(L, 5, "sigma");
  double sigma = lua_tonumber(L, 5);
  if (lua_isnil(L, 5)) {
    gn_real *work = gn_scratch(L, gn_spectral_work(&d));
    sigma = gn_spectral_sigma(gn_real_ptr(w), gn_real_ptr(u), gn_real_ptr(v), &d, work);
    gn_scratch_free(L, -1);
  }
  if (fabs(sigma) < TINY) sigma = TINY;
  gn_tensor *y = gn_new_real_like(L, w);
  gn_spectral_divide(gn_real_ptr(y), gn_real_ptr(w), sigma, d.a * d.r * d.b);
  lua_pushnumber(L, sigma);
  return 2;
}

/* core.spectral_grad(dy, w, u, v, axis, sigma) -> dw */
static int spectral_grad(lua_State *L) {
  const gn_tensor *dy = gn_check_dense(L, 1, "dy"), *w = gn_check_dense(L, 2, "w");
  const gn_spectral_dims d = check_dims(L, w, 2, 5);
  gn_check_same_size(L, 1, "dy", dy, w, "w");
  const gn_tensor *u = check_vector(L, 3, "u", d.r, "to match w along axis"),
                  *v = check_vector(L, 4, "v", d.a * d.b, "to match w");
  gn_check_number(L, 6, "sigma");
  const double sigma = lua_tonumber(L, 6);
  gn_real *work = gn_scratch(L, gn_spectral_work(&d));
  const int at = lua_gettop(L);
  gn_tensor *dw = gn_new_real_like(L, w);
  gn_spectral_grad(gn_real_ptr(dw), gn_real_ptr(dy), gn_real_ptr(w), gn_real_ptr(u), gn_real_ptr(v), sigma, &d, work);
  gn_scratch_free(L, at);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"power_iteration", power_iteration},
    {"spectral_divide", spectral_divide},
    {"spectral_grad", spectral_grad},
    {NULL, NULL},
};

void gn_open_spectral(lua_State *L) { gn_register(L, funcs); }
