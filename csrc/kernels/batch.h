/* batch.h - one batch of pictures from a set of u8 images: picked, shifted, mirrored, brought to [-1,1]. */
#ifndef GN_BATCH_H
#define GN_BATCH_H

#include "../gn.h"

typedef struct gn_batch {
  const uint8_t *const *images; /* (n) of each image of the batch its bytes (h,w,c) */
  const int32_t *labels;        /* (N) of the whole set, or NULL */
  const int32_t *rows;          /* (n) which images, 0 .. N-1 */
  gn_int n, h, w, c;
  int mirror;  /* each image flipped left-right with probability 1/2 */
  gn_int crop; /* each image shifted by -crop .. crop rows and columns; its edge pixels fill the gap */
  /* image i draws from block first+i of sequence `epoch` of stream `key`: not from who asks */
  uint64_t key, epoch, first;
} gn_batch;

/* x (n,h,w,c) real: v/127.5 - 1; y (n): labels, if there are any; geometry (n,3): what was drawn for each image.
** flip, dy, dx: pixel (i,j) of x is the image's pixel (i + dy, j' + dx), j' being w - 1 - j if flip is 1, else j.
** Not parallel: it runs beside the training. Cannot fail. */
void gn_batch_make(gn_real *x, int32_t *y, int32_t *geometry, const gn_batch *b);

#endif
