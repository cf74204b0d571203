/* webp.h - reads WebP files in memory, through libwebp. */
#ifndef GN_WEBP_H
#define GN_WEBP_H

#include "picture.h"

/* Decodes bytes that begin with a WebP header; of an animation the first frame. */
GN_DECODER(gn_webp);

#endif
