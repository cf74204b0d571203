-- gan.check: option tables, nearest names, and the line that an error blames.
local gan = require "gan"
local check = require "gan.check"

describe("check", function()
  it("suggests the nearest name", function()
    assert.equal("batch", check.nearest("bacth", {"batch", "steps", "beta1"}))
    assert.equal("outdir", check.nearest("outdri", {"outdir", "data"}))
    assert.is_nil(check.nearest("zzzzzz", {"batch", "steps"}))
  end)

  it("fills in defaults and refuses unknown options", function()
    local opt = check.options("f", {b = 2}, {a = 1, b = 0, c = check.none})
    assert.same({a = 1, b = 2}, opt)
    local ok, err = pcall(check.options, "f", {strde = 2}, {stride = 1, padding = 0})
    assert.is_false(ok)
    assert.truthy(err:find("f: unknown option 'strde' (did you mean 'stride'?)", 1, true))
    ok, err = pcall(check.options, "f", 3, {})
    assert.is_false(ok)
    assert.truthy(err:find("expected a table, got 3", 1, true))
  end)

  it("blames the user's line, not the library's", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, err = pcall(function() gan.grad(gan.zeros(2), {}) end)
    assert.is_false(ok)
    assert.truthy(err:find(("check_spec.lua:%d: grad:"):format(line), 1, true), err)
  end)

  it("checks integers and numbers", function()
    assert.equal(3, check.int("f", 1, "n", 3.0, 1))
    for _, bad in ipairs {0, 1.5, "3", 0 / 0} do
      local ok, err = pcall(check.int, "f", 1, "n", bad, 1)
      assert.is_false(ok)
      assert.truthy(err:find("f: bad argument #1 'n' (expected an integer >= 1", 1, true))
    end
    local ok, err = pcall(check.number, "f", 2, "p", 1.5, 0, 1)
    assert.is_false(ok)
    assert.truthy(err:find("bad argument #2 'p' (expected a number in [0,1], got 1.5)", 1, true))
  end)

  it("makes rooms whose files are fields on first use", function()
    local room = check.room("gan.schedule", {here = 1}, {linear = true})
    assert.equal(require "gan.schedule.linear", room.linear)
    assert.equal(room.linear, rawget(room, "linear"))
    assert.same({1}, {room.here, room.cosine, room.nothing, room[1], room["../check"]}) -- not public, not there, no names
    assert.equal(require "gan.schedule.cosine", check.room("gan.schedule", {}).cosine)
  end)

  it("knows what can be called, and a message without its place", function()
    for _, v in ipairs {print, setmetatable({}, {__call = print})} do assert.is_true(check.callable(v)) end
    for _, v in ipairs {1, "x", {}, setmetatable({}, {})} do assert.is_false(check.callable(v)) end
    assert.equal("op: wrong: 3", check.placeless("/a/b.lua:12: op: wrong: 3"))
    assert.equal("no place: here", check.placeless "no place: here")
  end)
end)
