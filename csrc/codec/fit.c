/* fit.c - turns and fits decoded pictures (see fit.h). */
#include "fit.h"
#include "../kernels/image.h"
#include "../storage.h"
#include <string.h>

void gn_fit_plan(gn_fit fit, gn_int h, gn_int w, gn_int ho, gn_int wo, gn_rect *src, gn_rect *dst) {
  *src = (gn_rect){0, 0, h, w};
  *dst = (gn_rect){0, 0, ho, wo};
  if (fit == GN_FIT_CROP) {
    gn_window r = gn_image_window(h, w, ho, wo);
    *src = (gn_rect){r.y, r.x, r.h, r.w};
  } else if (fit == GN_FIT_PAD) {
    dst->h = h;
    dst->w = w;
    if (h > ho || w > wo) {
      if (h * wo > w * ho) {
        dst->h = ho;
        dst->w = GN_MAX(1, (w * ho + h / 2) / h);
      } else {
        dst->w = wo;
        dst->h = GN_MAX(1, (h * wo + w / 2) / w);
      }
    }
    dst->y = (ho - dst->h) / 2;
    dst->x = (wo - dst->w) / 2;
  }
}

/* EXIF's orientations as steps: upright pixel (y,x) is stored at (y,x), or at (x,y) where `swap`; then the stored row
** counts from the bottom where `up`, the column from the right where `left`. Source: EXIF 2.32, tag 0x0112. */
static int swaps(int orientation) { return orientation >= 5; }
static int from_bottom(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}
static int from_right(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

/* dst, of rows `stride` bytes apart, <- pixels as stored (h,w: upright). */
static void turn_into(uint8_t *dst, gn_int stride, gn_int h, gn_int w, int c, const uint8_t *pixels, int orientation) {
  gn_int sh = swaps(orientation) ? w : h, sw = swaps(orientation) ? h : w;
  gn_int down = from_bottom(orientation) ? -sw * c : sw * c, right = from_right(orientation) ? -c : c;
  const uint8_t *from =
      pixels + (from_bottom(orientation) ? (sh - 1) * sw * c : 0) + (from_right(orientation) ? (sw - 1) * c : 0);
  gn_int dy = swaps(orientation) ? right : down, dx = swaps(orientation) ? down : right;
  for (gn_int y = 0; y < h; y++)
    for (gn_int x = 0; x < w; x++)
      for (int k = 0; k < c; k++) dst[y * stride + x * c + k] = from[y * dy + x * dx + k];
}

void gn_turn(uint8_t *out, gn_int h, gn_int w, int c, const uint8_t *pixels, int orientation) {
  turn_into(out, w * c, h, w, c, pixels, orientation);
}

/* The window of the stored picture that becomes `r` of the upright one. */
static gn_rect stored_window(gn_rect r, const gn_raster *pix, int orientation) {
  if (swaps(orientation)) r = (gn_rect){r.x, r.y, r.w, r.h};
  if (from_bottom(orientation)) r.y = pix->h - r.h - r.y;
  if (from_right(orientation)) r.x = pix->w - r.w - r.x;
  return r;
}

/* Resampling reads each axis alike from both ends, so the small result is turned, not the large source. */
gn_codec_rc gn_fit_into(uint8_t *out, gn_int ho, gn_int wo, int co, gn_raster *pix, gn_picture *pic, const gn_load *o) {
  const int orientation = pic->orientation, swap = swaps(orientation);
  gn_rect src, dst, unused;
  gn_fit_plan(o->fit, pic->h, pic->w, ho, wo, &unused, &dst);
  gn_fit_plan(o->fit, swap ? pix->w : pix->h, swap ? pix->h : pix->w, ho, wo, &src, &unused);
  pic->enlarged = src.h < dst.h || src.w < dst.w;
  const gn_rect win = stored_window(src, pix, orientation);
  const gn_int th = swap ? dst.w : dst.h, tw = swap ? dst.h : dst.w;
  const int direct = orientation == 1, grows = co > pix->c;
  gn_codec_rc rc = GN_CODEC_MEMORY;
  uint32_t *work = gn_malloc(sizeof *work * gn_image_work(win.w, tw, co));
  uint8_t *flat = grows ? gn_malloc((size_t)(win.h * win.w * co)) : pix->pixels;
  uint8_t *small = direct ? NULL : gn_malloc((size_t)(th * tw * co));
  if (work && flat && (direct || small)) {
    const uint8_t *from = pix->pixels + (win.y * pix->w + win.x) * pix->c;
    gn_int stride = pix->w * pix->c;
    if (co != pix->c) {
      for (gn_int y = 0; y < win.h; y++)
        gn_image_flatten(flat + y * win.w * co, co, from + y * stride, pix->c, win.w, o->background);
      from = flat;
      stride = win.w * co;
    }
    if (dst.h < ho || dst.w < wo) {
      uint8_t fill[4] = {o->background[0], o->background[1], o->background[2], 255};
      if (co < 3) gn_image_flatten(fill, 1, o->background, 3, 1, o->background);
      if (co == 2) fill[1] = 255;
      for (gn_int i = 0; i < ho * wo; i++) memcpy(out + i * co, fill, (size_t)co);
    }
    uint8_t *place = out + (dst.y * wo + dst.x) * co;
    gn_image_resize(direct ? place : small, direct ? wo * co : tw * co, th, tw, from, stride, win.h, win.w, co, work);
    if (!direct) turn_into(place, wo * co, dst.h, dst.w, co, small, orientation);
    rc = GN_CODEC_OK;
  }
  gn_free(work);
  if (grows) gn_free(flat);
  gn_free(small);
  return rc;
}
