/* b_resample.c - pooling, resizing, padding and cropping of images for Lua: arguments are a tensor and one table of
** options. */
#include "../kernels/resample.h"
#include "bind.h"
#include "options.h"

#define SIZE_MAX32 INT32_MAX /* of heights, widths and options: their products then fit 64 bits */

/* ---- arguments ---- */

/* Images (N,H,W,C), contiguous, with H and W in lo .. INT32_MAX. */
static gn_tensor *check_images(lua_State *L, int arg, const char *name, gn_int lo) {
  gn_tensor *t = gn_check_dense_nd(L, arg, name, 4);
  for (int i = 1; i <= 2; i++)
    if (t->size[i] < lo || t->size[i] > SIZE_MAX32)
      gn_shape_error(L, arg, name, "(N,H,W,C)", lo ? "with H, W >= 1" : "with H, W < 2^31");
  return t;
}

/* {H, W}: the size of the images that an adjoint makes. */
static void check_size(lua_State *L, int arg, gn_int lo, gn_int *h, gn_int *w) {
  gn_shape s;
  gn_check_shape(L, arg, "size", &s);
  if (s.nd != 2 || s.size[0] < lo || s.size[1] < lo || s.size[0] > SIZE_MAX32 || s.size[1] > SIZE_MAX32)
    gn_argerror(L, arg, "size", "expected {H, W} >= %I, got %s", (lua_Integer)lo, gn_shape_str(L, s.nd, s.size));
  *h = s.size[0];
  *w = s.size[1];
}

/* Raises unless dy is (*,h,w,*), what the forward pass makes of the given size and options. */
static void check_dy(lua_State *L, const gn_tensor *dy, gn_int h, gn_int w) {
  if (dy->size[1] == h && dy->size[2] == w) return;
  gn_shape_error(L, 1, "dy", lua_pushfstring(L, "(*,%I,%I,*)", (lua_Integer)h, (lua_Integer)w),
                 "to match size and options");
}

static gn_tensor *new_images(lua_State *L, gn_int n, gn_int h, gn_int w, gn_int c) {
  const gn_int size[4] = {n, h, w, c};
  return gn_new_real(L, 4, size);
}

/* A kernel has nothing to do for an empty output (and would count its rows one by one). */
static int is_empty(const gn_tensor *t) { return gn_numel(t->nd, t->size) == 0; }

/* ---- pooling ---- */

typedef struct pool_options {
  gn_int kernel[2], stride[2], padding[2];
  int count_include_pad;
} pool_options;

#define POOL_PAIR(name, least, needed) GN_OPT_PAIR(pool_options, name, least, SIZE_MAX32, needed)
#define POOL POOL_PAIR(kernel, 1, 1), POOL_PAIR(stride, 1, 0), POOL_PAIR(padding, 0, 0)
static const gn_option max_options[] = {POOL, GN_OPT_END};
static const gn_option avg_options[] = {POOL, GN_OPT_FLAG(pool_options, count_include_pad), GN_OPT_END};

/* Fills p from the options at `arg` for images (n,h,w,c). */
static void check_pool(lua_State *L, int arg, gn_pool *p, const gn_option *known) {
  pool_options o = {.count_include_pad = 1};
  gn_read_options(L, arg, known, &o);
  p->kh = o.kernel[0];
  p->kw = o.kernel[1];
  p->sh = o.stride[0] ? o.stride[0] : p->kh;
  p->sw = o.stride[1] ? o.stride[1] : p->kw;
  p->ph = o.padding[0];
  p->pw = o.padding[1];
  p->count_pad = o.count_include_pad;
  if (p->ph >= p->kh || p->pw >= p->kw)
    gn_option_error(L, "padding", "(%I,%I) must be smaller than the kernel (%I,%I)", (lua_Integer)p->ph,
                    (lua_Integer)p->pw, (lua_Integer)p->kh, (lua_Integer)p->kw);
  if (p->h + 2 * p->ph < p->kh || p->w + 2 * p->pw < p->kw)
    gn_option_error(L, "kernel", "(%I,%I) is larger than the padded image (%I,%I)", (lua_Integer)p->kh,
                    (lua_Integer)p->kw, (lua_Integer)(p->h + 2 * p->ph), (lua_Integer)(p->w + 2 * p->pw));
  p->ho = (p->h + 2 * p->ph - p->kh) / p->sh + 1;
  p->wo = (p->w + 2 * p->pw - p->kw) / p->sw + 1;
  p->ldy = p->c;
}

/* avg_pool2d(x (N,H,W,C), options) -> (N,Ho,Wo,C) */
static int avg_pool2d(lua_State *L) {
  const gn_tensor *x = check_images(L, 1, "x", 1);
  gn_pool p = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  check_pool(L, 2, &p, avg_options);
  gn_tensor *y = new_images(L, p.n, p.ho, p.wo, p.c);
  if (!is_empty(y)) gn_avg_pool2d(gn_real_ptr(y), gn_real_ptr(x), &p);
  return 1;
}

/* avg_pool2d_dx(dy (N,Ho,Wo,C), {H, W}, options) -> (N,H,W,C) */
static int avg_pool2d_dx(lua_State *L) {
  const gn_tensor *dy = check_images(L, 1, "dy", 1);
  gn_pool p = {.n = dy->size[0], .c = dy->size[3]};
  check_size(L, 2, 1, &p.h, &p.w);
  check_pool(L, 3, &p, avg_options);
  check_dy(L, dy, p.ho, p.wo);
  gn_tensor *dx = new_images(L, p.n, p.h, p.w, p.c);
  if (!is_empty(dx)) gn_avg_pool2d_dx(gn_real_ptr(dx), gn_real_ptr(dy), &p);
  return 1;
}

/* max_pool2d(x (N,H,W,C), options) -> (N,Ho,Wo,C), i32 positions h*W + w of the same shape */
static int max_pool2d(lua_State *L) {
  const gn_tensor *x = check_images(L, 1, "x", 1);
  gn_pool p = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  check_pool(L, 2, &p, max_options);
  if (p.h * p.w > INT32_MAX) gn_shape_error(L, 1, "x", "(N,H,W,C)", "with H*W < 2^31");
  gn_tensor *y = new_images(L, p.n, p.ho, p.wo, p.c);
  gn_tensor *idx = gn_new_tensor(L, GN_I32, 4, y->size);
  if (!is_empty(y)) gn_max_pool2d(gn_real_ptr(y), gn_i32_ptr(idx), gn_real_ptr(x), &p);
  return 2;
}

/* NAME_to(x (N,H,W,C), options [, y (N,Ho,Wo,C)]) -> y, for inference: without positions; y: some channels of a
** larger dense tensor (core.narrow), to be overwritten. */
static int pool_to(lua_State *L, const gn_option *known, int max) {
  const gn_tensor *x = check_images(L, 1, "x", 1);
  gn_pool p = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  check_pool(L, 2, &p, known);
  lua_settop(L, 3);
  gn_tensor *y = gn_opt_channels(L, 3, "y", (gn_int[]){p.n, p.ho, p.wo, p.c});
  if (y->storage == x->storage) gn_argerror(L, 3, "y", "must not share memory with x");
  p.ldy = y->stride[2];
  if (is_empty(y)) return 1;
  if (max) gn_max_pool2d(gn_real_ptr(y), NULL, gn_real_ptr(x), &p);
  else gn_avg_pool2d(gn_real_ptr(y), gn_real_ptr(x), &p);
  gn_touch(y);
  return 1;
}

static int avg_pool2d_to(lua_State *L) { return pool_to(L, avg_options, 0); }
static int max_pool2d_to(lua_State *L) { return pool_to(L, max_options, 1); }

/* ---- resizing ---- */

typedef struct resize_options {
  gn_int size[2];
  int mode, align_corners, legacy;
} resize_options;

static const char *const resize_modes[] = {"nearest", "bilinear", NULL};
static const gn_option of_resize[] = {
    GN_OPT_PAIR(resize_options, size, 1, SIZE_MAX32, 1),
    GN_OPT_WORD(resize_options, mode, resize_modes),
    GN_OPT_FLAG(resize_options, align_corners),
    GN_OPT_FLAG(resize_options, legacy),
    GN_OPT_END,
};

/* Fills r->grid, ho, wo from the options at `arg`; returns whether bilinear. */
static int check_resize(lua_State *L, int arg, gn_resize *r) {
  resize_options o = {0};
  gn_read_options(L, arg, of_resize, &o);
  r->ho = o.size[0];
  r->wo = o.size[1];
  if (o.align_corners && o.legacy) gn_option_error(L, "legacy", "excludes align_corners");
  if (!o.mode && (o.align_corners || o.legacy))
    gn_option_error(L, o.align_corners ? "align_corners" : "legacy", "needs mode = \"bilinear\"");
  r->grid = o.align_corners ? GN_GRID_CORNERS : o.legacy ? GN_GRID_LEGACY : GN_GRID_HALF;
  return o.mode;
}

/* resize(x (N,H,W,C), options) -> (N,Ho,Wo,C) */
static int resize(lua_State *L) {
  const gn_tensor *x = check_images(L, 1, "x", 1);
  gn_resize r = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  int bilinear = check_resize(L, 2, &r);
  gn_tensor *y = new_images(L, r.n, r.ho, r.wo, r.c);
  if (is_empty(y)) return 1;
  (bilinear ? gn_resize_bilinear : gn_resize_nearest)(gn_real_ptr(y), gn_real_ptr(x), &r);
  return 1;
}

/* resize_dx(dy (N,Ho,Wo,C), {H, W}, options) -> (N,H,W,C) */
static int resize_dx(lua_State *L) {
  const gn_tensor *dy = check_images(L, 1, "dy", 1);
  gn_resize r = {.n = dy->size[0], .c = dy->size[3]};
  check_size(L, 2, 1, &r.h, &r.w);
  int bilinear = check_resize(L, 3, &r);
  check_dy(L, dy, r.ho, r.wo);
  gn_tensor *dx = new_images(L, r.n, r.h, r.w, r.c);
  if (is_empty(dx)) return 1;
  (bilinear ? gn_resize_bilinear_dx : gn_resize_nearest_dx)(gn_real_ptr(dx), gn_real_ptr(dy), &r);
  return 1;
}

/* ---- padding and cropping ---- */

typedef struct pad_options {
  gn_int top, bottom, left, right;
  int mode;
  double value;
} pad_options;

static const char *const pad_modes[] = {"constant", "reflect", "replicate", NULL}; /* in the order of gn_pad_mode */
#define BORDER(name) GN_OPT_INTEGER(pad_options, name, 0, SIZE_MAX32)
#define BORDERS BORDER(top), BORDER(bottom), BORDER(left), BORDER(right)
static const gn_option of_crop[] = {BORDERS, GN_OPT_END};
static const gn_option of_pad[] = {GN_OPT_NUMBER(pad_options, value, 0), BORDERS,
                                   GN_OPT_WORD(pad_options, mode, pad_modes), GN_OPT_END};
enum { VALUE = 1 << 0 }; /* the first of of_pad is given */

/* Fills p from the options at argument 2; returns the value of a constant border. */
static gn_real check_pad(lua_State *L, gn_pad *p) {
  pad_options o = {0};
  const uint64_t given = gn_read_options(L, 2, of_pad, &o);
  p->top = o.top;
  p->bottom = o.bottom;
  p->left = o.left;
  p->right = o.right;
  p->mode = (gn_pad_mode)o.mode;
  if (given & VALUE && o.mode != GN_PAD_CONSTANT) gn_option_error(L, "value", "needs mode = \"constant\"");
  return (gn_real)o.value;
}

/* Raises where reflect or replicate would find no pixel in an image of p->h x p->w. */
static void check_pad_source(lua_State *L, const gn_pad *p) {
  if (p->mode == GN_PAD_REFLECT && (GN_MAX(p->top, p->bottom) >= p->h || GN_MAX(p->left, p->right) >= p->w))
    gn_option_error(L, "mode", "reflect needs an image larger than the padding, got %I x %I", (lua_Integer)p->h,
                    (lua_Integer)p->w);
  if (p->mode == GN_PAD_REPLICATE && (p->h < 1 || p->w < 1))
    gn_option_error(L, "mode", "replicate needs at least one pixel, got %I x %I", (lua_Integer)p->h, (lua_Integer)p->w);
}

/* pad2d(x (N,H,W,C), options) -> (N,top+H+bottom,left+W+right,C) */
static int pad2d(lua_State *L) {
  const gn_tensor *x = check_images(L, 1, "x", 0);
  gn_pad p = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  gn_real value = check_pad(L, &p);
  check_pad_source(L, &p);
  gn_tensor *y = new_images(L, p.n, p.top + p.h + p.bottom, p.left + p.w + p.right, p.c);
  if (!is_empty(y)) gn_pad2d(gn_real_ptr(y), gn_real_ptr(x), &p, value);
  return 1;
}

/* pad2d_dx(dy (N,top+H+bottom,left+W+right,C), options) -> (N,H,W,C) */
static int pad2d_dx(lua_State *L) {
  const gn_tensor *dy = check_images(L, 1, "dy", 0);
  gn_pad p = {.n = dy->size[0], .c = dy->size[3]};
  check_pad(L, &p);
  p.h = dy->size[1] - p.top - p.bottom;
  p.w = dy->size[2] - p.left - p.right;
  if (p.h < 0 || p.w < 0) gn_shape_error(L, 1, "dy", "(N,top+H+bottom,left+W+right,C)", NULL);
  check_pad_source(L, &p);
  gn_tensor *dx = new_images(L, p.n, p.h, p.w, p.c);
  if (!is_empty(dx)) gn_pad2d_dx(gn_real_ptr(dx), gn_real_ptr(dy), &p);
  return 1;
}

/* crop2d(x (N,H,W,C) of any dtype, options) -> (N,H-top-bottom,W-left-right,C), a view of x */
static int crop2d(lua_State *L) {
  const gn_tensor *x = gn_check_tensor(L, 1, "x");
  pad_options p = {0};
  if (x->nd != 4) gn_shape_error(L, 1, "x", "(N,H,W,C)", NULL);
  gn_read_options(L, 2, of_crop, &p);
  gn_int size[4] = {x->size[0], x->size[1] - p.top - p.bottom, x->size[2] - p.left - p.right, x->size[3]};
  if (size[1] < 0 || size[2] < 0)
    gn_argerror(L, 2, "options", "cannot crop %s and %s from %s", gn_count(L, p.top + p.bottom, "row"),
                gn_count(L, p.left + p.right, "column"), gn_shape_str(L, x->nd, x->size));
  gn_int offset = gn_numel(4, size) == 0 ? x->offset : x->offset + p.top * x->stride[1] + p.left * x->stride[2];
  gn_new_view(L, x, 4, size, x->stride, offset);
  return 1;
}

/* ---- upsampling, filter, downsampling ---- */

typedef struct fir_options {
  gn_int up[2], down[2], top, bottom, left, right;
  double gain;
  int flip;
} fir_options;

#define FACTOR(name) GN_OPT_PAIR(fir_options, name, 1, SIZE_MAX32, 0)
#define MARGIN(name) GN_OPT_INTEGER(fir_options, name, -SIZE_MAX32, SIZE_MAX32)
static const gn_option of_fir[] = {
    FACTOR(up),
    FACTOR(down),
    MARGIN(top),
    MARGIN(bottom),
    MARGIN(left),
    MARGIN(right),
    GN_OPT_NUMBER(fir_options, gain, 0),
    GN_OPT_FLAG(fir_options, flip),
    GN_OPT_END,
};

/* upfirdn2d(x (N,H,W,C), f (K) or (N,K), options) -> (N,Ho,Wo,C) */
static int upfirdn2d(lua_State *L) {
  const gn_tensor *x = check_images(L, 1, "x", 1), *f = gn_check_dense(L, 2, "f");
  gn_fir p = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  if (f->nd < 1 || f->nd > 2 || (f->nd == 2 && f->size[0] != p.n))
    gn_shape_error(L, 2, "f", lua_pushfstring(L, "(K) or (%I,K)", (lua_Integer)p.n), "one filter, or one an image");
  p.k = f->size[f->nd - 1];
  if (p.k < 1 || p.k > SIZE_MAX32) gn_shape_error(L, 2, "f", "(K)", "with K >= 1");
  p.ldf = f->nd == 2 ? p.k : 0;
  fir_options o = {.up = {1, 1}, .down = {1, 1}, .gain = 1};
  gn_read_options(L, 3, of_fir, &o);
  for (int i = 0; i < 2; i++) {
    p.up[i] = o.up[i];
    p.down[i] = o.down[i];
  }
  p.top = o.top;
  p.left = o.left;
  p.gain = (gn_real)o.gain;
  p.flip = o.flip;
  const gn_int h = p.h * p.up[0] + o.top + o.bottom, w = p.w * p.up[1] + o.left + o.right;
  if (h < p.k || w < p.k)
    gn_argerror(L, 2, "f", "the padded image (%I,%I) is smaller than the filter of %s", (lua_Integer)h, (lua_Integer)w,
                gn_count(L, p.k, "tap"));
  p.ho = (h - p.k) / p.down[0] + 1;
  p.wo = (w - p.k) / p.down[1] + 1;
  if (p.ho > SIZE_MAX32 || p.wo > SIZE_MAX32)
    gn_option_error(L, "up", "the image would be %I x %I", (lua_Integer)p.ho, (lua_Integer)p.wo);
  gn_real *work = gn_scratch(L, gn_upfirdn2d_work(&p));
  const int at = lua_gettop(L);
  gn_tensor *y = new_images(L, p.n, p.ho, p.wo, p.c);
  if (!is_empty(y)) gn_upfirdn2d(gn_real_ptr(y), gn_real_ptr(x), gn_real_ptr(f), &p, work);
  gn_scratch_free(L, at);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"avg_pool2d", avg_pool2d}, {"avg_pool2d_dx", avg_pool2d_dx}, {"avg_pool2d_to", avg_pool2d_to},
    {"crop2d", crop2d},         {"max_pool2d", max_pool2d},       {"max_pool2d_to", max_pool2d_to},
    {"pad2d", pad2d},           {"pad2d_dx", pad2d_dx},           {"resize", resize},
    {"resize_dx", resize_dx},   {"upfirdn2d", upfirdn2d},         {NULL, NULL},
};

void gn_open_resample(lua_State *L) { gn_register(L, funcs); }
