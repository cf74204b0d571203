-- Historical averaging: the mean, the gradient, the bilinear game, state.
local gan, near = require "spec.support.double", require "spec.support.near"

describe("historical", function()
  it("draws to the mean of all values so far", function()
    local p = gan.tensor({1, 2}):requires_grad_()
    local h = gan.penalty.historical {params = {p}, weight = 0.5}
    near(0, h())
    gan.no_grad(function() p:copy_(gan.tensor {3, 2}) end)
    local y = h() -- mean (2, 2)
    near(0.5, y)
    near({1, 0}, gan.grad(y, {p})[1]) -- 2 weight (p - mean)
    gan.no_grad(function() p:copy_(gan.tensor {5, 8}) end)
    near(0.5 * (2 ^ 2 + 4 ^ 2), h()) -- mean (3, 4)
  end)

  it("makes the bilinear game min_x max_y x y spiral in, which diverges without it", function()
    local function play(weight, steps, marks)
      local x, y = gan.tensor({1}):requires_grad_(), gan.tensor({1}):requires_grad_()
      local hx = gan.penalty.historical {params = {x}, weight = weight}
      local hy = gan.penalty.historical {params = {y}, weight = weight}
      local opt, seen = gan.optim.sgd({x, y}, {lr = 0.1}), {}
      for t = 1, steps do
        local up = gan.grad((x * y):sum() + hx(), {x})[1]
        opt:step {up, gan.grad(hy() - (x * y):sum(), {y})[1]}
        if marks[t] then seen[#seen + 1] = math.sqrt(x:get(1) ^ 2 + y:get(1) ^ 2) end
      end
      return seen
    end
    local r = play(0.1, 1000, {[100] = true, [1000] = true})
    near({0.44, 0.0045}, r, 5e-3)
    assert.is_true(r[2] < 0.006 and play(0, 300, {[300] = true})[1] > 4)
  end)

  it("goes on from its state as if never stopped", function()
    local function fresh()
      local p = gan.tensor({1, 2}):requires_grad_()
      return p, gan.penalty.historical {params = {p}}
    end
    local p, a = fresh()
    local q, b = fresh()
    for i = 1, 5 do
      gan.no_grad(function() p:copy_(gan.tensor {i, i * i}) end)
      a()
    end
    b:load(a:state())
    gan.no_grad(function() q:copy_(p) end)
    near(a():item(), b())
    assert.equal(6, b.t)
    assert.error_matches(function() b:load {t = 1} end, "historical: state: 'mean.1' is missing")
    assert.error_matches(function() b:load {t = -1, ["mean.1"] = gan.zeros(2)} end, "'t': expected an integer")
    assert.equal(6, b.t)
  end)

  it("keeps the gradients of one step when the next is taken", function()
    local p = gan.tensor({1}):requires_grad_()
    local h = gan.penalty.historical {params = {p}}
    local first = h()
    h()
    near({0}, gan.grad(first, {p})[1])
  end)

  it("names what is wrong", function()
    assert.error_matches(function() gan.penalty.historical() end,
      "'params': expected a list of tensors %(net:params%(%)%), got nil")
    assert.error_matches(function() gan.penalty.historical {params = {gan.ones(1)}} end,
      "tracked real tensors .*, which entry 1 is not")
    assert.error_matches(function() gan.penalty.historical {params = {3}} end, "entry 1 is not")
  end)
end)
