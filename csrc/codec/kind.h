/* kind.h - names what bytes are, by their beginning: for choosing a decoder, and for messages about foreign files. */
#ifndef GN_KIND_H
#define GN_KIND_H

#include <stddef.h>
#include <stdint.h>

/* Returns "JPEG", "PNG", "WebP", "GIF", "TIFF", "BMP", "PNM" (which may be read), or "HEIC", "AVIF", "JPEG 2000",
** "JPEG XL", "PDF", "SVG", "ICO", "PSD", "gzip", "zip", "HDF5", "NumPy array", "pickle", "Parquet", "HTML", "XML",
** "git-lfs pointer", "text", "empty", or NULL: none of these. A constant: the same text is the same pointer. */
const char *gn_picture_kind(const uint8_t *p, size_t n);

#endif
