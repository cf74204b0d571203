-- Closed paths and random walks in latent space: worked numbers, and that the last frame leads to the first.
local double = require "spec.support.double"
local gan = require "gan"
local near = require "spec.support.near"

local A, B = {1, 2, 2}, {2, -1, 2}

describe("latent: loop", function()
  it("goes around a circle, flat or not", function()
    for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
      local flat = lib.latent.circle(A, B, {frames = 8, flat = true})
      assert.same({8, 3}, flat:shape())
      near(A, flat[1], tol)
      near({1.9349880082, -0.0767850704, 2.2912715817}, flat[2], tol)
      near({1.7364862842, -2.1085904880, 1.2403473459}, flat[3], tol)
      near({0.5207744458, -2.9052121952, -0.5371555431}, flat[4], tol)
      near({2.1213203436, 0.7071067812, 2.8284271247}, lib.latent.circle(A, lib.tensor(B), {frames = 8})[2], tol)
    end
    assert.equal(79, #gan.latent.circle(A, B))
  end)

  it("wanders", function()
    for lib, tol in pairs {[double] = 1e-7, [gan] = 1e-5} do
      local a, b = lib.tensor {{1, 2}, {0.5, 0}}, lib.tensor {{2, -1}, {0, 0.5}}
      local path = lib.latent.wander(a, b, {frames = 8})
      near({1.8973666, 0.8560623}, path[2], tol)
      near({1.5652476, -0.8944272}, path[3], tol)
      near(path:to_table(), lib.latent.wander(a, b, {frames = 8, weights = {4, 1}}), tol)
      assert.equal(100, #lib.latent.wander(a, b)) -- 2 pi sqrt(0.8 + 4 * 0.2) / 0.08
    end
  end)

  it("stays normal on closed ways and in walks", function()
    local n, rng, sums = 4000, gan.rng(1), {circle = 0, wander = 0, walk = 0}
    local frames = {
      circle = gan.latent.circle(rng:normal {n}, rng:normal {n}, {frames = 7}),
      wander = gan.latent.wander(rng:normal {2, n}, rng:normal {2, n}, {frames = 7}),
      walk = gan.latent.walk(rng:normal {n}, {steps = 6, rng = rng, rho = 0.5}),
    }
    for name in pairs(sums) do
      local square = frames[name]:square():mean(2)
      for k = 1, 7 do assert.is_true(math.abs(square:get(k) - 1) < 0.1, name) end
    end
  end)

  it("goes through given vectors and back", function()
    local z = gan.tensor {{2, 0}, {0, 2}, {-2, 0}}
    local path, at = gan.latent.through(z, {frames = 40})
    assert.same({1, 11, 21}, at)
    assert.equal(40, #path)
    for i, k in ipairs(at) do assert.same(z[i]:to_table(), path[k]:to_table()) end
    for k = 1, 40 do near(2 * math.sin(math.pi / 40) * 2, (path[k] - path[k % 40 + 1]):square():sum():sqrt(), 1e-4) end
    local _, default = gan.latent.through(z)
    assert.same({1, 21, 41}, default) -- 2 pi / 0.08 = 79 frames, in proportion
    local slow = gan.latent.through(z, {frames = 40, rest = true})
    local function speed(k) return (slow[k] - slow[k + 1]):square():sum():sqrt():item() end
    assert.is_true(speed(11) < 0.5 * speed(15) and speed(10) < 0.5 * speed(6))
    assert.equal(4, #gan.latent.through(z, {frames = 1})) -- one, one and two
    assert.equal(2, #gan.latent.through(gan.tensor {{1, 0}, {2, 0}}))
  end)

  it("drifts", function()
    for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
      near({0.98, -1.36, -0.32}, lib.latent.drift(lib.tensor {1, -2, 0.5}, lib.tensor {0.3, 0.4, -1.2}, 0.8), tol)
    end
    local walk = gan.latent.walk({1, 2, 3}, {steps = 4, rng = gan.rng(3)})
    assert.same({5, 3}, walk:shape())
    assert.same({1, 2, 3}, walk[1]:to_table())
    local want = gan.latent.drift(walk:narrow(1, 1, 1), gan.rng(3):normal {1, 3}, 0.8)
    assert.same(want[1]:to_table(), walk[2]:to_table())
    assert.same({{1, 2, 3}, {1, 2, 3}}, gan.latent.walk({1, 2, 3}, {steps = 1, rho = 1}):to_table())
  end)

  it("says what is wrong", function()
    local L = gan.latent
    for _, case in ipairs {
      {L.circle, {1, 2}, {2, 4}, {flat = true}, "latent.circle: option 'flat': a and b are parallel"},
      {L.circle, {0, 0}, {2, 4}, {flat = true}, "latent.circle: option 'flat': a and b are parallel"},
      {L.circle, {1, 2}, {2}, nil, "latent.circle: bad argument #2 'b' (expected one vector of 2 numbers"},
      {L.circle, {1, 2}, {2, 1}, {frames = 0},
        "latent.circle: option 'frames': expected an integer in 1..100000, got 0"},
      {L.wander, gan.ones(2, 3), gan.ones(3, 3), nil,
        "latent.wander: bad argument #2 'b' (expected 2 vectors of 3 numbers"},
      {L.wander, gan.ones(2, 3), gan.ones(2, 3), {weights = {1}},
        "latent.wander: option 'weights': expected 2 numbers > 0,"
        .. " got 1"},
      {L.wander, gan.ones(2, 3), gan.ones(2, 3), {weights = {1, -1}},
        "option 'weights': expected 2 numbers > 0, got -1"},
      {L.through, gan.ones(1, 3), nil, nil, "latent.through: bad argument #1 'z' (expected at least two vectors"},
      {L.drift, gan.ones(2), gan.ones(3), 0.5, "latent.drift: bad argument #2 'noise' (expected (2), as z, got"},
      {L.drift, gan.ones(2), gan.ones(2), 2, "latent.drift: bad argument #3 'rho'"},
      {L.walk, gan.ones(2, 2), nil, nil, "latent.walk: bad argument #1 'z' (expected one vector, got 2 vectors"},
      {L.walk, {1}, {rho = -1}, nil, "latent.walk: option 'rho'"},
    } do
      local ok, message = pcall(case[1], case[2], case[3], case[4])
      assert.is_false(ok)
      assert.is_truthy(message:find(case[5], 1, true), message)
    end
  end)
end)
