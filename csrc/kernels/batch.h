/* batch.h - one batch of pictures from a set of u8 images: picked, shifted, mirrored, brought to [-1,1]. */
#ifndef GN_BATCH_H
#define GN_BATCH_H

#include "../gn.h"

typedef struct gn_batch {
  gn_int n, h, w, c;
  int mirror;  /* each image flipped left-right with probability 1/2 */
  gn_int crop; /* each image shifted by -crop .. crop rows and columns; its edge pixels fill the gap */
  /* image i draws from block first+i of sequence `epoch` of stream `key`: not from who asks */
  uint64_t key, epoch, first;
} gn_batch;

/* Neither is parallel: they run beside the training. They cannot fail.
** draw: geometry (n,3), the flip, dy and dx of each image.
** make: x (n,h,w,c) real, v/127.5 - 1. Pixel (i,j) of x is the image's pixel (i + dy, j' + dx), clamped to its edges,
** j' being w - 1 - j if flip is not 0, else j. images (n): of each image its bytes (h,w,c); geometry: any integers. */
void gn_batch_draw(int32_t *geometry, const gn_batch *b);
void gn_batch_make(gn_real *x, const uint8_t *const *images, const int32_t *geometry, const gn_batch *b);

#endif
