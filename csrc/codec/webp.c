/* webp.c - reads WebP through libwebp and libwebpdemux: lossy and lossless, with transparency, the first frame of an
** animation on its canvas. */
#include "webp.h"
#include "../storage.h"
#include "exif.h"
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

static int shown(const WebPIterator *f, gn_int h, gn_int w) { return f->height == h && f->width == w; }

static gn_codec_rc read_frame(gn_picture *pic, gn_raster *out, const WebPIterator *f) {
  WebPBitstreamFeatures has;
  VP8StatusCode status = WebPGetFeatures(f->fragment.bytes, f->fragment.size, &has);
  if (status != VP8_STATUS_OK || has.width != f->width || has.height != f->height)
    return gn_picture_bad(pic, "corrupt WebP: a frame without a header");
  pic->c = has.has_alpha || !shown(f, pic->h, pic->w) ? 4 : 3;
  if (!out) return GN_CODEC_OK;
  if (f->x_offset + f->width > pic->w || f->y_offset + f->height > pic->h)
    return gn_picture_bad(pic, "corrupt WebP: a frame larger than its canvas");
  const size_t row = (size_t)(pic->w * pic->c), size = (size_t)pic->h * row;
  uint8_t *pixels = gn_malloc(size);
  if (!pixels) return GN_CODEC_MEMORY;
  if (!shown(f, pic->h, pic->w)) memset(pixels, 0, size);
  const size_t first = (size_t)f->y_offset * row + (size_t)(f->x_offset * pic->c);
  WebPDecoderConfig config;
  (void)WebPInitDecoderConfig(&config);
  config.output.colorspace = pic->c == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels + first;
  config.output.u.RGBA.stride = (int)row;
  config.output.u.RGBA.size = size - first;
  status = WebPDecode(f->fragment.bytes, f->fragment.size, &config);
  if (status == VP8_STATUS_OK) {
    *out = (gn_raster){pixels, pic->h, pic->w, pic->c};
    return GN_CODEC_OK;
  }
  gn_free(pixels);
  if (status == VP8_STATUS_OUT_OF_MEMORY) return GN_CODEC_MEMORY;
  if (status == VP8_STATUS_SUSPENDED || status == VP8_STATUS_NOT_ENOUGH_DATA)
    return gn_picture_bad(pic, "truncated WebP image data");
  return gn_picture_bad(pic, "corrupt WebP image data");
}

/* 0, with an error text, where there are more chunks than libwebpdemux should keep records of. */
static int few_chunks(gn_picture *pic, const uint8_t *p, size_t n) {
  int count = 0;
  for (size_t at = 12; n >= 8 && at <= n - 8; count++) {
    const size_t len = p[at + 4] | (size_t)p[at + 5] << 8 | (size_t)p[at + 6] << 16 | (size_t)p[at + 7] << 24;
    at += 8 + len + (len & 1);
    if (count < GN_BUDGET_WEBP_CHUNKS) continue;
    gn_picture_bad(pic, "WebP of more than %d chunks", GN_BUDGET_WEBP_CHUNKS);
    return 0;
  }
  return 1;
}

GN_DECODER(gn_webp) {
  (void)o, (void)ho, (void)wo;
  if (!few_chunks(pic, p, n)) return GN_CODEC_BAD;
  const WebPData file = {p, n};
  WebPDemuxState state;
  WebPDemuxer *d = WebPDemuxPartial(&file, &state);
  gn_codec_rc rc = GN_CODEC_BAD;
  WebPIterator frame;
  WebPChunkIterator chunk;
  if (d) {
    pic->h = WebPDemuxGetI(d, WEBP_FF_CANVAS_HEIGHT);
    pic->w = WebPDemuxGetI(d, WEBP_FF_CANVAS_WIDTH);
  }
  if (state < WEBP_DEMUX_DONE) {
    gn_picture_bad(pic, "%s WebP", state == WEBP_DEMUX_PARSE_ERROR ? "corrupt" : "truncated");
  } else if (gn_picture_size_ok(pic)) {
    if (WebPDemuxGetChunk(d, "EXIF", 1, &chunk)) {
      pic->orientation = gn_exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
      WebPDemuxReleaseChunkIterator(&chunk);
    }
    if (WebPDemuxGetFrame(d, 1, &frame)) {
      rc = read_frame(pic, out, &frame);
      WebPDemuxReleaseIterator(&frame);
    } else gn_picture_bad(pic, "corrupt WebP: no frame");
  }
  WebPDemuxDelete(d);
  return rc;
}
