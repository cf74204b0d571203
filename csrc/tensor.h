/* tensor.h - shape and stride arithmetic: views, broadcasting. No allocation, no Lua. Strides are in elements. */
#ifndef GN_TENSOR_H
#define GN_TENSOR_H

#include "gn.h"
#include "storage.h"

typedef struct gn_shape {
  int nd;
  gn_int size[GN_MAXD];
} gn_shape;

typedef struct gn_tensor {
  gn_storage *storage; /* NULL only in a handle that is not open yet, or whose memory was freed */
  gn_dtype dtype;
  int nd;
  gn_int size[GN_MAXD];
  gn_int stride[GN_MAXD]; /* 0 where expanded, negative never */
  gn_int offset;
  uint64_t serial; /* handles are numbered as they are made */
} gn_tensor;

gn_int gn_numel(int nd, const gn_int *size);                 /* 1 for nd = 0 */
int gn_size_ok(int nd, const gn_int *size);                  /* sizes >= 0 and the byte count fits: 1, else 0 */
void gn_strides(int nd, const gn_int *size, gn_int *stride); /* row-major */
int gn_is_contiguous(const gn_tensor *t);
int gn_same_size(const gn_tensor *a, const gn_tensor *b);

static inline void *gn_tensor_ptr(const gn_tensor *t) {
  return (char *)t->storage->data + (size_t)t->offset * gn_dtype_size(t->dtype);
}
static inline gn_real *gn_real_ptr(const gn_tensor *t) { return (gn_real *)gn_tensor_ptr(t); }
static inline uint8_t *gn_u8_ptr(const gn_tensor *t) { return (uint8_t *)gn_tensor_ptr(t); }
static inline int32_t *gn_i32_ptr(const gn_tensor *t) { return (int32_t *)gn_tensor_ptr(t); }
static inline double *gn_f64_ptr(const gn_tensor *t) { return (double *)gn_tensor_ptr(t); }

/* out <- the common broadcast shape of a and b (right-aligned, 1 stretches); 1, or 0 if they do not broadcast. */
int gn_broadcast(int nda, const gn_int *a, int ndb, const gn_int *b, gn_shape *out);

/* stride <- strides that show t's elements, in row-major order, in another shape of as many elements; 1, or 0 (and
** stride undefined) if no view can. */
int gn_view_strides(const gn_tensor *t, int nd, const gn_int *size, gn_int *stride);

/* A loop nest over up to GN_MAXARG operands of one shape: sizes with the strides of every operand, neighbouring
** dimensions merged where all operands allow it; the last dimension is the inner loop. */
#define GN_MAXARG 4
typedef struct gn_plan {
  int nd, narg;
  gn_int size[GN_MAXD];
  gn_int stride[GN_MAXARG][GN_MAXD];
} gn_plan;

/* Plan for operands t[0..narg-1] broadcast to shape s (each must broadcast to it). */
void gn_plan_make(gn_plan *p, const gn_shape *s, const gn_tensor *const *t, int narg);

#endif
