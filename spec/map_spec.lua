-- csrc/kernels/map.c: t-SNE's parts and the assignment, against worked numbers and all permutations; the same bytes for
-- any number of threads; wrong input.
local core = require "gan.core"
local core64 = require "gan.core64"
local double = require "spec.support.double"
local gan = require "gan"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"

local near = golden.near

-- Cost of the best of all permutations.
local function best(cost, at, taken)
  local least = math.huge
  for j = 1, #cost[1] do
    if at > #cost then return 0 end
    if not taken[j] then
      taken[j] = true
      least = math.min(least, cost[at][j] + best(cost, at + 1, taken))
      taken[j] = nil
    end
  end
  return least
end

local function float(v) return gan.tensor(v) end

describe("t-SNE", function()
  local X = {{0, 0}, {1, 0}, {0, 2}, {4, 4}, {5, 4}}
  local Y = {{0, 0}, {1, 0}, {0, 1}, {2, 2}, {3, 2}}

  local P = { -- above the diagonal
    {.1282455914, .0962932224, .0033533214, .0035599412}, {.0736246104, .0071292698, .0072938101},
    {.0108484685, .0089262074}, {.1607255573},
  }

  it("has affinities of one entropy, symmetric, of sum 1", function()
    for _, case in ipairs {{core64, double.tensor, 1e-13, 1e-9}, {core, float, 1e-6, 2e-6}} do
      local c, tensor, tolerance, off = table.unpack(case)
      local p, beta = c.affinities(tensor(X), 2, tolerance)
      local list = p:to_table()
      for i, row in ipairs(P) do
        for j, v in ipairs(row) do
          assert.is_true(math.abs(v - list[i][i + j]) < off, ("%d %d: %.12g"):format(i, j, list[i][i + j]))
          assert.equal(list[i][i + j], list[i + j][i])
        end
        assert.equal(0, list[i][i])
      end
      assert.is_true(math.abs(1 - p:sum():item()) < 1e-6)
      for i, v in ipairs {.1636956072, .1800632873, .3492511237, .1063345438, .0786133391} do
        assert.is_true(math.abs(beta:get(i) - v) < 2 * off)
      end
    end
  end)

  it("ends where more points coincide than the perplexity", function()
    local x = gan.zeros(12, 3)
    x:narrow(1, 12, 1):add_(1)
    local p, beta = core.affinities(x, 3)
    assert.equal(1e12, beta:get(1))
    assert.is_true(math.abs(1 - p:sum():item()) < 1e-6)
  end)

  it("has the worked gradient and divergence", function()
    local p = core64.affinities(double.tensor(X), 2, 1e-13)
    local y = double.tensor(Y)
    near({-.0351836374, .0257385499, .1014653402, .0358573422, .0277241018, .0254409842, -.1879532653, -.0649657794,
      .0939474607, -.0220710969}, core64.tsne_gradient(y, p))
    assert.is_true(math.abs(core64.tsne_divergence(y, p) - .1460978959) < 1e-10)
    -- It is the gradient: by differences.
    local dy = core64.tsne_gradient(y, p):to_table()
    for i = 1, 5 do
      for k = 1, 2 do
        local moved = {}
        for sign = -1, 1, 2 do
          local at = double.tensor(Y):to_table()
          at[i][k] = at[i][k] + sign * 1e-5
          moved[sign] = core64.tsne_divergence(double.tensor(at), p)
        end
        assert.is_true(math.abs((moved[1] - moved[-1]) / 2e-5 - dy[i][k]) < 1e-8)
      end
    end
    -- The attraction is the affinities' part.
    local four = core64.tsne_gradient(y, p, 4)
    near((core64.tsne_gradient(y, p * 4)):reshape {-1}:to_table(), four, 1e-12)
  end)

  it("descends along the worked path", function()
    local p, y = core64.affinities(double.tensor(X), 2, 1e-13), double.tensor(Y)
    y = (y - y:mean(1, {keepdim = true})):contiguous()
    local u, gain = double.zeros(5, 2), double.ones(5, 2)
    local path = {{-.2126957868, -.3195211223, .3659967638}, {-.9043445024, -.6660645915, .1263854790},
      {-1.5196712411, -.9499659700, .1103505586}}
    for i, at in ipairs(path) do
      core64.tsne_step_(y, u, gain, p, i < 3 and 4 or 1, i < 3 and .5 or .8, 1)
      near(at, double.tensor {y:get(1, 1), y:get(1, 2), core64.tsne_divergence(y, p)})
    end
    assert.is_true(y:mean(1):abs():max():item() < 1e-15)
    assert.is_true(gain:min():item() >= .01)
  end)

  it("is the same bytes with one thread and two", function()
    local x, y = gan.rng(1):normal {303, 7}, gan.rng(2):normal {303, 2}
    assert.is_true(same_with_two_threads(function(threads)
      core.threads(threads)
      local p, beta = core.affinities(x, 12)
      local at, u, gain = y:clone(), gan.zeros(303, 2), gan.ones(303, 2)
      for _ = 1, 3 do core.tsne_step_(at, u, gain, p, 12, .5, 50) end
      return p:to_bytes() .. beta:to_bytes() .. at:to_bytes() .. ("%a"):format(core.tsne_divergence(at, p))
    end))
  end)

  it("floats are near doubles, whatever the number of rows", function()
    for _, n in ipairs {5, 16, 33, 100} do
      local x, y = gan.rng(n):normal {n, 3}, gan.rng(1):normal {n, 2}
      local x64, y64 = double.tensor(x:to_table()), double.tensor(y:to_table())
      local p, p64 = core.affinities(x, n / 4, 1e-6), core64.affinities(x64, n / 4, 1e-6)
      near(p64:reshape {-1}:to_table(), p, 1e-5)
      near(core64.tsne_gradient(y64, p64):reshape {-1}:to_table(), core.tsne_gradient(y, p), 1e-5)
    end
  end)

  it("refuses what it cannot take", function()
    local function bad(what, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.is_truthy(message:find(what, 1, true), message)
    end
    local p, y = gan.zeros(5, 5), gan.zeros(5, 2)
    bad("affinities: bad argument #1 'x' (expected (N,D) of 4 to 32767 rows", core.affinities, gan.zeros(3, 2), 1)
    bad("'x' (row 2 holds NaN", core.affinities, gan.tensor {{0}, {0 / 0}, {0}, {0}}, 1)
    bad("'perplexity' (expected a number in [1", core.affinities, y, 9)
    bad("'tolerance'", core.affinities, y, 2, -1)
    bad("tsne_gradient: bad argument #1 'y' (expected (N,2)", core.tsne_gradient, gan.zeros(5, 3), p)
    bad("'p' (expected (5,5) to match y, got (5,2)", core.tsne_gradient, y, y)
    bad("'y' (row 1 holds NaN", core.tsne_gradient, y + 1 / 0, p)
    bad("'p' (expected (5,5)", core.tsne_divergence, y, y)
    bad("'u' (expected (5,2) as y", core.tsne_step_, y, gan.zeros(4, 2), y, p, 1, 0, 1)
    bad("'u' (shares its memory", core.tsne_step_, y, y, gan.zeros(5, 2), p, 1, 0, 1)
    bad("'gain' (shares its memory", core.tsne_step_, y, gan.zeros(5, 2), y, p, 1, 0, 1)
    bad("'momentum'", core.tsne_step_, y, gan.zeros(5, 2), gan.zeros(5, 2), p, 1, 2, 1)
    bad("'y' (expected a contiguous", core.tsne_step_, gan.zeros(5, 4):narrow(2, 1, 2), gan.zeros(5, 2),
      gan.zeros(5, 2), p, 1, 0, 1)
  end)
end)

describe("assignment", function()
  it("has the worked columns and duals", function()
    local at, u, v = core64.assign(double.tensor {{4, 1, 3, 2}, {2, 0, 5, 3}, {3, 2, 3, 1}, {1, 3, 4, 6}})
    assert.same({2, 1, 3, 0}, at:to_table())
    assert.same({3, 2, 2, 1}, u:to_table())
    assert.same({0, -2, 0, -1}, v:to_table())
    -- Points (.1,.2) (.2,.1) (.9,.8) (.15,.85) on 2 x 2 cells.
    local cost, cells = {}, {{.25, .25}, {.75, .25}, {.25, .75}, {.75, .75}}
    for i, p in ipairs {{.1, .2}, {.2, .1}, {.9, .8}, {.15, .85}} do
      cost[i] = {}
      for j, c in ipairs(cells) do cost[i][j] = (p[1] - c[1]) ^ 2 + (p[2] - c[2]) ^ 2 end
    end
    at = core64.assign(double.tensor(cost)):to_table()
    assert.same({0, 1, 3, 2}, at)
    local sum = 0
    for i, j in ipairs(at) do sum = sum + cost[i][j + 1] end
    assert.is_true(math.abs(sum - .395) < 1e-12)
  end)

  it("is the best of all permutations, and its duals prove it", function()
    for seed = 1, 30 do
      local n, m = 1 + seed % 5, 5 + seed % 2
      local cost = double.rng(seed):uniform({n, m}, -1, 1)
      local list = cost:to_table()
      if seed % 3 == 0 then -- ties
        for _, row in ipairs(list) do for j, c in ipairs(row) do row[j] = math.floor(2 * c) end end
      end
      local at, u, v = core64.assign(double.tensor(list))
      local sum, taken = 0, {}
      for i, j in ipairs(at:to_table()) do
        assert.is_nil(taken[j])
        taken[j], sum = true, sum + list[i][j + 1]
        assert.is_true(math.abs(u:get(i) + v:get(j + 1) - list[i][j + 1]) < 1e-12)
      end
      assert.is_true(math.abs(sum - best(list, 1, {})) < 1e-12, seed)
      for i = 1, n do
        for j = 1, m do assert.is_true(u:get(i) + v:get(j) <= list[i][j] + 1e-12) end
      end
      for j = 1, m do assert.is_true(v:get(j) <= 0 and (taken[j - 1] or v:get(j) == 0)) end
    end
    assert.same({0, 1, 2}, core.assign(gan.zeros(3, 4)):to_table()) -- the lowest of equals
  end)

  it("refuses what it cannot take", function()
    for _, case in ipairs {{gan.zeros(3, 2), "expected (N,M), N from 1 to M"}, {gan.zeros(0, 2), "N from 1 to M"},
      {gan.tensor {{0, 1 / 0}}, "row 1 holds NaN or an infinity"}, {gan.zeros(3), "2 dimensions"}} do
      local ok, message = pcall(core.assign, case[1])
      assert.is_false(ok)
      assert.is_truthy(message:find(case[2], 1, true), message)
    end
  end)
end)
