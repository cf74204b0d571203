/* pnm.h - reads PBM, PGM and PPM files in memory. */
#ifndef GN_PNM_H
#define GN_PNM_H

#include "picture.h"

/* Decodes bytes that begin with P1 to P6. */
GN_DECODER(gn_pnm);

#endif
