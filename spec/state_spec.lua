-- Saving and loading of fields; the optimisers' specs do the rest.
local gan, near = require "spec.support.double", require "spec.support.near"
local state = gan.require "gan.state"
local temp = require "spec.support.temp"

describe("state", function()
  it("restores tensors, integers and floats", function()
    local a = {list = {gan.tensor {1, 2}}, n = 3, x = 0.5}
    local b = {list = {gan.zeros(2)}, n = 0, x = 0.0}
    state.load("thing", b, state.state(a, {"list"}, {"n", "x"}), {"list"}, {"n", "x"})
    near({1, 2}, b.list[1])
    assert.same({3, 0.5}, {b.n, b.x})
    state.load("thing", b, {["list.1"] = gan.ones(2), n = 4.0, x = 2}, {"list"}, {"n", "x"})
    assert.equal("integer", math.type(b.n))
  end)

  it("names what does not fit, and changes nothing", function()
    local b = {n = 1, x = 0.5}
    local function load(s) return function() state.load("thing", b, s, {}, {"n", "x"}) end end
    assert.error_matches(load {n = 2}, "thing: state: 'x' is missing")
    assert.error_matches(load {n = 2, x = "y"}, "'x': expected a number, got string 'y'")
    assert.error_matches(load {n = 2.5, x = 1}, "'n': expected an integer >= 0, got 2.5")
    assert.error_matches(load {n = 2, x = 1, z = 1}, "unknown entry 'z'")
    assert.error_matches(load(nil), "expected a table")
    assert.same({n = 1, x = 0.5}, b)
  end)

  it("packs plain values, tensors and streams, and makes them again", function()
    local rng, t = gan.rng(5, "x"), gan.tensor {1, 2}
    rng:normal {3}
    local packed = state.pack("own", {n = 3, x = 0.5, word = "a", on = true, list = {1, {2}}, t = t, noise = rng})
    assert.same({3, 0.5, "a", true, {1, {2}}}, {packed.n, packed.x, packed.word, packed.on, packed.list})
    assert.equal(t, packed.t)
    assert.same({"rng", rng:state()}, packed.noise)
    local own = state.unpack(packed)
    assert.same({3, 0.5, "a", true, {1, {2}}}, {own.n, own.x, own.word, own.on, own.list})
    assert.equal(t, own.t)
    assert.not_equal(rng, own.noise)
    near(rng:normal({4}):to_table(), own.noise:normal({4}), 0)
    assert.equal(7, state.unpack(7))
    assert.same({"rng", 1}, state.unpack {"rng", 1}) -- a list of the script's
    local twice = {1}
    assert.same({a = {1}, b = {1}}, state.pack("own", {a = twice, b = twice}))
  end)

  it("names what it cannot pack", function()
    assert.error_matches(function() state.pack("own", {a = {b = print}}) end,
      "save_with: 'own.a.b': expected numbers, strings, booleans, tensors, .*, got function")
    local circle = {}
    circle.next = {circle}
    assert.error_matches(function() state.pack("own", circle) end, "'own.next.1': .*, got a table that holds itself")
    assert.error_matches(function() state.pack("own", io.stdout) end, "'own': .*, got userdata")
  end)

  it("finds what is not finite", function()
    assert.equal("net.b.2", state.not_finite("net", {a = gan.ones(2), b = {gan.ones(1), gan.tensor {1, 0 / 0}}}))
    assert.equal("x", state.not_finite("x", gan.full({2}, math.huge)))
    local many = {}
    for i = 122, 97, -1 do many[string.char(i)] = gan.full({}, math.huge) end
    assert.equal("net.a", state.not_finite("net", many)) -- of several the first: a run says the same every time
    assert.is_nil(state.not_finite("net", {a = gan.ones(2), n = 0 / 0, y = gan.tensor({1}, "i32")}))
  end)
end)

-- A script's own values through a checkpoint file and back: plain tables in place, pairs of functions, streams.
describe("state.part", function()
  local gan, core = require "gan", require "gan.core" -- luacheck: ignore gan
  local state, checkpoint = require "gan.state", gan.file.safetensors -- luacheck: ignore state
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
    local part = state.part("own", own)
    rng:normal {5}
    local saved = through_file(part)
    local expected = core.to_bytes(rng:normal {4})
    own.count, own.rate, own.word, own.on, own.list, own.new = 9, 1, "no", nil, {}, {1}
    local empty = own.empty
    empty[1] = "not then"
    t:fill_(0)
    part:load(saved)
    assert.same({3, 0.1, "ok", true, {5, 6, {7}}}, {own.count, own.rate, own.word, own.on, own.list})
    assert.equal("integer", math.type(own.count))
    assert.is_nil(own.new)
    assert.equal(empty, own.empty)
    assert.same({}, empty)
    assert.equal(t, own.weights)
    assert.same({1, 2}, t:to_table())
    assert.equal(rng, own.noise)
    assert.equal(expected, core.to_bytes(rng:normal {4}))
  end)

  it("makes what is no longer there", function()
    local own = {noise = gan.rng(4, "a"), t = gan.ones(2)}
    local expected = core.to_bytes(gan.rng(4, "a"):normal {3})
    local part = state.part("own", own)
    local saved = through_file(part)
    own.noise, own.t = nil, gan.ones(3)
    part:load(saved)
    assert.equal(expected, core.to_bytes(own.noise:normal {3}))
    assert.same({1, 1}, own.t:to_table())
  end)

  it("keeps what closures hold by two functions", function()
    for _, value in ipairs {7, 0.5, "text", false, {1, {a = "x"}}} do
      local held = value
      local part = state.part("held", {state = function() return held end, load = function(_, v) held = v end})
      local saved = through_file {state = function() return {v = part:state()} end}
      held = nil
      part:load(saved.v)
      assert.same(value, held)
    end
    local rng = gan.rng(5)
    local part = state.part("held", {state = function() return rng end, load = function(_, v) rng = v end})
    local packed = part:state()
    local expected = core.to_bytes(rng:normal {3})
    part:load(packed)
    assert.equal(expected, core.to_bytes(rng:normal {3}))
    local net = gan.nn.linear {2, 2}
    assert.equal(net, state.part("net", net))
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
      local ok, message = pcall(state.part, "x", v)
      assert.is_false(ok, what)
      assert.is_truthy(message:find(what, 1, true), message)
    end
  end)
end)
