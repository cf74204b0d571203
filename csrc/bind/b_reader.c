/* b_reader.c - reading files that may be gzip. The outside world: what is wrong with a file comes back as nil,
** message. */
#define _GNU_SOURCE /* O_CLOEXEC under -std=c11 */
#include "bind.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define T_READER GN_PREFIX "reader"
#define READ_MOST ((gn_int)1 << 30)

typedef struct reader {
  gn_guard guard;
  gzFile file; /* NULL: closed */
} reader;

static int fail(lua_State *L, const char *path, const char *why) {
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s", path, why);
  return 2;
}

static reader *check_reader(lua_State *L) {
  reader *r = luaL_checkudata(L, 1, T_READER);
  if (!r->file) gn_error(L, "the reader is closed");
  return r;
}

/* core.reader(path) -> reader, or nil, message. What is gzip inside is inflated on the way, whatever its name. */
static int reader_open(lua_State *L) {
  const char *path = gn_check_path(L, 1);
  reader *r = lua_newuserdatauv(L, sizeof *r, 1);
  *r = (reader){0};
  luaL_setmetatable(L, T_READER);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  struct stat st;
  int fd;
  do fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make anybody wait */
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail(L, path, strerror(errno));
  const int error = fstat(fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
  if (error || !S_ISREG(st.st_mode)) {
    close(fd);
    return fail(L, path, error ? strerror(error) : "not a file");
  }
  r->file = gzdopen(fd, "rb");
  if (!r->file) {
    close(fd);
    return gn_error(L, "out of memory");
  }
  gzbuffer(r->file, 1 << 17);
  return 1;
}

/* reader:read(n) -> a string of at most n bytes (shorter, or empty, only at the end), or nil, message where the file
** cannot be read, or is a gzip file that is cut off or fails its checksum. */
static int reader_read(lua_State *L) {
  reader *r = check_reader(L);
  gn_int n = gn_check_int(L, 2, "n", 0, READ_MOST);
  lua_getiuservalue(L, 1, 1);
  const char *path = lua_tostring(L, -1);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  size_t got = 0;
  while (got < (size_t)n) { /* piece by piece: asking for much must not cost much where the file is short */
    size_t want = GN_MIN((size_t)n - got, (size_t)1 << 18);
    int k = gzread(r->file, luaL_prepbuffsize(&b, want), (unsigned)want);
    if (k > 0) luaL_addsize(&b, (size_t)k);
    if (k < (int)want) {
      int code = Z_OK;
      const char *why = gzerror(r->file, &code);
      if (code == Z_ERRNO) return fail(L, path, strerror(errno));
      if (code == Z_MEM_ERROR) return gn_error(L, "out of memory (%s)", path);
      if (code == Z_BUF_ERROR) return fail(L, path, "truncated gzip file");
      if (code != Z_OK && code != Z_STREAM_END) return fail(L, path, lua_pushfstring(L, "corrupt gzip file (%s)", why));
      got += k > 0 ? (size_t)k : 0;
      break;
    }
    got += (size_t)k;
  }
  luaL_pushresult(&b);
  return 1;
}

static void reader_close(void *object) {
  reader *r = object;
  if (r->file) gzclose_r(r->file);
  r->file = NULL;
}

static const luaL_Reg methods[] = {{"read", reader_read}, {NULL, NULL}};
static const gn_class class = {T_READER, "reader", "a reader", methods, reader_close};

/* core.gzip(bytes) -> a gzip file as a string. */
static int gzip_(lua_State *L) {
  size_t n;
  if (lua_type(L, 1) != LUA_TSTRING) gn_expected(L, 1, "bytes", "a string");
  const char *p = lua_tolstring(L, 1, &n);
  if (n > (size_t)READ_MOST) gn_argerror(L, 1, "bytes", "more than %I bytes", (lua_Integer)READ_MOST);
  size_t cap = n + n / 1000 + 64;
  void *out = lua_newuserdatauv(L, cap, 0);
  z_stream z = {.next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)cap};
  int rc = deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  if (rc == Z_OK) {
    rc = deflate(&z, Z_FINISH);
    deflateEnd(&z);
  }
  if (rc != Z_STREAM_END) return gn_error(L, "out of memory");
  lua_pushlstring(L, out, (size_t)z.total_out);
  return 1;
}

static const luaL_Reg funcs[] = {{"reader", reader_open}, {"gzip", gzip_}, {NULL, NULL}};

void gn_open_reader(lua_State *L) {
  gn_register_class(L, &class);
  gn_register(L, funcs);
}
