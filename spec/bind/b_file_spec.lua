-- Files that are never half there: made under a temporary name, and read.
local compiled = require "spec.support.compiled"
local core = require "gan.core"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"
local text = require "gan.file.text"

describe("files", function()
  local dir
  before_each(function() dir = temp.dir() end)
  after_each(function()
    collectgarbage()
    temp.clean()
  end)

  it("appear at their commit, and not at all without one", function()
    local path = dir .. "/a"
    local f = assert(core.file_create(path))
    assert.equal(f, f:write "abc")
    assert.is_truthy(table.concat(temp.list(dir), " "):find "^%.a%.gan%-[0-9a-v]+%.tmp$")
    f:close()
    f:close()
    assert.same({}, temp.list(dir))
    f = assert(core.file_create(path))
    f:write "abc"
    assert.is_true(f:commit())
    assert.equal("abc", temp.read(path))
    f = core.file_create(path)
    assert.is_truthy(f)
    f = nil -- luacheck: ignore
    collectgarbage()
    assert.same({"a"}, temp.list(dir))
  end)

  it("are summed as they are written and read, and may be written over before their commit", function()
    local path, large = dir .. "/sums", core.rng(1, "x"):normal {100001} -- more than a piece, and no multiple of one
    local f = assert(core.file_create(path))
    assert.same({f, (core.crc32 "abcdef")}, {f:write "abcdef"})
    assert.equal((core.crc32(large)), (select(2, f:write(large))))
    assert.equal(f, f:patch(1, "XY"))
    assert.is_true(f:commit())
    assert.equal("aXYdef" .. core.to_bytes(large), temp.read(path))
    f = assert(core.file_open(path))
    f:seek(6)
    local back = core.full({100001}, 0)
    assert.same({back, (core.crc32(large))}, {f:read_(back)})
    f:seek(6)
    assert.equal((core.crc32(temp.read(path):sub(7, 86))), (select(2, f:read_(core.full({10}, 0), 8)))) -- of doubles
    assert.error_matches(function() f:patch(0, "x") end, "is open for reading")
    f:close()
  end)

  it("refuse wrong use", function()
    local path = temp.write(dir .. "/b", "12345678")
    local f = assert(core.file_open(path))
    local t = core.full({2, 3}, 0)
    for _, call in ipairs {
      function() return f:write "x" end, function() return f:commit() end, function() return f:read(-1) end,
      function() return f:read() end,
      function() return f:read_(1) end,
      function() return f:read_(core.permute(t, {2, 1})) end,
      function() return f:read_(t, 2) end, function() return f:seek(-1) end, function() return f.read(7) end,
      function() return core.file_open() end,
      function() return core.file_open "a\0b" end,
      function() return core.file_create "" end,
      function() return core.file_open(("x"):rep(5000)) end, function() return core.file_fail_after(-1) end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.is_truthy(message:find "bad argument", message)
    end
    assert.same({nil, path .. ": the file ends too early"}, {f:read_(t)})
    assert.equal("12345678", assert(f:seek(0)):read(8))
    assert.is_nil((f:read(1)))
    f:close()
    assert.has_error(function() f:read(1) end)
  end)

  it("are locked once", function()
    local lock = assert(core.file_lock(dir))
    local second, message = core.file_lock(dir)
    assert.is_nil(second)
    assert.is_nil(message)
    lock:close()
    assert.is_truthy(core.file_lock(dir))
    second, message = core.file_lock(dir .. "/missing")
    assert.is_nil(second)
    assert.is_truthy(message:find "No such file")
  end)

  it("are made under a name that nothing has, and no link is followed to it", function()
    local path = dir .. "/a"
    for _ = 1, 2 do
      local f = assert(core.file_create(path))
      assert(f:write "x")
    end
    local names = temp.list(dir)
    assert.equal(2, #names)
    assert.not_equal(core.file_temp(path), core.file_temp(path))
    collectgarbage()
    assert.same({}, temp.list(dir))
  end)

  it("take the place of a link, whose file stays", function()
    temp.write(dir .. "/target", "old")
    assert(lfs.link("target", dir .. "/link", true))
    assert(lfs.link("nothing", dir .. "/dangling", true))
    for _, name in ipairs {"link", "dangling"} do
      assert.is_true(text.write(("%s/%s"):format(dir, name), "new"))
      assert.equal("file", lfs.symlinkattributes(("%s/%s"):format(dir, name), "mode"))
    end
    assert.equal("old", temp.read(dir .. "/target"))
    assert.same({"dangling", "link", "target"}, temp.list(dir))
  end)

  it("may have names as long as the file system takes", function()
    for _, name in ipairs {("x"):rep(255), ("é"):rep(127), "x" .. ("é"):rep(127), ("x"):rep(236)} do
      local f = assert(core.file_create(("%s/%s"):format(dir, name)))
      local temporary = temp.list(dir)[1]
      assert.is_true(#temporary <= 255)
      assert.is_truthy(utf8.len(temporary), temporary)
      assert.same({}, text.leftovers(dir))
      assert(f:write "x")
      assert.is_true(f:commit())
      assert.same({name}, temp.list(dir))
      assert.is_true(text.link(("%s/%s"):format(dir, name), dir .. "/b"))
      assert.same({"b", name}, temp.list(dir))
      os.remove(dir .. "/b")
      os.remove(("%s/%s"):format(dir, name))
    end
    local path = ("%s/%s"):format(dir, ("x"):rep(256))
    assert.same({nil, path .. ": cannot write: File name too long"}, {core.file_create(path)})
  end)

  it("left behind are found, and those that somebody writes are not", function()
    local f = assert(core.file_create(dir .. "/a"))
    local program = temp.write(dir .. "/p.lua", [[
      package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
      package.cpath = (os.getenv "GAN_BUILD" or "build") .. "/?.so;" .. package.cpath
      require "gan.wait"
      local core, text = require "gan.core", require "gan.file.text"
      local f = assert(core.file_create(arg[1] .. "/b"))
      f:write "half"
      if arg[2] then return print(#text.leftovers(arg[1])) end
      os.execute "kill -KILL $PPID"]])
    assert.same({0, "0\n", ""}, {script.run(program, dir .. " look")}) -- what others write is not left behind
    script.run(program, dir)
    os.remove(program)
    for _, name in ipairs {".b.tmp", ".gan-0.tmp.x", "b.gan-000000000000.tmp"} do
      temp.write(("%s/%s"):format(dir, name), "") -- none of ours
    end
    assert(lfs.link("a", dir .. "/.link.gan-000000000000.tmp", true))
    lfs.mkdir(dir .. "/.folder.gan-000000000000.tmp")
    local left = text.leftovers(dir)
    assert.equal(1, #left)
    assert.is_truthy(left[1]:find "^%.b%.gan%-[0-9a-v]+%.tmp$")
    local before = temp.list(dir)
    assert.same(left, text.leftovers(dir, true))
    assert.equal(#before - 1, #temp.list(dir))
    assert.same({}, text.leftovers(dir))
    assert.same({}, text.leftovers(dir .. "/none"))
    assert(f:write "x")
    assert.is_true(f:commit())
  end)

  it("are the business of the process that began them", function()
    local f = assert(core.file_create(dir .. "/a"))
    assert(f:write "x")
    local code = compiled.fork(function()
      local ok, message = pcall(f.write, f, "y")
      assert(not ok and message:find("is written by the process that began it", 1, true))
      f:close()
    end)
    if not code then return pending "no C compiler" end
    assert.equal(0, code)
    compiled.fork(function()
      f = nil
      collectgarbage()
    end)
    assert.is_true(f:commit())
    assert.equal("x", temp.read(dir .. "/a"))
  end)

  it("that are new are whole from the first", function()
    assert.is_true(core.file_new(dir .. "/a", "text"))
    assert.is_false(core.file_new(dir .. "/a", "other"))
    assert.equal("text", temp.read(dir .. "/a"))
    core.file_fail_after(2)
    assert.same({nil, dir .. "/b: cannot write: No space left on device"}, {core.file_new(dir .. "/b", "text")})
    core.file_fail_after(nil)
    assert.same({"a"}, temp.list(dir))
    local links = core.file_new(dir .. "/c/d", "text")
    assert.is_nil(links)
  end)

  it("say that they are larger than the process may write, in place of a signal that ends it", function()
    local program = temp.write(dir .. "/p.lua", [[
      package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
      package.cpath = (os.getenv "GAN_BUILD" or "build") .. "/?.so;" .. package.cpath
      require "gan.wait"
      local core = require "gan.core"
      local f = assert(core.file_create(arg[1] .. "/b"))
      print(select(2, f:write(("x"):rep(100000))))
      print(select(2, core.file_new(arg[1] .. "/c", ("x"):rep(100000))))
      io.open(arg[1] .. "/d", "w"):write(("x"):rep(100000))]])
    local limited = temp.write(dir .. "/limited.sh", ('ulimit -f 8\n"%s" "$@"\necho $?'):format(script.lua()))
    local code, out = script.run(limited, program .. " " .. dir, {lua = "sh"})
    assert.equal(0, code)
    local expected = ("%s/b: cannot write: File too large\n%s/c: cannot write: File too large\n"):format(dir, dir)
    assert.equal(expected, out:sub(1, #expected))
    assert.equal("153\n", out:sub(#expected + 1)) -- the host's own way with the signal is as it was
    assert.same({"d", "limited.sh", "p.lua"}, temp.list(dir))
  end)

  it("say that they lost their temporary file", function()
    local f = assert(core.file_create(dir .. "/a"))
    os.remove(("%s/%s"):format(dir, temp.list(dir)[1]))
    assert.same({nil, dir .. "/a: cannot write: No such file or directory"}, {f:commit()})
    assert.same({}, temp.list(dir))
  end)
end)
