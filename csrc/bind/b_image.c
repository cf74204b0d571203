/* b_image.c - pictures: decoding, fitting to a size, sheets, PNG. What is wrong with a file's bytes comes back as
** nil, message. */
#include "../codec.h"
#include "../kernels/image.h"
#include "../stb.h"
#include "bind.h"
#include <string.h>

/* What to do again after a full collection and an emptied cache, when the first try found no memory. */
static int retry(lua_State *L, gn_codec_rc rc, int *tried) {
  if (rc != GN_CODEC_MEMORY) return 0;
  if ((*tried)++) return gn_error(L, "out of memory");
  lua_gc(L, LUA_GCCOLLECT);
  gn_storage_trim();
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
  if (t->size[axis] < 1 || t->size[axis] > GN_PICTURE_SIDE)
    gn_argerror(L, arg, name, "expected 1 to %d pixels a side, got %s", GN_PICTURE_SIDE,
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

static void check_colour(lua_State *L, int arg, uint8_t bg[3]) {
  static const char *const names[3] = {"red", "green", "blue"};
  for (int k = 0; k < 3; k++) bg[k] = (uint8_t)gn_opt_int(L, arg + k, names[k], 0, 255, 255);
}

/* core.image_info(bytes) -> H, W, C as stored (2 and 4: with transparency), or nil, message. */
static int image_info(lua_State *L) {
  size_t n;
  const uint8_t *p = check_bytes(L, 1, "bytes", &n);
  gn_picture pic;
  if (gn_picture_info(&pic, p, n) != GN_CODEC_OK) return push_bad(L, pic.err);
  lua_pushinteger(L, pic.h);
  lua_pushinteger(L, pic.w);
  lua_pushinteger(L, pic.c);
  return 3;
}

/* Decodes and flattens to co channels (0: colour where the picture has some); *pixels is the caller's, *stored counts
** the file's channels. */
static gn_codec_rc decode_flat(gn_picture *pic, uint8_t **pixels, int *stored, const uint8_t *p, size_t n, int co,
                               const uint8_t *bg) {
  uint8_t *pix = NULL;
  gn_codec_rc rc = gn_picture_decode(pic, &pix, p, n);
  if (rc != GN_CODEC_OK) return rc;
  *stored = pic->c;
  if (co == 0) co = pic->c >= 3 ? 3 : 1;
  uint8_t *out = co <= pic->c ? pix : gn_malloc((size_t)(pic->h * pic->w * co));
  if (out) gn_image_flatten(out, co, pix, pic->c, pic->h * pic->w, bg);
  if (out != pix) gn_free(pix);
  pic->c = co;
  *pixels = out;
  return out ? GN_CODEC_OK : GN_CODEC_MEMORY;
}

/* out (ho,wo,c) <- the centred window of pix (h,w,c) that has out's aspect, resampled. */
static gn_codec_rc fit(uint8_t *out, gn_int ho, gn_int wo, const uint8_t *pix, gn_int h, gn_int w, int c) {
  gn_window r = gn_image_window(h, w, ho, wo);
  uint32_t *work = gn_malloc(sizeof *work * (size_t)(r.w * c));
  if (!work) return GN_CODEC_MEMORY;
  gn_image_resize(out, ho, wo, pix + (r.y * w + r.x) * c, r.h, r.w, w * c, c, work);
  gn_free(work);
  return GN_CODEC_OK;
}

/* core.image_decode(bytes [, channels = 0 [, red, green, blue]]) -> u8 (H,W,C), or nil, message.
** channels: 1, 3, or 0 for what the picture has; transparency is laid over the colour (white). */
static int image_decode(lua_State *L) {
  size_t n;
  const uint8_t *p = check_bytes(L, 1, "bytes", &n);
  int co = (int)gn_opt_int(L, 2, "channels", 0, 3, 0), tried = 0, stored = 0;
  if (co == 2) gn_expected(L, 2, "channels", "0, 1 or 3");
  uint8_t bg[3], *pix = NULL;
  check_colour(L, 3, bg);
  gn_picture pic;
  gn_codec_rc rc = gn_picture_info(&pic, p, n);
  if (rc != GN_CODEC_OK) return push_bad(L, pic.err);
  gn_int size[3] = {pic.h, pic.w, co ? co : pic.c >= 3 ? 3 : 1};
  gn_tensor *t = gn_new_tensor(L, GN_U8, 3, size);
  do rc = decode_flat(&pic, &pix, &stored, p, n, (int)size[2], bg);
  while (retry(L, rc, &tried));
  if (rc != GN_CODEC_OK) return push_bad(L, pic.err);
  memcpy(gn_u8_ptr(t), pix, (size_t)gn_numel(3, size));
  gn_free(pix);
  return 1;
}

/* core.image_load_(images (N,H,W,C), i, bytes [, red, green, blue]) -> H, W, C as stored, or nil, message. Decodes a
** file into image i (from 1): channels converted, transparency laid over the colour, centre-cropped to the aspect of
** (H,W) and resampled. */
static int image_load_(lua_State *L) {
  gn_tensor *t = check_slots(L, 1);
  gn_int i = gn_check_int(L, 2, "i", 1, t->size[0]);
  size_t n;
  const uint8_t *p = check_bytes(L, 3, "bytes", &n);
  uint8_t bg[3];
  check_colour(L, 4, bg);
  gn_picture pic;
  gn_codec_rc rc;
  int tried = 0, c = (int)t->size[3], stored = 0;
  do {
    uint8_t *pix = NULL;
    rc = decode_flat(&pic, &pix, &stored, p, n, c, bg);
    if (rc == GN_CODEC_OK)
      rc = fit(gn_u8_ptr(t) + (i - 1) * t->stride[0], t->size[1], t->size[2], pix, pic.h, pic.w, c);
    gn_free(pix);
  } while (retry(L, rc, &tried));
  if (rc != GN_CODEC_OK) return push_bad(L, pic.err);
  gn_touch(t);
  lua_pushinteger(L, pic.h);
  lua_pushinteger(L, pic.w);
  lua_pushinteger(L, stored);
  return 3;
}

/* core.image_unpack_(images (N,H,W,C), i, bytes, h, w, c, planar, skip) -> number of images unpacked. bytes: records
** of `skip` bytes and a picture (h,w,c), or (c,h,w) if planar; they go into images i, i+1, ... as in image_load_. */
static int image_unpack_(lua_State *L) {
  gn_tensor *t = check_slots(L, 1);
  gn_int i = gn_check_int(L, 2, "i", 1, GN_MAX(1, t->size[0]));
  size_t n;
  const uint8_t *p = check_bytes(L, 3, "bytes", &n);
  gn_int h = gn_check_int(L, 4, "h", 1, GN_PICTURE_SIDE), w = gn_check_int(L, 5, "w", 1, GN_PICTURE_SIDE);
  int c = (int)gn_check_int(L, 6, "c", 1, 3), planar = lua_toboolean(L, 7), co = (int)t->size[3], tried = 0;
  if (c == 2) gn_expected(L, 6, "c", "1 or 3");
  gn_int skip = gn_check_int(L, 8, "skip", 0, 1 << 16), record = skip + h * w * c;
  gn_int count = (gn_int)n / record;
  if (count * record != (gn_int)n || count > t->size[0] - i + 1)
    gn_argerror(L, 3, "bytes", "%I bytes are not 0 to %I records of %I", (lua_Integer)n,
                (lua_Integer)(t->size[0] - i + 1), (lua_Integer)record);
  static const uint8_t black[3] = {0, 0, 0};
  gn_codec_rc rc;
  do {
    uint8_t *pix = gn_malloc(count == 0 ? 1 : (size_t)(h * w * GN_MAX(c, co)));
    rc = pix ? GN_CODEC_OK : GN_CODEC_MEMORY;
    for (gn_int k = 0; k < count && rc == GN_CODEC_OK; k++) {
      const uint8_t *src = p + k * record + skip;
      if (planar && c > 1) {
        gn_image_interleave(pix, src, h, w, c);
        src = pix;
      }
      if (co != c) {
        gn_image_flatten(pix, co, src, c, h * w, black);
        src = pix;
      }
      rc = fit(gn_u8_ptr(t) + (i - 1 + k) * t->stride[0], t->size[1], t->size[2], src, h, w, co);
    }
    gn_free(pix);
  } while (retry(L, rc, &tried));
  gn_touch(t);
  lua_pushinteger(L, count);
  return 1;
}

/* core.image_fit(image u8 (H,W,C), h, w) -> u8 (h,w,C): centre-cropped to the aspect, then resampled. */
static int image_fit(lua_State *L) {
  gn_tensor *t = check_pictures(L, 1, "image", 3);
  check_side(L, 1, "image", t, 0);
  check_side(L, 1, "image", t, 1);
  gn_int size[3] = {gn_check_int(L, 2, "h", 1, GN_PICTURE_SIDE), gn_check_int(L, 3, "w", 1, GN_PICTURE_SIDE),
                    t->size[2]};
  if (size[0] * size[1] > GN_PICTURE_PIXELS) gn_error(L, "picture too large: %s", gn_shape_str(L, 3, size));
  gn_tensor *y = gn_new_tensor(L, GN_U8, 3, size);
  int tried = 0;
  gn_codec_rc rc;
  do rc = fit(gn_u8_ptr(y), size[0], size[1], gn_u8_ptr(t), t->size[0], t->size[1], (int)t->size[2]);
  while (retry(L, rc, &tried));
  return 1;
}

/* core.image_encode(image u8 (H,W,C)) -> a PNG file as a string. */
static int image_encode(lua_State *L) {
  gn_tensor *t = check_pictures(L, 1, "image", 3);
  check_side(L, 1, "image", t, 0);
  check_side(L, 1, "image", t, 1);
  if (t->size[0] * t->size[1] > GN_PICTURE_PIXELS)
    gn_argerror(L, 1, "image", "expected at most %I pixels, got %s", (lua_Integer)GN_PICTURE_PIXELS,
                gn_shape_str(L, 3, t->size));
  size_t n = 0;
  int tried = 0;
  gn_int none = 0;
  /* owns the file while Lua makes a string of it, which may raise */
  gn_tensor *holder = gn_new_tensor(L, GN_U8, 1, &none);
  gn_storage *s = NULL;
  do {
    uint8_t *png = gn_png_encode(gn_u8_ptr(t), t->size[0], t->size[1], (int)t->size[2], &n);
    s = png ? gn_storage_new(n) : NULL;
    if (s) memcpy(s->data, png, n);
    gn_free(png);
  } while (retry(L, s ? GN_CODEC_OK : GN_CODEC_MEMORY, &tried));
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
  gn_int columns = gn_check_int(L, 2, "columns", 1, GN_PICTURE_SIDE), pad = gn_check_int(L, 3, "pad", 0, 1024);
  gn_int scale = gn_check_int(L, 4, "scale", 1, 64);
  uint8_t fill = (uint8_t)gn_opt_int(L, 5, "fill", 0, 255, 255);
  if (n > GN_PICTURE_PIXELS) gn_error(L, "sheet too large: %I images", (lua_Integer)n);
  gn_int rows = (n + columns - 1) / columns;
  gn_int size[3] = {rows * (h * scale + pad) + pad, columns * (w * scale + pad) + pad, c};
  if (size[0] > GN_PICTURE_SIDE || size[1] > GN_PICTURE_SIDE || size[0] * size[1] > GN_PICTURE_PIXELS)
    gn_error(L, "sheet too large: %s (at most %d a side)", gn_shape_str(L, 3, size), GN_PICTURE_SIDE);
  gn_tensor *y = gn_new_tensor(L, GN_U8, 3, size);
  gn_image_sheet(gn_u8_ptr(y), gn_u8_ptr(t), n, h, w, (int)c, columns, pad, scale, fill);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"image_info", image_info},         {"image_decode", image_decode}, {"image_load_", image_load_},
    {"image_unpack_", image_unpack_},   {"image_fit", image_fit},       {"image_encode", image_encode},
    {"image_quantise", image_quantise}, {"image_sheet", image_sheet},   {NULL, NULL},
};

void gn_open_image(lua_State *L) { gn_register(L, funcs); }
