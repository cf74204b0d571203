-- Moving averages: the formula, no drift in float, state, wrong input; and core.ema_ on single tensors.
local double, float = require "spec.support.double", require "gan"

describe("ema", function()
  it("averages", function()
    local p = double.tensor {1, 2}
    local ema = double.optim.ema({p}, {decay = 0.9})
    assert.same({1, 2}, ema.shadow[1]:to_table())
    ema:update {double.tensor {2, 2}}
    ema:update {double.tensor {3, 2}}
    assert.is_true(math.abs(ema.shadow[1]:get(1) - 1.29) < 1e-12)
    assert.same({1, 2}, p:to_table())
  end)

  it("follows the parameters it was made for", function()
    local p = double.tensor {1}
    local ema = double.optim.ema({p}, {decay = 0.5})
    p:set_(3, 1)
    ema:update()
    assert.equal(2, ema.shadow[1]:get(1))
  end)

  it("copies with decay 0, and stays with decay 1", function()
    local ema = double.optim.ema({double.tensor {0 / 0}}, {decay = 0})
    ema:update {double.tensor {7}}
    assert.equal(7, ema.shadow[1]:get(1))
    ema.decay = 1
    ema:update {double.tensor {8}}
    assert.equal(7, ema.shadow[1]:get(1))
  end)

  it("does not drift in float", function()
    local p = float.tensor {0.7}
    local ema = float.optim.ema({p}, {decay = 0.9999})
    for _ = 1, 2000 do ema:update() end
    assert.equal(p:get(1), ema.shadow[1]:get(1))
  end)

  it("saves its shadow", function()
    local one = double.optim.ema({double.tensor {1}})
    one:update {double.tensor {5}}
    local two = double.optim.ema({double.tensor {9}})
    two:load(one:state())
    assert.equal(one.shadow[1]:get(1), two.shadow[1]:get(1))
  end)

  it("names what is wrong", function()
    local ema = double.optim.ema({double.ones(2), double.ones(3)})
    assert.error_matches(function() ema:update {double.ones(2)} end, "expected a list of 2 tensors")
    assert.error_matches(function() ema:update {double.ones(2), double.ones(4)} end,
      "ema_: .*'values%[2%]' %(expected %(3%) to match averages%[2%], got %(4%)")
    assert.error_matches(function() double.optim.ema({double.ones(2)}, {decay = 2}) end, "decay")
  end)
end)

describe("core.ema_", function()
  local core = double.require "gan.core"

  it("takes two tensors, as running statistics are kept", function()
    local r = double.zeros(1)
    core.ema_(r, double.tensor {2.5}, 0.1)
    assert.equal(0.25, r:get(1))
  end)

  it("refuses what does not fit", function()
    assert.error_matches(function() core.ema_(double.zeros(2), double.zeros(3), 0.1) end, "expected %(2%)")
    assert.error_matches(function() core.ema_(double.zeros(2), {}, 0.1) end, "a tensor")
    assert.error_matches(function() core.ema_({}, double.zeros(2), 0.1) end, "a list")
    assert.error_matches(function() core.ema_(double.zeros(2), double.zeros(2)) end, "rate")
    assert.error_matches(function() core.ema_(double.zeros(2, 3):transpose(), double.zeros(3, 2), 0.1) end,
      "not contiguous")
  end)
end)
