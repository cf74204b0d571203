/* b_loss.c - losses that are one number, and their gradients. */
#include "../kernels/loss.h"
#include "bind.h"

/* Argument `arg`: a tensor of x's shape, or a number (then NULL, *value set). */
static gn_tensor *check_target(lua_State *L, int arg, const gn_tensor *x, double *value) {
  *value = 0;
  if (lua_type(L, arg) == LUA_TNUMBER) {
    *value = (double)(gn_real)lua_tonumber(L, arg);
    return NULL;
  }
  gn_tensor *t = gn_test_tensor(L, arg);
  if (!t || t->dtype != GN_REAL) gn_expected(L, arg, "target", "a real tensor or a number");
  gn_check_same_size(L, arg, "target", t, x, "x");
  return gn_check_dense(L, arg, "target");
}

static gn_int check_some(lua_State *L, int arg, const gn_tensor *x) {
  gn_int n = gn_numel(x->nd, x->size);
  if (n == 0) gn_shape_error(L, arg, "x", "at least one element", NULL);
  return n;
}

static double check_scalar(lua_State *L, int arg) {
  gn_tensor *g = gn_check_dense(L, arg, "g");
  if (gn_numel(g->nd, g->size) != 1) gn_shape_error(L, arg, "g", "one element", NULL);
  return (double)*gn_real_ptr(g);
}

/* f(x, target) -> mean, a tensor without dimensions */
static int forward(lua_State *L, gn_loss_kind kind) {
  double value;
  lua_settop(L, 2);
  gn_tensor *x = gn_check_dense(L, 1, "x"), *t = check_target(L, 2, x, &value);
  gn_int n = check_some(L, 1, x);
  gn_real *work = gn_scratch(L, gn_loss_work(n));
  gn_tensor *y = gn_new_real(L, 0, NULL);
  *gn_real_ptr(y) = (gn_real)gn_loss(kind, gn_real_ptr(x), t ? gn_real_ptr(t) : NULL, value, n, work);
  gn_scratch_free(L, lua_gettop(L) - 1);
  return 1;
}

/* f_grad(g, x, target, want_dx, want_dtarget) -> dx, dtarget; nil where not wanted */
static int backward(lua_State *L, gn_loss_kind kind) {
  double value;
  lua_settop(L, 5);
  double g = check_scalar(L, 1);
  gn_tensor *x = gn_check_dense(L, 2, "x"), *t = check_target(L, 3, x, &value);
  gn_int n = check_some(L, 2, x);
  gn_real *out[2] = {0};
  for (int i = 0; i < 2; i++) {
    if (lua_toboolean(L, 4 + i)) out[i] = gn_real_ptr(gn_new_real_like(L, x));
    else lua_pushnil(L);
  }
  gn_loss_grad(kind, out[0], out[1], g, gn_real_ptr(x), t ? gn_real_ptr(t) : NULL, value, n);
  return 2;
}

static int bce_with_logits(lua_State *L) { return forward(L, GN_BCE); }
static int bce_with_logits_grad(lua_State *L) { return backward(L, GN_BCE); }
static int l1_loss(lua_State *L) { return forward(L, GN_L1); }
static int l1_loss_grad(lua_State *L) { return backward(L, GN_L1); }
static int mse_loss(lua_State *L) { return forward(L, GN_L2); }
static int mse_loss_grad(lua_State *L) { return backward(L, GN_L2); }

/* Labels (N) for x (N,Y). */
static gn_tensor *check_labels(lua_State *L, int arg, const gn_tensor *x, int xarg) {
  if (x->nd != 2 || x->size[0] == 0 || x->size[1] == 0) gn_shape_error(L, xarg, "logits", "(N,Y), neither 0", NULL);
  gn_tensor *t = gn_check_dense_i32(L, arg, "labels");
  if (t->nd != 1 || t->size[0] != x->size[0]) {
    const char *want = gn_shape_str(L, 1, x->size);
    gn_shape_error(L, arg, "labels", want, "to match logits");
  }
  return t;
}

/* The classes in t, each one of x's. To be called when all is allocated: before that a finalizer may write into
** them. */
static const int32_t *check_classes(lua_State *L, int arg, const gn_tensor *t, const gn_tensor *x) {
  const int32_t *p = gn_i32_ptr(t);
  for (gn_int i = 0; i < t->size[0]; i++)
    if (p[i] < 0 || p[i] >= x->size[1])
      gn_argerror(L, arg, "labels", "entry %I is %d, expected a class in 0..%I", (lua_Integer)i + 1, (int)p[i],
                  (lua_Integer)x->size[1] - 1);
  return p;
}

/* core.softmax_cross_entropy(logits (N,Y), labels i32 (N)) -> mean, a tensor without dimensions */
static int softmax_cross_entropy(lua_State *L) {
  lua_settop(L, 2);
  gn_tensor *x = gn_check_dense(L, 1, "logits"), *t = check_labels(L, 2, x, 1);
  gn_real *work = gn_scratch(L, gn_loss_work(x->size[0]));
  gn_tensor *y = gn_new_real(L, 0, NULL);
  *gn_real_ptr(y) = (gn_real)gn_cross_entropy(gn_real_ptr(x), check_classes(L, 2, t, x), x->size[0], x->size[1], work);
  gn_scratch_free(L, lua_gettop(L) - 1);
  return 1;
}

/* core.softmax_cross_entropy_grad(g, logits, labels) -> dlogits */
static int softmax_cross_entropy_grad(lua_State *L) {
  lua_settop(L, 3);
  double g = check_scalar(L, 1);
  gn_tensor *x = gn_check_dense(L, 2, "logits"), *t = check_labels(L, 3, x, 2), *dx = gn_new_real_like(L, x);
  gn_cross_entropy_grad(gn_real_ptr(dx), g, gn_real_ptr(x), check_classes(L, 3, t, x), x->size[0], x->size[1]);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"bce_with_logits", bce_with_logits},
    {"bce_with_logits_grad", bce_with_logits_grad},
    {"l1_loss", l1_loss},
    {"l1_loss_grad", l1_loss_grad},
    {"mse_loss", mse_loss},
    {"mse_loss_grad", mse_loss_grad},
    {"softmax_cross_entropy", softmax_cross_entropy},
    {"softmax_cross_entropy_grad", softmax_cross_entropy_grad},
    {NULL, NULL},
};

void gn_open_loss(lua_State *L) { gn_register(L, funcs); }
