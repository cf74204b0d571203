-- Saving and loading of fields; the optimisers' specs do the rest.
local gan, near = require "spec.support.double", require "spec.support.near"
local state = gan.require "gan.state"

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
    assert.is_nil(state.not_finite("net", {a = gan.ones(2), n = 0 / 0, y = gan.tensor({1}, "i32")}))
  end)
end)
