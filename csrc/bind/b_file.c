/* b_file.c - files that are never half there: written under a temporary name, synced, renamed; and read straight
** into tensors. The outside world: what a disk refuses comes back as nil, message. */
#define _GNU_SOURCE
#include "bind.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define T_FILE GN_PREFIX "file"
#define CHUNK 4096 /* elements converted at a time when the file's precision is not ours */

typedef struct file {
  int fd;      /* -1: closed */
  int writing; /* a temporary file that awaits its commit */
  char path[GN_PATH_MAX + 16], temp[GN_PATH_MAX + 16];
} file;

static int64_t fail_after = -1; /* bytes that may still be written; -1: any number */

static int fail_errno(lua_State *L, const char *path, const char *what, int err) {
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: cannot %s: %s", path, what, strerror(err));
  return 2;
}

/* Whether the temporary file is still ours: another writer of the same path may have put its own in the place. */
static int is_own_temp(const file *f) {
  struct stat ours, there;
  if (f->fd < 0 || fstat(f->fd, &ours) != 0 || lstat(f->temp, &there) != 0) return 0;
  return ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

static void discard(file *f) {
  if (f->writing && is_own_temp(f)) unlink(f->temp);
  if (f->fd >= 0) close(f->fd);
  f->fd = -1;
  f->writing = 0;
}

static file *new_file(lua_State *L, const char *path) {
  file *f = lua_newuserdatauv(L, sizeof *f, 0);
  f->fd = -1; /* closed until opened */
  f->writing = 0;
  f->temp[0] = '\0';
  memcpy(f->path, path, strlen(path) + 1);
  luaL_setmetatable(L, T_FILE);
  return f;
}

static file *check_file(lua_State *L, int writing) {
  file *f = luaL_testudata(L, 1, T_FILE);
  if (!f) gn_expected(L, 1, "file", "a file (core.file_create, core.file_open)");
  if (f->fd < 0) gn_argerror(L, 1, "file", "%s is closed", f->path);
  if (f->writing != writing) gn_argerror(L, 1, "file", "%s is open for %s", f->path, writing ? "reading" : "writing");
  return f;
}

/* core.file_create(path) -> file to write, or nil, message. Its bytes go to path.tmp beside it; path itself changes
** only in file:commit(), all at once. Without a commit (error, close, collection) the temporary file is removed. Of two
** writers of one path the later one wins; the commit of the other fails. */
static int file_create(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  file *f = new_file(L, path);
  memcpy(f->temp, path, strlen(path));
  memcpy(f->temp + strlen(path), ".tmp", 5);
  struct stat st;
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* renaming over a device would replace it */
    if (S_ISDIR(st.st_mode)) return fail_errno(L, path, "write", EISDIR);
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: cannot write: not a regular file", path);
    return 2;
  }
  unlink(f->temp); /* of a process that was killed, or of a writer that comes too late now */
  f->fd = open(f->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (f->fd < 0) return fail_errno(L, path, "write", errno);
  f->writing = 1;
  return 1;
}

static ssize_t write_some(int fd, const char *p, size_t n) {
  if (fail_after >= 0 && (int64_t)n > fail_after) {
    if (fail_after == 0) {
      errno = ENOSPC;
      return -1;
    }
    n = (size_t)fail_after;
  }
  ssize_t k = write(fd, p, n < (size_t)1 << 30 ? n : (size_t)1 << 30);
  if (k > 0 && fail_after >= 0) fail_after -= k;
  return k;
}

/* file:write(bytes | tensor) -> file, or nil, message (and the temporary file is gone). A tensor's elements are
** written as they lie in memory, row-major, without a copy if they are contiguous. */
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
  while (n > 0) {
    ssize_t k = write_some(f->fd, p, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) {
      int err = k < 0 ? errno : EIO;
      discard(f);
      return fail_errno(L, f->path, "write", err);
    }
    p += k;
    n -= (size_t)k;
  }
  lua_settop(L, 1);
  return 1;
}

/* Makes the new name durable. Some file systems cannot sync a directory: then there is nothing more to do. */
static void sync_directory(const char *path) {
  char dir[GN_PATH_MAX + 16];
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) + 1 : 0;
  memcpy(dir, path, n);
  memcpy(dir + n, ".", 2);
  int fd = open(dir, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)fsync(fd);
  close(fd);
}

/* file:commit() -> true, or nil, message. Syncs the bytes, then gives them their name: whoever opens it sees the old
** or the new contents whole, also after a crash. Closes the file. */
static int file_commit(lua_State *L) {
  file *f = check_file(L, 1);
  int err = 0;
  if (!is_own_temp(f)) {
    discard(f);
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: cannot write: another writer has begun it anew", f->path);
    return 2;
  }
  if (fsync(f->fd) != 0 && errno != EINVAL && errno != ENOTSUP) err = errno;
  int closed = close(f->fd);
  f->fd = -1;
  if (!err && closed != 0 && errno != EINTR) err = errno;
  if (!err && rename(f->temp, f->path) != 0) err = errno;
  if (err) {
    unlink(f->temp);
    f->writing = 0;
    return fail_errno(L, f->path, "write", err);
  }
  f->writing = 0;
  sync_directory(f->path);
  lua_pushboolean(L, 1);
  return 1;
}

/* core.file_open(path) -> file to read, its size in bytes; or nil, message. */
static int file_open(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  file *f = new_file(L, path);
  struct stat st;
  f->fd = open(path, O_RDONLY | O_CLOEXEC);
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
static int read_other(const file *f, gn_real *x, gn_int n) {
#ifdef GN_DOUBLE
  float chunk[CHUNK];
#else
  double chunk[CHUNK];
#endif
  for (gn_int i = 0; i < n; i += CHUNK) {
    gn_int k = GN_MIN(CHUNK, n - i);
    int err = read_all(f, (char *)chunk, (size_t)k * sizeof *chunk);
    if (err) return err;
    for (gn_int j = 0; j < k; j++) x[i + j] = (gn_real)chunk[j];
  }
  return 0;
}

/* file:read_(t [, width]) -> t filled with the next bytes, or nil, message. t is contiguous. width: bytes of one
** element in the file, 4 or 8, for reals that are to be converted (default: as t has it). */
static int file_read_(lua_State *L) {
  file *f = check_file(L, 0);
  gn_tensor *t = gn_check_tensor(L, 2, "t");
  if (!gn_is_contiguous(t)) gn_argerror(L, 2, "t", "expected a contiguous tensor");
  gn_int own = (gn_int)gn_dtype_size(t->dtype), width = gn_opt_int(L, 3, "width", 1, 8, own);
  if (width != own && (t->dtype != GN_REAL || (width != 4 && width != 8)))
    gn_argerror(L, 3, "width", "expected %d, got %d", (int)own, (int)width);
  gn_int n = gn_numel(t->nd, t->size);
  int err = width == own ? read_all(f, gn_tensor_ptr(t), (size_t)(n * own)) : read_other(f, gn_real_ptr(t), n);
  gn_touch(t);
  if (err) return read_failed(L, f, err);
  lua_settop(L, 2);
  return 1;
}

/* file:seek(offset) -> file; reading goes on there, in bytes from the start. */
static int file_seek(lua_State *L) {
  file *f = check_file(L, 0);
  if (lseek(f->fd, (off_t)gn_check_int(L, 2, "offset", 0, (gn_int)1 << 60), SEEK_SET) < 0)
    return fail_errno(L, f->path, "read", errno);
  lua_settop(L, 1);
  return 1;
}

/* file:close(): what was written without a commit is removed. Closing twice does nothing. */
static int file_close(lua_State *L) {
  file *f = luaL_testudata(L, 1, T_FILE);
  if (!f) gn_expected(L, 1, "file", "a file (core.file_create, core.file_open)");
  discard(f);
  return 0;
}

/* core.file_new(path, text) -> true: the file was made, and holds the text; false: there is something of that name; or
** nil, message. Of several processes one alone gets true. */
static int file_new(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  size_t n;
  if (lua_type(L, 2) != LUA_TSTRING) gn_expected(L, 2, "text", "a string");
  const char *text = lua_tolstring(L, 2, &n);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (fd < 0) return fail_errno(L, path, "write", errno);
  ssize_t k = write(fd, text, n);
  int err = k < 0 ? errno : (size_t)k < n ? ENOSPC : 0;
  if (close(fd) != 0 && !err && errno != EINTR) err = errno;
  if (err) {
    unlink(path);
    return fail_errno(L, path, "write", err);
  }
  lua_pushboolean(L, 1);
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
  lua_pushboolean(L, err == ENOTSUP || err == EOPNOTSUPP || err == ENOSYS || err == ENOLCK);
  return 3;
}

/* core.file_fail_after(bytes): writes fail as on a full disk once so many more bytes were written; nil switches off.
** For tests. */
static int file_fail_after(lua_State *L) {
  fail_after = lua_isnoneornil(L, 1) ? -1 : gn_check_int(L, 1, "bytes", 0, INT64_MAX);
  return 0;
}

static const luaL_Reg methods[] = {
    {"write", file_write}, {"commit", file_commit}, {"read", file_read}, {"read_", file_read_},
    {"seek", file_seek},   {"close", file_close},   {NULL, NULL},
};
static const luaL_Reg funcs[] = {
    {"file_create", file_create},
    {"file_open", file_open},
    {"file_new", file_new},
    {"file_lock", file_lock},
    {"file_fail_after", file_fail_after},
    {NULL, NULL},
};

void gn_open_file(lua_State *L) {
  gn_register_class(L, T_FILE, "file", methods, file_close);
  gn_register(L, funcs);
}
