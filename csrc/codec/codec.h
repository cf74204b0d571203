/* codec.h - pictures from bytes in memory, whichever format they have. One file each format: jpeg, png, webp, bmp, pnm,
** and, where their libraries were there when this was built, gif and tiff. */
#ifndef GN_CODEC_H
#define GN_CODEC_H

#include "kind.h"
#include "picture.h"

/* Returns GN_CODEC_OK, or fills pic->err, where the first bytes p[0..n) of `all` are of no kind that this build reads.
*/
gn_codec_rc gn_picture_check_kind(gn_picture *pic, const uint8_t *p, size_t n, size_t all);

/* All three tell the format by content, and fill pic, or pic->err; the n bytes at p may be anything. They are
** thread-safe and touch neither Lua nor tensors.
** info reads the header only.
** decode also makes *pixels (h,w,c) u8, upright if o says so; the caller gives them to gn_free.
** load decodes, lays transparency over the background, and fits the picture into out (h,w,c), c = 1 or 3. */
gn_codec_rc gn_picture_info(gn_picture *pic, const uint8_t *p, size_t n, const gn_load *o);
gn_codec_rc gn_picture_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n, const gn_load *o);
gn_codec_rc gn_picture_load(gn_picture *pic, uint8_t *out, gn_int h, gn_int w, int c, const uint8_t *p, size_t n,
                            const gn_load *o);

/* Returns the i-th kind that this build reads, counted from 0, or NULL: there are no more. */
const char *gn_picture_reads(int i);

#endif
