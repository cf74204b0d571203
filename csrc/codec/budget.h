/* budget.h - what one picture in foreign bytes may cost, whatever it claims: bytes and steps first, so that a file is
** read or refused alike on every machine; seconds as the last resort. Errors say which was exceeded. A reading thread
** takes at most GN_BUDGET_FILE, and GN_BUDGET_PIXEL
** bytes for each pixel of the picture, 1.5 GiB for the largest. */
#ifndef GN_BUDGET_H
#define GN_BUDGET_H

#include "../gn.h"

/* Bytes of the file, and of what a member of an archive inflates to: the largest picture has 2^29 in 16-bit RGBA, not
** compressed; the rest is for what stands beside. */
#define GN_BUDGET_FILE ((gn_int)544 << 20)
/* Pixels a side and in all: 256 MiB as RGBA. */
#define GN_BUDGET_SIDE 16384
#define GN_BUDGET_PIXELS (1L << 26)
/* Bytes that decoding and fitting take for a pixel: libtiff's two copies of 16-bit RGBA, and ours. */
#define GN_BUDGET_PIXEL 24
/* Bytes inflated for one of deflate data: RFC 1951 can say no more. */
#define GN_BUDGET_DEFLATE 1032
/* JPEG: blocks times coefficients a block that the scans go over. Honest files of the largest picture need 0.7 * 2^30;
** more take two seconds. */
#define GN_BUDGET_JPEG_WORK ((int64_t)1 << 30)
/* JPEG: scans. Encoders write 10 or so; libjpeg-turbo's advice. */
#define GN_BUDGET_JPEG_SCANS 500
/* TIFF: bytes that strips or tiles unpack to. The largest picture has 2^29 in 16-bit RGBA. */
#define GN_BUDGET_TIFF_UNPACKED ((uint64_t)3 << 28)
/* TIFF: tags of the first directory. 200 are defined; libtiff sorts its list anew for each that it does not know. */
#define GN_BUDGET_TIFF_TAGS 1024
/* WebP: chunks, frames among them; libwebpdemux keeps a record of each. */
#define GN_BUDGET_WEBP_CHUNKS 65536
/* Seconds of the reading thread's own time, so that a busy machine does not matter. The slowest picture that keeps all
** of the above takes three. */
#define GN_BUDGET_SECONDS 30

#endif
