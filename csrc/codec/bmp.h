/* bmp.h - reads BMP files in memory. */
#ifndef GN_BMP_H
#define GN_BMP_H

#include "picture.h"

/* Decodes bytes that begin as BMP does. */
GN_DECODER(gn_bmp);

#endif
