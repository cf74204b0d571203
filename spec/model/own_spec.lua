-- Nets of one's own: a file that returns two functions; what is no such file, in one line; what a run can keep.
local gan = require "gan"
local lfs = require "lfs"
local own = require "gan.model.own"
local temp = require "spec.support.temp"

local NETS = [[
local nn = require("gan").nn
return {
  generator = function(opt) return nn.chain {nn.linear {opt.z, opt.ngf, rng = opt.rng}} end,
  discriminator = function() return 5 end,
}
]]

describe("model.own", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function file(name, source)
    temp.write(dir .. "/" .. name, source)
    return dir .. "/" .. name
  end

  it("opens a file, and makes its nets", function()
    local f = assert(own.open(file("nets.lua", "#!/usr/bin/env lua5.4\n" .. NETS)))
    assert.same({"nets.lua", "#!/usr/bin/env lua5.4\n" .. NETS}, {f.name, f.text})
    assert.matches("^crc32:%x%x%x%x%x%x%x%x$", f.hash)
    assert.same({4, 3}, f:make("generator", {z = 4, ngf = 3, rng = gan.rng(1)})[1].weight:shape())
    assert.not_equal(f.hash, own.open(file("nets.lua", NETS)).hash)
    assert.error_matches(function() f:make("discriminator", {}) end,
      "nets.lua: discriminator: expected a net, it returns 5")
    f = assert(own.open(file("one.lua", "return {generator = function() error {} end}")))
    assert.error_matches(function() f:make("discriminator", {}) end, "one.lua: has no function 'discriminator'")
    assert.is_true(own.is_file "a/nets.lua")
    for _, name in ipairs {"dcgan", "lua", "nets.lua.png"} do assert.is_false(own.is_file(name)) end
    assert.is_false(own.is_file(nil))
  end)

  it("says in one line what is no such file, and where", function()
    for source, what in pairs {
      ["return {"] = "nets.lua:1: ", ["\27Lua"] = "attempt to load a binary chunk", [""] = "it returns nil",
      ["return 7"] = "expected a file that returns {generator = f, discriminator = f}, it returns 7",
      ["return {generator = 3}"] = "it returns a table without them",
      ["\nlocal x = nil + 1"] = "nets.lua:2: attempt to perform arithmetic on a nil value",
      ["error('no', 0)"] = "nets.lua: no",
    } do
      local f, message = own.open(file("nets.lua", source))
      assert.is_nil(f)
      assert.is_truthy(message:find(what, 1, true), message)
      assert.is_truthy(message:find(dir, 1, true), message)
      assert.is_nil(message:find "\n")
    end
    assert.matches("none.lua: No such file", select(2, own.open(dir .. "/none.lua")))
    assert.error_matches(function() own.open() end, "model.own.open: bad argument #1 'path'")
  end)

  it("knows options that can be kept", function()
    local f = assert(own.open(file("nets.lua", NETS)))
    f:check_plain {a = 1, b = "x", c = true, d = {1, {2, "y"}}}
    f:check_plain()
    for _, v in ipairs {gan.tanh, gan.ones(2), {x = {gan.tanh}}} do
      assert.error_matches(function() f:check_plain {act = v} end,
        "nets.lua: option 'act': expected a plain value, from which the net can be made again, got")
    end
  end)

  it("lies beside the script that names it, or beside the one that this links to", function()
    local beside = gan.file.text.beside
    lfs.mkdir(dir .. "/a")
    lfs.mkdir(dir .. "/b")
    temp.write(dir .. "/a/s.lua", "")
    temp.write(dir .. "/a/nets.lua", "")
    lfs.link("../a/s.lua", dir .. "/b/s.lua", true)
    lfs.link(dir .. "/a/s.lua", dir .. "/b/t.lua", true)
    assert.equal(dir .. "/a/nets.lua", beside(dir .. "/a/s.lua", "nets.lua"))
    assert.equal(dir .. "/b/../a/nets.lua", beside(dir .. "/b/s.lua", "nets.lua"))
    assert.equal(dir .. "/a/nets.lua", beside(dir .. "/b/t.lua", "nets.lua"))
    temp.write(dir .. "/b/nets.lua", "")
    assert.equal(dir .. "/b/nets.lua", beside(dir .. "/b/s.lua", "nets.lua"))
    assert.equal("x/nets.lua", beside("s.lua", "x/nets.lua"))
    assert.equal("/x/nets.lua", beside(dir .. "/a/s.lua", "/x/nets.lua"))
    assert.equal("nets.lua", beside(nil, "nets.lua"))
    assert.equal(dir .. "/a/none.lua", beside(dir .. "/a/s.lua", "none.lua"))
  end)
end)
