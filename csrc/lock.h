/* lock.h - the lock that guards what all threads of a process share. Header only. */
#ifndef GN_LOCK_H
#define GN_LOCK_H

#include <pthread.h>

typedef pthread_mutex_t gn_lock;
#define GN_LOCK_INIT PTHREAD_MUTEX_INITIALIZER

static inline void gn_lock_take(gn_lock *l) { pthread_mutex_lock(l); } /* waits for whoever has it */
static inline void gn_lock_give(gn_lock *l) { pthread_mutex_unlock(l); }

#endif
