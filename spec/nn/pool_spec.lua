-- global_pool: sum, mean and maximum over the positions.
local gan = require "gan"
local double = require "spec.support.double"
local nn = gan.nn

describe("global_pool", function()
  it("takes all positions together", function()
    local x = gan.tensor {{{{1, -1}, {2, 0}}, {{3, 5}, {6, -4}}}}
    assert.same({{12, 0}}, nn.global_pool {mode = "sum"}(x):to_table())
    assert.same({{3, 0}}, nn.global_pool {}(x):to_table())
    assert.same({{6, 5}}, nn.global_pool {mode = "max"}(x):to_table())
    assert.same({2}, nn.global_pool {}:shape {2, 2, 2})
    assert.equal("global_pool sum", nn.global_pool {mode = "sum"}:describe())
  end)

  it("has gradients to order two", function()
    for _, mode in ipairs {"sum", "mean", "max"} do
      local layer = double.nn.global_pool {mode = mode}
      assert(double.gradcheck(function(x) return layer(x):tanh() end, {double.rng(1):normal {2, 2, 3, 2}}, {order = 2}))
    end
  end)

  it("names what is wrong", function()
    assert.matches("nn.global_pool: option 'mode': expected 'mean', 'sum' or 'max', got 3",
      select(2, pcall(nn.global_pool, {mode = 3})))
    assert.matches("nn.global_pool: bad argument #1 'x' %(expected real %(N,H,W,C%)",
      select(2, pcall(nn.global_pool {}, gan.zeros(1, 2))))
    assert.matches("expected input", select(2, pcall(nn.chain, {input = {3}, nn.global_pool {}})))
  end)
end)
