/* b_norm.c - batch, layer, instance, group and pixel norm with their gradients; dropout. Channels are the last axis. */
#include "../kernels/norm.h"
#include "bind.h"
#include "options.h"
#include <math.h>

typedef enum { BATCH, LAYER, INSTANCE, GROUP } kind;

/* What the gradients take in a table. */
typedef struct gradient_options {
  double eps, slope;
  gn_int groups;
  int ddy, dx, dgamma, dbeta; /* which results are wanted */
} gradient_options;

static const gn_option of_gradient[] = {GN_OPT_NUMBER(gradient_options, eps, 1),
                                        GN_OPT_NUMBER(gradient_options, slope, 0),
                                        GN_OPT_INTEGER(gradient_options, groups, 1, INT32_MAX),
                                        GN_OPT_FLAG(gradient_options, ddy),
                                        GN_OPT_FLAG(gradient_options, dx),
                                        GN_OPT_FLAG(gradient_options, dgamma),
                                        GN_OPT_FLAG(gradient_options, dbeta),
                                        GN_OPT_END};

static gradient_options check_options(lua_State *L, int arg) {
  gradient_options o = {.slope = 1, .groups = 1};
  gn_read_options(L, arg, of_gradient, &o);
  if (!(o.eps >= 0) || isinf(o.eps)) gn_option_error(L, "eps", "expected a number >= 0, got %f", (lua_Number)o.eps);
  if (!(o.slope >= 0 && o.slope <= 1))
    gn_option_error(L, "slope", "expected a number in [0,1], got %f", (lua_Number)o.slope);
  o.eps = (double)(gn_real)o.eps; /* what the forward pass added: arguments are reals */
  return o;
}

static gn_int check_groups(lua_State *L, int arg) { return gn_check_int(L, arg, "groups", 1, INT32_MAX); }

/* (O,R,C,G) of x (N,...,C): batch norm pools over all but C, the others keep N apart. Group norm has its groups from
** argument `groups_arg`, or from a table of options (0). */
static gn_norm_dims check_dims(lua_State *L, const gn_tensor *x, int arg, kind k, gn_int groups, int groups_arg) {
  gn_int n = gn_numel(x->nd, x->size);
  if (x->nd < 2) gn_shape_error(L, arg, "x", "at least 2 dimensions (N,...,C)", NULL);
  if (n == 0) gn_shape_error(L, arg, "x", "at least one element", NULL);
  gn_int c = x->size[x->nd - 1];
  gn_norm_dims d = {.o = k == BATCH ? 1 : x->size[0], .c = c, .g = k == LAYER ? 1 : c};
  d.r = n / (d.o * c);
  if (k == GROUP) {
    d.g = groups;
    if (c % d.g != 0) {
      static const char *const what = "%s cannot be split into %s";
      const char *channels = gn_count(L, c, "channel"), *parts = gn_count(L, d.g, "group");
      if (groups_arg) gn_argerror(L, groups_arg, "groups", what, channels, parts);
      gn_option_error(L, "groups", what, channels, parts);
    }
  }
  return d;
}

static gn_tensor *check_channels(lua_State *L, int arg, const char *name, gn_int c) {
  gn_tensor *t = gn_check_dense(L, arg, name);
  if (t->nd != 1 || t->size[0] != c) {
    const char *want = gn_shape_str(L, 1, &c);
    gn_shape_error(L, arg, name, want, "to match the channels of x");
  }
  return t;
}

static gn_tensor *opt_channels(lua_State *L, int arg, const char *name, gn_int c) {
  return lua_isnoneornil(L, arg) ? NULL : check_channels(L, arg, name, c);
}

static double check_eps(lua_State *L, int arg) {
  double e = (double)gn_check_number(L, arg, "eps");
  if (!(e >= 0) || isinf(e)) gn_expected(L, arg, "eps", "a number >= 0");
  return e;
}

/* Shape of the statistics: (C) in batch norm, (N,C), (N) or (N,groups) in the others. */
static gn_tensor *new_stats(lua_State *L, const gn_norm_dims *d, kind k) {
  gn_int size[2] = {k == BATCH ? d->g : d->o, d->g};
  return gn_new_real(L, k == BATCH || k == LAYER ? 1 : 2, size);
}

static gn_real opt_slope(lua_State *L, int arg) {
  const double slope = lua_isnoneornil(L, arg) ? 1 : (double)gn_check_number(L, arg, "slope");
  if (!(slope >= 0 && slope <= 1)) gn_expected(L, arg, "slope", "a number in [0,1]");
  return (gn_real)slope;
}

static const gn_real *opt_ptr(const gn_tensor *t) { return t ? gn_real_ptr(t) : NULL; }

/* What the kernels read; all but x may be NULL. */
static gn_norm_args args_of(const gn_tensor *x, const gn_tensor *mean, const gn_tensor *var, const gn_tensor *gamma,
                            const gn_tensor *beta, double eps, gn_real slope) {
  return (gn_norm_args){.x = gn_real_ptr(x),
                        .mean = opt_ptr(mean),
                        .var = opt_ptr(var),
                        .gamma = opt_ptr(gamma),
                        .beta = opt_ptr(beta),
                        .eps = eps,
                        .slope = slope};
}

/* f(x, [groups,] gamma, beta, eps, slope or nil) -> y, mean, var */
static int forward(lua_State *L, kind k) {
  int first = k == GROUP ? 3 : 2;
  lua_settop(L, first + 3);
  gn_tensor *x = gn_check_dense(L, 1, "x");
  gn_norm_dims d = check_dims(L, x, 1, k, k == GROUP ? check_groups(L, 2) : 0, 2);
  gn_tensor *gamma = opt_channels(L, first, "gamma", d.c), *beta = opt_channels(L, first + 1, "beta", d.c);
  double eps = check_eps(L, first + 2);
  const gn_real slope = opt_slope(L, first + 3);
  gn_real *work = gn_scratch(L, gn_norm_work(&d));
  int at = lua_gettop(L);
  gn_tensor *y = gn_new_real_like(L, x), *mean = new_stats(L, &d, k), *var = new_stats(L, &d, k);
  const gn_norm_args in = args_of(x, NULL, NULL, gamma, beta, eps, slope);
  gn_norm(gn_real_ptr(y), gn_real_ptr(mean), gn_real_ptr(var), &in, &d, work);
  gn_scratch_free(L, at);
  return 3;
}

static gn_tensor *check_stats(lua_State *L, int arg, const char *name, const gn_norm_dims *d) {
  gn_tensor *t = gn_check_dense(L, arg, name);
  if (gn_numel(t->nd, t->size) != d->o * d->g) gn_shape_error(L, arg, name, "the statistics of x", NULL);
  return t;
}

/* Pushes the results that are wanted, nil for the others; out gets their elements. */
static void push_wanted(lua_State *L, gn_real *out[3], const int want[3], gn_tensor *const like[3], const gn_int *c) {
  for (int i = 0; i < 3; i++) {
    out[i] = NULL;
    if (!want[i]) lua_pushnil(L);
    else out[i] = gn_real_ptr(like[i] ? gn_new_real_like(L, like[i]) : gn_new_real(L, 1, c));
  }
}

/* f_grad(dy, x, mean, var, gamma or nil, beta or nil, {eps, slope, groups, dx, dgamma, dbeta}) -> dx, dgamma, dbeta;
** nil where not wanted. */
static int backward(lua_State *L, kind k) {
  lua_settop(L, 7);
  gn_tensor *dy = gn_check_dense(L, 1, "dy"), *x = gn_check_dense(L, 2, "x");
  const gradient_options o = check_options(L, 7);
  gn_norm_dims d = check_dims(L, x, 2, k, o.groups, 0);
  gn_check_same_size(L, 1, "dy", dy, x, "x");
  gn_tensor *mean = check_stats(L, 3, "mean", &d), *var = check_stats(L, 4, "var", &d),
            *gamma = opt_channels(L, 5, "gamma", d.c), *beta = opt_channels(L, 6, "beta", d.c);
  gn_real *work = gn_scratch(L, gn_norm_work(&d)), *out[3];
  int at = lua_gettop(L);
  push_wanted(L, out, (int[]){o.dx, o.dgamma, o.dbeta}, (gn_tensor *[]){x, NULL, NULL}, &d.c);
  const gn_norm_args in = args_of(x, mean, var, gamma, beta, o.eps, (gn_real)o.slope);
  gn_norm_grad(out[0], out[1], out[2], gn_real_ptr(dy), &in, &d, work);
  gn_scratch_free(L, at);
  return 3;
}

/* f_dx(dy, x, gamma or nil, beta or nil, eps, slope or nil, groups or nil, mean or nil, var or nil) -> dx of f_grad;
** the statistics are computed anew where they are nil. */
static int input_gradient(lua_State *L, kind k) {
  lua_settop(L, 9);
  gn_tensor *dy = gn_check_dense(L, 1, "dy"), *x = gn_check_dense(L, 2, "x");
  const gn_norm_dims d = check_dims(L, x, 2, k, k == GROUP ? check_groups(L, 7) : 0, 7);
  gn_check_same_size(L, 1, "dy", dy, x, "x");
  gn_tensor *gamma = opt_channels(L, 3, "gamma", d.c), *beta = opt_channels(L, 4, "beta", d.c);
  const double eps = check_eps(L, 5);
  const gn_real slope = opt_slope(L, 6);
  const int given = !lua_isnil(L, 8) || !lua_isnil(L, 9);
  gn_tensor *mean = given ? check_stats(L, 8, "mean", &d) : new_stats(L, &d, k);
  gn_tensor *var = given ? check_stats(L, 9, "var", &d) : new_stats(L, &d, k);
  gn_real *work = gn_scratch(L, gn_norm_work(&d));
  const int at = lua_gettop(L);
  gn_tensor *dx = gn_new_real_like(L, x);
  if (!given) gn_moments(gn_real_ptr(mean), gn_real_ptr(var), gn_real_ptr(x), &d, work);
  const gn_norm_args in = args_of(x, mean, var, gamma, beta, eps, slope);
  gn_norm_grad(gn_real_ptr(dx), NULL, NULL, gn_real_ptr(dy), &in, &d, work);
  gn_scratch_free(L, at);
  return 1;
}

/* gamma or beta (N,C) of conditional batch norm */
static gn_tensor *check_rows(lua_State *L, int arg, const char *name, const gn_norm_dims *d) {
  gn_tensor *t = gn_check_dense(L, arg, name);
  const gn_int size[2] = {d->o, d->c};
  if (t->nd != 2 || t->size[0] != d->o || t->size[1] != d->c) {
    const char *want = gn_shape_str(L, 2, size);
    gn_shape_error(L, arg, name, want, "to match batch and channels of x");
  }
  return t;
}

static gn_norm_dims check_conditional(lua_State *L, const gn_tensor *x, int arg) {
  gn_norm_dims d = check_dims(L, x, arg, INSTANCE, 0, 0);
  d.cond = 1;
  return d;
}

/* core.conditional_batch_norm(x (N,...,C), gamma (N,C), beta (N,C), eps, slope or nil) -> y, mean (C), var (C) */
static int conditional_batch_norm(lua_State *L) {
  lua_settop(L, 5);
  gn_tensor *x = gn_check_dense(L, 1, "x");
  const gn_norm_dims d = check_conditional(L, x, 1), pooled = check_dims(L, x, 1, BATCH, 0, 0);
  gn_tensor *gamma = check_rows(L, 2, "gamma", &d), *beta = check_rows(L, 3, "beta", &d);
  const double eps = check_eps(L, 4);
  const gn_real slope = opt_slope(L, 5);
  gn_real *work = gn_scratch(L, gn_norm_work(&pooled));
  const int at = lua_gettop(L);
  gn_tensor *y = gn_new_real_like(L, x), *mean = new_stats(L, &pooled, BATCH), *var = new_stats(L, &pooled, BATCH);
  gn_moments(gn_real_ptr(mean), gn_real_ptr(var), gn_real_ptr(x), &pooled, work);
  const gn_norm_args in = args_of(x, mean, var, gamma, beta, eps, slope);
  gn_norm_apply(gn_real_ptr(y), &in, &d);
  gn_scratch_free(L, at);
  return 3;
}

/* core.conditional_batch_norm_eval(x, gamma (N,C), beta (N,C), mean (C), var (C), eps, slope or nil) -> y */
static int conditional_batch_norm_eval(lua_State *L) {
  lua_settop(L, 7);
  gn_tensor *x = gn_check_dense(L, 1, "x");
  const gn_norm_dims d = check_conditional(L, x, 1);
  gn_tensor *gamma = check_rows(L, 2, "gamma", &d), *beta = check_rows(L, 3, "beta", &d),
            *mean = check_channels(L, 4, "mean", d.c), *var = check_channels(L, 5, "var", d.c);
  const double eps = check_eps(L, 6);
  const gn_real slope = opt_slope(L, 7);
  gn_tensor *y = gn_new_real_like(L, x);
  const gn_norm_args in = args_of(x, mean, var, gamma, beta, eps, slope);
  gn_norm_apply(gn_real_ptr(y), &in, &d);
  return 1;
}

/* core.conditional_batch_norm_grad(dy, x, mean (C), var (C), gamma (N,C), beta (N,C), {eps, slope, dx, dgamma, dbeta})
** -> dx, dgamma, dbeta; nil where not wanted */
static int conditional_batch_norm_grad(lua_State *L) {
  lua_settop(L, 7);
  gn_tensor *dy = gn_check_dense(L, 1, "dy"), *x = gn_check_dense(L, 2, "x");
  const gn_norm_dims d = check_conditional(L, x, 2);
  gn_check_same_size(L, 1, "dy", dy, x, "x");
  gn_tensor *mean = check_channels(L, 3, "mean", d.c), *var = check_channels(L, 4, "var", d.c),
            *gamma = check_rows(L, 5, "gamma", &d), *beta = check_rows(L, 6, "beta", &d);
  const gradient_options o = check_options(L, 7);
  gn_real *work = gn_scratch(L, gn_norm_work(&d)), *out[3];
  const int at = lua_gettop(L);
  push_wanted(L, out, (int[]){o.dx, o.dgamma, o.dbeta}, (gn_tensor *[]){x, gamma, gamma}, &d.c);
  const gn_norm_args in = args_of(x, mean, var, gamma, beta, o.eps, (gn_real)o.slope);
  gn_norm_grad(out[0], out[1], out[2], gn_real_ptr(dy), &in, &d, work);
  gn_scratch_free(L, at);
  return 3;
}

/* f_grad2(h, dy, x, mean, var, gamma or nil, beta or nil, {eps, slope, groups, ddy, dx, dgamma}) -> ddy, dx, dgamma: h
** is the gradient of f_grad's dx; nil where not wanted. */
static int twice(lua_State *L, kind k) {
  lua_settop(L, 8);
  gn_tensor *h = gn_check_dense(L, 1, "h"), *dy = gn_check_dense(L, 2, "dy"), *x = gn_check_dense(L, 3, "x");
  const gradient_options o = check_options(L, 8);
  gn_norm_dims d = check_dims(L, x, 3, k, o.groups, 0);
  gn_check_same_size(L, 1, "h", h, x, "x");
  gn_check_same_size(L, 2, "dy", dy, x, "x");
  gn_tensor *mean = check_stats(L, 4, "mean", &d), *var = check_stats(L, 5, "var", &d);
  gn_tensor *gamma = opt_channels(L, 6, "gamma", d.c), *beta = opt_channels(L, 7, "beta", d.c);
  gn_real *work = gn_scratch(L, gn_norm_grad2_work(&d)), *out[3];
  int at = lua_gettop(L);
  push_wanted(L, out, (int[]){o.ddy, o.dx, o.dgamma}, (gn_tensor *[]){x, x, NULL}, &d.c);
  const gn_norm_args in = args_of(x, mean, var, gamma, beta, o.eps, (gn_real)o.slope);
  gn_norm_grad2(out[0], out[1], out[2], gn_real_ptr(h), gn_real_ptr(dy), &in, &d, work);
  gn_scratch_free(L, at);
  return 3;
}

static int batch_norm(lua_State *L) { return forward(L, BATCH); }
static int layer_norm(lua_State *L) { return forward(L, LAYER); }
static int instance_norm(lua_State *L) { return forward(L, INSTANCE); }
static int group_norm(lua_State *L) { return forward(L, GROUP); }
static int batch_norm_grad(lua_State *L) { return backward(L, BATCH); }
static int layer_norm_grad(lua_State *L) { return backward(L, LAYER); }
static int instance_norm_grad(lua_State *L) { return backward(L, INSTANCE); }
static int group_norm_grad(lua_State *L) { return backward(L, GROUP); }

static int batch_norm_dx(lua_State *L) { return input_gradient(L, BATCH); }
static int layer_norm_dx(lua_State *L) { return input_gradient(L, LAYER); }
static int instance_norm_dx(lua_State *L) { return input_gradient(L, INSTANCE); }
static int group_norm_dx(lua_State *L) { return input_gradient(L, GROUP); }

static int batch_norm_grad2(lua_State *L) { return twice(L, BATCH); }
static int layer_norm_grad2(lua_State *L) { return twice(L, LAYER); }
static int instance_norm_grad2(lua_State *L) { return twice(L, INSTANCE); }
static int group_norm_grad2(lua_State *L) { return twice(L, GROUP); }

static gn_int check_pixels(lua_State *L, int arg, const gn_tensor *x) {
  if (x->nd < 1 || x->size[x->nd - 1] == 0) gn_shape_error(L, arg, "x", "at least one channel (...,C)", NULL);
  return gn_numel(x->nd - 1, x->size);
}

/* core.pixel_norm(x, eps) -> y */
static int pixel_norm(lua_State *L) {
  gn_tensor *x = gn_check_dense(L, 1, "x");
  gn_int n = check_pixels(L, 1, x);
  double eps = check_eps(L, 2);
  gn_tensor *y = gn_new_real_like(L, x);
  gn_pixel_norm(gn_real_ptr(y), gn_real_ptr(x), eps, n, x->size[x->nd - 1]);
  return 1;
}

/* core.pixel_norm_grad(dy, x, eps) -> dx */
static int pixel_norm_grad(lua_State *L) {
  gn_tensor *dy = gn_check_dense(L, 1, "dy"), *x = gn_check_dense(L, 2, "x");
  gn_int n = check_pixels(L, 2, x);
  gn_check_same_size(L, 1, "dy", dy, x, "x");
  double eps = check_eps(L, 3);
  gn_tensor *dx = gn_new_real_like(L, x);
  gn_pixel_norm_grad(gn_real_ptr(dx), gn_real_ptr(dy), gn_real_ptr(x), eps, n, x->size[x->nd - 1]);
  return 1;
}

/* core.batch_norm_eval(x, gamma, beta, mean, var, eps, slope or nil) -> y, from given statistics (C) */
static int batch_norm_eval(lua_State *L) {
  lua_settop(L, 7);
  gn_tensor *x = gn_check_dense(L, 1, "x");
  gn_norm_dims d = check_dims(L, x, 1, BATCH, 0, 0);
  gn_tensor *gamma = opt_channels(L, 2, "gamma", d.c), *beta = opt_channels(L, 3, "beta", d.c);
  gn_tensor *mean = check_channels(L, 4, "mean", d.c), *var = check_channels(L, 5, "var", d.c);
  double eps = check_eps(L, 6);
  const gn_real slope = opt_slope(L, 7);
  gn_tensor *y = gn_new_real_like(L, x);
  const gn_norm_args in = args_of(x, mean, var, gamma, beta, eps, slope);
  gn_norm_apply(gn_real_ptr(y), &in, &d);
  return 1;
}

/* core.dropout(x, p, rng) -> y, mask: 0 (with probability p) or 1/(1-p); advances rng */
static int dropout(lua_State *L) {
  gn_tensor *x = gn_check_dense(L, 1, "x");
  double p = (double)gn_check_number(L, 2, "p");
  if (!(p >= 0 && p <= 1)) gn_expected(L, 2, "p", "a probability in [0,1]");
  gn_rng *rng = gn_check_rng(L, 3, "rng");
  gn_tensor *y = gn_new_real_like(L, x), *m = gn_new_real_like(L, x);
  gn_int n = gn_numel(x->nd, x->size);
  gn_rng_uniform(rng, gn_real_ptr(m), n, 0, 1);
  gn_dropout(gn_real_ptr(y), gn_real_ptr(m), gn_real_ptr(x), n, p);
  return 2;
}

static const luaL_Reg funcs[] = {
    {"batch_norm", batch_norm},
    {"batch_norm_grad", batch_norm_grad},
    {"batch_norm_dx", batch_norm_dx},
    {"batch_norm_grad2", batch_norm_grad2},
    {"layer_norm", layer_norm},
    {"layer_norm_grad", layer_norm_grad},
    {"layer_norm_dx", layer_norm_dx},
    {"layer_norm_grad2", layer_norm_grad2},
    {"instance_norm", instance_norm},
    {"instance_norm_grad", instance_norm_grad},
    {"instance_norm_dx", instance_norm_dx},
    {"instance_norm_grad2", instance_norm_grad2},
    {"group_norm", group_norm},
    {"group_norm_grad", group_norm_grad},
    {"group_norm_dx", group_norm_dx},
    {"group_norm_grad2", group_norm_grad2},
    {"pixel_norm", pixel_norm},
    {"pixel_norm_grad", pixel_norm_grad},
    {"batch_norm_eval", batch_norm_eval},
    {"conditional_batch_norm", conditional_batch_norm},
    {"conditional_batch_norm_eval", conditional_batch_norm_eval},
    {"conditional_batch_norm_grad", conditional_batch_norm_grad},
    {"dropout", dropout},
    {NULL, NULL},
};

void gn_open_norm(lua_State *L) { gn_register(L, funcs); }
