-- Lazy regularisation: when, how much, Adam's factors, state.
local gan, near, critic = require "spec.support.double", require "spec.support.near", require "spec.support.critic"

describe("lazy", function()
  it("runs at the first call and every k-th, k times as strong", function()
    local D, w = critic.linear(gan)
    local p, x = gan.penalty.lazy(gan.penalty.r1 {gamma = 2}, 4), gan.ones(1, 2)
    local seen = {}
    for i = 1, 9 do
      local due = p:due()
      local y = p(D, x)
      assert.equal(due, y:requires_grad())
      seen[i] = y:item()
      if due then near({{4 * 2 * 3}, {4 * 2 * -4}}, gan.grad(y, {w})[1]) end
    end
    near({100, 0, 0, 0, 100, 0, 0, 0, 100}, seen)
  end)

  it("hands out the penalty by turns", function()
    local r1 = gan.penalty.r1()
    local p = gan.penalty.lazy(r1, 3)
    for i = 0, 6 do assert.equal(i % 3 == 0 and r1 or nil, p:turn()) end
  end)

  it("corrects Adam's options", function()
    local function p(k) return gan.penalty.lazy(function() end, k) end
    local o = p(16):adam {lr = 0.0025, beta1 = 0, beta2 = 0.99, eps = 1e-8}
    near({0.0025 * 0.9411764706, 0, 0.9905854573, 1e-8}, {o.lr, o.beta1, o.beta2, o.eps})
    o = p(4):adam {lr = 1, beta2 = 0.99}
    near({0.8, 0.9919919678}, {o.lr, o.beta2})
    assert.is_nil(o.beta1)
    assert.error_matches(function() p(4):adam {lr = "x"} end, "Lazy:adam: option 'lr': expected a number >= 0")
    assert.error_matches(function() p(4):adam {lt = 1} end, "Lazy:adam: unknown option 'lt' %(did you mean 'lr'%?%)")
  end)

  it("keeps its place and the penalty's memory", function()
    local function D(x) return x:sum(2) end
    local function fresh() return gan.penalty.lazy(gan.penalty.lecam(), 3) end
    local a, b = fresh(), fresh()
    for i = 1, 5 do a(D, gan.tensor {{i}}, gan.tensor {{-i}}) end
    b:load(a:state())
    for _ = 1, 4 do near(a(D, gan.tensor {{1}}, gan.tensor {{2}}):item(), b(D, gan.tensor {{1}}, gan.tensor {{2}})) end
    local plain = gan.penalty.lazy(gan.penalty.r1(), 2)
    plain:load {t = 3}
    assert.is_false(plain:due())
    assert.same({t = 3}, plain:state())
    assert.error_matches(function() plain:load {} end, "lazy: state: 't' is missing")
    assert.error_matches(function() a:load {t = 1} end, "lecam: bad argument #1 'state'")
  end)

  it("names what is wrong", function()
    assert.error_matches(function() gan.penalty.lazy(3, 4) end,
      "lazy: bad argument #1 'p' %(expected a penalty or a function, got 3")
    assert.error_matches(function() gan.penalty.lazy(gan.penalty.r1(), 0) end, "'k' %(expected an integer >= 1")
  end)
end)
