/* b_zip.c - what zip archives need of zlib: checksums, and inflating into a tensor. */
#include "bind.h"
#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#define PIECE ((size_t)1 << 30) /* zlib counts in unsigned ints */

/* core.crc32(what [, crc = 0]) -> the CRC-32 of a string, or of a tensor's bytes as file:write writes them, behind
** bytes whose checksum is crc; and how many bytes those are. */
static int crc32_(lua_State *L) {
  size_t n;
  const char *p;
  uint32_t crc = (uint32_t)gn_opt_int(L, 2, "crc", 0, UINT32_MAX, 0);
  if (gn_test_tensor(L, 1)) {
    const gn_tensor *t = gn_check_dense_any(L, 1, "what");
    p = gn_tensor_ptr(t);
    n = (size_t)gn_numel(t->nd, t->size) * gn_dtype_size(t->dtype);
  } else {
    if (lua_type(L, 1) != LUA_TSTRING) gn_expected(L, 1, "what", "a string or a tensor");
    p = lua_tolstring(L, 1, &n);
  }
  if (n > 0) crc = libdeflate_crc32(crc, p, n); /* with 0 bytes, p may be what it takes for a question */
  lua_pushinteger(L, (lua_Integer)crc);
  lua_pushinteger(L, (lua_Integer)n);
  return 2;
}

/* dst (n bytes) <- raw deflate data src (m bytes), all of it; part: only the first n bytes of what may be more. NULL,
** or what is wrong with it; *memory: zlib had none. */
static const char *inflate_all(uint8_t *dst, size_t n, const uint8_t *src, size_t m, int part, int *memory) {
  uint8_t beyond;
  z_stream z = {.next_in = (Bytef *)(uintptr_t)src, .next_out = dst};
  int rc = inflateInit2(&z, -15);
  for (size_t in = 0, out = 0; rc == Z_OK;) {
    const uInt give = (uInt)GN_MIN(m - in, PIECE), room = (uInt)GN_MIN(n - out, PIECE);
    if (part && !room) {
      inflateEnd(&z);
      return NULL;
    }
    z.avail_in = give;
    z.avail_out = room ? room : 1; /* a byte more than promised shows itself */
    if (!room) z.next_out = &beyond;
    rc = inflate(&z, Z_NO_FLUSH);
    in += give - z.avail_in;
    if (!room && z.avail_out == 0) rc = Z_VERSION_ERROR; /* taken for "too many" below */
    if (room) out += room - z.avail_out;
    if (rc == Z_STREAM_END) {
      inflateEnd(&z);
      return out < n ? "fewer bytes than promised" : in < m ? "more data than the deflate stream has" : NULL;
    }
  }
  inflateEnd(&z);
  *memory = rc == Z_MEM_ERROR;
  return rc == Z_VERSION_ERROR ? "more bytes than promised"
         : rc == Z_BUF_ERROR   ? "truncated deflate data"
                               : "corrupt deflate data";
}

/* core.inflate(bytes, size [, part]) -> u8 (size), or nil, message. bytes: u8, raw deflate data (RFC 1951) of exactly
** that size; part, a truth value: of that size or more, also where the data are cut off behind it. */
static int inflate_(lua_State *L) {
  const gn_tensor *bytes = gn_check_dense_u8(L, 1, "bytes");
  const gn_int size = gn_check_int(L, 2, "size", 0, INT64_MAX);
  const int part = lua_toboolean(L, 3);
  gn_tensor *t = gn_new_tensor(L, GN_U8, 1, &size);
  const size_t packed = (size_t)gn_numel(bytes->nd, bytes->size);
  int memory = 0;
  const char *wrong = inflate_all(gn_u8_ptr(t), (size_t)size, gn_u8_ptr(bytes), packed, part, &memory);
  if (memory) {
    gn_collect(L);
    gn_trim(L);
    memory = 0;
    wrong = inflate_all(gn_u8_ptr(t), (size_t)size, gn_u8_ptr(bytes), packed, part, &memory);
  }
  if (!wrong) return 1;
  if (memory) return gn_error(L, "out of memory (inflating %I bytes)", (lua_Integer)size);
  luaL_pushfail(L);
  lua_pushstring(L, wrong);
  return 2;
}

static const luaL_Reg funcs[] = {{"crc32", crc32_}, {"inflate", inflate_}, {NULL, NULL}};

void gn_open_zip(lua_State *L) { gn_register(L, funcs); }
