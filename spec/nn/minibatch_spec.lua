-- Minibatch discrimination and standard deviation: worked numbers, the forms, images, gradients of order two, errors.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("minibatch_discrimination", function()
  -- f = (1,0), (0,1), (1,1) and T of SPEC's example
  local function example(opt)
    opt = opt or {}
    opt[1], opt.kernels, opt.dims = 2, 2, 2
    local layer = nn.minibatch_discrimination(opt)
    double.no_grad(function() layer.weight:copy_(double.tensor {{{1, 0}, {.5, -.5}}, {{0, 2}, {1, 0}}}) end)
    return layer, double.tensor {{1, 0}, {0, 1}, {1, 1}}
  end

  it("has the worked numbers, with and without an element itself", function()
    local layer, x = example()
    golden.near({1, 0, 1.1851223516, 1.7357588823, 0, 1, 1.4176665095, 1.7357588823, 1, 1, 1.5032147244, 1.7357588823},
      layer(x))
    layer = example {count_self = false}
    golden.near({1, 0, 0.1851223516, 0.7357588823, 0, 1, 0.4176665095, 0.7357588823, 1, 1, 0.5032147244, 0.7357588823},
      layer(x))
    layer = example {count_self = false, average = true}
    golden.near({0.1851223516 / 2, 0.7357588823 / 2}, layer(x)[1]:narrow(1, 3, 2))
    golden.near({1.1851223516 / 3}, example({average = true})(x)[1]:narrow(1, 3, 1))
  end)

  it("agrees with PyTorch", function()
    local want, random = golden.read "layers".minibatch_discrimination, golden.lcg(3)
    local f = random(double, {4, 3}):requires_grad_()
    local layer = nn.minibatch_discrimination {3, kernels = 2, dims = 2}
    double.no_grad(function() layer.weight:copy_(random(double, {3, 2, 2})) end)
    local o = layer(f):narrow(2, 4, 2)
    golden.near(want.o, o)
    local g = double.grad((o * o):sum(), {f, layer.weight})
    golden.near(want.f, g[1])
    golden.near(want.t, g[2])
  end)

  it("in OpenAI's form has directions with lengths of their own, and a bias", function()
    local layer, x = example {form = "openai"}
    assert.same({"bias", "scale", "weight"}, layer:names())
    -- columns of T: (1,0), (0,2), (.5,1), (-.5,0), brought to length 1 and then times e^scale
    double.no_grad(function() layer.scale:copy_(double.tensor {{0, math.log(2)}, {0, 0}}) end)
    local r = 1 / math.sqrt(1.25)
    local function near(d) return math.exp(-d) end
    local b0 = {near(1 + 2) + near(0 + 2), near(1 + 2) + near(1 + 0), near(0 + 2) + near(1 + 0)}
    local m1 = {{.5 * r, -1}, {r, 0}, {1.5 * r, -1}}
    local function d(i, j) return math.abs(m1[i][1] - m1[j][1]) + math.abs(m1[i][2] - m1[j][2]) end
    local b1 = {near(d(1, 2)) + near(d(1, 3)), near(d(1, 2)) + near(d(2, 3)), near(d(1, 3)) + near(d(2, 3))}
    local y = layer(x):narrow(2, 3, 2)
    golden.near({b0[1] - 1, b1[1] - 1, b0[2] - 1, b1[2] - 1, b0[3] - 1, b1[3] - 1}, y)
    assert(double.gradcheck(function(a) return layer(a) end,
      {double.rng(5):normal {3, 2}, layer.weight, layer.scale, layer.bias}, {order = 2}))
  end)

  it("sees an image's mean, and appends constant maps", function()
    local layer = nn.minibatch_discrimination {3, kernels = 2, dims = 2, rng = double.rng(1)}
    local x = double.rng(2):normal {4, 2, 3, 3}
    local y = layer(x)
    assert.same({4, 2, 3, 5}, y:shape())
    local flat = layer(x:mean {2, 3})
    golden.near(flat:narrow(2, 4, 2):reshape {-1}:to_table(), y:narrow(2, 2, 1):narrow(3, 3, 1):narrow(4, 4, 2))
    golden.near(x:reshape {-1}:to_table(), y:narrow(4, 1, 3))
    assert.same({2, 3, 5}, layer:shape {2, 3, 3})
    assert.same({5}, layer:shape {3})
  end)

  it("has gradients to order two", function()
    local layer = nn.minibatch_discrimination {3, kernels = 2, dims = 2, rng = double.rng(1)}
    assert(double.gradcheck(function(a) return layer(a):tanh() end,
      {double.rng(2):normal {4, 3}, layer.weight}, {order = 2}))
    assert(double.gradcheck(function(a) return layer(a) end, {double.rng(2):normal {3, 2, 2, 3}}, {order = 2}))
  end)

  it("names what is wrong", function()
    assert.matches("nn.minibatch_discrimination: size A is missing", message(nn.minibatch_discrimination, {}))
    assert.matches("option 'form': expected 'paper' or 'openai', got string 'x'",
      message(nn.minibatch_discrimination, {2, form = "x"}))
    assert.matches("option 'kernels': expected an integer", message(nn.minibatch_discrimination, {2, kernels = 0}))
    assert.matches("option 'average': expected true or false", message(nn.minibatch_discrimination, {2, average = 1}))
    assert.matches(
      "nn.minibatch_discrimination: bad argument #1 'x' %(expected real %(N,2%), got real tensor %(3,4%)%)",
      message(nn.minibatch_discrimination {2}, double.zeros(3, 4)))
    assert.matches("got real tensor %(1,2,2%)", message(nn.minibatch_discrimination {2}, double.zeros(1, 2, 2)))
    assert.equal("minibatch_discrimination 2, 100 kernels of 5", nn.minibatch_discrimination {2}:describe())
  end)
end)

describe("minibatch_stddev", function()
  -- as the paper's authors have it: element n belongs to group n mod (N / group), counted from 0
  local function slow(x, group, features)
    local s = x:shape()
    local n, c, t = s[1], s[#s], x:reshape {s[1], -1, s[#s]}:to_table()
    local groups, positions, per, out = n // group, #t[1], c // features, {}
    for i = 1, n do
      out[i] = {}
      for f = 1, features do
        local sum = 0
        for p = 1, positions do
          for ch = (f - 1) * per + 1, f * per do
            local mean, var = 0, 0
            for k = 0, group - 1 do mean = mean + t[(i - 1) % groups + 1 + k * groups][p][ch] / group end
            for k = 0, group - 1 do var = var + (t[(i - 1) % groups + 1 + k * groups][p][ch] - mean) ^ 2 / group end
            sum = sum + math.sqrt(var + 1e-8)
          end
        end
        out[i][f] = sum / (positions * per)
      end
    end
    return out
  end

  it("appends the mean deviation of each group", function()
    for _, case in ipairs {{{8, 2, 3, 4}, 4, 1}, {{6, 4}, 3, 2}, {{4, 2, 2, 6}, 2, 3}, {{3, 5}, 4, 1}} do
      local x = double.rng(1):normal(case[1])
      local y, c = nn.minibatch_stddev {group = case[2], features = case[3]}(x), case[1][#case[1]]
      local want = slow(x, math.min(case[2], case[1][1]), case[3])
      local flat, all = {}, y:narrow(-1, c + 1, case[3]):contiguous():reshape {case[1][1], -1, case[3]}
      for i, row in ipairs(want) do
        for _ = 1, all:size(2) do for _, v in ipairs(row) do flat[#flat + 1] = v end end
        assert.equal(case[3], #want[i])
      end
      golden.near(flat, all)
      golden.near(x:reshape {-1}:to_table(), y:narrow(-1, 1, c))
    end
  end)

  it("is 1e-4 for equal elements, and differentiable to order two", function()
    golden.near({1e-4, 1e-4}, nn.minibatch_stddev {}(double.ones(2, 1)):narrow(2, 2, 1))
    local layer = nn.minibatch_stddev {group = 2}
    assert(double.gradcheck(function(a) return layer(a) end, {double.rng(1):normal {4, 2, 1, 3}}, {order = 2}))
  end)

  it("says that a batch does not divide", function()
    local net = nn.chain {name = "D", nn.minibatch_stddev {group = 4}}
    assert.matches(
      "nn.minibatch_stddev %(layer D.1%): a batch of 6 does not divide into groups of 4: "
        .. "choose a batch size that is a multiple",
      message(net, double.zeros(6, 3)))
    assert.matches("3 channels cannot be split into 2 features",
      message(nn.minibatch_stddev {features = 2}, double.zeros(4, 3)))
    assert.matches("3 channels cannot be split", message(nn.chain, {input = {3}, nn.minibatch_stddev {features = 2}}))
    assert.matches("expected at least one element", message(net, double.zeros(0, 3)))
    assert.matches("option 'group'", message(nn.minibatch_stddev, {group = 0}))
    assert.same({4, 4, 9}, nn.minibatch_stddev {}:shape {4, 4, 8})
    assert.equal("minibatch_stddev, groups of 4", nn.minibatch_stddev {}:describe())
  end)
end)

describe("minibatch layers", function()
  it("have the same bytes with one thread and two", function()
    local function run(threads)
      gan.threads(threads)
      local rng = gan.rng(1, "minibatch")
      local net = gan.nn.chain {gan.nn.minibatch_stddev {}, gan.nn.minibatch_discrimination {33, rng = rng}}
      local x = rng:normal {32, 4, 4, 32}
      local y = net(x)
      return y:to_bytes() .. gan.grad((y * y):sum(), net:params())[1]:to_bytes()
    end
    assert.is_true(same_with_two_threads(run))
  end)
end)
