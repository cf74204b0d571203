-- The layout holds: imports only go down, foreign headers and malloc stay in their one place, specs mirror modules.
-- The rules are read off csrc/README.md and lua/gan/README.md; every scan is first shown a text that breaks it.
local lfs = require "lfs"
local tree = require "spec.support.tree"

local clean, exists, files, read = tree.clean, tree.exists, tree.files, tree.read

---------------------------------------------------------------------------------------------------------------- C

-- Comments, string and character literals become blanks; line breaks stay.
local function strip_c(text)
  local out, i, n = {}, 1, #text
  local function blank(a, b) out[#out + 1] = text:sub(a, b):gsub("[^\n]", " ") end
  while i <= n do
    local two, c = text:sub(i, i + 1), text:sub(i, i)
    local j
    if two == "/*" then j = select(2, text:find("*/", i + 2, true)) or n
    elseif two == "//" then j = (text:find("\n", i, true) or n + 1) - 1
    elseif c == '"' or c == "'" then
      j = i + 1
      while j <= n and text:sub(j, j) ~= c do j = j + (text:sub(j, j) == "\\" and 2 or 1) end
    end
    if j then
      blank(i, j)
      i = j + 1
    else
      local k = (text:find("[/\"']", i + 1) or n + 1) - 1
      out[#out + 1] = text:sub(i, k)
      i = k + 1
    end
  end
  return table.concat(out)
end

local function c_includes(text)
  local list = {}
  for quote, name in ("\n" .. text):gmatch('\n%s*#%s*include%s*([<"])([^>"]+)') do
    list[#list + 1] = {name = name, system = quote == "<"}
  end
  return list
end

local function c_room(path)
  return path:match "^csrc/(kernels)/" or path:match "^csrc/(codec)/" or path:match "^csrc/(bind)/" or "ground"
end

local function resolve(path, include)
  local full = path:gsub("[^/]*$", "") .. include
  local n
  repeat full, n = full:gsub("[^/]+/%.%./", "", 1) until n == 0
  return full
end

-- Header -> the only files that may include it (a pattern).
local home_of = {
  ["lua.h"] = "^csrc/bind/", ["lauxlib.h"] = "^csrc/bind/", ["lualib.h"] = "^csrc/bind/", ["luaconf.h"] = "^csrc/bind/",
  ["cblas.h"] = "^csrc/blas%.c$", ["lapacke.h"] = "^csrc/blas%.c$",
  ["omp.h"] = "^csrc/par%.[ch]$", ["pthread.h"] = "^csrc/lock%.h$",
  ["stb_image.h"] = "^$", ["stb_image_write.h"] = "^csrc/codec/stb%.c$", ["stb_image_resize.h"] = "^$",
  ["jpeglib.h"] = "^csrc/codec/jpeg%.c$", ["jerror.h"] = "^csrc/codec/jpeg%.c$", ["<png.h>"] = "^csrc/codec/png%.c$",
  ["decode.h"] = "^csrc/codec/webp%.c$", ["demux.h"] = "^csrc/codec/webp%.c$", ["tiffio.h"] = "^csrc/codec/tiff%.c$",
  ["gif_lib.h"] = "^csrc/codec/gif%.c$",
  ["yajl_parse.h"] = "^csrc/bind/b_json%.c$", ["setjmp.h"] = "^csrc/codec/[jp][pn]e?g%.c$",
}

-- What a kernel may include of the project: the pure part of the ground, and other kernels.
local kernel_ground = {
  ["csrc/gn.h"] = true, ["csrc/dtype.def"] = true, ["csrc/par.h"] = true, ["csrc/blas.h"] = true,
  ["csrc/rng.h"] = true, ["csrc/tensor.h"] = true,
}
local kernel_system = {
  ["math.h"] = true, ["string.h"] = true, ["stddef.h"] = true, ["stdint.h"] = true, ["float.h"] = true,
  ["limits.h"] = true,
}

local function check_includes(path, text)
  local found, room = {}, c_room(path)
  local function bad(inc, why) found[#found + 1] = ("%s includes %s: %s"):format(path, inc.name, why) end
  for _, inc in ipairs(c_includes(text)) do
    local home = home_of[inc.name:match "[^/]+$"] or inc.system and home_of["<" .. inc.name .. ">"]
    if home and not path:find(home) then bad(inc, "only " .. home:gsub("[%%^$]", "") .. " may") end
    if inc.system then
      if room == "kernels" and not kernel_system[inc.name] then bad(inc, "kernels use libc's pure headers only") end
    else
      local target = resolve(path, inc.name)
      if target:find "%.h$" or target:find "%.def$" then
        if room == "kernels" and c_room(target) ~= "kernels" and not kernel_ground[target] then
          bad(inc, "kernels use gn.h par.h blas.h rng.h tensor.h and each other")
        elseif room == "ground" and c_room(target) ~= "ground" or room == "codec" and c_room(target) == "bind" then
          bad(inc, "imports go down")
        end
      else bad(inc, "neither a .h nor a .def") end
    end
  end
  return found
end

-- Word -> the only files that may use it. Nothing ever aborts, exits or prints.
local words = {
  {"malloc", "^csrc/storage%.c$"}, {"calloc", "^csrc/storage%.c$"}, {"realloc", "^csrc/storage%.c$"},
  {"free", "^csrc/storage%.c$"}, {"aligned_alloc", "^csrc/storage%.c$"}, {"posix_memalign", "^csrc/storage%.c$"},
  {"strdup", "^$"}, {"alloca", "^$"}, {"abort", "^$"}, {"exit", "^$"}, {"_exit", "^$"}, {"assert", "^$"},
  {"printf", "^$"}, {"fprintf", "^$"}, {"puts", "^$"}, {"perror", "^$"}, {"sprintf", "^$"},
  {"strcpy", "^$"},
  {"rand", "^$"}, {"srand", "^$"}, {"atoi", "^$"},
  -- libjpeg and libpng ask for these
  {"setjmp", "^csrc/codec/[jp][pn]e?g%.c$"}, {"longjmp", "^csrc/codec/[jp][pn]e?g%.c$"},
}

local function check_words(path, text)
  local found, code = {}, strip_c(text)
  for _, w in ipairs(words) do
    if not path:find(w[2]) and code:find("%f[%w_]" .. w[1] .. "%s*%(") then
      found[#found + 1] = ("%s calls %s"):format(path, w[1])
    end
  end
  if path ~= "csrc/par.h" and (code:find "#%s*pragma%s+omp" or code:find "_Pragma") then
    found[#found + 1] = path .. " has an OpenMP pragma of its own: use par.h"
  end
  if c_room(path) == "kernels" and code:find "lua_" then found[#found + 1] = path .. " speaks of Lua" end
  return found
end

-- The families that a list names, FAMILY(f) on a line of its own.
local function families_in(text)
  local list = {}
  for name in strip_c(text):gmatch "FAMILY%(([%w_]+)%)" do list[#list + 1] = name end
  return list
end

-- Files b_<family>.c and families of the list that have no counterpart, or stand in it twice.
local function check_families(paths, text)
  local found, listed, there = {}, {}, {}
  for _, path in ipairs(paths) do
    local name = path:match "^csrc/bind/b_([%w_]+)%.c$"
    if name then there[name] = true end
  end
  for _, name in ipairs(families_in(text)) do
    if listed[name] then found[#found + 1] = name .. " stands twice in families.def" end
    if not there[name] then found[#found + 1] = ("families.def lists %s, but there is no b_%s.c"):format(name, name) end
    listed[name] = true
  end
  for name in pairs(there) do
    if not listed[name] then found[#found + 1] = ("b_%s.c is not in families.def"):format(name) end
  end
  return found
end

-- The tags of dtype.def: REAL, U8, ...
local function dtypes_in(text)
  local tags = {}
  for tag in strip_c(text):gmatch "DTYPE%(([%w_]+)," do tags[#tags + 1] = tag end
  return tags
end

-- Tables of dtypes of a file's own: a switch over them, or a list of half of them or more within two lines.
local function check_dtypes(path, text, tags)
  local found, code = {}, strip_c(text)
  for _, tag in ipairs(tags) do
    if code:find("case%s+GN_" .. tag .. "%f[^%w_]") then found[#found + 1] = ("%s: case GN_%s"):format(path, tag) end
  end
  local before = ""
  for line in code:gmatch "[^\n]*" do
    local n, near = 0, before .. line
    for _, tag in ipairs(tags) do n = n + (near:find("%f[%w_]GN_" .. tag .. "%s*[,}]") and 1 or 0) end
    if n > 1 and n >= #tags / 2 and near:find "{" then
      found[#found + 1] = ("%s lists dtypes: %s"):format(path, line)
    end
    before = line
  end
  return found
end

-- Circles of units, a unit being x.c and x.h: whoever reads one needs to know the other. texts: path -> source.
local function circles(texts)
  local uses, units, found, state = {}, {}, {}, {}
  for path, text in pairs(texts) do
    local unit = path:gsub("%.[ch]$", "")
    if not uses[unit] then units[#units + 1] = unit end
    uses[unit] = uses[unit] or {}
    for _, inc in ipairs(c_includes(text)) do
      local other = resolve(path, inc.name):gsub("%.h$", "")
      if not inc.system and other ~= unit then table.insert(uses[unit], other) end
    end
  end
  local function visit(unit, trail)
    if state[unit] == "done" then return end
    if state[unit] then
      found[#found + 1] = trail:sub((trail:find(unit .. " ->", 1, true))) .. unit
      return
    end
    state[unit] = "open"
    table.sort(uses[unit] or {})
    for _, other in ipairs(uses[unit] or {}) do visit(other, trail .. unit .. " -> ") end
    state[unit] = "done"
  end
  table.sort(units)
  for _, unit in ipairs(units) do visit(unit, "") end
  return found
end

-- The functions that a header declares, and does not define itself.
local function declared(text)
  local names = {}
  for head, name in ("\n" .. strip_c(text)):gmatch "\n(%a[%w_ *]-)(gn_[%w_]+)%b()%s*;" do
    if not head:find "^typedef" and not head:find "return" then names[#names + 1] = name end
  end
  return names
end

-- Functions of x.h that x.c does not define, by themselves or by a macro that is given the name. Where another unit
-- does, it is a circle that includes do not show. code: of x.c.
local function check_declared(path, text, code)
  local found = {}
  for _, name in ipairs(declared(text)) do
    local word = "%f[%w_]" .. name
    if not (code:find(word .. "%b()%s*{") or code:find("%(" .. name .. ",")) then
      found[#found + 1] = ("%s declares %s, which its own .c file does not define"):format(path, name)
    end
  end
  return found
end

describe("layout of csrc", function()
  local sources = files("csrc", "%.[ch]$")

  it("sees its sources", function() assert.is_true(#sources > 10) end)

  it("finds each kind of wrong include", function()
    for _, case in ipairs {
      {"csrc/tensor.c", '#include <lua.h>'}, {"csrc/kernels/a.c", '#include "../blas.h"\n# include <cblas.h>'},
      {"csrc/kernels/a.c", '#include "../storage.h"'}, {"csrc/kernels/a.c", '#include <stdlib.h>'},
      {"csrc/kernels/a.c", '#include "../bind/check.h"'}, {"csrc/tensor.c", '#include "kernels/conv.h"'},
      {"csrc/codec/a.c", '#include "../bind/check.h"'}, {"csrc/loader.c", '#include "codec/codec.h"'},
      {"csrc/kernels/a.c", '#include "../codec/codec.h"'}, {"csrc/rng.c", '#include <omp.h>'},
      {"csrc/kernels/a.c", '#include "b.c"'}, {"csrc/codec/codec.c", '#include <png.h>'},
      {"csrc/codec/stb.c", '#include <stb_image.h>'}, {"csrc/codec/webp.c", '#include <setjmp.h>'},
    } do
      assert.is_true(#check_includes(case[1], case[2]) > 0, case[1] .. ": " .. case[2])
    end
    local fine = '#include "a.h"\n#include "../par.h"\n#include <math.h>\n#include "f.def"'
    clean(check_includes("csrc/kernels/a.c", fine))
    clean(check_includes("csrc/bind/b_a.c", '#include "../kernels/a.h"\n#include "check.h"\n#include <lua.h>'))
  end)

  it("includes only downwards", function()
    local found = {}
    for _, path in ipairs(sources) do
      for _, f in ipairs(check_includes(path, read(path))) do found[#found + 1] = f end
    end
    clean(found)
  end)

  it("finds circles of units", function()
    local circle = {
      ["csrc/a.c"] = '#include "b.h"', ["csrc/b.h"] = '#include "gn.h"',
      ["csrc/b.c"] = '#include "b.h"\n#include "a.h"',
    }
    assert.equal("csrc/a -> csrc/b -> csrc/a", circles(circle)[1])
    circle["csrc/b.c"] = '#include "b.h"\n/* #include "a.h" */'
    clean(circles(circle))
  end)

  it("has no circle of units", function()
    local texts = {}
    for _, path in ipairs(sources) do texts[path] = read(path) end
    clean(circles(texts))
  end)

  it("defines what a header declares in the .c file beside it", function()
    local header = "int gn_a(int n); /* int gn_no(int); */\ntypedef int gn_t(int n);\n"
      .. "int *gn_b(void (*f)(int),\n  int n);\n"
    assert.same({"gn_a", "gn_b"}, declared(header .. "static inline int gn_c(void) { return gn_d(2); }\n"))
    assert.equal(2, #check_declared("a.h", header, "int x = gn_a(3); int *gn_bb(void) {}"))
    clean(check_declared("a.h", header, "int gn_a(int n) { }\nMAKE(gn_b, 3)\n"))
    local found = {}
    for _, path in ipairs(sources) do
      local own = path:gsub("%.h$", ".c")
      if own ~= path then
        local code = exists(own) and strip_c(read(own)) or ""
        for _, f in ipairs(check_declared(path, read(path), code)) do found[#found + 1] = f end
      end
    end
    clean(found)
  end)

  it("finds forbidden calls, but not in comments and strings", function()
    assert.equal(1, #check_words("csrc/kernels/a.c", "x = malloc (3);"))
    assert.equal(1, #check_words("csrc/tensor.c", "/* a */ free(p); \"b\""))
    assert.equal(1, #check_words("csrc/kernels/a.c", "#pragma omp parallel for\n"))
    local fine = "/* malloc(3) */ // free(p)\nchar *s = \"exit(\\\"1)\"; char c = '\"'; gn_free(p);"
    clean(check_words("csrc/kernels/a.c", fine))
    clean(check_words("csrc/storage.c", "p = malloc(3); free(p);"))
  end)

  it("allocates, prints and threads only where it may", function()
    local found = {}
    for _, path in ipairs(sources) do
      for _, f in ipairs(check_words(path, read(path))) do found[#found + 1] = f end
    end
    clean(found)
  end)

  it("lists every family of bindings once", function()
    local two = {"csrc/bind/b_a.c", "csrc/bind/b_b.c", "csrc/bind/check.c"}
    assert.equal(1, #check_families(two, "FAMILY(a)\n"))
    assert.equal(1, #check_families(two, "FAMILY(a)\n/* FAMILY(b) */\n"))
    assert.equal(1, #check_families(two, "FAMILY(a)\nFAMILY(b)\nFAMILY(c)\n"))
    assert.equal(1, #check_families(two, "FAMILY(a)\nFAMILY(b)\nFAMILY(a)\n"))
    clean(check_families(two, "/* FAMILY(f) is b_f.c */\nFAMILY(a)\nFAMILY(b)\n"))
    clean(check_families(sources, read "csrc/bind/families.def"))
  end)

  it("enumerates the dtypes in dtype.def alone", function()
    local tags = dtypes_in "/* DTYPE(X, x) */\nDTYPE(REAL, real)\nDTYPE(U8, u8)\nDTYPE(I32, i32)\nDTYPE(F64, f64)\n"
    assert.same({"REAL", "U8", "I32", "F64"}, tags)
    assert.equal(1, #check_dtypes("a.c", "switch (t) {\n  case GN_U8: f(); break;\n}", tags))
    assert.equal(1, #check_dtypes("a.h", "typedef enum { GN_REAL, GN_U8 } t;", tags))
    assert.equal(1, #check_dtypes("a.c", "static const gn_dtype may[] = {GN_REAL,\n GN_F64};", tags))
    local fine = "/* case GN_U8: */ gn_new_tensor(L, GN_U8, 2, n), gn_new_tensor(L, GN_I32, 1, &n);\n case GN_##TAG:"
    clean(check_dtypes("a.c", fine, tags))
    local found = {}
    tags = dtypes_in(read "csrc/dtype.def")
    assert.is_true(#tags >= 4)
    for _, path in ipairs(sources) do
      for _, f in ipairs(check_dtypes(path, read(path), tags)) do found[#found + 1] = f end
    end
    clean(found)
  end)

  it("says on top of every file what it is for", function()
    local found = {}
    for _, path in ipairs(files("csrc", "%.[chd]e?f?$")) do
      local name = path:match "[^/]+$"
      local head = "/* " .. name .. " - "
      if read(path):sub(1, #head) ~= head then found[#found + 1] = path .. ": does not begin with " .. head end
    end
    clean(found)
  end)
end)

-------------------------------------------------------------------------------------------------------------- Lua

-- Rooms from the bottom up. A module requires its own room and lower ones; rooms of one height do not know each other.
local ladder = {
  {"core", "wait"}, {"foreign"}, {"check", "random"}, {"state", "quantities"}, {"file"}, {"autograd"}, {"tensor"},
  {"ops"}, {"latent"},
  {"nn", "loss", "penalty", "augment", "optim", "schedule", "metric", "data"},
  {"model"}, {"game", "measure", "show", "command"}, {"train"},
}
local height = {}
for h, rooms in ipairs(ladder) do
  for _, room in ipairs(rooms) do height[room] = h end
end

-- `x = require "gan.y"` without comments; a module name that is computed is found by its prefix.
local function lua_requires(text)
  local list = {}
  text = text:gsub("%-%-%[%[.-%]%]", ""):gsub("%-%-[^\n]*", "")
  for name in text:gmatch "require%s*%(?%s*[\"']([%w_.]+)" do list[#list + 1] = name end
  return list
end

local function lua_room(module) return module:match "^gan%.([%w_]+)" end

local function check_requires(path, text)
  local found, module = {}, path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  if module == "gan" then return found end -- the facade is the top
  local room = lua_room(module)
  local own = height[room]
  if not own then return {path .. ": room " .. room .. " is not on the ladder"} end
  for _, name in ipairs(lua_requires(text)) do
    local other = lua_room(name)
    if name == "gan" then
      found[#found + 1] = path .. " requires the facade: take gan.core, gan.ops, gan.check, gan.random instead"
    elseif name:find "^gan" then
      local h = height[(other:gsub("^core64$", "core"))]
      if not h then found[#found + 1] = ("%s requires %s, which is not on the ladder"):format(path, name)
      elseif other ~= room and h >= own then
        found[#found + 1] = ("%s requires %s: imports go down"):format(path, name)
      end
    end
  end
  return found
end

-- Files of a room that its init.lua neither lists nor requires by name, and entries of the list that are no public
-- files. `internal`: stems of those whose head says @internal, which only the room itself uses.
-- name_of_list: what init.lua calls it, "files" where it is left out.
local function check_list(room, text, stems, internal, name_of_list)
  local found, listed, there = {}, {}, {}
  local function bad(fmt, ...) found[#found + 1] = fmt:format(...) end
  for _, stem in ipairs(stems) do there[stem] = true end
  for name in (text:match("local " .. (name_of_list or "files") .. " = (%b{})") or ""):gmatch '"([%w_]+)"' do
    if listed[name] then bad("%s/init.lua lists %s twice", room, name) end
    listed[name] = true
    if not there[name] then bad("%s/init.lua lists %s, but there is no such file", room, name)
    elseif internal[name] then bad("%s/init.lua lists %s, which says that it is internal", room, name) end
  end
  for _, stem in ipairs(stems) do
    local own = text:find(('"gan.%s.%s"'):format(room, stem), 1, true)
    if not listed[stem] and not internal[stem] and not own then
      bad("%s.lua is not in the list of %s/init.lua", stem, room)
    end
  end
  return found
end

-- Rocks that the library itself may use, and only in these rooms; the rest runs on the module alone.
local rocks = {argparse = "command", cjson = "file", lfs = "file data train", lxp = "file"}

describe("layout of lua/gan", function()
  local modules = files("lua/gan", "%.lua$")

  it("sees its modules", function() assert.is_true(#modules > 2) end)

  it("finds each kind of wrong require", function()
    for _, case in ipairs {
      {"lua/gan/ops/conv.lua", 'local nn = require "gan.nn"'},
      {"lua/gan/nn/conv.lua", "require('gan.loss.logistic')"},
      {"lua/gan/autograd/init.lua", 'require("gan.ops.pointwise")'}, {"lua/gan/nn/conv.lua", 'require "gan"'},
      {"lua/gan/shoes/init.lua", ""}, {"lua/gan/nn/conv.lua", 'require "gan.shoes"'},
    } do
      assert.equal(1, #check_requires(case[1], case[2]), case[1] .. ": " .. case[2])
    end
    local fine = '-- not require "gan.loss"\nrequire "gan.nn.module" require"gan.ops" require "lfs"'
    clean(check_requires("lua/gan/nn/conv.lua", fine))
    clean(check_requires("lua/gan/init.lua", 'require "gan.train"'))
  end)

  it("requires only downwards", function()
    local found = {}
    for _, path in ipairs(modules) do
      for _, f in ipairs(check_requires(path, read(path))) do found[#found + 1] = f end
    end
    clean(found)
  end)

  -- The ladder as lua/gan/README.md draws it, from the bottom up; the line above the rooms is for scripts and tests.
  local function ladder_of(text)
    local block, out = text:match "\nLadder.-\n```\n(.-)```", {}
    for line in (block or ""):gmatch "[^\n]+" do
      local rooms = {}
      for room in line:match "^(.-)%s%s":gmatch "%S+" do rooms[#rooms + 1] = room end
      table.insert(out, 1, rooms)
    end
    return out
  end

  -- The rocks as it lists them: `cjson in `file` alone; lfs in ...`.
  local function rocks_of(text)
    local out = {}
    for rock, rooms in (text:match "\nRocks:([^\n]*)" or ""):gmatch "(%w+) in ([^;.]*)" do
      local list = {}
      for room in rooms:gmatch "`(%w+)`" do list[#list + 1] = room end
      out[rock] = table.concat(list, " ")
    end
    return out
  end

  it("is what README.md says", function()
    local text = read "lua/gan/README.md"
    local drawn = ladder_of(text)
    assert.same({"experiments", "spec"}, table.remove(drawn))
    assert.same(ladder, drawn)
    assert.same(rocks, rocks_of(text))
    assert.not_same(ladder, ladder_of(text:gsub("\nlatent ", "\nother ")))
  end)

  it("registers every file of a room in the list of its init.lua", function()
    assert.equal("x.lua is not in the list of a/init.lua", check_list("a", 'local files = {"y"}', {"x", "y"}, {})[1])
    assert.equal("a/init.lua lists z, but there is no such file", check_list("a", 'local files = {"z"}', {}, {})[1])
    assert.equal("a/init.lua lists y twice", check_list("a", 'local files = {\n "y",\n "y"}', {"y"}, {})[1])
    local hidden = check_list("a", 'local files = {"y"}', {"y"}, {y = 1})
    assert.equal("a/init.lua lists y, which says that it is internal", hidden[1])
    clean(check_list("a", 'local z = require "gan.a.z"\nlocal files = {"y"}', {"x", "y", "z"}, {x = 1}))
    local found, rooms = {}, 0
    for _, path in ipairs(files("lua/gan", "^init%.lua$")) do
      local room, text = path:match "^lua/gan/(.+)/init%.lua$", read(path)
      if room and text:find "\nlocal files = {" then
        rooms = rooms + 1
        local stems, internal = {}, {}
        for _, file in ipairs(files("lua/gan/" .. room, "%.lua$")) do
          local stem = file:match("^lua/gan/" .. room .. "/([%w_]+)%.lua$")
          if stem and stem ~= "init" then stems[#stems + 1] = stem end
          if stem and read(file):find "\n%-%- @internal" then internal[stem] = true end
        end
        for _, f in ipairs(check_list(room, text, stems, internal)) do found[#found + 1] = f end
      end
    end
    local formats = {}
    for i, path in ipairs(files("lua/gan/data/format", "%.lua$")) do formats[i] = path:match "([%w_]+)%.lua$" end
    for _, f in ipairs(check_list("data", read "lua/gan/data/init.lua", formats, {}, "formats")) do
      found[#found + 1] = f
    end
    assert.is_true(rooms >= 13, rooms .. " rooms with a list")
    clean(found)
  end)

  it("uses rocks only where they belong", function()
    local found = {}
    for _, path in ipairs(modules) do
      for _, name in ipairs(lua_requires(read(path))) do
        local room = path:match "^lua/gan/([%w_]+)"
        if not name:find "^gan" and not (rocks[name] and rocks[name]:find(room, 1, true)) then
          found[#found + 1] = path .. " requires " .. name
        end
      end
    end
    clean(found)
  end)

  it("says on top of every module what it is for", function()
    local found = {}
    for _, path in ipairs(modules) do
      local head = (read(path) .. "\n"):match "^(%-%-.-)\n[^%-]" or ""
      if #head < 20 or not head:find "%." then found[#found + 1] = path .. " does not begin with a sentence" end
    end
    clean(found)
  end)
end)

------------------------------------------------------------------------------------------------------------- specs

-- These span several modules.
local wide = {
  words = true, registry = true, doc = true, layout = true, recipes = true, readme = true, memory = true, error = true,
  fuzz = true, torture = true, reentry = true, options = true, install = true, determinism = true, mistakes = true,
  output = true, hostile = true, states = true, ["experiments/all"] = true, ["experiments/latent"] = true}

describe("layout of spec", function()
  it("mirrors the modules", function()
    local found = {}
    for _, path in ipairs(files("spec", "_spec%.lua$")) do
      local stem = path:match "^spec/(.*)_spec%.lua$"
      local script = stem:match "^experiments/(.*)"
      local there = wide[stem] or stem == "train/golden"
        or (script and exists("experiments/" .. script .. ".lua"))
        or exists("lua/gan/" .. stem .. ".lua") or exists("lua/gan/" .. stem .. "/init.lua")
        or exists("csrc/" .. stem .. ".c") or exists("csrc/kernels/" .. stem .. ".c")
      if not there then found[#found + 1] = path .. " mirrors no module" end
    end
    clean(found)
  end)

  -- Specs say assert.equal and assert.not_same, never the longer forms of luassert.
  local function long_forms(path, text)
    local found = {}
    for word in text:gmatch "assert%.(are[%w_]*%.?%w*)" do found[#found + 1] = path .. ": " .. word end
    return found
  end

  it("asserts in one dialect", function()
    local text = ("_.equal(1, 1) _.are.equal(1, 1) _.are_not.same({}, {})"):gsub("_%.", "assert.")
    assert.same({"a: are.equal", "a: are_not.same"}, long_forms("a", text))
    local found = {}
    for _, path in ipairs(files("spec", "%.lua$")) do
      for _, f in ipairs(long_forms(path, read(path))) do found[#found + 1] = f end
    end
    clean(found)
  end)
end)

------------------------------------------------------------------------------------------------------------- width

local WIDTH = 120

-- Lines of a text that are too wide, in characters.
local function wide_lines(path, text)
  local found, number = {}, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    local n = utf8.len(line) or #line
    if n > WIDTH then found[#found + 1] = ("%s:%d has %d characters"):format(path, number, n) end
  end
  return found
end

local function is_text(path)
  return path:find "%.[ch]$" or path:find "%.def$" or path:find "%.lua$" or path:find "%.md$" or path:find "%.py$"
    or path:find "%.sh$" or path:find "%.ld$" or path:find "%.rockspec$" or path:find "^%.ci/" or path:find "^Makefile$"
    or path:find "^%.luacheckrc$" or path:find "^%.busted$"
end

-- Lua's own order of strings is that of the host's locale.
describe("order of strings", function()
  it("is that of core.sort", function()
    local found = {}
    for _, path in ipairs(files("lua/gan", "%.lua$")) do
      for line in read(path):gmatch "[^\n]*table%.sort%([%w_.]+%)[^\n]*" do
        local fine = line:find "%-%- numbers$" or line:find('"', 1, true)
        if not fine then found[#found + 1] = path .. ": " .. line end
      end
    end
    clean(found)
  end)
end)

describe("width of the tree", function()
  it("finds lines over 120 characters", function()
    local full = ("é"):rep(WIDTH)
    clean(wide_lines("a.md", full .. "\nb\n" .. full))
    assert.same({"a.md:2 has 121 characters"}, wide_lines("a.md", "b\n" .. full .. "c\n"))
  end)

  it("is 120 columns", function()
    local found, paths = {}, {}
    for name in lfs.dir "." do
      if lfs.attributes(name, "mode") == "file" then paths[#paths + 1] = name end
    end
    for _, root in ipairs {".ci", "csrc", "lua", "spec", "experiments"} do files(root, ".", paths) end
    local seen = 0
    for _, path in ipairs(paths) do
      if is_text(path) then
        seen = seen + 1
        for _, f in ipairs(wide_lines(path, read(path))) do found[#found + 1] = f end
      end
    end
    assert.is_true(seen > 400, seen .. " files")
    clean(found)
  end)
end)

-- A room that grows beyond its bound is doing something that has a room of its own.
describe("bounds of train", function()
  it("hold: 1,600 lines in all, 360 in run.lua", function()
    local total = 0
    for _, path in ipairs(files("lua/gan/train", "%.lua$")) do
      local _, lines = read(path):gsub("\n", "")
      total = total + lines
      if path:find "run%.lua$" then assert.is_true(lines <= 360, lines .. " lines") end
    end
    assert.is_true(total > 1000 and total <= 1600, total .. " lines")
  end)
end)
