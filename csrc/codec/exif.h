/* exif.h - the one thing read from EXIF: how a picture was held. */
#ifndef GN_EXIF_H
#define GN_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* Returns the orientation, 1 to 8, of n bytes of EXIF data (with or without "Exif\0\0" before them); 1 where they hold
** none, or are damaged. */
int gn_exif_orientation(const uint8_t *p, size_t n);

#endif
