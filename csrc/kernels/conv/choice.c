/* choice.c - which convolutions Winograd's engines may take (see choice.h). Compiled once. */
#include "choice.h"

int gn_conv_winograd_fits(const gn_conv *d) {
  if (d->Kh != d->Kw || d->sh != d->sw || d->dh != 1 || d->dw != 1) return 0;
  return (d->Kh == 3 && d->sh == 1) || (d->groups == 1 && d->Kh == 4 && d->sh == 2);
}
