/* choice.c - which convolutions Winograd's engines may take (see choice.h). Compiled once: it holds the process's
** limit. */
#include "choice.h"

static _Atomic int largest_tile = 4; /* several Lua states may run in one process */

int gn_conv_largest_tile(void) { return largest_tile; }

void gn_conv_limit_tile(int m) { largest_tile = m; }

int gn_conv_winograd_fits(const gn_conv *d) {
  if (d->Kh != d->Kw || d->sh != d->sw || d->dh != 1 || d->dw != 1) return 0;
  return (d->Kh == 3 && d->sh == 1) || (d->Kh == 4 && d->sh == 2);
}
