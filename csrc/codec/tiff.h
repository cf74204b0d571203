/* tiff.h - reads TIFF files in memory, through libtiff where it was there when this was built (GN_HAS_TIFF). */
#ifndef GN_TIFF_H
#define GN_TIFF_H

#include "picture.h"

/* Decodes the first picture of bytes that begin as TIFF does. */
GN_DECODER(gn_tiff);

#endif
