-- Gaussians in the plane: where they are, and what the score counts.
local gan = require "gan"
local core = require "gan.core"

describe("data.ring", function()
  it("lies where it says", function()
    local ring = gan.data.ring {}
    assert.equal(8, #ring.list)
    for k, c in ipairs(ring.list) do
      assert.is_true(math.abs(math.sqrt(c[1] ^ 2 + c[2] ^ 2) - 2) < 1e-12)
      local before = ring.list[k == 1 and 8 or k - 1]
      assert.is_true(math.abs((c[1] - before[1]) ^ 2 + (c[2] - before[2]) ^ 2 - 8 * (1 - math.sqrt(0.5))) < 1e-12)
    end
    local grid = gan.data.ring {modes = 25}
    assert.equal(25, #grid.list)
    assert.same({-4, -4}, grid.list[1])
    assert.same({4, 4}, grid.list[25])
    assert.equal("ring: 25 Gaussians of deviation 0.05 in the plane", grid:describe())
  end)

  it("draws from all modes with its deviation, and scores itself", function()
    for _, modes in ipairs {8, 25} do
      local ring = gan.data.ring {modes = modes}
      local x, which = ring:sample(gan.rng(1), 20000)
      local d = x - gan.tensor(ring.list):gather_rows(which)
      assert.is_true(math.abs(d:square():mean():sqrt():item() / ring.sigma - 1) < 0.02)
      local s = ring:score(x)
      assert.equal(modes, s.modes)
      assert.is_true(math.abs(s.quality - (1 - math.exp(-4.5))) < 0.003)
      assert.is_true(s.kl < 0.002)
    end
  end)

  it("counts what is missing", function()
    local ring = gan.data.ring {}
    local c = ring.list
    -- nine of mode 1, one of mode 2, ten far away
    local list = {}
    for i = 1, 9 do list[i] = {c[1][1], c[1][2] + 0.059 * (i % 2)} end
    list[10] = {c[2][1], c[2][2]}
    for i = 11, 20 do list[i] = {0, i / 100} end
    local s = ring:score(gan.tensor(list))
    assert.same({2, 0.5, {9, 1, 0, 0, 0, 0, 0, 0}}, {s.modes, s.quality, s.counts})
    assert.is_true(math.abs(s.kl - (0.9 * math.log(7.2) + 0.1 * math.log(0.8))) < 1e-12)
    for i = 1, 9 do list[i][2] = c[1][2] + 0.061 end -- beyond three deviations
    s = ring:score(gan.tensor(list))
    assert.same({1, 0.05}, {s.modes, s.quality})
    s = ring:score(gan.zeros(100, 2))
    assert.same({0, 0, math.log(8)}, {s.modes, s.quality, s.kl})
    list = {} -- one sample of 1000 is not a tenth of a share
    for i = 1, 1000 do list[i] = i == 1 and c[2] or c[1] end
    assert.equal(1, ring:score(gan.tensor(list)).modes)
  end)

  it("loads batches, and goes on from a state", function()
    local ring = gan.data.ring {}
    local a, b = ring:batches {batch = 10, seed = 3}, ring:batches {batch = 10, seed = 4}
    a()
    assert.equal(1e-4, a.epoch)
    assert.is_true(b:load(a:state()))
    assert.equal(core.to_bytes((a())), core.to_bytes((b())))
    assert.same({nil, "ring: the state has another batch"}, {b:load {batch = 3}})
    local state = a:state()
    state.key = "x"
    assert.same({nil, "ring: the state has no integer 'key'"}, {b:load(state)})
  end)

  it("refuses wrong use", function()
    for what, f in pairs {
      ["8 or 25"] = function() gan.data.ring {modes = 9} end,
      ["points (N,2)"] = function() gan.data.ring():score(gan.zeros(3, 3)) end,
      ["did you mean 'modes'"] = function() gan.data.ring {mode = 8} end,
    } do
      local ok, message = pcall(f)
      assert.is_false(ok)
      assert.is_truthy(message:find(what, 1, true), message)
    end
  end)
end)
