/* gif.h - reads GIF files in memory, through giflib where it was there when this was built (GN_HAS_GIF). */
#ifndef GN_GIF_H
#define GN_GIF_H

#include "picture.h"

/* Decodes the first frame of bytes that begin as GIF does. */
GN_DECODER(gn_gif);

#endif
