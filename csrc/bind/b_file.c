/* b_file.c - files that are never half there: written under a temporary name, synced, renamed; and read straight
** into tensors. The outside world: what a disk refuses comes back as nil, message.
**
** A temporary file lies beside the one that it becomes, and is called .NAME.gan-RANDOM.tmp (gan.file.text knows the
** pattern). It is new, no link is followed to it, and its writer holds a lock on it: where the lock can be had, nobody
** is writing any more, whatever became of the process and its number. Each writer has a name of its own. */
#define _GNU_SOURCE
#include "bind.h"
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define T_FILE GN_PREFIX "file"
#define PIECE ((size_t)1 << 18) /* bytes at a time where they are summed, too */
#define CHUNK 4096              /* elements converted at a time when the file's precision is not ours */
#define NAME 255                /* bytes of a name that file systems take */
#define LETTERS 12              /* of a temporary name's random part, 5 bits each */
#define TRIES 100               /* temporary names that may be taken, or lost to who takes them for left behind */
#define TEMP_MORE 32            /* bytes at most by which a temporary path is longer than its file's */

typedef struct file {
  gn_guard guard;
  int fd;      /* -1: closed */
  int writing; /* a temporary file that awaits its commit */
  pid_t owner; /* the process that made it: a child made by fork() has no part in it */
  char path[GN_PATH_MAX + 1], temp[GN_PATH_MAX + TEMP_MORE];
} file;

static _Thread_local int64_t fail_after = -1; /* bytes that may still be written; -1: any number */

static int fail_errno(lua_State *L, const char *path, const char *what, int err) {
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: cannot %s: %s", path, what, strerror(err));
  return 2;
}

/* ---- temporary files ---- */

/* Writes a new temporary path for a file into temp. named: with the file's name in it, as far as it fits. */
static void name_temp(char *temp, const char *path, int named, unsigned attempt) {
  const char *slash = strrchr(path, '/');
  const size_t dir = slash ? (size_t)(slash - path) + 1 : 0, most = NAME - sizeof "..gan-.tmp" + 1 - LETTERS;
  size_t n = named ? GN_MIN(strlen(path + dir), most) : 0;
  while (n > 0 && n == most && ((unsigned char)path[dir + n] & 0xc0) == 0x80) n--; /* no half a character */
  uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    bits = ((uint64_t)t.tv_nsec << 32 ^ (uint64_t)t.tv_sec << 8 ^ (uint64_t)getpid()) * 0x9e3779b97f4a7c15u + attempt;
  }
  char letters[LETTERS + 1] = "";
  for (int i = 0; i < LETTERS; i++, bits >>= 5) letters[i] = "0123456789abcdefghijklmnopqrstuv"[bits & 31];
  memcpy(temp, path, dir);
  snprintf(temp + dir, GN_PATH_MAX + TEMP_MORE - dir, ".%.*s.gan-%s.tmp", (int)n, path + dir, letters);
}

/* Whether fd is the file that a path names. */
static int is_there(int fd, const char *path) {
  struct stat ours, there;
  if (fd < 0 || fstat(fd, &ours) != 0 || lstat(path, &there) != 0) return 0;
  return ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

static int has_no_locks(int err) { return err == ENOTSUP || err == EOPNOTSUPP || err == ENOSYS || err == ENOLCK; }

/* Makes and locks a new temporary file for f: 0, or what went wrong. */
static int open_temp(file *f) {
  int named = 1;
  for (unsigned i = 0; i < TRIES; i++) {
    name_temp(f->temp, f->path, named, i);
    f->fd = open(f->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (f->fd < 0 && errno == ENAMETOOLONG && named) {
      named = 0; /* a file system with shorter names */
      continue;
    }
    if (f->fd < 0 && (errno == EEXIST || errno == EINTR)) continue;
    if (f->fd < 0) return errno;
    /* Between the two calls it may be taken for left behind, and removed. */
    const int locked = flock(f->fd, LOCK_EX | LOCK_NB) == 0 || has_no_locks(errno);
    f->writing = 1;
    if (locked && is_there(f->fd, f->temp)) return 0;
    close(f->fd);
    f->fd = -1;
    f->writing = 0;
  }
  return EEXIST;
}

static void discard(void *object) {
  file *f = object;
  if (f->writing && f->owner == getpid() && is_there(f->fd, f->temp)) unlink(f->temp);
  if (f->fd >= 0) close(f->fd);
  f->fd = -1;
  f->writing = 0;
}

static file *new_file(lua_State *L, const char *path) {
  file *f = lua_newuserdatauv(L, sizeof *f, 0);
  f->guard = (gn_guard){0};
  f->fd = -1; /* closed until opened */
  f->writing = 0;
  f->owner = getpid();
  f->temp[0] = '\0';
  memcpy(f->path, path, strlen(path) + 1);
  luaL_setmetatable(L, T_FILE);
  return f;
}

static file *check_file(lua_State *L, int writing) {
  file *f = luaL_checkudata(L, 1, T_FILE);
  if (f->fd < 0) gn_argerror(L, 1, "file", "%s is closed", f->path);
  if (f->writing != writing) gn_argerror(L, 1, "file", "%s is open for %s", f->path, writing ? "reading" : "writing");
  if (writing && f->owner != getpid()) gn_argerror(L, 1, "file", "%s is written by the process that began it", f->path);
  return f;
}

/* core.file_create(path) -> file to write, or nil, message. Its bytes go to a temporary file beside it; path itself
** changes only in file:commit(), all at once. Without a commit (error, close, collection) the temporary file goes. Of
** two writers of one path both may commit: the later one wins. Where path is a link, the new file takes the link's
** place, and what it pointed to stays as it was. */
static int file_create(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  file *f = new_file(L, path);
  struct stat st;
  const int there = stat(path, &st) == 0;
  if (!there && errno != ENOENT) return fail_errno(L, path, "write", errno); /* better now than at the commit */
  if (there && S_ISDIR(st.st_mode)) return fail_errno(L, path, "write", EISDIR);
  if (there && !S_ISREG(st.st_mode)) { /* renaming over a device would replace it */
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: cannot write: not a regular file", path);
    return 2;
  }
  const int err = open_temp(f);
  return err ? fail_errno(L, path, "write", err) : 1;
}

/* write() that says EFBIG at the process's limit on the size of files (ulimit -f), where the system's also sends a
** signal that ends the program. What the host does about that signal stays as it is. */
static ssize_t write_limited(int fd, const char *p, size_t n) {
  sigset_t over, pending, before;
  sigemptyset(&over);
  sigaddset(&over, SIGXFSZ);
  sigpending(&pending);
  const int ours = !sigismember(&pending, SIGXFSZ) && pthread_sigmask(SIG_BLOCK, &over, &before) == 0;
  const ssize_t k = write(fd, p, n);
  const int err = errno;
  if (ours) {
    int sent;
    if (k < 0 && err == EFBIG && sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ)) sigwait(&over, &sent);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  errno = err;
  return k;
}

static ssize_t write_some(int fd, const char *p, size_t n) {
  if (fail_after >= 0 && (int64_t)n > fail_after) {
    if (fail_after == 0) {
      errno = ENOSPC;
      return -1;
    }
    n = (size_t)fail_after;
  }
  ssize_t k = write_limited(fd, p, n < (size_t)1 << 30 ? n : (size_t)1 << 30);
  if (k > 0 && fail_after >= 0) fail_after -= k;
  return k;
}

/* Exactly n bytes: 0, or what went wrong. */
static int write_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    const ssize_t k = write_some(fd, p, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return k < 0 ? errno : EIO;
    p += k;
    n -= (size_t)k;
  }
  return 0;
}

/* The same by pieces that stay in the cache, so that their checksum, on which crc goes on, costs next to nothing. */
static int write_summed(int fd, const char *p, size_t n, uint32_t *crc) {
  int err = 0;
  for (size_t m; n > 0 && !err; p += m, n -= m) {
    m = GN_MIN(n, PIECE);
    *crc = libdeflate_crc32(*crc, p, m);
    err = write_all(fd, p, m);
  }
  return err;
}

/* file:write(bytes | tensor) -> file, the CRC-32 of what was written; or nil, message (and the temporary file is gone).
** A tensor's elements are written as they lie in memory, row-major, without a copy if they are contiguous. */
static int file_write(lua_State *L) {
  file *f = check_file(L, 1);
  size_t n;
  const char *p;
  gn_tensor *t = gn_test_tensor(L, 2);
  if (t) {
    if (!gn_is_contiguous(t)) {
      gn_tensor *c = gn_new_tensor(L, t->dtype, t->nd, t->size);
      gn_set_dense(c, t);
      t = c;
    }
    p = gn_tensor_ptr(t);
    n = (size_t)gn_numel(t->nd, t->size) * gn_dtype_size(t->dtype);
  } else {
    if (lua_type(L, 2) != LUA_TSTRING) gn_expected(L, 2, "what", "a string or a tensor");
    p = lua_tolstring(L, 2, &n);
  }
  uint32_t crc = 0;
  const int err = write_summed(f->fd, p, n, &crc);
  if (err) {
    discard(f);
    return fail_errno(L, f->path, "write", err);
  }
  lua_settop(L, 1);
  lua_pushinteger(L, (lua_Integer)crc);
  return 2;
}

/* file:patch(offset, bytes) -> file, or nil, message (and the temporary file is gone). Writes over bytes that were
** written before. */
static int file_patch(lua_State *L) {
  file *f = check_file(L, 1);
  const gn_int at = gn_check_int(L, 2, "offset", 0, (gn_int)1 << 60);
  if (lua_type(L, 3) != LUA_TSTRING) gn_expected(L, 3, "bytes", "a string");
  size_t n;
  const char *p = lua_tolstring(L, 3, &n);
  for (size_t done = 0; done < n;) {
    const ssize_t k = pwrite(f->fd, p + done, n - done, (off_t)at + (off_t)done);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) {
      const int err = k < 0 ? errno : EIO;
      discard(f);
      return fail_errno(L, f->path, "write", err);
    }
    done += (size_t)k;
  }
  lua_settop(L, 1);
  return 1;
}

static int cannot_sync(int err) { return err == EINVAL || err == ENOTSUP || err == EOPNOTSUPP || err == ENOSYS; }

/* Makes a new name in path's directory durable: 0, or what went wrong. */
static int sync_directory(const char *path) {
  char dir[GN_PATH_MAX + 16];
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) + 1 : 0;
  memcpy(dir, path, n);
  memcpy(dir + n, ".", 2);
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == EACCES ? 0 : errno; /* a folder may be one to write in alone */
  const int err = fsync(fd) != 0 && !cannot_sync(errno) ? errno : 0;
  close(fd);
  return err;
}

/* file:commit() -> true, or nil, message. Syncs the bytes, then gives them their name: whoever opens it sees the old
** or the new contents whole, also after a crash. Closes the file. Where the name cannot be made durable, there is a
** message, too: path has the new contents then, but a crash may bring the old ones back. */
static int file_commit(lua_State *L) {
  file *f = check_file(L, 1);
  int err = fsync(f->fd) != 0 && !cannot_sync(errno) ? errno : 0;
  /* What a file system says only at a close. The lock stays until the file has its name. */
  const int copy = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
  if (copy >= 0 && close(copy) != 0 && !err && errno != EINTR) err = errno;
  if (!err && !is_there(f->fd, f->temp)) err = ENOENT;
  if (!err && rename(f->temp, f->path) != 0) err = errno;
  if (!err) f->writing = 0;
  discard(f);
  if (err) return fail_errno(L, f->path, "write", err);
  err = sync_directory(f->path);
  if (err) return fail_errno(L, f->path, "sync the folder of the new file", err);
  lua_pushboolean(L, 1);
  return 1;
}

/* core.file_open(path) -> file to read, its size in bytes; or nil, message. */
static int file_open(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  file *f = new_file(L, path);
  struct stat st;
  f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make anybody wait */
  if (f->fd < 0 || fstat(f->fd, &st) != 0) return fail_errno(L, path, "read", errno);
  if (S_ISDIR(st.st_mode)) return fail_errno(L, path, "read", EISDIR);
  if (!S_ISREG(st.st_mode)) {
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: cannot read: not a regular file", path);
    return 2;
  }
  lua_pushinteger(L, (lua_Integer)st.st_size);
  return 2;
}

/* Exactly n bytes: 0, or what went wrong (-1: the file ended). */
static int read_all(const file *f, char *p, size_t n) {
  while (n > 0) {
    ssize_t k = read(f->fd, p, n < (size_t)1 << 30 ? n : (size_t)1 << 30);
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) return errno;
    if (k == 0) return -1;
    p += k;
    n -= (size_t)k;
  }
  return 0;
}

/* The same, by pieces, and their checksum, on which crc goes on. */
static int read_summed(const file *f, char *p, size_t n, uint32_t *crc) {
  int err = 0;
  for (size_t m; n > 0 && !err; p += m, n -= m) {
    m = GN_MIN(n, PIECE);
    err = read_all(f, p, m);
    if (!err) *crc = libdeflate_crc32(*crc, p, m);
  }
  return err;
}

static int read_failed(lua_State *L, const file *f, int err) {
  if (err > 0) return fail_errno(L, f->path, "read", err);
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: the file ends too early", f->path);
  return 2;
}

/* file:read(n) -> the next n bytes as a string, or nil, message. */
static int file_read(lua_State *L) {
  file *f = check_file(L, 0);
  size_t n = (size_t)gn_check_int(L, 2, "n", 0, (gn_int)1 << 30);
  luaL_Buffer b;
  char *p = luaL_buffinitsize(L, &b, n);
  int err = read_all(f, p, n);
  if (err) return read_failed(L, f, err);
  luaL_pushresultsize(&b, n);
  return 1;
}

/* Reals of the other precision: converted by the chunk. */
static int read_other(const file *f, gn_real *x, gn_int n, uint32_t *crc) {
#ifdef GN_DOUBLE
  float chunk[CHUNK];
#else
  double chunk[CHUNK];
#endif
  for (gn_int i = 0; i < n; i += CHUNK) {
    gn_int k = GN_MIN(CHUNK, n - i);
    int err = read_summed(f, (char *)chunk, (size_t)k * sizeof *chunk, crc);
    if (err) return err;
    for (gn_int j = 0; j < k; j++) x[i + j] = (gn_real)chunk[j];
  }
  return 0;
}

/* file:read_(t [, width]) -> t filled with the next bytes, their CRC-32; or nil, message. t is contiguous. width: bytes
** of one element in the file, 4 or 8, for reals that are to be converted (default: as t has it). */
static int file_read_(lua_State *L) {
  file *f = check_file(L, 0);
  gn_tensor *t = gn_check_tensor(L, 2, "t");
  if (!gn_is_contiguous(t)) gn_argerror(L, 2, "t", "expected a contiguous tensor");
  gn_int own = (gn_int)gn_dtype_size(t->dtype), width = gn_opt_int(L, 3, "width", 1, 8, own);
  if (width != own && (t->dtype != GN_REAL || (width != 4 && width != 8)))
    gn_argerror(L, 3, "width", "expected %d, got %d", (int)own, (int)width);
  gn_int n = gn_numel(t->nd, t->size);
  uint32_t crc = 0;
  int err =
      width == own ? read_summed(f, gn_tensor_ptr(t), (size_t)(n * own), &crc) : read_other(f, gn_real_ptr(t), n, &crc);
  gn_touch(t);
  if (err) return read_failed(L, f, err);
  lua_settop(L, 2);
  lua_pushinteger(L, (lua_Integer)crc);
  return 2;
}

/* file:seek(offset) -> file; reading goes on there, in bytes from the start. */
static int file_seek(lua_State *L) {
  file *f = check_file(L, 0);
  if (lseek(f->fd, (off_t)gn_check_int(L, 2, "offset", 0, (gn_int)1 << 60), SEEK_SET) < 0)
    return fail_errno(L, f->path, "read", errno);
  lua_settop(L, 1);
  return 1;
}

/* core.file_new(path, text) -> true: the file was made, and holds the text; false: there is something of that name; or
** nil, message. Of several processes one alone gets true, and nobody sees a part of the text, also after a kill; but
** for file systems without links, where the file is empty at first. */
static int file_new(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  size_t n;
  if (lua_type(L, 2) != LUA_TSTRING) gn_expected(L, 2, "text", "a string");
  const char *text = lua_tolstring(L, 2, &n);
  file *f = new_file(L, path);
  int err = open_temp(f);
  if (!err) err = write_all(f->fd, text, n);
  struct stat st;
  if (!err && link(f->temp, path) != 0) err = errno;
  if (err == EEXIST && fstat(f->fd, &st) == 0 && st.st_nlink > 1) err = 0; /* NFS: done, and the answer was lost */
  discard(f);
  if (err == EPERM || err == ENOTSUP || err == EOPNOTSUPP || err == ENOSYS) {
    err = 0;
    f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (f->fd < 0) err = errno;
    if (!err && (err = write_all(f->fd, text, n)) != 0) unlink(path);
    discard(f);
  }
  if (err && err != EEXIST) return fail_errno(L, path, "write", err);
  lua_pushboolean(L, !err);
  return 1;
}

/* core.file_link(from, to) -> true: the file has the other name, too, in the place of what had it; false: the file
** system has no links; or nil, message. */
static int file_link(lua_State *L) {
  const char *from = gn_check_path(L, 1), *to = gn_check_path(L, 2);
  file *f = new_file(L, to);
  f->fd = open(from, O_RDONLY | O_CLOEXEC);
  if (f->fd < 0) return fail_errno(L, from, "read", errno);
  (void)flock(f->fd, LOCK_SH | LOCK_NB); /* while there is a temporary name, it is not taken for left behind */
  int err = EEXIST;
  for (unsigned i = 0; i < TRIES && err == EEXIST; i++) {
    name_temp(f->temp, to, i == 0, i);
    err = linkat(AT_FDCWD, from, AT_FDCWD, f->temp, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
    if (err == ENAMETOOLONG && i == 0) err = EEXIST;
  }
  const int none =
      err == EPERM || err == EMLINK || err == EXDEV || err == ENOTSUP || err == EOPNOTSUPP || err == ENOSYS;
  if (!err) {
    if (rename(f->temp, to) != 0) err = errno;
    unlink(f->temp); /* it is still there where both were one file already */
  }
  discard(f);
  if (!err) err = sync_directory(to);
  if (err && !none) return fail_errno(L, to, "write", err);
  lua_pushboolean(L, !err);
  return 1;
}

/* core.file_temp(path) -> a path for a temporary file or link, whose name nothing has had. */
static int file_temp(lua_State *L) {
  char temp[GN_PATH_MAX + TEMP_MORE];
  name_temp(temp, gn_check_path(L, 1), 1, 0);
  lua_pushstring(L, temp);
  return 1;
}

/* core.file_left(path [, remove]) -> whether a temporary file's writer is gone; with remove it goes, too. False where
** that cannot be known, as on a file system without locks. */
static int file_left(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  struct stat st;
  int left = 0, fd = -1;
  if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) { /* for writing: NFS locks no other */
    fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && (errno == EACCES || errno == EROFS)) fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  }
  if (fd >= 0) {
    left = flock(fd, LOCK_EX | LOCK_NB) == 0 && is_there(fd, path);
    if (left && lua_toboolean(L, 2)) left = unlink(path) == 0;
    close(fd);
  }
  lua_pushboolean(L, left);
  return 1;
}

/* core.file_lock(path) -> a held lock on a file or directory, until it is closed, collected, or the process ends; or
** nil, message. nil, nil where another process holds it; nil, message, true where the file system has no locks. */
static int file_lock(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  file *f = new_file(L, path);
  f->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (f->fd < 0) return fail_errno(L, path, "lock", errno);
  if (flock(f->fd, LOCK_EX | LOCK_NB) == 0) return 1;
  int err = errno;
  discard(f);
  if (err == EWOULDBLOCK) {
    luaL_pushfail(L);
    return 1;
  }
  fail_errno(L, path, "lock", err);
  lua_pushboolean(L, has_no_locks(err));
  return 3;
}

/* core.file_fail_after(bytes): writes fail as on a full disk once so many more bytes were written; nil switches off.
** For tests. */
static int file_fail_after(lua_State *L) {
  fail_after = lua_isnoneornil(L, 1) ? -1 : gn_check_int(L, 1, "bytes", 0, INT64_MAX);
  return 0;
}

static const luaL_Reg methods[] = {
    {"write", file_write}, {"patch", file_patch}, {"commit", file_commit}, {"read", file_read}, {"read_", file_read_},
    {"seek", file_seek},   {NULL, NULL},
};
/* file:close(): what was written without a commit is removed. Closing twice does nothing. */
static const gn_class class = {T_FILE, "file", "a file (core.file_create, core.file_open)", methods, discard};
static const luaL_Reg funcs[] = {
    {"file_create", file_create},
    {"file_open", file_open},
    {"file_new", file_new},
    {"file_link", file_link},
    {"file_temp", file_temp},
    {"file_left", file_left},
    {"file_lock", file_lock},
    {"file_fail_after", file_fail_after},
    {NULL, NULL},
};

void gn_open_file(lua_State *L) {
  gn_register_class(L, &class);
  gn_register(L, funcs);
}
