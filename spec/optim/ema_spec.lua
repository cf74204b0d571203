-- Moving averages: the formula, no drift in float, state, wrong input; and core.ema_ on single tensors.
local double, float = require "spec.support.double", require "gan"

local function zeros_like(gan, params)
  local out = {}
  for i, p in ipairs(params) do out[i] = gan.zeros(p:shape()) end
  return out
end

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

  it("averages a net's statistics by the same decay, and nothing else", function()
    local nn = double.nn
    local net = nn.chain {nn.spectral_norm(nn.linear {2, 1, rng = double.rng(1)}), nn.batch_norm {1}}
    local norm, u = net[2], net[1].norm.u
    local ema = double.optim.ema(net, {decay = 0.75})
    assert.equal(#net:params(), #ema.shadow)
    assert.same({norm.running_mean, norm.running_var}, ema.statistics)
    assert.same({{0}, {1}}, {ema.shadow_statistics[1]:to_table(), ema.shadow_statistics[2]:to_table()})
    norm.running_mean:set_(4, 1)
    norm.running_var:set_(3, 1)
    ema:update()
    assert.same({{1}, {1.5}}, {ema.shadow_statistics[1]:to_table(), ema.shadow_statistics[2]:to_table()})
    local optimiser = double.optim.adam(net:params(), {lr = 0})
    optimiser:step(zeros_like(double, net:params()), ema)
    assert.same({{1.75}, {1.875}}, {ema.shadow_statistics[1]:to_table(), ema.shadow_statistics[2]:to_table()})
    u:set_(9, 1)
    local inside = nn.with_average(ema, function()
      return {norm.running_mean:to_table(), norm.running_var:to_table(), u:to_table()}
    end)
    assert.same({{1.75}, {1.875}, {9}}, inside)
    assert.same({{4}, {3}, {9}}, {norm.running_mean:to_table(), norm.running_var:to_table(), u:to_table()})
  end)

  it("takes statistics of any layer that names its own, once where it is met twice", function()
    local nn = float.nn
    local own = nn.class "own"
    own.batch_statistics = {"seen"}
    function own:init() self.seen, self.other, self.momentum = float.zeros(2), float.zeros(2), 0.1 end
    function own.forward(_, x) return x end
    local shared = nn.batch_norm {2}
    local net = nn.chain {nn.linear {2, 2}, own(), shared, nn.chain {shared}, nn.conditional_batch_norm {2, 3}}
    assert.same({net[2].seen, shared.running_mean, shared.running_var, net[5].running_mean, net[5].running_var},
      net:statistics())
    assert.error_matches(function() net.statistics() end, "statistics: expected a layer before the colon")
  end)

  it("goes on with a state of parameters alone: statistics begin as the net's", function()
    local nn = double.nn
    local net = nn.chain {nn.linear {2, 2, rng = double.rng(1)}, nn.batch_norm {2}}
    local old = double.optim.ema(net:params())
    old.shadow[1]:set_(7, 1, 1)
    net[2].running_mean:set_(5, 1)
    local ema = double.optim.ema(net)
    net[2].running_mean:set_(6, 1)
    ema:load(old:state())
    assert.equal(7, ema.shadow[1]:get(1, 1))
    assert.same({6, 0}, ema.shadow_statistics[1]:to_table())
    local again = double.optim.ema(net)
    ema.shadow_statistics[1]:set_(3, 2)
    again:load(ema:state())
    assert.same({6, 3}, again.shadow_statistics[1]:to_table())
    local state = ema:state()
    state["shadow_statistics.2"] = nil
    assert.error_matches(function() again:load(state) end, "'shadow_statistics.2' is missing")
    assert.error_matches(function() old:load(ema:state()) end, "unknown entry 'shadow_statistics")
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
