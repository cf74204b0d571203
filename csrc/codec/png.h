/* png.h - reads PNG files in memory, through libpng. */
#ifndef GN_PNG_H
#define GN_PNG_H

#include "picture.h"

/* Decodes bytes that begin with a PNG signature. */
GN_DECODER(gn_png);

#endif
