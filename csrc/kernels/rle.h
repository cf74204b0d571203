/* rle.h - masks as runs, as COCO has them: pixels column by column (index x*h + y), counts of zeros and ones in turn,
** zeros first. Polygons become runs by COCO's rule. Cannot fail; outputs are the caller's, as long as each says.
** Source: cocodataset/cocoapi, common/maskApi.c (rleFrPoly, rleFrString, rleToString). */
#ifndef GN_RLE_H
#define GN_RLE_H

#include "../gn.h"

/* Returns how many points the outline of xy (k,2) has on a grid of a fifth of a pixel, at least as many as `places` of
** gn_rle_polygon needs; more than `most` are not counted. Coordinates are within +-GN_RLE_FAR. */
#define GN_RLE_FAR 65536
gn_int gn_rle_points(const double *xy, gn_int k, gn_int most);

/* counts <- the polygon xy (k,2), even-odd, on h x w pixels; returns how many: at most the places there are and 1.
** places: work. */
gn_int gn_rle_polygon(uint32_t *counts, const double *xy, gn_int k, gn_int h, gn_int w, uint32_t *places);

/* counts <- text (n), or, where counts is NULL, only checks it: returns how many; -1 - i where text goes wrong at i. */
gn_int gn_rle_decode(uint32_t *counts, const char *text, gn_int n);

/* text <- counts (n), at most 7 n characters; returns how many. */
gn_int gn_rle_encode(char *text, const uint32_t *counts, gn_int n);

/* counts <- mask (h,w): what is not 0 counts as 1; returns how many, at most h*w + 1. */
gn_int gn_rle_of_mask(uint32_t *counts, const uint8_t *mask, gn_int h, gn_int w);

/* counts <- union, or intersection, of a (na) and b (nb), of as many pixels; returns how many, at most na + nb. */
gn_int gn_rle_merge(uint32_t *counts, const uint32_t *a, gn_int na, const uint32_t *b, gn_int nb, int intersect);

/* Returns the sum of counts (n); *area: of ones. box: x0, y0, x1, y1 of them, or zeros; h >= 1. */
gn_int gn_rle_measure(gn_int *area, gn_int box[4], const uint32_t *counts, gn_int n, gn_int h);

/* Sets out (ho,wo) to `value` where counts (n), of pictures of height h, has ones. out shows the window src {y,x,h,w}
** of the picture at the place dst {y,x,h,w}, by its nearest pixels: floor((i + 1/2) * in / out). */
void gn_rle_paint(uint8_t *out, gn_int wo, uint8_t value, const uint32_t *counts, gn_int n, gn_int h,
                  const gn_int src[4], const gn_int dst[4]);

#endif
