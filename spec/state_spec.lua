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
end)
