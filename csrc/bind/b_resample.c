/* b_resample.c - pooling, resizing, padding and cropping of images for Lua: arguments are a tensor and one table of options. */
#include "../kernels/resample.h"
#include "bind.h"
#include <string.h>

#define SIZE_MAX32 INT32_MAX /* of heights, widths and options: their products then fit 64 bits */

/* ---- options: fields of the table at `arg` ---- */

/* Raises unless there is a table (or nothing) at arg whose keys are all in `known`, a list that ends with NULL. */
static void check_options(lua_State *L, int arg, const char *const *known) {
  if (lua_isnoneornil(L, arg)) return;
  if (lua_type(L, arg) != LUA_TTABLE) gn_expected(L, arg, "options", "a table");
  for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
    int i = 0;
    while (key && known[i] && strcmp(known[i], key) != 0) i++;
    if (!key || !known[i]) gn_argerror(L, arg, "options", "unknown option '%s'", key ? key : luaL_tolstring(L, -2, NULL));
  }
}

/* Pushes the field; returns its type, LUA_TNIL where there is no table. */
static int push_field(lua_State *L, int arg, const char *key) {
  if (lua_type(L, arg) != LUA_TTABLE) {
    lua_pushnil(L);
    return LUA_TNIL;
  }
  lua_pushstring(L, key);
  return lua_rawget(L, arg);
}

static gn_int top_int(lua_State *L, int arg, const char *key, gn_int lo) {
  int ok = 0;
  lua_Integer v = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &ok) : 0;
  if (!ok || v < lo || v > SIZE_MAX32)
    gn_argerror(L, arg, key, "expected an integer in %I..%I, got %s", (lua_Integer)lo, (lua_Integer)SIZE_MAX32, luaL_tolstring(L, -1, NULL));
  lua_pop(L, 1);
  return v;
}

static gn_int opt_field_int(lua_State *L, int arg, const char *key, gn_int lo, gn_int def) {
  if (push_field(L, arg, key) != LUA_TNIL) return top_int(L, arg, key, lo);
  lua_pop(L, 1);
  return def;
}

/* An integer (for both) or {height, width}. Without the field: the defaults, or an error where they are negative. */
static void opt_field_pair(lua_State *L, int arg, const char *key, gn_int lo, gn_int *h, gn_int *w, gn_int defh, gn_int defw) {
  int type = push_field(L, arg, key);
  if (type == LUA_TNIL && defh >= 0) {
    *h = defh;
    *w = defw;
    lua_pop(L, 1);
  } else if (type == LUA_TTABLE && lua_rawlen(L, -1) == 2) {
    lua_rawgeti(L, -1, 1);
    *h = top_int(L, arg, key, lo);
    lua_rawgeti(L, -1, 2);
    *w = top_int(L, arg, key, lo);
    lua_pop(L, 1);
  } else if (type == LUA_TNUMBER) {
    *h = *w = top_int(L, arg, key, lo);
  } else {
    gn_argerror(L, arg, key, "expected an integer or {height, width}, got %s", luaL_tolstring(L, -1, NULL));
  }
}

static int opt_field_flag(lua_State *L, int arg, const char *key, int def) {
  int type = push_field(L, arg, key);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN) gn_argerror(L, arg, key, "expected true or false, got %s", luaL_tolstring(L, -1, NULL));
  int v = type == LUA_TNIL ? def : lua_toboolean(L, -1);
  lua_pop(L, 1);
  return v;
}

/* The place of the field's word in `words` (ends with NULL); the first one without the field. */
static int opt_field_word(lua_State *L, int arg, const char *key, const char *const *words) {
  int i = 0;
  if (push_field(L, arg, key) != LUA_TNIL) {
    const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    while (words[i] && strcmp(words[i], s) != 0) i++;
    if (!words[i]) {
      luaL_Buffer b;
      const char *got = luaL_tolstring(L, -1, NULL);
      luaL_buffinit(L, &b);
      for (i = 0; words[i]; i++) {
        if (i) luaL_addstring(&b, ", ");
        luaL_addstring(&b, words[i]);
      }
      luaL_pushresult(&b);
      gn_argerror(L, arg, key, "expected one of %s, got %s", lua_tostring(L, -1), got);
    }
  }
  lua_pop(L, 1);
  return i;
}

/* ---- arguments ---- */

/* Images (N,H,W,C), contiguous, with H and W in lo .. INT32_MAX. */
static gn_tensor *check_images(lua_State *L, int arg, const char *name, gn_int lo) {
  gn_tensor *t = gn_check_dense_nd(L, arg, name, 4);
  for (int i = 1; i <= 2; i++)
    if (t->size[i] < lo || t->size[i] > SIZE_MAX32) gn_shape_error(L, arg, name, "(N,H,W,C)", lo ? "with H, W >= 1" : "with H, W < 2^31");
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
  gn_shape_error(L, 1, "dy", lua_pushfstring(L, "(*,%I,%I,*)", (lua_Integer)h, (lua_Integer)w), "to match size and options");
}

static gn_tensor *new_images(lua_State *L, gn_int n, gn_int h, gn_int w, gn_int c) {
  const gn_int size[4] = {n, h, w, c};
  return gn_new_real(L, 4, size);
}

/* A kernel has nothing to do for an empty output (and would count its rows one by one). */
static int is_empty(const gn_tensor *t) { return gn_numel(t->nd, t->size) == 0; }

/* ---- pooling ---- */

/* Fills p from the options at `arg` for images (n,h,w,c). */
static void check_pool(lua_State *L, int arg, gn_pool *p, const char *const *known) {
  check_options(L, arg, known);
  opt_field_pair(L, arg, "kernel", 1, &p->kh, &p->kw, -1, -1);
  opt_field_pair(L, arg, "stride", 1, &p->sh, &p->sw, p->kh, p->kw);
  opt_field_pair(L, arg, "padding", 0, &p->ph, &p->pw, 0, 0);
  p->count_pad = opt_field_flag(L, arg, "count_include_pad", 1);
  if (p->ph >= p->kh || p->pw >= p->kw)
    gn_argerror(L, arg, "padding", "(%I,%I) must be smaller than the kernel (%I,%I)", (lua_Integer)p->ph, (lua_Integer)p->pw,
                (lua_Integer)p->kh, (lua_Integer)p->kw);
  if (p->h + 2 * p->ph < p->kh || p->w + 2 * p->pw < p->kw)
    gn_argerror(L, arg, "kernel", "(%I,%I) is larger than the padded image (%I,%I)", (lua_Integer)p->kh, (lua_Integer)p->kw,
                (lua_Integer)(p->h + 2 * p->ph), (lua_Integer)(p->w + 2 * p->pw));
  p->ho = (p->h + 2 * p->ph - p->kh) / p->sh + 1;
  p->wo = (p->w + 2 * p->pw - p->kw) / p->sw + 1;
  p->ldy = p->c;
}

static const char *const avg_options[] = {"kernel", "stride", "padding", "count_include_pad", NULL};
static const char *const max_options[] = {"kernel", "stride", "padding", NULL};

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

/* NAME_to(x (N,H,W,C), options [, y (N,Ho,Wo,C)]) -> y, for inference: without positions; y: some channels of a larger dense tensor
** (core.narrow), to be overwritten. */
static int pool_to(lua_State *L, const char *const *known, int max) {
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

static const char *const resize_options[] = {"size", "mode", "align_corners", "legacy", NULL};
static const char *const resize_modes[] = {"nearest", "bilinear", NULL};

/* Fills r->grid, ho, wo from the options at `arg`; returns whether bilinear. */
static int check_resize(lua_State *L, int arg, gn_resize *r) {
  check_options(L, arg, resize_options);
  opt_field_pair(L, arg, "size", 1, &r->ho, &r->wo, -1, -1);
  int bilinear = opt_field_word(L, arg, "mode", resize_modes);
  int corners = opt_field_flag(L, arg, "align_corners", 0), legacy = opt_field_flag(L, arg, "legacy", 0);
  if (corners && legacy) gn_argerror(L, arg, "legacy", "excludes align_corners");
  if (!bilinear && (corners || legacy)) gn_argerror(L, arg, corners ? "align_corners" : "legacy", "needs mode = \"bilinear\"");
  r->grid = corners ? GN_GRID_CORNERS : legacy ? GN_GRID_LEGACY : GN_GRID_HALF;
  return bilinear;
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

static const char *const crop_options[] = {"top", "bottom", "left", "right", NULL};
static const char *const pad_options[] = {"top", "bottom", "left", "right", "mode", "value", NULL};
static const char *const pad_modes[] = {"constant", "reflect", "replicate", NULL};

static void check_borders(lua_State *L, int arg, gn_pad *p) {
  p->top = opt_field_int(L, arg, "top", 0, 0);
  p->bottom = opt_field_int(L, arg, "bottom", 0, 0);
  p->left = opt_field_int(L, arg, "left", 0, 0);
  p->right = opt_field_int(L, arg, "right", 0, 0);
}

/* Fills p from the options at `arg`; returns the value option. */
static gn_real check_pad(lua_State *L, int arg, gn_pad *p) {
  check_options(L, arg, pad_options);
  check_borders(L, arg, p);
  p->mode = (gn_pad_mode)opt_field_word(L, arg, "mode", pad_modes);
  int type = push_field(L, arg, "value");
  if (type != LUA_TNIL && type != LUA_TNUMBER) gn_argerror(L, arg, "value", "expected a number, got %s", luaL_tolstring(L, -1, NULL));
  if (type != LUA_TNIL && p->mode != GN_PAD_CONSTANT) gn_argerror(L, arg, "value", "needs mode = \"constant\"");
  gn_real value = (gn_real)lua_tonumber(L, -1);
  lua_pop(L, 1);
  return value;
}

/* Raises where reflect or replicate would find no pixel in an image of p->h x p->w. */
static void check_pad_source(lua_State *L, int arg, const gn_pad *p) {
  if (p->mode == GN_PAD_REFLECT && (GN_MAX(p->top, p->bottom) >= p->h || GN_MAX(p->left, p->right) >= p->w))
    gn_argerror(L, arg, "mode", "reflect needs an image larger than the padding, got %I x %I", (lua_Integer)p->h, (lua_Integer)p->w);
  if (p->mode == GN_PAD_REPLICATE && (p->h < 1 || p->w < 1))
    gn_argerror(L, arg, "mode", "replicate needs at least one pixel, got %I x %I", (lua_Integer)p->h, (lua_Integer)p->w);
}

/* pad2d(x (N,H,W,C), options) -> (N,top+H+bottom,left+W+right,C) */
static int pad2d(lua_State *L) {
  const gn_tensor *x = check_images(L, 1, "x", 0);
  gn_pad p = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  gn_real value = check_pad(L, 2, &p);
  check_pad_source(L, 2, &p);
  gn_tensor *y = new_images(L, p.n, p.top + p.h + p.bottom, p.left + p.w + p.right, p.c);
  if (!is_empty(y)) gn_pad2d(gn_real_ptr(y), gn_real_ptr(x), &p, value);
  return 1;
}

/* pad2d_dx(dy (N,top+H+bottom,left+W+right,C), options) -> (N,H,W,C) */
static int pad2d_dx(lua_State *L) {
  const gn_tensor *dy = check_images(L, 1, "dy", 0);
  gn_pad p = {.n = dy->size[0], .c = dy->size[3]};
  check_pad(L, 2, &p);
  p.h = dy->size[1] - p.top - p.bottom;
  p.w = dy->size[2] - p.left - p.right;
  if (p.h < 0 || p.w < 0) gn_shape_error(L, 1, "dy", "(N,top+H+bottom,left+W+right,C)", NULL);
  check_pad_source(L, 2, &p);
  gn_tensor *dx = new_images(L, p.n, p.h, p.w, p.c);
  if (!is_empty(dx)) gn_pad2d_dx(gn_real_ptr(dx), gn_real_ptr(dy), &p);
  return 1;
}

/* crop2d(x (N,H,W,C) of any dtype, options) -> (N,H-top-bottom,W-left-right,C), a view of x */
static int crop2d(lua_State *L) {
  const gn_tensor *x = gn_check_tensor(L, 1, "x");
  gn_pad p = {0};
  if (x->nd != 4) gn_shape_error(L, 1, "x", "(N,H,W,C)", NULL);
  check_options(L, 2, crop_options);
  check_borders(L, 2, &p);
  gn_int size[4] = {x->size[0], x->size[1] - p.top - p.bottom, x->size[2] - p.left - p.right, x->size[3]};
  if (size[1] < 0 || size[2] < 0)
    gn_argerror(L, 2, "options", "cannot crop %I rows and %I columns from %s", (lua_Integer)(p.top + p.bottom),
                (lua_Integer)(p.left + p.right), gn_shape_str(L, x->nd, x->size));
  gn_int offset = gn_numel(4, size) == 0 ? x->offset : x->offset + p.top * x->stride[1] + p.left * x->stride[2];
  gn_new_view(L, x, 4, size, x->stride, offset);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"avg_pool2d", avg_pool2d},
    {"avg_pool2d_dx", avg_pool2d_dx},
    {"avg_pool2d_to", avg_pool2d_to},
    {"crop2d", crop2d},
    {"max_pool2d", max_pool2d},
    {"max_pool2d_to", max_pool2d_to},
    {"pad2d", pad2d},
    {"pad2d_dx", pad2d_dx},
    {"resize", resize},
    {"resize_dx", resize_dx},
    {NULL, NULL},
};

void gn_open_resample(lua_State *L) { gn_register(L, funcs); }
