/* jpeg.h - reads JPEG files in memory, through libjpeg(-turbo). */
#ifndef GN_JPEG_H
#define GN_JPEG_H

#include "picture.h"

/* Decodes bytes that begin with a JPEG marker; to no more of its size than fitting needs. */
GN_DECODER(gn_jpeg);

#endif
