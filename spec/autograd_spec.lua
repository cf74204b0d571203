-- The tape: which rules run, the version check, no_grad, detach, higher orders, ops of one's own, gradcheck, errors.
local gan = require "spec.support.double"
local core, autograd = gan.require "gan.core", gan.require "gan.autograd"

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok, "no error was raised")
  return err
end

local function leaf(v) return gan.tensor(v):requires_grad_() end

-- x * b + c, counting how often each rule runs.
local calls = {}
local function counted(i, f)
  return function(...)
    calls[i] = calls[i] + 1
    return f(...)
  end
end
local affine = autograd.op {
  name = "affine", private = true,
  forward = function(x, b, c) return core.add(core.mul(x, b), c) end,
  reads = {{2}, {1}, {}},
  grad = {
    counted(1, function(g, _, _, b) return g * b end),
    counted(2, function(g, _, x) return g * x end),
    counted(3, function(g) return g end),
  },
}

describe("grad", function()
  before_each(function() calls = {0, 0, 0} end)

  it("returns gradients in order, of the shapes of wrt", function()
    local a, b = leaf {{1, 2, 3}, {4, 5, 6}}, leaf {10, 20, 30}
    local g = gan.grad((a * b):sum(), {b, a, b})
    assert.same({5, 7, 9}, g[1]:to_table()) -- broadcasting summed up
    assert.same({{10, 20, 30}, {10, 20, 30}}, g[2]:to_table())
    assert.same({5, 7, 9}, g[3]:to_table())
    assert.same({}, gan.grad((a * b):sum(), {}))
  end)

  it("adds up over several uses", function()
    local x = leaf(3)
    local y = x * x + x
    assert.equal(7, gan.grad(y, {x})[1]:item())
    assert.equal(1, gan.grad(x, {x})[1]:item())
  end)

  it("takes a seed, and a result in the middle as wrt", function()
    local x = leaf {1, 2}
    local h = x * x
    local y = h * 3
    local g = gan.grad(y, {h, x}, {seed = gan.tensor {1, 10}})
    assert.same({3, 30}, g[1]:to_table())
    assert.same({6, 120}, g[2]:to_table())
  end)

  it("runs only the rules on a path to wrt", function()
    local z, w1, b1, w2, b2 = leaf(2), leaf(3), leaf(4), leaf(5), leaf(6)
    local y = affine(affine(z, w1, b1), w2, b2) -- as D(G(z)): w1 is G's, w2 is D's
    gan.grad(y, {w1}, {retain_graph = true})
    assert.same({1, 1, 0}, calls) -- through D's input, then G's weight; neither D's weight nor any bias
    calls = {0, 0, 0}
    gan.grad(y, {w2, b2})
    assert.same({0, 1, 1}, calls) -- D alone
  end)

  it("does not walk into what lies before every wanted tensor", function()
    local deep = leaf(1)
    for _ = 1, 50 do deep = affine(deep, gan.tensor(1), gan.tensor(0)) end
    local x = gan.ops.alias(deep)
    local y = affine(x, gan.tensor(2), gan.tensor(0))
    local asked, upstream = 0, core.node(deep)
    local inputs = upstream.inputs
    upstream.inputs = setmetatable({}, {__pairs = function()
      asked = asked + 1
      return pairs(inputs)
    end})
    assert.equal(2, gan.grad(y, {x}, {retain_graph = true})[1]:item())
    assert.equal(0, asked)
    upstream.inputs = inputs
    assert.same({1, 0, 0}, calls)
  end)

  it("keeps only what rules read", function()
    collectgarbage()
    collectgarbage()
    local x, before = leaf(2), core.memory().live
    local y = gan.full({1000}, 1) + x -- add reads nothing
    y = y:sum()
    collectgarbage()
    collectgarbage()
    assert.is_true(core.memory().live - before < 4000)
    assert.equal(1000, gan.grad(y, {x})[1]:item())
  end)

  it("frees the graph unless told otherwise", function()
    local x = leaf(2)
    local y = x * x * x
    gan.grad(y, {x}, {retain_graph = true})
    assert.equal(12, gan.grad(y, {x})[1]:item())
    assert.matches(
      "autograd_spec.lua:%d+: grad: the graph of 'mul' was already used by grad; pass {retain_graph = true}",
      message(gan.grad, y, {x}))
  end)

  it("differentiates to third order", function()
    local x = leaf {0.3, -0.7}
    local y = (x:tanh() * x):sum()
    local g1 = gan.grad(y, {x}, {create_graph = true})[1]
    local g2 = gan.grad(g1:sum(), {x}, {create_graph = true})[1]
    local g3 = gan.grad(g2:sum(), {x})[1]
    for i, v in ipairs {0.3, -0.7} do
      local t = (math.exp(2 * v) - 1) / (math.exp(2 * v) + 1)
      local d1 = 1 - t * t
      local d2 = -2 * t * d1
      local d3 = -2 * d1 * d1 - 2 * t * d2
      assert.is_true(math.abs(g1:get(i) - (t + v * d1)) < 1e-12)
      assert.is_true(math.abs(g2:get(i) - (2 * d1 + v * d2)) < 1e-12)
      assert.is_true(math.abs(g3:get(i) - (3 * d2 + v * d3)) < 1e-12)
    end
    assert.is_false(g3:requires_grad())
  end)

  it("differentiates a norm of a gradient, as penalties do", function()
    local w, x = leaf {{1, 2}, {3, 4}}, leaf {{1, -1}}
    local gx = gan.grad(x:matmul(w):square():sum(), {x}, {create_graph = true})[1]
    local gw = gan.grad(gx:square():sum(), {w})[1]
    assert(gan.gradcheck(function(ww)
      local xx = leaf {{1, -1}}
      return gan.grad(xx:matmul(ww):square():sum(), {xx}, {create_graph = true})[1]:square():sum()
    end, {w}))
    assert.same({2, 2}, gw:shape())
  end)

  it("gives zeros for what y does not depend on, if allowed", function()
    local x, other = leaf(2), leaf {1, 1}
    local y = x * x
    assert.matches("grad: y does not depend on wrt%[2%] %(2%); pass {allow_unused = true}",
      message(gan.grad, y, {x, other}))
    y = x * x
    local g = gan.grad(y, {x, other}, {allow_unused = true})
    assert.same({4, {0, 0}}, {g[1]:item(), g[2]:to_table()})
    assert.same({0}, gan.grad(gan.tensor(3), {gan.zeros(1)}, {allow_unused = true})[1]:to_table())
  end)

  it("names wrong arguments", function()
    local x = leaf {1, 2}
    local line = "autograd_spec.lua:%d+: grad: "
    assert.matches(line .. "y has shape %(2%); pass a scalar", message(gan.grad, x * 2, {x}))
    assert.matches(line .. "seed %(3%) must have the shape of y %(2%)",
      message(gan.grad, x * 2, {x}, {seed = gan.zeros(3)}))
    assert.matches(line .. "option 'seed': expected a real tensor, got 1",
      message(gan.grad, x * 2, {x}, {seed = 1}))
    assert.matches(line .. "bad argument #1 'y' %(expected a real tensor, got nil%)", message(gan.grad, nil, {x}))
    assert.matches(line .. "bad argument #2 'wrt' %(expected a list of tensors", message(gan.grad, x:sum(), 3))
    assert.matches(line .. "bad argument #2 'wrt%[1%]' %(expected a real tensor, got string 'x'",
      message(gan.grad, x:sum(), {"x"}))
    assert.matches(line .. "wrt%[1%] %(1%) is not tracked; call requires_grad_",
      message(gan.grad, x:sum(), {gan.zeros(1)}))
    assert.matches(line .. "y does not depend on any tracked tensor", message(gan.grad, gan.tensor(1), {x}))
    assert.matches(line .. "unknown option 'creat_graph' %(did you mean 'create_graph'%?%)",
      message(gan.grad, x:sum(), {x}, {creat_graph = true}))
  end)

  it("blames the user's own line", function()
    local x, line = leaf {1, 2}, nil
    local err = message(function()
      line = debug.getinfo(1, "l").currentline + 1
      local g = gan.grad(x * 2, {x})
      return g
    end)
    assert.matches("autograd_spec.lua:" .. line .. ": grad: ", err)
    err = message(function()
      line = debug.getinfo(1, "l").currentline + 1
      local y = x:add(gan.zeros(3))
      return y
    end)
    assert.matches("autograd_spec.lua:" .. line .. ": add: ", err)
  end)
end)

describe("version check", function()
  it("refuses a gradient whose arguments were changed in place", function()
    local w, x = leaf {2, 3}, leaf {5, 7}
    local y = (x * w):sum()
    w:detach():mul_(2) -- what an optimiser does
    assert.matches("grad: argument #2 of 'mul' was changed in place after it was used %(version 0, now 1%): "
      .. "compute the result again", message(gan.grad, y, {x}))
    assert.same({2 * 2, 3 * 2}, gan.grad((x * w):sum(), {x})[1]:to_table())
  end)

  it("looks only at what the needed rules read", function()
    local w, x = leaf {2, 3}, leaf {5, 7}
    local y = (x + w):sum()
    w:detach():mul_(2)
    assert.same({1, 1}, gan.grad(y, {x})[1]:to_table())
    local z = x:exp()
    local s = z:sum()
    z:detach():zero_()
    assert.matches("the result of 'exp' was changed in place", message(gan.grad, s, {x}))
  end)

  it("refuses in-place changes of tracked tensors while recording", function()
    local x = leaf {1, 2}
    assert.matches("mul_: in%-place change of a tracked tensor; do it inside gan.no_grad", message(x.mul_, x, 2))
    gan.no_grad(x.mul_, x, 2)
    assert.same({2, 4}, x:to_table())
  end)
end)

describe("no_grad and detach", function()
  it("no_grad records nothing, returns everything, and ends with an error too", function()
    local x = leaf(2)
    local a, b = gan.no_grad(function(v) return v * x, "b" end, 3)
    assert.equal("b", b)
    assert.is_false(a:requires_grad())
    assert.is_true((x * 2):requires_grad())
    local err = {}
    local ok, got = pcall(gan.no_grad, function() error(err) end)
    assert.is_false(ok)
    assert.equal(err, got)
    assert.is_true((x * 2):requires_grad())
    assert.matches("no_grad: bad argument #1 'f'", message(gan.no_grad, 3))
  end)

  it("detach shares memory, not the graph", function()
    local x = leaf {1, 2}
    local h = x * 2
    local d = h:detach()
    assert.is_true(core.same_storage(h, d))
    assert.is_false(d:requires_grad())
    assert.same({2, 4}, gan.grad((d * x):sum(), {x})[1]:to_table()) -- d is a constant
    assert.matches("detach: bad argument #1 't'", message(autograd.detach, 3))
  end)

  it("marks leaves", function()
    local x = gan.zeros(2)
    assert.is_false(x:requires_grad())
    assert.equal(x, x:requires_grad_())
    assert.is_true(x:requires_grad())
    assert.matches("requires_grad_: bad argument #1 't' %(expected a real tensor",
      message(autograd.requires_grad_, gan.tensor({1}, "i32")))
  end)
end)

describe("an op of one's own", function()
  it("is differentiable like any other, in public ops", function()
    local cube
    cube = gan.op {
      name = "cube", private = true,
      forward = function(x) return x * x * x end,
      grad = {function(g, _, x) return g * x * x * 3 end},
    }
    local x = leaf(2)
    local g = gan.grad(cube(x), {x}, {create_graph = true})[1]
    assert.equal(12, g:item())
    assert.equal(12, gan.grad(g, {x})[1]:item())
    assert(gan.gradcheck(cube, {gan.tensor {0.5, -1, 2}}, {order = 2}))
  end)

  it("may return its argument", function()
    local identity = gan.op {name = "identity", private = true, forward = function(x) return x end,
      grad = {function(g) return g * 5 end}}
    local x = leaf(2)
    assert.equal(5, gan.grad(identity(x), {x})[1]:item())
    assert.equal(4, gan.grad(x * x, {x})[1]:item()) -- x is still the leaf
  end)

  it("may keep the gradients that it sees and returns", function()
    local seen, ones = {}, nil
    local watch = gan.op {name = "watch", private = true, forward = core.alias, grad = {function(g)
      seen[#seen + 1] = g
      return g
    end}}
    local constant = gan.op {name = "constant", private = true, forward = core.alias, grad = {function(_, ctx)
      ones = ones or gan.ones(ctx.shapes[1])
      return ones
    end}}
    local x = leaf {1, 2}
    for _ = 1, 2 do
      assert.same({6, 6}, gan.grad((watch(x * 3) * 2):sum(), {x})[1]:to_table())
      assert.same({3, 3}, gan.grad((constant(x * 3) * 2):sum(), {x})[1]:to_table())
    end
    assert.same({2, 2}, seen[1]:to_table())
    assert.same({1, 1}, ones:to_table())
  end)

  it("can be defined by compose, with or without a fast rule", function()
    local fast = 0
    local function define(grad)
      return gan.op {
        name = "soft", private = true, forward = function(x, k) return core.mul(core.tanh(x), k) end, grad = grad,
        compose = function(x, k) return x:tanh() * k end,
      }
    end
    local rule = function(g, _, _, x, k)
      fast = fast + 1
      local t = core.tanh(x)
      return core.mul(core.mul(g, core.sub(1, core.mul(t, t))), k)
    end
    for _, soft in ipairs {define(), define(rule)} do
      assert(gan.gradcheck(function(x) return soft(x, 3) end, {gan.tensor {0.2, -0.4}}, {order = 2}))
    end
    assert.is_true(fast > 0)
    local before, x, soft = fast, leaf(0.5), define(rule)
    gan.grad(soft(x, 2), {x}, {create_graph = true})
    assert.equal(before, fast) -- the definition is differentiated instead
  end)

  it("may have a rule of its own for second derivatives, beside compose", function()
    local asked, declined = 0, 0
    local cube = gan.op {
      name = "cube", private = true, forward = function(x, k) return core.mul(core.mul(x, core.mul(x, x)), k) end,
      compose = function(x, k) return x * x * x * k end,
      again = function(g, _, need, x, k)
        asked = asked + 1
        if need[2] then
          declined = declined + 1
          return
        end
        return g * x * x * 3 * k
      end,
    }
    local x, k = leaf {0.5, -2}, leaf {2, 3}
    assert(gan.gradcheck(function(v) return cube(v, k:detach()) end, {x}, {order = 2}))
    assert.is_true(asked > 0 and declined == 0)
    assert(gan.gradcheck(cube, {x, k}, {order = 2}))
    assert.is_true(declined > 0)
    asked = 0
    gan.grad(cube(x, k):sum(), {x})
    assert.equal(0, asked)
  end)

  it("must be made of recorded ops to be differentiated twice", function()
    local raw = gan.op {name = "raw", private = true, forward = function(x) return core.mul(x, x) end,
      grad = {function(g, _, x) return core.mul(core.mul(g, x), 2) end}}
    local x = leaf {1, 2}
    assert.same({2, 4}, gan.grad(raw(x):sum(), {x})[1]:to_table())
    assert.matches("op 'raw' has no second derivative: its rule for argument #1 is not made of recorded ops",
      message(gan.grad, (raw(x) * x):sum(), {x}, {create_graph = true}))
  end)

  it("has its rule undone for broadcasting", function()
    local scale = gan.op {
      name = "scale", private = true, forward = core.mul,
      grad = {function(g, _, _, b) return g * b end, function(g, _, a) return g * a end},
    }
    local b = leaf {1, 2}
    assert.same({4, 6}, gan.grad(scale(gan.tensor {{1, 2}, {3, 4}}, b):sum(), {b})[1]:to_table())
  end)

  it("reads shapes and extra results from ctx", function()
    local pick = gan.op {
      name = "pick", private = true, reads = {{}},
      forward = function(x) return core.sum(x), 7 end,
      grad = {function(g, ctx) return gan.ops.expand(g * ctx.aux[1], ctx.shapes[1]) end},
    }
    local x = leaf {1, 2, 3}
    assert.same({7, 7, 7}, gan.grad((pick(x)), {x})[1]:to_table())
  end)

  it("names mistakes in the definition", function()
    local function run(def)
      def.name, def.private = "wrong", true
      def.forward = def.forward or function(x) return core.mul(x, 2) end
      local x = leaf {1, 2}
      return message(function()
        local g = gan.grad(gan.op(def)(x):sum(), {x})
        return g
      end)
    end
    assert.matches("grad: the rule of 'wrong' for argument #1 must return a real tensor or nil, got 3",
      run {grad = {function() return 3 end}})
    assert.matches("grad: the rule of 'wrong' for argument #1 returned %(3%), the argument has shape %(2%)",
      run {grad = {function() return gan.zeros(3) end}})
    assert.matches("returned %(%), the argument has shape %(2%)", run {grad = {function() return gan.tensor(1) end}})
    assert.matches("grad: op 'wrong' has no derivative with respect to argument #1", run {grad = {}})
    assert.matches("wrong: forward must return a real tensor, got 3",
      run {forward = function() return 3 end, grad = {}})
    assert.matches("op: wrong: field 'forward' is nil (a core function that is not registered?",
      message(gan.op, {name = "wrong", nondiff = true}), 1, true)
    assert.matches("op: wrong: field 'forward': expected a function, got 3",
      message(gan.op, {name = "wrong", nondiff = true, forward = 3}), 1, true)
    assert.matches("op: wrong: one of the fields 'grad', 'compose', 'nondiff' is needed",
      message(gan.op, {name = "wrong", forward = core.add}))
    assert.matches("op: wrong: unknown field 'gard' %(did you mean 'grad'%?%)",
      message(gan.op, {name = "wrong", forward = print, gard = {}}))
    assert.matches("op: expected a table with a field 'name'", message(gan.op))
  end)
end)

describe("gradcheck", function()
  local function doubled(factor)
    return gan.op {name = "doubled", private = true, forward = function(x) return core.mul(x, x) end,
      grad = {function(g, _, x) return g * x * factor end}}
  end

  it("accepts a right rule and finds a wrong one", function()
    assert(gan.gradcheck(doubled(2), {gan.tensor {1, 2}}, {order = 2}))
    local ok, err = gan.gradcheck(doubled(2.001), {gan.tensor {1, 2}})
    assert.is_nil(ok)
    assert.matches("gradient differs by .+: order 1, argument 1 at %(%d%): analytic .+, numeric", err)
  end)

  it("finds a rule that is right in value but not in its own derivative", function()
    local square = gan.op {
      name = "square_once", private = true, forward = function(x) return core.mul(x, x) end,
      grad = {function(g, _, x) return g * x:detach() * 2 end},
    }
    assert(gan.gradcheck(square, {gan.tensor {1, 2}}))
    local ok, err = gan.gradcheck(square, {gan.tensor {1, 2}}, {order = 2})
    assert.is_nil(ok)
    assert.matches("order 2", err)
  end)

  it("leaves the arguments as they were", function()
    local x = gan.tensor {1, 2}
    assert(gan.gradcheck(doubled(2), {x}))
    assert.same({1, 2}, x:to_table())
  end)

  it("works in single precision", function()
    local float = require "gan"
    assert(float.gradcheck(function(x) return x:tanh() * x end, {float.tensor {0.5, -1}}))
  end)

  it("names wrong arguments", function()
    assert.matches("gradcheck: bad argument #1 'f'", message(gan.gradcheck, 3, {}))
    assert.matches("gradcheck: bad argument #2 'xs'", message(gan.gradcheck, doubled(2), 3))
    assert.matches("'xs%[1%]' %(expected a real tensor", message(gan.gradcheck, doubled(2), {3}))
    assert.matches("'order': expected an integer in 1..9, got 0",
      message(gan.gradcheck, doubled(2), {}, {order = 0}))
    assert.matches("'eps': expected a number > 0", message(gan.gradcheck, doubled(2), {}, {eps = "x"}))
  end)
end)

describe("sum_grads", function()
  it("adds the gradients of terms to the gradient of their sum", function()
    local w = gan.tensor({1, 2, 3}):requires_grad_()
    local v = gan.tensor({4}):requires_grad_()
    local a = gan.grad(w:mul(v):sum(), {w, v})
    local b = gan.grad(w:mul(w):sum():add(v:sum()), {w, v})
    local s = gan.sum_grads(a, b)
    assert.same({6, 8, 10}, s[1]:to_table())
    assert.same({7}, s[2]:to_table())
    assert.same({4, 4, 4}, a[1]:to_table()) -- the terms' own stay
    assert.same({2 * 6, 2 * 8, 2 * 10}, gan.sum_grads(a, b, s)[1]:to_table())
  end)

  it("refuses lists that do not belong together", function()
    local a, b = {gan.zeros(2), gan.zeros(3)}, {gan.zeros(2), gan.zeros(4)}
    assert.error_matches(function() gan.sum_grads(a, b) end, "entry 2 of list 2: expected %(3%), got %(4%)")
    assert.error_matches(function() gan.sum_grads(a, {a[1]}) end, "list 2: expected 2 tensors as in the first, got 1")
    assert.error_matches(function() gan.sum_grads(a, 3) end, "list of tensors")
    assert.error_matches(function() gan.sum_grads(a, {1, 2}) end, "grads%[1%]")
  end)
end)
