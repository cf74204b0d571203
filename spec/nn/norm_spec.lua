-- Normalising layers: batch norm's worked numbers in training and evaluation, its statistics, the others in plain Lua.
local gan = require "gan"
local double = require "spec.support.double"
local same_with_two_threads = require "spec.support.threads"
local nn = double.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function near(expected, got, tolerance)
  assert.equal(#expected, #got)
  for i, v in ipairs(expected) do
    assert.is_true(math.abs(v - got[i]) < (tolerance or 1e-9), ("%d: expected %.10g, got %.10g"):format(i, v, got[i]))
  end
end

local function flat(t) return t:reshape {-1}:to_table() end

-- Normalises the listed positions of a flat table together.
local function normalise(values, groups, eps)
  local out = {}
  for _, at in ipairs(groups) do
    local mean, var = 0, 0
    for _, i in ipairs(at) do mean = mean + values[i] / #at end
    for _, i in ipairs(at) do var = var + (values[i] - mean) ^ 2 / #at end
    for _, i in ipairs(at) do out[i] = (values[i] - mean) / math.sqrt(var + eps) end
  end
  return out
end

-- Positions of a (2,2,2,4) tensor grouped by key(n, h, w, c).
local function grouped(key)
  local groups, by = {}, {}
  for i = 0, 31 do
    local k = key(i // 16, i // 8 % 2, i // 4 % 2, i % 4)
    if not by[k] then
      by[k] = {}
      groups[#groups + 1] = by[k]
    end
    table.insert(by[k], i + 1)
  end
  return groups
end

describe("batch_norm", function()
  local function example() return double.tensor {{1}, {2}, {3}, {4}} end

  it("has the worked numbers in training", function()
    local layer, x = nn.batch_norm {1}, example():requires_grad_()
    local y = layer(x)
    near({-1.3416354200, -0.4472118067, 0.4472118067, 1.3416354200}, flat(y))
    near({0.25}, flat(layer.running_mean))
    near({1.0666666667}, flat(layer.running_var))
    local g = double.grad(y, {x, layer.gamma, layer.beta}, {seed = double.tensor {{1}, {0}, {0}, {-2}}})
    near({-0.0894327016, -0.1788815028, 0.6260933094, -0.3577791050}, flat(g[1]))
    near({-4.0249062599}, flat(g[2]))
    near({-1}, flat(g[3]))
  end)

  it("uses the running statistics in evaluation, and leaves them", function()
    local layer = nn.batch_norm {1, momentum = 0.5}
    layer(example())
    layer:eval()
    local mean, var = 0.5 * 2.5, 0.5 + 0.5 * 5 / 3
    local expected = {}
    for i = 1, 4 do expected[i] = (i - mean) / math.sqrt(var + 1e-5) end
    near(expected, flat(layer(example())))
    near({mean}, flat(layer.running_mean))
    near({var}, flat(layer.running_var))
    layer:load {
      gamma = double.tensor {2}, beta = double.tensor {3},
      running_mean = double.tensor {1}, running_var = double.tensor {4},
    }
    near({3, 4, 5, 6}, flat(layer(example())), 1e-5)
    assert.same({1, 1}, layer(double.zeros(1, 1)):shape()) -- one value is enough here
  end)

  it("does not record its running statistics, nor update them when a graph is replayed", function()
    local layer, x = nn.batch_norm {1}, example():requires_grad_()
    local y = layer(x)
    local g = double.grad((y * y * y):sum(), {x}, {create_graph = true})
    double.grad(g[1]:square():sum(), {x})
    near({0.25}, flat(layer.running_mean))
    assert.is_false(layer.running_mean:requires_grad())
  end)

  it("needs two values per channel in training", function()
    local net = nn.chain {name = "G", nn.batch_norm {3}}
    assert.matches(
      "nn.batch_norm %(layer G.1%): training needs more than one value per channel, got real tensor %(1,1,1,3%)",
      message(net, double.zeros(1, 1, 1, 3)))
    assert.matches("more than one value", message(net, double.zeros(0, 3)))
    assert.same({1, 2, 1, 3}, net(double.zeros(1, 2, 1, 3)):shape())
  end)

  it("has the same bytes with one thread and two", function()
    local function run(threads)
      gan.threads(threads)
      local layer = gan.nn.batch_norm {24}
      local y = layer(gan.rng(1, "x"):normal {40, 13, 7, 24})
      return y:to_bytes() .. layer.running_var:to_bytes()
    end
    assert.is_true(same_with_two_threads(run))
  end)

  it("can do without gamma and beta, and with other momentum", function()
    local layer = nn.batch_norm {1, affine = false, momentum = 1, eps = 1e-5}
    near({-1.3416354200, -0.4472118067, 0.4472118067, 1.3416354200}, flat(layer(example())))
    near({5 / 3}, flat(layer.running_var))
    assert.equal(0, layer:count())
    assert.matches("nn.batch_norm: option 'momentum': expected a number in %[0,1%], got 2",
      message(nn.batch_norm, {1, momentum = 2}))
    assert.matches("nn.batch_norm: option 'eps': expected a number >= 0", message(nn.batch_norm, {1, eps = -1}))
    assert.matches("expected real %(N,...,1%), got real tensor %(2,3%)", message(layer, double.zeros(2, 3)))
  end)
end)

describe("norm", function()
  local x = double.rng(1, "norm"):normal({2, 2, 2, 4}, 3, 2)
  local cases = {
    {"layer_norm", {4}, 1e-5, grouped(function(n) return n end)},
    {"instance_norm", {4}, 1e-5, grouped(function(n, _, _, c) return n * 10 + c end)},
    {"group_norm", {4, groups = 2}, 1e-5, grouped(function(n, _, _, c) return n * 10 + c // 2 end)},
  }
  for _, case in ipairs(cases) do
    local name, opt = case[1], case[2]
    it(name .. " agrees with plain Lua", function()
      local expected = normalise(flat(x), case[4], case[3])
      opt.affine = false
      near(expected, flat(nn[name](opt)(x)))
      opt.affine = true
      local layer = nn[name](opt)
      layer:load {gamma = double.tensor {1, 2, 3, 4}, beta = double.tensor {0, 1, 0, -1}}
      for i, v in ipairs(expected) do
        local c = (i - 1) % 4 + 1
        expected[i] = v * c + ({0, 1, 0, -1})[c]
      end
      near(expected, flat(layer(x)))
      near(expected, flat(layer:eval()(x)))
      assert.same({2, 2, 4}, layer:shape {2, 2, 4})
      assert.equal(8, layer:count())
      assert.matches("nn." .. name .. ": bad argument #1 'x'", message(layer, double.zeros(1, 2, 2, 3)))
      assert.matches("nn." .. name .. ": expected input", message(layer.shape, layer, {2, 2, 3}))
      assert.matches("nn." .. name .. ": size C is missing", message(nn[name], {}))
    end)
  end

  it("instance_norm has no gamma and beta unless asked", function() assert.equal(0, nn.instance_norm {4}:count()) end)

  it("group_norm wants a divisor", function()
    assert.matches("nn.group_norm: option 'groups': expected a divisor of C = 4, got 3",
      message(nn.group_norm, {4, groups = 3}))
    assert.equal("group_norm 4, groups 2", nn.group_norm {4, groups = 2}:describe())
  end)

  it("pixel_norm divides by the root mean square of the channels", function()
    near({3 / math.sqrt(12.5 + 0.1), 4 / math.sqrt(12.6), 0, 0},
      flat(nn.pixel_norm {eps = 0.1}(double.tensor {{3, 4}, {0, 0}})))
    assert.same({5}, nn.pixel_norm {}:shape {5})
    assert.matches("nn.pixel_norm: option 'eps'", message(nn.pixel_norm, {eps = -1}))
    assert.matches("nn.pixel_norm: bad argument #1 'x'", message(nn.pixel_norm {}, 3))
  end)
end)
