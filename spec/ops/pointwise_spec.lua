-- Activations in float against double where they saturate: values, slopes and curvatures keep their relative precision.
local float, double = require "gan", require "spec.support.double"

local points = {}
for i = -120, 120 do points[#points + 1] = i / 8 + 1 / 32 end
for _, x in ipairs {-80, -40, -20.5, -17, 1e-4, -1e-4, -1e-8, 17, 20.5, 40} do points[#points + 1] = x end

-- f(x), f'(x), f''(x) as three lists.
local function orders(gan, name, ...)
  local x = gan.tensor(points):requires_grad_()
  local y = gan.ops[name](x, ...)
  local slope = gan.grad(y:sum(), {x}, {create_graph = true})[1]
  local curvature = gan.grad(slope:sum(), {x})[1]
  return {y:to_table(), slope:to_table(), curvature:to_table()}
end

describe("an activation in float", function()
  -- name, parameter, and where its value, slope and curvature cross 0: near there only the absolute error is small.
  local list = {
    {"elu", 1}, {"elu", 0.5}, {"selu"}, {"sigmoid"}, {"softplus"},
    {"swish", zeros = {[2] = {-1.28}, [3] = {-2.4, 2.4}}}, {"gelu", zeros = {[2] = {-0.75}, [3] = {-1.41, 1.41}}},
    {"erfc"},
  }
  for _, case in ipairs(list) do
    it(("%s %s is as precise as its digits, wherever it saturates"):format(case[1], case[2] or ""), function()
      local got, want = orders(float, case[1], case[2]), orders(double, case[1], case[2])
      for order = 1, 3 do
        for i, x in ipairs(points) do
          local w, g, near_zero = want[order][i], got[order][i], false
          for _, zero in ipairs(case.zeros and case.zeros[order] or {}) do
            near_zero = near_zero or math.abs(x - zero) < 0.5
          end
          local tol = near_zero and 1e-6 or (1e-6 + 3e-7 * math.min(x * x, 100)) * math.abs(w)
          assert.is_true(math.abs(g - w) <= math.max(tol, 1e-37), -- below 1e-37 floats lose digits
            ("%s, order %d at %g: %.9g, expected %.9g"):format(case[1], order - 1, x, g, w))
        end
      end
    end)
  end

  it("tanh takes its slope from its result, to 1.2e-7", function()
    local got, want = orders(float, "tanh"), orders(double, "tanh")
    for i in ipairs(points) do
      assert.is_true(math.abs(got[1][i] - want[1][i]) <= 4e-7 * math.abs(want[1][i]))
      assert.is_true(math.abs(got[2][i] - want[2][i]) <= 1.2e-7 + 4e-7 * want[2][i])
    end
  end)

  it("passes NaN, and goes to its limits at infinities", function()
    local x = float.tensor {0 / 0, math.huge, -math.huge}
    for name, limits in pairs {
      elu = {math.huge, -1}, selu = {math.huge, -1.7580993}, sigmoid = {1, 0}, softplus = {math.huge, 0},
      erfc = {0, 2},
    } do
      local y = float.ops[name](x, name == "elu" and 1 or nil):to_table()
      assert.is_true(y[1] ~= y[1], name)
      assert.equal(limits[1], y[2], name)
      assert.is_true(math.abs(limits[2] - y[3]) < 1e-6, name)
    end
    local y = x:gelu():to_table()
    assert.is_true(y[1] ~= y[1] and y[2] == math.huge)
  end)
end)

describe("a product of tensors that broadcast", function()
  local core = require "gan.core"
  -- x's shape, m's: thin rows, and rows that a block of 8,192 numbers cuts
  for _, case in ipairs {
    {{2, 50, 90, 3}, {2, 50, 90, 1}}, {{2, 50, 90, 3}, {3}}, {{3, 40, 2}, {3, 1, 2}}, {{9000, 5}, {9000, 1}},
    {{2, 3}, {2, 1}}, {{7, 3, 2}, {7, 1, 1}}, {{4, 1, 7}, {1, 3, 7}}, {{0, 9, 3}, {9, 1}},
  } do
    local a, b = table.unpack(case)
    it(("of (%s) and (%s) is that of the numbers, new and in place"):format(table.concat(a, ","), table.concat(b, ",")),
      function()
        local rng = core.rng(1, "broadcast")
        local x, m = rng:normal(a), rng:normal(b)
        local shape = {}
        for i = 1, #a do shape[i] = math.max(a[i], a[i] == 0 and 0 or b[i - #a + #b] or 1) end
        local whole = core.contiguous(core.expand(m, shape)) -- copied, not multiplied
        local wide = core.contiguous(core.expand(x, shape))
        local want = core.mul(wide, whole)
        local threads = core.threads()
        for n = 1, 2 do
          core.threads(n)
          assert.is_true(core.to_bytes(want) == core.to_bytes(core.mul(x, m)))
          local y = core.clone(wide)
          core.mul_(y, m)
          assert.is_true(core.to_bytes(want) == core.to_bytes(y))
        end
        core.threads(threads)
      end)
  end
end)
