/* b_conv.c - the convolution triple for Lua: arguments and options checked, output sizes, workspace. */
#include "../kernels/conv/choice.h"
#include "../kernels/conv/conv.h"
#include "../kernels/conv/simd.h"
#include "bind.h"
#include "kernel_cache.h"
#include "options.h"

#define MAX_OPTION ((gn_int)1 << 30) /* with sizes below 2^31, no size formula overflows */

typedef struct options {
  gn_int stride[2], padding[2], dilation[2], output_padding[2], size[2], kernel[2], groups;
  int engine;
  int largest_tile; /* no option of the call: the state's */
} options;

/* in the order of gn_conv_engine */
static const char *const engines[] = {"auto", "direct", "winograd2", "winograd4", NULL};

#define PAIR(name, least, needed) GN_OPT_PAIR(options, name, least, MAX_OPTION, needed)
#define COMMON PAIR(stride, 1, 0), PAIR(padding, 0, 0), PAIR(dilation, 1, 0), GN_OPT_WORD(options, engine, engines)
#define GROUPS GN_OPT_INTEGER(options, groups, 1, MAX_OPTION)
static const gn_option of_y[] = {COMMON, GROUPS, GN_OPT_END};
static const gn_option of_relu[] = {COMMON, GN_OPT_END};
static const gn_option of_dx[] = {COMMON, GROUPS, PAIR(size, 0, 1), GN_OPT_END};
static const gn_option of_dw[] = {COMMON, GROUPS, PAIR(kernel, 1, 1), GN_OPT_END};
static const gn_option of_transpose[] = {COMMON, GROUPS, PAIR(output_padding, 0, 0), GN_OPT_END};

/* Argument 3: a table of the known options, or nil. */
static options read_options(lua_State *L, const gn_option *known) {
  options o = {.stride = {1, 1},
               .dilation = {1, 1},
               .groups = 1,
               .engine = GN_CONV_AUTO,
               .largest_tile = gn_state_of(L)->largest_tile};
  gn_read_options(L, 3, known, &o);
  return o;
}

static void set_options(gn_conv *d, const options *o) {
  d->sh = o->stride[0], d->sw = o->stride[1];
  d->ph = o->padding[0], d->pw = o->padding[1];
  d->dh = o->dilation[0], d->dw = o->dilation[1];
  d->groups = o->groups;
  d->engine = (gn_conv_engine)o->engine;
  d->largest_tile = o->largest_tile;
}

/* Raises where the engine asked for cannot do the shape. */
static void check_engine(lua_State *L, const gn_conv *d) {
  const int m = d->engine == GN_CONV_WINOGRAD2 ? 2 : d->engine == GN_CONV_WINOGRAD4 ? 4 : 0;
  const char *one = d->groups > 1 ? "" : " and 4x4 kernels of stride 2";
  if (m && !gn_conv_winograd_fits(d))
    gn_option_error(L, "engine", "winograd%d does 3x3 kernels of stride 1%s, without dilation; got %Ix%I, stride %I,%I",
                    m, one, (lua_Integer)d->Kh, (lua_Integer)d->Kw, (lua_Integer)d->sh, (lua_Integer)d->sw);
}

/* 4-dimensional, dense in its stack slot, every size below 2^31 (BLAS counts in int). */
static const gn_tensor *check_4d(lua_State *L, int arg, const char *name, const char *shape) {
  const gn_tensor *t = gn_check_real(L, arg, name);
  if (t->nd != 4) gn_shape_error(L, arg, name, shape, NULL);
  for (int i = 0; i < 4; i++)
    if (t->size[i] >= INT32_MAX) gn_shape_error(L, arg, name, "sizes below 2^31", NULL);
  return gn_check_dense_nd(L, arg, name, 4);
}

static gn_int out_size(gn_int in, gn_int k, gn_int stride, gn_int pad, gn_int dil) { /* <= 0: the kernel does not fit */
  const gn_int room = in + 2 * pad - dil * (k - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

/* Raises unless d's groups divide its channels; ci, co: what the op calls them. */
static void check_groups(lua_State *L, const gn_conv *d, const char *ci, const char *co) {
  if (d->Ci % d->groups != 0 || d->Co % d->groups != 0)
    gn_option_error(L, "groups", "expected a number that divides %s = %I and %s = %I, got %I", ci, (lua_Integer)d->Ci,
                    co, (lua_Integer)d->Co, (lua_Integer)d->groups);
}

static void check_w(lua_State *L, const gn_tensor *w, int axis, gn_int channels, gn_int groups, const char *other,
                    const gn_tensor *t) {
  if (w->size[axis] != channels) {
    const char *want = lua_pushfstring(L, axis == 2 ? "(*,*,%I,*)" : "(*,*,*,%I)", (lua_Integer)channels);
    const int nchw = t->size[1] == w->size[axis] && t->size[2] != t->size[1];
    const char *hint = nchw ? "; x looks like (N,C,H,W): x:permute {1,3,4,2}" : "";
    const char *shape = gn_shape_str(L, 4, t->size), *got = gn_shape_str(L, 4, w->size);
    const char *in = groups > 1 && axis == 2 ? lua_pushfstring(L, " in %I groups", (lua_Integer)groups) : "";
    gn_argerror(L, 2, "w", "expected %s to match %s %s%s, got %s%s", want, other, shape, in, got, hint);
  }
  if (w->size[0] < 1 || w->size[1] < 1) gn_shape_error(L, 2, "w", "(Kh,Kw,Ci,Co) with a kernel of at least 1x1", NULL);
}

/* Raises unless x (H,W) convolved gives exactly (Ho,Wo); arg 0 blames the option `name`. */
static void check_fit(lua_State *L, const gn_conv *d, int arg, const char *name) {
  const gn_int fit[2] = {out_size(d->H, d->Kh, d->sh, d->ph, d->dh), out_size(d->W, d->Kw, d->sw, d->pw, d->dw)};
  if (fit[0] == d->Ho && fit[1] == d->Wo) return;
  const gn_int in[2] = {d->H, d->W}, k[2] = {d->Kh, d->Kw}, out[2] = {d->Ho, d->Wo};
  const char *ins = gn_shape_str(L, 2, in), *ks = gn_shape_str(L, 2, k), *fits = gn_shape_str(L, 2, fit),
             *outs = gn_shape_str(L, 2, out);
  const char *msg = lua_pushfstring(L, "a convolution of %s with kernel %s gives %s, not %s", ins, ks, fits, outs);
  msg = lua_pushfstring(L, "%s; stride %I,%I padding %I,%I dilation %I,%I", msg, (lua_Integer)d->sh, (lua_Integer)d->sw,
                        (lua_Integer)d->ph, (lua_Integer)d->pw, (lua_Integer)d->dh, (lua_Integer)d->dw);
  if (arg) gn_argerror(L, arg, name, "%s", msg);
  gn_option_error(L, name, "%s", msg);
}

/* Arguments 1 to 3, x (N,H,W,Ci), w (Kh,Kw,Ci/groups,Co), {stride, padding, dilation}: the sizes of conv2d. */
static gn_conv sizes_y(lua_State *L, const gn_option *known) {
  const options o = read_options(L, known);
  const gn_tensor *x = check_4d(L, 1, "x", "(N,H,W,Ci)"), *w = check_4d(L, 2, "w", "(Kh,Kw,Ci/groups,Co)");
  gn_conv d = {.N = x->size[0],
               .H = x->size[1],
               .W = x->size[2],
               .Ci = x->size[3],
               .Kh = w->size[0],
               .Kw = w->size[1],
               .Co = w->size[3]};
  set_options(&d, &o);
  check_groups(L, &d, "Ci", "Co");
  check_w(L, w, 2, d.Ci / d.groups, d.groups, "x", x);
  d.Ho = out_size(d.H, d.Kh, d.sh, d.ph, d.dh);
  d.Wo = out_size(d.W, d.Kw, d.sw, d.pw, d.dw);
  if (d.Ho < 1 || d.Wo < 1) {
    const gn_int padded[2] = {d.H + 2 * d.ph, d.W + 2 * d.pw}, k[2] = {d.dh * (d.Kh - 1) + 1, d.dw * (d.Kw - 1) + 1};
    const char *ks = gn_shape_str(L, 2, k), *ps = gn_shape_str(L, 2, padded), *xs = gn_shape_str(L, 4, x->size);
    gn_argerror(L, 2, "w", "kernel %s (with dilation) is larger than the padded input %s of x %s", ks, ps, xs);
  }
  check_engine(L, &d);
  return d;
}

/* conv2d(x (N,H,W,Ci), w (Kh,Kw,Ci/groups,Co), {stride, padding, dilation, groups}) -> y (N,Ho,Wo,Co) */
static int conv2d(lua_State *L) {
  const gn_conv d = sizes_y(L, of_y);
  const gn_tensor *x = gn_test_tensor(L, 1), *w = gn_test_tensor(L, 2);
  gn_tensor *y = gn_new_real(L, 4, (gn_int[]){d.N, d.Ho, d.Wo, d.Co});
  gn_real *work = gn_scratch(L, gn_conv2d_work(&d, GN_CONV_Y));
  const gn_real *u = gn_push_kernel(L, w, &d, GN_CONV_Y);
  gn_conv2d(gn_real_ptr(y), gn_real_ptr(x), gn_real_ptr(w), u, &d, work);
  gn_pop_kernel(L);
  gn_scratch_free(L, -1);
  lua_pop(L, 1);
  return 1;
}

/* conv2d_relu(x, w, {stride, padding, dilation}, bias (Co) [, y (N,Ho,Wo,Co)]) -> y = max(0, conv2d + bias), for
** inference: nothing is recorded, the transformed kernel is cached. y: some channels of a larger dense tensor
** (core.narrow), to be overwritten. */
static int conv2d_relu(lua_State *L) {
  const gn_conv d = sizes_y(L, of_relu);
  const gn_tensor *bias = gn_check_dense_nd(L, 4, "bias", 1);
  if (bias->size[0] != d.Co) gn_shape_error(L, 4, "bias", lua_pushfstring(L, "(%I)", (lua_Integer)d.Co), "to match w");
  const gn_int size[4] = {d.N, d.Ho, d.Wo, d.Co};
  lua_settop(L, 5);
  gn_tensor *y = gn_opt_channels(L, 5, "y", size);
  const gn_tensor *x = gn_test_tensor(L, 1), *w = gn_test_tensor(L, 2);
  if (y->storage == x->storage) gn_argerror(L, 5, "y", "must not share memory with x");
  gn_real *work = gn_scratch(L, gn_conv2d_work(&d, GN_CONV_RELU));
  const gn_real *u = gn_push_kernel(L, w, &d, GN_CONV_RELU);
  gn_conv2d_relu(gn_real_ptr(y), y->stride[2], gn_real_ptr(x), u, gn_real_ptr(bias), &d, work);
  gn_pop_kernel(L);
  gn_scratch_free(L, -1);
  lua_settop(L, 5);
  gn_touch(y);
  return 1;
}

/* dx (N,H,W,Ci) of dy (N,Ho,Wo,Co) and w, once H and W are in d */
static int run_dx(lua_State *L, gn_conv *d, const gn_tensor *dy, const gn_tensor *w) {
  check_engine(L, d);
  gn_tensor *dx = gn_new_real(L, 4, (gn_int[]){d->N, d->H, d->W, d->Ci});
  gn_real *work = gn_scratch(L, gn_conv2d_work(d, GN_CONV_DX));
  const gn_real *u = gn_push_kernel(L, w, d, GN_CONV_DX);
  gn_conv2d_dx(gn_real_ptr(dx), gn_real_ptr(dy), gn_real_ptr(w), u, d, work);
  gn_pop_kernel(L);
  gn_scratch_free(L, -1);
  lua_pop(L, 1);
  return 1;
}

/* w (Kh,Kw,Ci/groups,Co); ci, co: what the op calls these. */
static gn_conv sizes_dx(lua_State *L, const gn_tensor *dy, const char *name, const gn_tensor *w, const options *o,
                        const char *ci, const char *co) {
  gn_conv d = {.N = dy->size[0],
               .Ho = dy->size[1],
               .Wo = dy->size[2],
               .Co = dy->size[3],
               .Kh = w->size[0],
               .Kw = w->size[1],
               .Ci = w->size[2] * o->groups};
  check_w(L, w, 3, d.Co, o->groups, name, dy);
  if (d.Ci >= INT32_MAX) gn_error(L, "result too large: %I channels", (lua_Integer)d.Ci);
  if (d.Ho < 1 || d.Wo < 1) gn_shape_error(L, 1, name, "(N,Ho,Wo,Co) with Ho, Wo >= 1", NULL);
  set_options(&d, o);
  check_groups(L, &d, ci, co);
  return d;
}

static gn_int least_input(gn_int out, gn_int k, gn_int stride, gn_int pad, gn_int dil) {
  return (out - 1) * stride - 2 * pad + dil * (k - 1) + 1;
}

/* conv2d_dx(dy (N,Ho,Wo,Co), w (Kh,Kw,Ci/groups,Co), {size = {H, W}, stride, padding, dilation, groups})
** -> dx (N,H,W,Ci) */
static int conv2d_dx(lua_State *L) {
  const options o = read_options(L, of_dx);
  const gn_tensor *dy = check_4d(L, 1, "dy", "(N,Ho,Wo,Co)"), *w = check_4d(L, 2, "w", "(Kh,Kw,Ci/groups,Co)");
  gn_conv d = sizes_dx(L, dy, "dy", w, &o, "Ci", "Co");
  d.H = o.size[0];
  d.W = o.size[1];
  check_fit(L, &d, 0, "size");
  return run_dx(L, &d, dy, w);
}

/* conv_transpose2d(x (N,H,W,Ci), w (Kh,Kw,Co/groups,Ci), {stride, padding, output_padding, dilation, groups})
** -> y (N,Ho,Wo,Co) */
static int conv_transpose2d(lua_State *L) {
  const options o = read_options(L, of_transpose);
  const gn_tensor *x = check_4d(L, 1, "x", "(N,H,W,Ci)"), *w = check_4d(L, 2, "w", "(Kh,Kw,Co/groups,Ci)");
  gn_conv d = sizes_dx(L, x, "x", w, &o, "Co", "Ci");
  for (int i = 0; i < 2; i++)
    if (o.output_padding[i] >= o.stride[i])
      gn_option_error(L, "output_padding", "expected less than the stride %I, got %I", (lua_Integer)o.stride[i],
                      (lua_Integer)o.output_padding[i]);
  d.H = least_input(d.Ho, d.Kh, d.sh, d.ph, d.dh) + o.output_padding[0];
  d.W = least_input(d.Wo, d.Kw, d.sw, d.pw, d.dw) + o.output_padding[1];
  if (d.H < 1 || d.W < 1)
    gn_option_error(L, "padding", "the result would have size %s", gn_shape_str(L, 2, (gn_int[]){d.H, d.W}));
  if (d.H >= INT32_MAX || d.W >= INT32_MAX)
    gn_error(L, "result too large: %s", gn_shape_str(L, 2, (gn_int[]){d.H, d.W}));
  return run_dx(L, &d, x, w);
}

/* conv2d_dw(x (N,H,W,Ci), dy (N,Ho,Wo,Co), {kernel = {Kh, Kw}, stride, padding, dilation, groups})
** -> dw (Kh,Kw,Ci/groups,Co) */
static int conv2d_dw(lua_State *L) {
  const options o = read_options(L, of_dw);
  const gn_tensor *x = check_4d(L, 1, "x", "(N,H,W,Ci)"), *dy = check_4d(L, 2, "dy", "(N,Ho,Wo,Co)");
  gn_conv d = {.N = x->size[0],
               .H = x->size[1],
               .W = x->size[2],
               .Ci = x->size[3],
               .Ho = dy->size[1],
               .Wo = dy->size[2],
               .Co = dy->size[3]};
  if (dy->size[0] != d.N) {
    const char *why = lua_pushfstring(L, "to match x %s", gn_shape_str(L, 4, x->size));
    gn_shape_error(L, 2, "dy", lua_pushfstring(L, "(%I,*,*,*)", (lua_Integer)d.N), why);
  }
  d.Kh = o.kernel[0];
  d.Kw = o.kernel[1];
  set_options(&d, &o);
  check_groups(L, &d, "Ci", "Co");
  if (d.Ho < 1 || d.Wo < 1) gn_shape_error(L, 2, "dy", "(N,Ho,Wo,Co) with Ho, Wo >= 1", NULL);
  check_fit(L, &d, 2, "dy");
  check_engine(L, &d);
  gn_tensor *dw = gn_new_real(L, 4, (gn_int[]){d.Kh, d.Kw, d.Ci / d.groups, d.Co});
  gn_real *work = gn_scratch(L, gn_conv2d_work(&d, GN_CONV_DW));
  gn_conv2d_dw(gn_real_ptr(dw), gn_real_ptr(x), gn_real_ptr(dy), &d, work);
  gn_scratch_free(L, -1);
  lua_pop(L, 1);
  return 1;
}

/* winograd() -> largest tile of Winograd's engines that is chosen by itself; winograd(0 | 2 | 4) sets it */
static int winograd(lua_State *L) {
  if (!lua_isnoneornil(L, 1)) {
    const gn_int m = gn_check_int(L, 1, "tile", 0, 4);
    if (m % 2) gn_argerror(L, 1, "tile", "expected 0, 2 or 4, got %I", (lua_Integer)m);
    gn_not_in_finalizer(L);
    gn_state_of(L)->largest_tile = (int)m;
  }
  lua_pushinteger(L, gn_state_of(L)->largest_tile);
  return 1;
}

/* simd() -> name of the instruction set that convolutions use, list of those there are; simd(name) chooses one
** (tests, benchmarks) */
static int simd(lua_State *L) {
  const char *name = lua_isnoneornil(L, 1)           ? NULL
                     : lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1)
                                                     : luaL_typename(L, 1);
  if (name) gn_not_in_finalizer(L);
  const char *now = gn_simd_choose(name);
  if (!now) gn_argerror(L, 1, "name", "this build on this processor has no instruction set '%s'", name);
  gn_forget_kernels(L); /* kernels lie in the order of one set's vectors */
  lua_pushstring(L, now);
  lua_newtable(L);
  for (int i = 0; gn_simd_name(i); i++) {
    lua_pushstring(L, gn_simd_name(i));
    lua_rawseti(L, -2, i + 1);
  }
  return 2;
}

static const luaL_Reg funcs[] = {
    {"simd", simd},
    {"winograd", winograd},
    {"conv2d", conv2d},
    {"conv2d_relu", conv2d_relu},
    {"conv2d_dx", conv2d_dx},
    {"conv2d_dw", conv2d_dw},
    {"conv_transpose2d", conv_transpose2d},
    {NULL, NULL},
};

void gn_open_conv(lua_State *L) {
  gn_open_kernels(L);
  gn_register(L, funcs);
}
