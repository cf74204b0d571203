-- A script's own values through a checkpoint file and back: plain tables in place, pairs of functions, streams.
local gan = require "gan"
local core = require "gan.core"
local keep = require "gan.train.parts"
local temp = require "spec.support.temp"

local checkpoint = gan.file.safetensors

describe("train.parts", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function through_file(part)
    local path = dir .. "/x.safetensors"
    assert(checkpoint.save(path, {part = part:state()}))
    return assert(checkpoint.load(path)).part or {}
  end

  it("keeps plain tables, in place", function()
    local rng, t = gan.rng(3, "mine"), gan.tensor {1, 2}
    local own = {
      count = 3, rate = 0.1, word = "ok", on = true, list = {5, 6, {7}}, weights = t, noise = rng, gone = 1, empty = {},
    }
    local part = keep.part("own", own)
    rng:normal {5}
    local saved = through_file(part)
    local expected = core.to_bytes(rng:normal {4})
    own.count, own.rate, own.word, own.on, own.list, own.new = 9, 1, "no", nil, {}, {1}
    t:fill_(0)
    part:load(saved)
    assert.same({3, 0.1, "ok", true, {5, 6, {7}}}, {own.count, own.rate, own.word, own.on, own.list})
    assert.equal("integer", math.type(own.count))
    assert.is_nil(own.new)
    assert.equal(t, own.weights)
    assert.same({1, 2}, t:to_table())
    assert.equal(rng, own.noise)
    assert.equal(expected, core.to_bytes(rng:normal {4}))
  end)

  it("makes what is no longer there", function()
    local own = {noise = gan.rng(4, "a"), t = gan.ones(2)}
    local expected = core.to_bytes(gan.rng(4, "a"):normal {3})
    local part = keep.part("own", own)
    local saved = through_file(part)
    own.noise, own.t = nil, gan.ones(3)
    part:load(saved)
    assert.equal(expected, core.to_bytes(own.noise:normal {3}))
    assert.same({1, 1}, own.t:to_table())
  end)

  it("keeps what closures hold by two functions", function()
    for _, value in ipairs {7, 0.5, "text", false, {1, {a = "x"}}} do
      local held = value
      local part = keep.part("held", {state = function() return held end, load = function(_, v) held = v end})
      local saved = through_file {state = function() return {v = part:state()} end}
      held = nil
      part:load(saved.v)
      assert.same(value, held)
    end
    local rng = gan.rng(5)
    local part = keep.part("held", {state = function() return rng end, load = function(_, v) rng = v end})
    local packed = part:state()
    local expected = core.to_bytes(rng:normal {3})
    part:load(packed)
    assert.equal(expected, core.to_bytes(rng:normal {3}))
    local net = gan.nn.linear {2, 2}
    assert.equal(net, keep.part("net", net))
  end)

  it("says at once what cannot be kept", function()
    local ring = {}
    ring.self = ring
    for what, v in pairs {
      ["'x.f': expected numbers, strings"] = {f = print},
      ["'x.self': expected numbers"] = ring,
      ["'x': expected a table of plain values, or something with state() and load(), got 7"] = 7,
      ["'x': expected a table of plain"] = {state = print},
    } do
      local ok, message = pcall(keep.part, "x", v)
      assert.is_false(ok, what)
      assert.is_truthy(message:find(what, 1, true), message)
    end
  end)
end)
