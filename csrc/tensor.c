/* tensor.c - shape and stride arithmetic. See tensor.h. */
#include "tensor.h"

gn_int gn_numel(int nd, const gn_int *size) {
  gn_int n = 1;
  for (int i = 0; i < nd; i++) n *= size[i];
  return n;
}

int gn_size_ok(int nd, const gn_int *size) {
  gn_int n = 1, limit = (gn_int)1 << 43; /* elements; 2^46 bytes of double */
  if (nd < 0 || nd > GN_MAXD) return 0;
  for (int i = 0; i < nd; i++) {
    if (size[i] < 0 || size[i] > limit) return 0;
    if (size[i] == 0) continue; /* the others must multiply without overflow even beside a zero */
    if (n > limit / size[i]) return 0;
    n *= size[i];
  }
  return 1;
}

void gn_strides(int nd, const gn_int *size, gn_int *stride) {
  gn_int s = 1;
  for (int i = nd - 1; i >= 0; i--) {
    stride[i] = s;
    s *= size[i] > 0 ? size[i] : 1;
  }
}

int gn_is_contiguous(const gn_tensor *t) {
  gn_int s = 1;
  for (int i = 0; i < t->nd; i++)
    if (t->size[i] == 0) return 1; /* nothing to be out of order */
  for (int i = t->nd - 1; i >= 0; i--) {
    if (t->size[i] != 1 && t->stride[i] != s) return 0;
    s *= t->size[i];
  }
  return 1;
}

int gn_same_size(const gn_tensor *a, const gn_tensor *b) {
  if (a->nd != b->nd) return 0;
  for (int i = 0; i < a->nd; i++)
    if (a->size[i] != b->size[i]) return 0;
  return 1;
}

int gn_broadcast(int nda, const gn_int *a, int ndb, const gn_int *b, gn_shape *out) {
  int nd = GN_MAX(nda, ndb);
  gn_shape s = {.nd = nd}; /* out may be one of the operands' own shapes */
  for (int i = 0; i < nd; i++) {
    gn_int x = i - (nd - nda) >= 0 ? a[i - (nd - nda)] : 1;
    gn_int y = i - (nd - ndb) >= 0 ? b[i - (nd - ndb)] : 1;
    if (x != y && x != 1 && y != 1) return 0;
    s.size[i] = x == 1 ? y : x;
  }
  *out = s;
  return 1;
}

int gn_view_strides(const gn_tensor *t, int nd, const gn_int *size, gn_int *stride) {
  gn_strides(nd, size, stride);
  if (gn_is_contiguous(t)) return 1;
  gn_int osize[GN_MAXD], ostride[GN_MAXD]; /* t without its axes of size 1 */
  int on = 0;
  for (int i = 0; i < t->nd; i++)
    if (t->size[i] != 1) {
      osize[on] = t->size[i];
      ostride[on++] = t->stride[i];
    }
  /* groups of old axes and of new axes with the same product; inside a group the old axes must be one run */
  int o = 0, n = 0;
  while (o < on && n < nd) {
    int o1 = o + 1, n1 = n + 1;
    gn_int op = osize[o], np = size[n];
    while (op != np) {
      if (op < np) op *= osize[o1++];
      else np *= size[n1++];
    }
    for (int i = o; i < o1 - 1; i++)
      if (ostride[i] != osize[i + 1] * ostride[i + 1]) return 0;
    stride[n1 - 1] = ostride[o1 - 1];
    for (int i = n1 - 1; i > n; i--) stride[i - 1] = stride[i] * size[i];
    o = o1;
    n = n1;
  }
  return 1; /* what is left of the new axes has size 1 */
}

void gn_plan_make(gn_plan *p, const gn_shape *s, const gn_tensor *const *t, int narg) {
  p->narg = narg;
  p->nd = 0;
  for (int i = 0; i < s->nd; i++) {
    if (s->size[i] == 1) continue;
    gn_int st[GN_MAXARG] = {0};
    for (int a = 0; a < narg; a++) {
      int j = i - (s->nd - t[a]->nd);
      st[a] = j >= 0 && t[a]->size[j] != 1 ? t[a]->stride[j] : 0;
    }
    int d = p->nd - 1, merge = p->nd > 0;
    for (int a = 0; merge && a < narg; a++) merge = p->stride[a][d] == st[a] * s->size[i];
    if (!merge) {
      d = p->nd++;
      p->size[d] = 1;
    }
    p->size[d] *= s->size[i];
    for (int a = 0; a < narg; a++) p->stride[a][d] = st[a];
  }
  if (p->nd == 0) {
    p->nd = 1;
    p->size[0] = 1;
    for (int a = 0; a < narg; a++) p->stride[a][0] = 0;
  }
}
