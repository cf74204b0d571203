/* b_image.c - pictures: decoding, fitting to a size, sheets, PNG. What is wrong with a file's bytes comes back as
** nil, message. */
#include "../codec/codec.h"
#include "../codec/fit.h"
#include "../codec/stb.h"
#include "../kernels/image.h"
#include "b_pictures.h"
#include "bind.h"
#include <string.h>

/* What to do again after a full collection and an emptied cache, when the first try found no memory. pic: what is known
** of the picture, or NULL. */
static int retry(lua_State *L, gn_codec_rc rc, const gn_picture *pic, int *tried) {
  if (rc != GN_CODEC_MEMORY) return 0;
  if ((*tried)++) return pic ? gn_picture_memory(L, NULL, pic) : gn_error(L, "out of memory");
  gn_collect(L);
  gn_trim(L);
  return 1;
}

static int push_bad(lua_State *L, const char *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err);
  return 2;
}

static const uint8_t *check_bytes(lua_State *L, int arg, const char *name, size_t *n) {
  if (lua_type(L, arg) != LUA_TSTRING) gn_expected(L, arg, name, "a string of bytes");
  return (const uint8_t *)lua_tolstring(L, arg, n);
}

static gn_tensor *check_pictures(lua_State *L, int arg, const char *name, int nd) { /* u8, (N,)H,W,C with C 1..4 */
  gn_tensor *t = gn_check_dense_u8(L, arg, name);
  if (t->nd != nd || t->size[nd - 1] < 1 || t->size[nd - 1] > 4)
    gn_shape_error(L, arg, name, nd == 3 ? "(H,W,C), C 1..4" : "(N,H,W,C), C 1..4", NULL);
  return t;
}

static void check_side(lua_State *L, int arg, const char *name, const gn_tensor *t, int axis) {
  if (t->size[axis] < 1 || t->size[axis] > GN_BUDGET_SIDE)
    gn_argerror(L, arg, name, "expected 1 to %d pixels a side, got %s", GN_BUDGET_SIDE,
                gn_shape_str(L, t->nd, t->size));
}

/* The set being filled: written in place, so a copy will not do. C is 1 or 3. */
static gn_tensor *check_slots(lua_State *L, int arg) {
  gn_tensor *t = gn_check_tensor(L, arg, "images");
  if (t->dtype != GN_U8 || t->nd != 4 || (t->size[3] != 1 && t->size[3] != 3) || !gn_is_contiguous(t))
    gn_shape_error(L, arg, "images", "a contiguous u8 tensor (N,H,W,1 or 3)", NULL);
  check_side(L, arg, "images", t, 1);
  check_side(L, arg, "images", t, 2);
  return t;
}

/* Three arguments red, green, blue; where they are nil, def. */
static void opt_colour(lua_State *L, int arg, int def, uint8_t bg[3]) {
  static const char *const names[3] = {"red", "green", "blue"};
  for (int k = 0; k < 3; k++) bg[k] = (uint8_t)gn_opt_int(L, arg + k, names[k], 0, 255, def);
}

static gn_fit opt_fit(lua_State *L, int arg) {
  static const char *const words[] = {"crop", "pad", "stretch"}; /* in the order of gn_fit */
  if (lua_isnoneornil(L, arg)) return GN_FIT_CROP;
  for (int k = 0; k < 3 && lua_type(L, arg) == LUA_TSTRING; k++)
    if (strcmp(lua_tostring(L, arg), words[k]) == 0) return (gn_fit)k;
  gn_expected(L, arg, "fit", "'crop', 'pad' or 'stretch'");
  return GN_FIT_CROP;
}

static int opt_exif(lua_State *L, int arg) { return lua_isnoneornil(L, arg) || lua_toboolean(L, arg); }

/* core.image_kind(bytes) -> what they are: "JPEG", "HTML", "git-lfs pointer", ... (kind.h), or nil. */
static int image_kind(lua_State *L) {
  size_t n;
  const uint8_t *p = check_bytes(L, 1, "bytes", &n);
  lua_pushstring(L, gn_picture_kind(p, n));
  return 1;
}

/* core.image_kinds() -> list of the kinds that this build reads. */
static int image_kinds(lua_State *L) {
  lua_newtable(L);
  for (int i = 0; gn_picture_reads(i); i++) {
    lua_pushstring(L, gn_picture_reads(i));
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* core.image_info(bytes [, exif = true]) -> H, W, C as stored (2 and 4: with transparency), kind, turned, bits of a
** sample; or nil, message. Reads the header only. */
static int image_info(lua_State *L) {
  size_t n;
  const uint8_t *p = check_bytes(L, 1, "bytes", &n);
  const gn_load o = {.exif = opt_exif(L, 2)};
  gn_picture pic;
  int tried = 0;
  gn_codec_rc rc;
  do rc = gn_picture_info(&pic, p, n, &o);
  while (retry(L, rc, &pic, &tried));
  if (rc != GN_CODEC_OK) return push_bad(L, pic.err);
  lua_pushinteger(L, pic.h);
  lua_pushinteger(L, pic.w);
  lua_pushinteger(L, pic.c);
  lua_pushstring(L, pic.kind);
  lua_pushboolean(L, pic.turned);
  lua_pushinteger(L, pic.bits);
  return 6;
}

/* core.image_decode(bytes [, channels = 0 [, red, green, blue [, exif = true [, top]]]]) -> u8 (H,W,C), or nil,
** message. channels: 1, 3, or 0 for what the picture has; transparency is laid over the colour (white). exif: upright.
** top: the 16-bit sample that becomes 255 (65535). */
static int image_decode(lua_State *L) {
  size_t n;
  const uint8_t *p = check_bytes(L, 1, "bytes", &n);
  int co = (int)gn_opt_int(L, 2, "channels", 0, 3, 0), tried = 0;
  if (co == 2) gn_expected(L, 2, "channels", "0, 1 or 3");
  gn_load o = {.exif = opt_exif(L, 6), .top = (int)gn_opt_int(L, 7, "top", 0, 65535, 0)};
  opt_colour(L, 3, 255, o.background);
  gn_picture pic;
  uint8_t *pix = NULL;
  gn_codec_rc rc;
  do rc = gn_picture_info(&pic, p, n, &o);
  while (retry(L, rc, &pic, &tried));
  if (rc != GN_CODEC_OK) return push_bad(L, pic.err);
  gn_int size[3] = {pic.h, pic.w, co ? co : pic.c >= 3 ? 3 : 1};
  gn_tensor *t = gn_new_tensor(L, GN_U8, 3, size);
  do rc = gn_picture_decode(&pic, &pix, p, n, &o);
  while (retry(L, rc, &pic, &tried));
  if (rc != GN_CODEC_OK) return push_bad(L, pic.err);
  gn_image_flatten(gn_u8_ptr(t), (int)size[2], pix, pic.c, pic.h * pic.w, o.background);
  gn_free(pix);
  return 1;
}

/* core.image_load_(images (N,H,W,C), i, bytes [, red, green, blue [, fit = "crop" [, exif = true [, top]]]])
** -> H, W, C as stored, kind, turned, enlarged, bits, top; or nil, message. Decodes a file into image i (from 1) as
** gn_picture_load does. */
static int image_load_(lua_State *L) {
  gn_tensor *t = check_slots(L, 1);
  gn_int i = gn_check_int(L, 2, "i", 1, t->size[0]);
  size_t n;
  const uint8_t *p = check_bytes(L, 3, "bytes", &n);
  gn_load o = {.fit = opt_fit(L, 7), .exif = opt_exif(L, 8), .top = (int)gn_opt_int(L, 9, "top", 0, 65535, 0)};
  opt_colour(L, 4, 255, o.background);
  gn_picture pic;
  gn_codec_rc rc;
  int tried = 0;
  do
    rc =
        gn_picture_load(&pic, gn_u8_ptr(t) + (i - 1) * t->stride[0], t->size[1], t->size[2], (int)t->size[3], p, n, &o);
  while (retry(L, rc, &pic, &tried));
  if (rc != GN_CODEC_OK) return push_bad(L, pic.err);
  gn_touch(t);
  lua_pushinteger(L, pic.h);
  lua_pushinteger(L, pic.w);
  lua_pushinteger(L, pic.c);
  lua_pushstring(L, pic.kind);
  lua_pushboolean(L, pic.turned);
  lua_pushboolean(L, pic.enlarged);
  lua_pushinteger(L, pic.bits);
  lua_pushinteger(L, pic.top);
  return 8;
}

/* core.image_unpack_(images (N,H,W,C), i, bytes, h, w, c, planar, skip [, fit = "crop" [, red, green, blue]])
** -> number of images unpacked, enlarged. bytes: records of `skip` bytes and a picture (h,w,c), or (c,h,w) if planar;
** they go into images i, i+1, ... as in image_load_, padded with the colour (black). */
static int image_unpack_(lua_State *L) {
  gn_tensor *t = check_slots(L, 1);
  gn_int i = gn_check_int(L, 2, "i", 1, GN_MAX(1, t->size[0]));
  size_t n;
  const uint8_t *p = check_bytes(L, 3, "bytes", &n);
  gn_int h = gn_check_int(L, 4, "h", 1, GN_BUDGET_SIDE), w = gn_check_int(L, 5, "w", 1, GN_BUDGET_SIDE);
  int c = (int)gn_check_int(L, 6, "c", 1, 3), planar = lua_toboolean(L, 7), tried = 0;
  if (c == 2) gn_expected(L, 6, "c", "1 or 3");
  gn_int skip = gn_check_int(L, 8, "skip", 0, 1 << 16), record = skip + h * w * c;
  gn_int count = (gn_int)n / record;
  if (count * record != (gn_int)n || count > t->size[0] - i + 1)
    gn_argerror(L, 3, "bytes", "%I bytes are not 0 to %I records of %I", (lua_Integer)n,
                (lua_Integer)(t->size[0] - i + 1), (lua_Integer)record);
  gn_load o = {.fit = opt_fit(L, 9)};
  opt_colour(L, 10, 0, o.background);
  gn_picture pic = {.h = h, .w = w, .orientation = 1};
  gn_codec_rc rc;
  do {
    gn_raster r = {gn_malloc(count == 0 ? 1 : (size_t)(h * w * c)), h, w, c};
    rc = r.pixels ? GN_CODEC_OK : GN_CODEC_MEMORY;
    for (gn_int k = 0; k < count && rc == GN_CODEC_OK; k++) {
      const uint8_t *src = p + k * record + skip;
      if (planar && c > 1) gn_image_interleave(r.pixels, src, h, w, c);
      else memcpy(r.pixels, src, (size_t)(h * w * c));
      rc =
          gn_fit_into(gn_u8_ptr(t) + (i - 1 + k) * t->stride[0], t->size[1], t->size[2], (int)t->size[3], &r, &pic, &o);
    }
    gn_free(r.pixels);
  } while (retry(L, rc, &pic, &tried));
  gn_touch(t);
  lua_pushinteger(L, count);
  lua_pushboolean(L, pic.enlarged);
  return 2;
}

/* core.image_fit(image u8 (H,W,C), h, w [, fit = "crop" [, red, green, blue]]) -> u8 (h,w,C), enlarged. The colour
** (white) goes around a padded picture. */
static int image_fit(lua_State *L) {
  gn_tensor *t = check_pictures(L, 1, "image", 3);
  check_side(L, 1, "image", t, 0);
  check_side(L, 1, "image", t, 1);
  gn_int size[3] = {gn_check_int(L, 2, "h", 1, GN_BUDGET_SIDE), gn_check_int(L, 3, "w", 1, GN_BUDGET_SIDE), t->size[2]};
  if (size[0] * size[1] > GN_BUDGET_PIXELS) gn_error(L, "picture too large: %s", gn_shape_str(L, 3, size));
  gn_load o = {.fit = opt_fit(L, 4)};
  opt_colour(L, 5, 255, o.background);
  gn_tensor *y = gn_new_tensor(L, GN_U8, 3, size);
  gn_raster r = {gn_u8_ptr(t), t->size[0], t->size[1], (int)t->size[2]};
  gn_picture pic = {.h = r.h, .w = r.w, .orientation = 1};
  int tried = 0;
  gn_codec_rc rc;
  do rc = gn_fit_into(gn_u8_ptr(y), size[0], size[1], r.c, &r, &pic, &o);
  while (retry(L, rc, &pic, &tried));
  lua_pushboolean(L, pic.enlarged);
  return 2;
}

/* core.fit_plan(fit, h, w, ho, wo) -> y, x, h, w of the window of a picture (h,w) that goes into one of (ho,wo), and y,
** x, h, w of where it goes. */
static int fit_plan(lua_State *L) {
  const gn_fit fit = opt_fit(L, 1);
  gn_int size[4];
  static const char *const names[4] = {"h", "w", "ho", "wo"};
  for (int k = 0; k < 4; k++) size[k] = gn_check_int(L, 2 + k, names[k], 1, GN_BUDGET_SIDE);
  gn_rect r[2];
  gn_fit_plan(fit, size[0], size[1], size[2], size[3], r, r + 1);
  for (int k = 0; k < 2; k++) {
    lua_pushinteger(L, (lua_Integer)r[k].y);
    lua_pushinteger(L, (lua_Integer)r[k].x);
    lua_pushinteger(L, (lua_Integer)r[k].h);
    lua_pushinteger(L, (lua_Integer)r[k].w);
  }
  return 8;
}

/* core.image_encode(image u8 (H,W,C)) -> a PNG file as a string. */
static int image_encode(lua_State *L) {
  gn_tensor *t = check_pictures(L, 1, "image", 3);
  check_side(L, 1, "image", t, 0);
  check_side(L, 1, "image", t, 1);
  if (t->size[0] * t->size[1] > GN_BUDGET_PIXELS)
    gn_argerror(L, 1, "image", "expected at most %I pixels, got %s", (lua_Integer)GN_BUDGET_PIXELS,
                gn_shape_str(L, 3, t->size));
  size_t n = 0;
  int tried = 0;
  gn_int none = 0;
  /* owns the file while Lua makes a string of it, which may raise */
  gn_tensor *holder = gn_new_tensor(L, GN_U8, 1, &none);
  gn_storage *s = NULL;
  do {
    uint8_t *png = gn_png_encode(gn_u8_ptr(t), t->size[0], t->size[1], (int)t->size[2], &n);
    s = png ? gn_try_storage(L, n) : NULL;
    if (s) memcpy(s->data, png, n);
    gn_free(png);
  } while (retry(L, s ? GN_CODEC_OK : GN_CODEC_MEMORY, NULL, &tried));
  gn_storage_release(holder->storage);
  holder->storage = s;
  lua_pushlstring(L, s->data, n);
  return 1;
}

/* core.image_quantise(x real) -> u8 of the same shape: [-1,1] to 0..255, rounded and saturated. */
static int image_quantise(lua_State *L) {
  gn_tensor *x = gn_check_dense(L, 1, "x");
  gn_tensor *y = gn_new_tensor(L, GN_U8, x->nd, x->size);
  gn_image_quantise(gn_u8_ptr(y), gn_real_ptr(x), gn_numel(x->nd, x->size));
  return 1;
}

/* core.image_sheet(images u8 (N,H,W,C), columns, pad, scale, fill) -> u8 picture of all of them in rows. */
static int image_sheet(lua_State *L) {
  gn_tensor *t = check_pictures(L, 1, "images", 4);
  if (t->size[0] < 1) gn_shape_error(L, 1, "images", "at least one image", NULL);
  check_side(L, 1, "images", t, 1);
  check_side(L, 1, "images", t, 2);
  gn_int n = t->size[0], h = t->size[1], w = t->size[2], c = t->size[3];
  gn_int columns = gn_check_int(L, 2, "columns", 1, GN_BUDGET_SIDE), pad = gn_check_int(L, 3, "pad", 0, 1024);
  gn_int scale = gn_check_int(L, 4, "scale", 1, 64);
  uint8_t fill = (uint8_t)gn_opt_int(L, 5, "fill", 0, 255, 255);
  if (n > GN_BUDGET_PIXELS) gn_error(L, "sheet too large: %I images", (lua_Integer)n);
  gn_int rows = (n + columns - 1) / columns;
  gn_int size[3] = {rows * (h * scale + pad) + pad, columns * (w * scale + pad) + pad, c};
  if (size[0] > GN_BUDGET_SIDE || size[1] > GN_BUDGET_SIDE || size[0] * size[1] > GN_BUDGET_PIXELS)
    gn_error(L, "sheet too large: %s (at most %d a side)", gn_shape_str(L, 3, size), GN_BUDGET_SIDE);
  gn_tensor *y = gn_new_tensor(L, GN_U8, 3, size);
  gn_image_sheet(gn_u8_ptr(y), gn_u8_ptr(t), n, h, w, (int)c, columns, pad, scale, fill);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"image_kind", image_kind},         {"image_kinds", image_kinds}, {"image_info", image_info},
    {"image_decode", image_decode},     {"image_load_", image_load_}, {"image_unpack_", image_unpack_},
    {"image_fit", image_fit},           {"fit_plan", fit_plan},       {"image_encode", image_encode},
    {"image_quantise", image_quantise}, {"image_sheet", image_sheet}, {NULL, NULL},
};

void gn_open_image(lua_State *L) {
  /* core.picture_budget: what Lua needs of codec/budget.h */
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, GN_BUDGET_SIDE);
  lua_setfield(L, -2, "side");
  lua_pushinteger(L, GN_BUDGET_FILE);
  lua_setfield(L, -2, "file");
  lua_setfield(L, -2, "picture_budget");
  gn_register(L, funcs);
}
