-- Division by the largest singular value: worked numbers, power iteration against plain Lua for every axis, threads.
local gan = require "gan"
local core = require "gan.core"
local double = require "spec.support.double"
local core64 = double.require "gan.core"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"

-- (R,K) as a list of rows, from w with its rows' axis moved to the front.
local function matrix(w, axis)
  local axes = {axis}
  for i = 1, #w:shape() do if i ~= axis then axes[#axes + 1] = i end end
  return w:permute(axes):contiguous():reshape {w:size(axis), -1}:to_table()
end

local function unit(list)
  local s = 0
  for _, v in ipairs(list) do s = s + v * v end
  for i, v in ipairs(list) do list[i] = v / math.sqrt(s) end
  return list, math.sqrt(s)
end

local function iterate(m, u)
  local v, next_u = {}, {}
  for k = 1, #m[1] do
    v[k] = 0
    for r = 1, #m do v[k] = v[k] + m[r][k] * u[r] end
  end
  unit(v)
  for r = 1, #m do
    next_u[r] = 0
    for k = 1, #v do next_u[r] = next_u[r] + m[r][k] * v[k] end
  end
  local sigma
  next_u, sigma = unit(next_u)
  return next_u, v, sigma
end

describe("power_iteration", function()
  it("has the worked numbers", function()
    local w = double.tensor {{1, 2}, {3, 4}}
    local u, v, sigma = core64.power_iteration(w, double.tensor {1, 0}, 1)
    golden.near({0.4472135955, 0.8944271910}, v)
    golden.near({0.4138029443, 0.9103664775}, u)
    assert.near(5.4037024344, sigma, 1e-9)
    u, v, sigma = core64.power_iteration(w, u, 1)
    assert.near(5.4649844507, sigma, 1e-9)
    sigma = select(3, core64.power_iteration(w, u, 1))
    assert.near(5.4649857042, sigma, 1e-9)
    assert.is_true(select(2, core64.spectral_divide(w, u, v, 1)) <= math.sqrt((30 + math.sqrt(884)) / 2) + 1e-12)
  end)

  it("agrees with plain Lua wherever the rows' axis lies", function()
    local rng = double.rng(1, "power")
    for _, case in ipairs {
      {{3, 3, 5, 40}, 4}, {{4, 4, 20, 7}, 3}, {{6, 300}, 1}, {{50, 33}, -1}, {{1, 1}, 2}, {{9}, 1},
    } do
      local w, axis = rng:normal(case[1]), case[2]
      local at = axis > 0 and axis or #case[1] + 1 + axis
      local u0 = rng:normal {w:size(at)}
      local u, v, sigma = core64.power_iteration(w, u0, axis)
      local eu, ev, es = iterate(matrix(w, at), u0:to_table())
      golden.near(eu, u)
      golden.near(ev, v)
      assert.near(es, sigma, 1e-9)
      assert.near(es, select(2, core64.spectral_divide(w, u, v, axis)), 1e-9)
    end
  end)

  it("keeps u where the weight is zero", function()
    local u, v, sigma = core64.power_iteration(double.zeros(2, 3), double.tensor {0.6, 0.8}, 1)
    assert.same({0.6, 0.8}, u:to_table())
    assert.same({0, 0, 0}, v:to_table())
    assert.equal(0, sigma)
  end)

  it("has the same bytes with one thread and two", function()
    local function run(threads)
      gan.threads(threads)
      local rng, out = gan.rng(1, "threads"), {}
      for _, case in ipairs {{{4, 4, 60, 70}, 4}, {{4, 4, 60, 70}, 3}, {{70, 900}, 1}} do
        local w = rng:normal(case[1])
        local u, v, sigma = core.power_iteration(w, rng:normal {w:size(case[2])}, case[2])
        local y = w:requires_grad_()
        local g = gan.grad((gan.ops.spectral_divide(w, u, v, case[2])), {y}, {seed = rng:normal(case[1])})[1]
        out[#out + 1] = u:to_bytes() .. v:to_bytes() .. g:to_bytes() .. ("%a"):format(sigma)
      end
      return table.concat(out)
    end
    assert.is_true(same_with_two_threads(run))
  end)

  it("names what is wrong", function()
    assert.matches("power_iteration: bad argument #2 'u' (expected (2) to match w along axis, got (3))",
      select(2, pcall(core.power_iteration, gan.zeros(2, 4), gan.zeros(3), 1)), 1, true)
    assert.matches("at least one element", select(2, pcall(core.power_iteration, gan.zeros(2, 0), gan.zeros(2), 1)))
  end)
end)

describe("spectral_divide", function()
  it("has the worked numbers", function()
    local w = double.tensor {{1, 2}, {3, 4}}:requires_grad_()
    local u, v = core64.power_iteration(w, double.tensor {1, 0}, 1)
    local y = double.ops.spectral_divide(w, u, v, 1)
    golden.near({0.1850583025, 0.3701166051, 0.5551749076, 0.7402332102}, y)
    local g = double.grad(y, {w}, {seed = double.tensor {{1, 0}, {0, 0}}})[1]
    golden.near({0.1787206894, -0.0126752262, -0.0139427488, -0.0278854976}, g)
    assert.near(0, (g * w):sum():item(), 1e-12) -- w's scale does not matter
  end)

  it("leaves a weight of zeros", function()
    assert.same({{0, 0}}, (gan.ops.spectral_divide(gan.zeros(1, 2), gan.ones(1), gan.zeros(2), 1)):to_table())
  end)
end)

describe("weight_normalise", function()
  it("gives each output channel its length", function()
    local v, g = double.tensor {{3, 1}, {4, 1}}, double.tensor {10, 0}
    golden.near({6, 0, 8, 0}, double.ops.weight_normalise(v, g, 2))
    golden.near({0, 0}, double.ops.weight_normalise(double.zeros(1, 2), double.ones(2), -1))
    local rng = double.rng(1)
    local f = function(a, b) return double.ops.weight_normalise(a, b, 2) end
    assert(double.gradcheck(f, {rng:normal {3, 2, 2}, rng:normal {2}}, {order = 2}))
  end)
end)
