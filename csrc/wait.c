/* wait.c - gan.wait, a module of its own that comes before gan.core: OpenMP's threads shall sleep while they wait
** for each other.
**
** By default they spin, which takes the time of the very threads they wait for as soon as anything else runs on the
** machine: measured, a step then takes ten times as long, and asleep it takes 3 to 8 % longer where nothing else
** runs. The runtime reads the setting when it is loaded, with gan.core, so that is too late for gan.core to make it.
** Whoever sets OMP_WAIT_POLICY himself is left alone. */
#define _POSIX_C_SOURCE 200112L /* setenv under -std=c11 */
#include <stdlib.h>

struct lua_State;
__attribute__((visibility("default"))) int luaopen_gan_wait(struct lua_State *L);

int luaopen_gan_wait(struct lua_State *L) {
  (void)L;
  setenv("OMP_WAIT_POLICY", "passive", 0);
  return 0;
}
