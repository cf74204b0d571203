/* png.c - reads PNG through libpng: every colour type, depth and interlace; the plain kind first without it, for its
** speed (png_plain.h). libpng passes over all chunks but those that make the pixels; EXIF is found here.
** Source: W3C PNG specification (3rd edition), sections 5, 11. */
#include "png.h"
#include "../storage.h"
#include "exif.h"
#include "mask.h"
#include "png_plain.h"
#include <setjmp.h>
#include <string.h>

#include <png.h>

/* Lives in the frame of the caller of the function that calls setjmp (see jpeg.c). */
typedef struct reader {
  png_structp png;
  png_infop info;
  jmp_buf jump;
  gn_picture *pic;
  const uint8_t *p;
  size_t n, at;
  gn_codec_rc rc;
  int starved; /* gn_malloc had no memory */
  int reads;   /* calls of read_bytes */
  int whole;   /* all pixels are there: the file may end now */
  int mask;    /* 1: the pixels are numbers, which stay as they are */
  uint8_t *pixels;
  uint8_t **rows;
} reader;

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 0, with an error text, where the bytes of all IDATs cannot inflate to the rows that IHDR claims. */
static int long_enough(gn_picture *pic, const uint8_t *header, size_t idat) {
  static const size_t samples[7] = {1, 0, 3, 1, 2, 0, 4}; /* by colour type */
  const size_t bits = header[9] > 6 ? 0 : header[8] * samples[header[9]], h = (size_t)pic->h, w = (size_t)pic->w;
  if (h * (w * bits / 8) / GN_BUDGET_DEFLATE <= idat) return 1;
  gn_picture_bad(pic, "truncated PNG: %zu bytes of image data are no %zu x %zu pixels", idat, h, w);
  return 0;
}

/* Walks the chunks: the picture's size from IHDR, the orientation from eXIf, and whether all of the last IDAT is
** there; *data: the bytes of all of them. A file that ends later is whole: only IEND, which says nothing, is missing.
*/
static gn_codec_rc walk(gn_picture *pic, const uint8_t *p, size_t n, size_t *data) {
  int idat = 0, turned = 0;
  *data = 0;
  for (size_t at = 8; at < n;) {
    if (n - at < 12) return idat ? GN_CODEC_OK : gn_picture_bad(pic, "truncated PNG: ends at byte %zu", n);
    const size_t len = be32(p + at), room = n - at - 12;
    const char *type = (const char *)p + at + 4;
    if (at == 8 && (memcmp(type, "IHDR", 4) != 0 || len != 13))
      return gn_picture_bad(pic, "corrupt PNG: it does not begin with a header of 13 bytes");
    for (int i = 0; i < 4; i++)
      if ((type[i] | 32) < 'a' || (type[i] | 32) > 'z')
        return gn_picture_bad(pic, "corrupt PNG: no chunk name at byte %zu", at + 4);
    if (len > room) {
      if (idat && memcmp(type, "IDAT", 4) != 0) return GN_CODEC_OK;
      return gn_picture_bad(pic, "truncated PNG: chunk %.4s at byte %zu has %zu bytes, the file has %zu more", type, at,
                            len, room);
    }
    if (at == 8) {
      pic->w = be32(p + 16);
      pic->h = be32(p + 20);
      if (!gn_picture_size_ok(pic)) return GN_CODEC_BAD;
    }
    if (memcmp(type, "eXIf", 4) == 0 && !turned++) pic->orientation = gn_exif_orientation(p + at + 8, len);
    if (memcmp(type, "IEND", 4) == 0) break;
    if (memcmp(type, "IDAT", 4) == 0) {
      idat = 1;
      *data += len;
    }
    at += 12 + len;
  }
  return idat ? GN_CODEC_OK : gn_picture_bad(pic, "truncated PNG: no image data (IDAT)");
}

static void read_bytes(png_structp png, png_bytep to, size_t n) {
  reader *r = png_get_io_ptr(png);
  if (++r->reads % 1024 == 0 && gn_picture_late(r->pic)) {
    r->rc = GN_CODEC_BAD;
    longjmp(r->jump, 1);
  }
  if (n > r->n - r->at) {
    if (r->whole) longjmp(r->jump, 2);
    png_error(png, "truncated");
  }
  memcpy(to, r->p + r->at, n);
  r->at += n;
}

static void fail(png_structp png, png_const_charp why) {
  reader *r = png_get_error_ptr(png);
  r->rc = r->starved ? GN_CODEC_MEMORY : gn_picture_bad(r->pic, "corrupt PNG (%s)", why);
  longjmp(r->jump, 1);
}
static void ignore(png_structp png, png_const_charp why) { (void)png, (void)why; }

static png_voidp take(png_structp png, png_alloc_size_t n) {
  void *p = gn_malloc(n);
  if (!p) ((reader *)png_get_mem_ptr(png))->starved = 1;
  return p;
}
static void give(png_structp png, png_voidp p) {
  (void)png;
  gn_free(p);
}

static void read_header(reader *r) {
  png_set_benign_errors(r->png, 1); /* tRNS that does not fit the picture: passed over */
  png_set_crc_action(r->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_user_limits(r->png, GN_BUDGET_SIDE, GN_BUDGET_SIDE);
  png_set_read_fn(r->png, r, read_bytes);
  png_read_info(r->png, r->info);
  r->pic->bits = png_get_bit_depth(r->png, r->info);
  if (r->mask) {
    png_set_packing(r->png); /* numbers of few bits to bytes, as they are; palettes stay numbers */
    png_set_strip_alpha(r->png);
  } else {
    png_set_expand(r->png); /* palettes to colours, few bits to 8, tRNS to alpha; the rows follow */
  }
  png_set_interlace_handling(r->png);
  png_read_update_info(r->png, r->info);
  r->pic->c = png_get_channels(r->png, r->info);
  r->rc = GN_CODEC_OK;
}

/* pixels (n,c) u8 <- 16-bit samples in the same place, rounded v * 255 / top; alpha has no top. Returns the largest
** sample. */
static int to_bytes(uint8_t *pixels, gn_int n, int c, int top) {
  int largest = 0, colours = c - (c == 2 || c == 4);
  uint8_t *from = pixels;
  for (gn_int i = 0; i < n; i++)
    for (int k = 0; k < c; k++, from += 2) {
      int v = from[0] << 8 | from[1], full = k < colours ? top : 65535;
      if (k < colours && v > largest) largest = v;
      *pixels++ = gn_to_byte(v, full);
    }
  return largest;
}

static void read_pixels(reader *r, gn_raster *out, const gn_load *o) {
  const gn_int h = r->pic->h, w = r->pic->w;
  const int c = r->pic->c;
  const size_t row = png_get_rowbytes(r->png, r->info);
  r->rc = GN_CODEC_MEMORY;
  r->pixels = gn_malloc((size_t)h * row);
  r->rows = gn_malloc((size_t)h * sizeof *r->rows);
  if (!r->pixels || !r->rows) return;
  for (gn_int y = 0; y < h; y++) r->rows[y] = r->pixels + (size_t)y * row;
  png_read_image(r->png, r->rows);
  if (r->pic->bits == 16 && r->mask) {
    r->rc = gn_mask_number(r->pixels, h * w, c, r->pic);
    if (r->rc != GN_CODEC_OK) return;
  } else if (r->pic->bits == 16) {
    r->pic->top = to_bytes(r->pixels, h * w, c, o->top ? o->top : 65535);
  }
  *out = (gn_raster){r->pixels, h, w, c};
  r->whole = 1;
  r->rc = GN_CODEC_OK;
  png_read_end(r->png, NULL);
}

static void read_all(reader *r, gn_raster *out, const gn_load *o) {
  if (setjmp(r->jump)) return; /* r->rc is set */
  r->rc = GN_CODEC_MEMORY;
  r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, fail, ignore, r, take, give);
  if (!r->png) return;
  r->info = png_create_info_struct(r->png);
  if (!r->info) return;
  read_header(r);
  if (out) read_pixels(r, out, o);
}

GN_DECODER(gn_png) {
  (void)ho, (void)wo;
  size_t data;
  gn_codec_rc rc = walk(pic, p, n, &data);
  if (rc != GN_CODEC_OK) return rc;
  if (out) {
    if (!long_enough(pic, p + 16, data)) return GN_CODEC_BAD;
    rc = gn_png_plain(pic, &out->pixels, p, n);
    if (rc == GN_CODEC_OK) *out = (gn_raster){out->pixels, pic->h, pic->w, pic->c};
    if (rc != GN_CODEC_BAD) return rc;
  }
  reader r;
  memset(&r, 0, sizeof r);
  r.pic = pic;
  r.mask = o->mask;
  r.p = p;
  r.n = n;
  read_all(&r, out, o);
  png_destroy_read_struct(&r.png, &r.info, NULL);
  gn_free(r.rows);
  if (r.rc != GN_CODEC_OK) gn_free(r.pixels);
  return r.rc;
}
