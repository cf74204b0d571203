package = "gan"
version = "scm-1"
source = { url = "git+file://." } -- the checkout: there is no public address yet
description = {
  summary = "Training generative adversarial networks on the CPU",
  detailed = "Tensors, differentiation of any order, layers, data and training loops; kernels in C over OpenBLAS.",
  license = "MIT",
}
-- argparse, lua-cjson, luafilesystem and luaexpat serve the training loop and the scripts; busted and luacheck only the
-- checkout.
dependencies = {
  "lua >= 5.4, < 5.5", "argparse >= 0.7", "lua-cjson >= 2.1", "luafilesystem >= 1.8", "luaexpat >= 1.4",
}
-- By library only: LuaRocks does not look where headers live (Debian's multiarch); the Makefile asks pkg-config.
-- TIFF and GIF are read where libtiff and giflib are there.
external_dependencies = {
  OPENBLAS = { library = "openblas" }, ZLIB = { library = "z" }, JPEG = { library = "jpeg" },
  PNG = { library = "png" }, WEBP = { library = "webpdemux" }, DEFLATE = { library = "deflate" },
  YAJL = { library = "yajl" },
}
build = {
  type = "make",
  build_target = "module",
  build_variables = { LUA = "$(LUA)", LUA_INCDIR = "$(LUA_INCDIR)" },
  install_variables = { LUADIR = "$(LUADIR)", LIBDIR = "$(LIBDIR)", LUA = "$(LUA)", LUA_INCDIR = "$(LUA_INCDIR)" },
}
