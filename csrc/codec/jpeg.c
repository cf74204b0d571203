/* jpeg.c - reads JPEG through libjpeg(-turbo): baseline, progressive and arithmetic; grey, colour and CMYK. */
#include "jpeg.h"
#include "../storage.h"
#include "exif.h"
#include "fit.h"
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h asks for it */
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/* Lives in the frame of the caller of the function that calls setjmp: what is changed between setjmp and longjmp
** keeps its value. */
typedef struct reader {
  struct jpeg_decompress_struct d;
  struct jpeg_error_mgr err;
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  gn_picture *pic;
  size_t n;
  gn_codec_rc rc;
  int64_t work; /* of GN_BUDGET_JPEG_WORK, so far; -1: no longer counted, the picture is being written */
  int calls;    /* of count_work */
  uint8_t *pixels, *row;
} reader;

static void fail(j_common_ptr d) {
  reader *r = d->client_data;
  char text[JMSG_LENGTH_MAX];
  r->rc = GN_CODEC_BAD;
  d->err->format_message(d, text);
  switch (d->err->msg_code) {
  case JERR_OUT_OF_MEMORY: r->rc = GN_CODEC_MEMORY; break;
  case JERR_IMAGE_TOO_BIG:
    r->pic->h = r->d.image_height;
    r->pic->w = r->d.image_width;
    (void)gn_picture_size_ok(r->pic);
    break;
  case JWRN_JPEG_EOF: gn_picture_bad(r->pic, "truncated JPEG: ends at byte %zu without EOI", r->n); break;
  default: gn_picture_bad(r->pic, "JPEG that cannot be read (%s)", text);
  }
  longjmp(r->jump, 1);
}

/* Damage to the picture is an error, what libjpeg mends without loss is not. */
static void note(j_common_ptr d, int level) {
  if (level >= 0) return;
  switch (d->err->msg_code) {
  case JWRN_EXTRANEOUS_DATA: /* bytes between segments: skipped */
  case JWRN_JFIF_MAJOR:
  case JWRN_ADOBE_XFORM:
  case JWRN_NOT_SEQUENTIAL: return;
  default: fail(d);
  }
}

static void silent(j_common_ptr d) { (void)d; }

static void count_work(j_common_ptr common) {
  reader *r = common->client_data;
  const struct jpeg_decompress_struct *d = &r->d;
  if (r->work < 0 || !d->cur_comp_info[0]) return;
  int64_t rows = d->comps_in_scan == 1 ? d->cur_comp_info[0]->v_samp_factor : 1;
  r->work += rows * d->MCUs_per_row * d->blocks_in_MCU * (d->Se - d->Ss + 9); /* 8: what an empty block costs */
  if (r->work > GN_BUDGET_JPEG_WORK)
    r->rc = gn_picture_bad(r->pic, "JPEG with more scans than a picture needs (%d so far)", d->input_scan_number);
  else if (d->input_scan_number > GN_BUDGET_JPEG_SCANS)
    r->rc = gn_picture_bad(r->pic, "JPEG of more than %d scans", GN_BUDGET_JPEG_SCANS);
  else if (r->calls++ % 256 != 0 || !gn_picture_late(r->pic)) return;
  else r->rc = GN_CODEC_BAD;
  longjmp(r->jump, 1);
}

/* The least number of eighths of the picture's size that fitting can do with. */
static unsigned eighths(const gn_picture *pic, const gn_load *o, gn_int ho, gn_int wo) {
  if (ho == 0) return 8;
  const int swap = o->exif && pic->orientation > 4;
  gn_rect src, dst;
  gn_fit_plan(o->fit, swap ? pic->w : pic->h, swap ? pic->h : pic->w, ho, wo, &src, &dst);
  for (gn_int k = 1; k < 8; k++)
    if (src.h * k / 8 >= dst.h && src.w * k / 8 >= dst.w) return (unsigned)k;
  return 8;
}

/* rgb (n,3) <- inverted cmyk (n,4): files hold ink as 255 - ink, with Adobe's marker and without it. */
static void cmyk_to_rgb(uint8_t *rgb, const uint8_t *cmyk, gn_int n) {
  for (gn_int i = 0; i < n; i++, rgb += 3, cmyk += 4)
    for (int k = 0; k < 3; k++) {
      int t = (255 - cmyk[k]) * cmyk[3] + 128;
      rgb[k] = (uint8_t)(cmyk[3] - ((t + (t >> 8)) >> 8));
    }
}

static void read_header(reader *r, const uint8_t *p) {
  struct jpeg_decompress_struct *d = &r->d;
  gn_picture *pic = r->pic;
  jpeg_create_decompress(d);
  r->progress.progress_monitor = count_work;
  d->progress = &r->progress;
  jpeg_mem_src(d, p, (unsigned long)r->n);
  jpeg_save_markers(d, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(d, TRUE);
  pic->h = d->image_height;
  pic->w = d->image_width;
  pic->c = d->num_components == 1 ? 1 : 3;
  for (jpeg_saved_marker_ptr m = d->marker_list; m; m = m->next)
    if (m->data_length > 6 && memcmp(m->data, "Exif\0", 5) == 0) {
      pic->orientation = gn_exif_orientation(m->data, m->data_length);
      break;
    }
  r->rc = GN_CODEC_BAD;
  if (!gn_picture_size_ok(pic)) return;
  if (d->num_components != 1 && d->num_components != 3 && d->num_components != 4)
    r->rc = gn_picture_bad(pic, "JPEG of %d components (expected 1, 3 or 4)", d->num_components);
  else r->rc = GN_CODEC_OK;
}

/* 0, with an error text, where the file is too short for the picture that it claims: a Huffman code, of which each
** block of a component has one, takes a bit. */
static int long_enough(reader *r) {
  const struct jpeg_decompress_struct *d = &r->d;
  for (int k = 0; k < d->num_components && !d->arith_code; k++) {
    const uint64_t blocks = (uint64_t)d->comp_info[k].width_in_blocks * d->comp_info[k].height_in_blocks;
    if (blocks / 8 <= r->n) continue;
    gn_picture_bad(r->pic, "truncated JPEG: %zu bytes are no %lld x %lld pixels", r->n, (long long)r->pic->h,
                   (long long)r->pic->w);
    return 0;
  }
  return 1;
}

static void read_pixels(reader *r, gn_raster *out, const gn_load *o, gn_int ho, gn_int wo) {
  struct jpeg_decompress_struct *d = &r->d;
  const int ink = d->num_components == 4;
  d->out_color_space = ink ? JCS_CMYK : r->pic->c == 1 ? JCS_GRAYSCALE : JCS_RGB;
  d->scale_num = eighths(r->pic, o, ho, wo);
  d->scale_denom = 8;
  jpeg_calc_output_dimensions(d);
  const gn_int h = d->output_height, w = d->output_width;
  const int c = r->pic->c;
  r->pixels = gn_malloc((size_t)(h * w * c));
  r->row = ink ? gn_malloc((size_t)(w * 4)) : NULL;
  r->rc = GN_CODEC_MEMORY;
  if (!r->pixels || (ink && !r->row)) return;
  jpeg_start_decompress(d);
  r->work = -1;
  for (gn_int y = 0; y < h; y = d->output_scanline) {
    JSAMPROW rows[4];
    for (gn_int k = 0; k < 4; k++) rows[k] = ink ? r->row : r->pixels + GN_MIN(y + k, h - 1) * w * c;
    jpeg_read_scanlines(d, rows, ink ? 1 : 4);
    if (ink) cmyk_to_rgb(r->pixels + y * w * c, r->row, w);
  }
  jpeg_finish_decompress(d);
  *out = (gn_raster){r->pixels, h, w, c};
  r->rc = GN_CODEC_OK;
}

static void read_all(reader *r, gn_raster *out, const uint8_t *p, const gn_load *o, gn_int ho, gn_int wo) {
  if (setjmp(r->jump)) return; /* r->rc is set */
  read_header(r, p);
  if (r->rc != GN_CODEC_OK || !out) return;
  r->rc = GN_CODEC_BAD;
  if (long_enough(r)) read_pixels(r, out, o, ho, wo);
}

GN_DECODER(gn_jpeg) {
  reader r;
  memset(&r, 0, sizeof r);
  r.d.err = jpeg_std_error(&r.err);
  r.err.error_exit = fail;
  r.err.emit_message = note;
  r.err.output_message = silent;
  r.d.client_data = &r;
  r.pic = pic;
  r.n = n;
  read_all(&r, out, p, o, ho, wo);
  jpeg_destroy_decompress(&r.d);
  gn_free(r.row);
  if (r.rc != GN_CODEC_OK) gn_free(r.pixels);
  return r.rc;
}
