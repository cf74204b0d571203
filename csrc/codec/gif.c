/* gif.c - reads the first frame of a GIF through giflib. What the frame leaves of its canvas is transparent. */
#include "gif.h"

#ifdef GN_HAS_GIF
#include "../storage.h"
#include <string.h>

#include <gif_lib.h>

typedef struct memory {
  const uint8_t *p;
  size_t n, at;
} memory;

static int read_some(GifFileType *g, GifByteType *to, int n) {
  memory *m = g->UserData;
  size_t take = GN_MIN((size_t)GN_MAX(n, 0), m->n - m->at);
  memcpy(to, m->p + m->at, take);
  m->at += take;
  return (int)take;
}

static gn_codec_rc damaged(gn_picture *pic, const GifFileType *g) {
  if (g->Error == D_GIF_ERR_NOT_ENOUGH_MEM) return GN_CODEC_MEMORY;
  if (g->Error == D_GIF_ERR_READ_FAILED || g->Error == D_GIF_ERR_EOF_TOO_SOON)
    return gn_picture_bad(pic, "truncated GIF: ends at byte %zu", ((const memory *)g->UserData)->n);
  const char *why = GifErrorString(g->Error);
  return gn_picture_bad(pic, "corrupt GIF (%s)", why ? why : "no frame");
}

/* Goes on to the first frame's description; *clear is its transparent colour, or -1. */
static gn_codec_rc find_frame(gn_picture *pic, GifFileType *g, int *clear) {
  GifRecordType type = UNDEFINED_RECORD_TYPE;
  *clear = NO_TRANSPARENT_COLOR;
  for (;;) {
    if (DGifGetRecordType(g, &type) != GIF_OK) return damaged(pic, g);
    if (type == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(g) == GIF_OK ? GN_CODEC_OK : damaged(pic, g);
    if (type != EXTENSION_RECORD_TYPE) return gn_picture_bad(pic, "GIF without a picture");
    int code = 0;
    GifByteType *block = NULL;
    if (DGifGetExtension(g, &code, &block) != GIF_OK) return damaged(pic, g);
    while (block) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
        *clear = control.TransparentColor;
      if (DGifGetExtensionNext(g, &block) != GIF_OK) return damaged(pic, g);
    }
  }
}

static gn_codec_rc read_frame(gn_picture *pic, GifFileType *g, uint8_t *pixels, int clear) {
  static const int from[4] = {0, 4, 2, 1}, step[4] = {8, 8, 4, 2}; /* the passes of an interlaced picture */
  const GifImageDesc *f = &g->Image;
  const ColorMapObject *map = f->ColorMap ? f->ColorMap : g->SColorMap;
  if (!map) return gn_picture_bad(pic, "GIF without colours");
  uint8_t *line = gn_malloc((size_t)f->Width);
  if (!line) return GN_CODEC_MEMORY;
  gn_codec_rc rc = GN_CODEC_OK;
  for (int pass = f->Interlace ? 0 : 4; pass < 5 && rc == GN_CODEC_OK; pass++) {
    if (f->Interlace && pass == 4) break;
    for (int y = f->Interlace ? from[pass] : 0; y < f->Height && rc == GN_CODEC_OK;
         y += f->Interlace ? step[pass] : 1) {
      if (DGifGetLine(g, line, f->Width) != GIF_OK) rc = damaged(pic, g);
      else if (y % 64 == 0 && gn_picture_late(pic)) rc = GN_CODEC_BAD;
      uint8_t *to = pixels + ((f->Top + y) * pic->w + f->Left) * pic->c;
      for (int x = 0; x < f->Width && rc == GN_CODEC_OK; x++, to += pic->c) {
        if (line[x] < map->ColorCount) memcpy(to, &map->Colors[line[x]], 3);
        if (pic->c == 4) to[3] = line[x] == clear ? 0 : 255;
      }
    }
  }
  gn_free(line);
  return rc;
}

GN_DECODER(gn_gif) {
  (void)o, (void)ho, (void)wo;
  memory m = {p, n, 0};
  int why = 0, clear;
  GifFileType *g = DGifOpen(&m, read_some, &why);
  if (!g && why == D_GIF_ERR_NOT_ENOUGH_MEM) return GN_CODEC_MEMORY;
  if (!g) return gn_picture_bad(pic, "truncated or corrupt GIF");
  pic->h = g->SHeight;
  pic->w = g->SWidth;
  gn_codec_rc rc = gn_picture_size_ok(pic) ? find_frame(pic, g, &clear) : GN_CODEC_BAD;
  const GifImageDesc *f = &g->Image;
  if (rc == GN_CODEC_OK &&
      (f->Width < 1 || f->Height < 1 || f->Left + f->Width > pic->w || f->Top + f->Height > pic->h))
    rc = gn_picture_bad(pic, "corrupt GIF: a frame larger than its canvas");
  if (rc == GN_CODEC_OK) pic->c = clear >= 0 || f->Width < pic->w || f->Height < pic->h ? 4 : 3;
  if (rc == GN_CODEC_OK && out) {
    const size_t size = (size_t)(pic->h * pic->w * pic->c);
    uint8_t *pixels = gn_malloc(size);
    if (pixels) memset(pixels, 0, size);
    rc = pixels ? read_frame(pic, g, pixels, clear) : GN_CODEC_MEMORY;
    if (rc == GN_CODEC_OK) *out = (gn_raster){pixels, pic->h, pic->w, pic->c};
    else gn_free(pixels);
  }
  (void)DGifCloseFile(g, &why);
  return rc;
}

#else

GN_DECODER(gn_gif) {
  (void)out, (void)p, (void)n, (void)o, (void)ho, (void)wo;
  return gn_picture_bad(pic, "this build reads no GIF (giflib was not there when it was built)");
}

#endif
