-- The stand-in for the earth mover's distance: worked numbers, a slow definition, gradients, wrong shapes.
local gan, near = require "spec.support.double", require "spec.support.near"

local emd = gan.loss.emd().latents

-- The definition, in loops: its two terms.
local function slow(z, t)
  local function square(a, b)
    local sum = 0
    for k = 1, #a do sum = sum + (a[k] - b[k]) ^ 2 end
    return sum
  end
  local function mean_of_nearest(from, to)
    local sum = 0
    for _, a in ipairs(from) do
      local least = math.huge
      for _, b in ipairs(to) do least = math.min(least, square(a, b)) end
      sum = sum + least
    end
    return sum / #from
  end
  return mean_of_nearest(t, z), mean_of_nearest(z, t)
end

describe("loss.emd", function()
  it("is 1 + 1 of the worked example", function()
    local z, t = gan.tensor {{0, 0}, {1, 0}}, gan.tensor {{1, 1}, {0, -1}, {2, 0}}
    assert.same({1, 1}, {slow(z:to_table(), t:to_table())})
    near(2, emd(z, t))
  end)

  it("is the definition", function()
    for seed = 1, 5 do
      local rng = gan.rng(seed)
      local z, t = rng:normal {7, 3}, rng:normal {20, 3}
      local a, b = slow(z:to_table(), t:to_table())
      near(a + b, emd(z, t), 1e-12)
    end
    local z = gan.rng(1):normal {4, 5}
    near(0, emd(z, z))
  end)

  it("has its gradients, of both", function()
    local rng = gan.rng(3)
    assert(gan.gradcheck(emd, {rng:normal {3, 2}, rng:normal {9, 2}}, {order = 2}))
    local z = gan.tensor {{0, 0}, {1, 0}}:requires_grad_()
    local t = gan.tensor {{1, 1}, {0, -1}, {2, 0}}
    -- over t: 2/3 (z - t) of (1,1) and (2,0) for z2, of (0,-1) for z1; over z: 2/2 (z1 - (0,-1)), 2/2 (z2 - (1,1))
    near({{0, 2 / 3 + 1}, {-2 / 3, -2 / 3 - 1}}, gan.grad(emd(z, t), {z})[1])
  end)

  it("names what is wrong", function()
    local z = gan.zeros(2, 3)
    assert.error_matches(function() emd(z, gan.zeros(2, 4)) end,
      "loss.emd: expected z %(N,Z%) and t %(M,Z%), got real tensor %(2,3%) and real tensor %(2,4%)")
    assert.error_matches(function() emd(gan.zeros(3), z) end, "loss.emd: bad argument #1 'z'")
    assert.error_matches(function() emd(z) end, "loss.emd: bad argument #2 't'")
    assert.error_matches(function() gan.loss.emd {n = 3} end, "loss.emd: unknown option 'n'")
  end)
end)
