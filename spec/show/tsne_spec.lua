-- gan.show.tsne: the start from principal components, groups that come apart, determinism, wrong input.
local core = require "gan.core"
local double = require "spec.support.double"
local gan = require "gan"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"

-- Two groups of n rows, far apart.
local function groups(n, d)
  local x = gan.rng(1):normal {2 * n, d}
  x:narrow(1, 1, n):add_(4)
  return x
end

-- How many rows have a row of their own group for nearest.
local function among_own(y, n)
  local _, at = core.nearest(y, nil, 1)
  local count = 0
  for i, j in ipairs(at:to_table()) do if (i <= n) == (j[1] < n) then count = count + 1 end end
  return count
end

describe("tsne", function()
  it("starts from the principal components, with the signs of their largest entries", function()
    -- After one step of size 50 from 1e-4 times these, with gains of 1.2, the worked start can be told again.
    local X = {{0, 0}, {1, 0}, {0, 2}, {4, 4}, {5, 4}}
    local start = double.tensor {{-1.0602427941, -.0985391760}, {-.7705473016, -.3389650805},
      {-.5793909850, .4808518091}, {1.0602427941, .0985391760}, {1.3499382866, -.1418867286}} * 1e-4
    local core64 = double.require "gan.core"
    local x = double.tensor(X)
    x = x - x:mean(1, {keepdim = true})
    local p = core64.affinities(x * (1 / x:abs():max():item()), 4 / 3)
    local u, gain = double.zeros(5, 2), double.ones(5, 2)
    core64.tsne_step_(start, u, gain, p, 1, .8, 50)
    golden.near(start:reshape {-1}:to_table(), (double.show.tsne(double.tensor(X), {steps = 1})), 1e-9)
    -- The same of rows that are wider than they are many: zeros add nothing.
    local wide = double.cat({double.tensor(X), double.zeros(5, 60)}, 2)
    golden.near(start:reshape {-1}:to_table(), (double.show.tsne(wide, {steps = 1})), 1e-9)
  end)

  it("leaves groups apart, and comes near to an end", function()
    for _, d in ipairs {3, 70, 300} do -- as they are; 50 components of covariances, of products
      local y, protocol = gan.show.tsne(groups(60, d), {perplexity = 10, steps = 300})
      assert.same({120, 2}, y:shape())
      assert.equal(120, among_own(y, 60))
      assert.is_true(protocol.divergence > 0 and protocol.divergence < 1.5, protocol.divergence)
      assert.equal(math.min(d, 50), protocol.components)
      assert.same({10, 300}, {protocol.perplexity, protocol.steps})
    end
  end)

  it("is the same bytes with one thread and two, and tells each step", function()
    local x, told = groups(40, 60), {}
    assert.is_true(same_with_two_threads(function(threads)
      core.threads(threads)
      local y = gan.show.tsne(x, {steps = 5, each = function(step) told[#told + 1] = step end})
      return y:to_bytes()
    end))
    assert.same({1, 2, 3, 4, 5, 1, 2, 3, 4, 5}, told)
    local y, protocol = gan.show.tsne(gan.tensor {{1}, {2}, {3}, {7}}, {steps = 3}) -- one number a row: a line
    assert.same({0, 0, 0, 0}, y:narrow(2, 2, 1):reshape {4}:to_table())
    assert.equal(1, protocol.perplexity)
  end)

  it("says what is wrong", function()
    local function bad(what, x, opt)
      local ok, message = pcall(gan.show.tsne, x, opt)
      assert.is_false(ok)
      assert.is_truthy(message:find(what, 1, true), message)
    end
    bad("show.tsne: bad argument #1 'features' (expected at least 4 rows", gan.zeros(3, 2))
    bad("the rows are all the same: there is nothing to lay out", gan.ones(8, 2))
    bad("row 2 holds NaN", gan.tensor {{1}, {0 / 0}, {2}, {3}})
    bad("option 'perplexity': expected a number <= 3, a third of the other rows, got 4", groups(5, 2), {perplexity = 4})
  end)
end)
