-- Sums and differences of averaged latent vectors: worked numbers, the variance that is left, what is warned of.
local double = require "spec.support.double"
local gan = require "gan"
local near = require "spec.support.near"

describe("latent: arithmetic", function()
  it("adds and subtracts averages", function()
    local warnings, real = {}, _G.warn
    _G.warn = function(text) warnings[#warnings + 1] = text end -- luacheck: ignore
    local ok, message = pcall(function()
      for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
        local z, means = lib.latent.arithmetic(lib.tensor {{1, 0}, {2, 1}, {0, 2}}, lib.tensor {{1, 1}, {0, 0}, {2, 2}},
          lib.tensor {{0, 1}, {1, 1}, {2, 1}})
        near({1, 1}, z, tol)
        local s = math.sqrt(3)
        near({{s, s}, {s, s}, {s, s}}, {means[1]:to_table(), means[2]:to_table(), means[3]:to_table()}, tol)
      end
    end)
    _G.warn = real -- luacheck: ignore
    assert(ok, message)
    assert.is_truthy(warnings[1]:find("latent.arithmetic: b and c have a vector in common", 1, true))
  end)

  it("lands in the prior for any number of vectors", function()
    for n, s in pairs {[1] = 0.5773502692, [2] = 0.8164965809, [4] = 1.1547005384, [8] = 1.6329931619} do
      local rng = double.rng(n)
      local a, b, c = rng:normal {n, 5}, rng:normal {n, 5}, rng:normal {n, 5}
      local plain = double.latent.arithmetic(a, b, c, {rescale = false})
      near((a:mean(1) - b:mean(1) + c:mean(1)):to_table(), plain)
      near((plain * s):to_table(), double.latent.arithmetic(a, b, c), 1e-9)
    end
    local rng = gan.rng(1)
    local z = gan.latent.arithmetic(rng:normal {1, 4000}, rng:normal {5, 4000}, rng:normal {2, 4000})
    assert.is_true(math.abs(z:square():mean():item() - 1) < 0.1)
  end)

  it("says what is wrong", function()
    local z = gan.ones(3, 2)
    assert.error_matches(function() gan.latent.arithmetic(z, z, nil) end, "latent.arithmetic: bad argument #3 'c'")
    assert.error_matches(function() gan.latent.arithmetic(z, gan.ones(3, 3), z) end,
      "latent.arithmetic: bad argument #2 'b' %(expected vectors of 2 numbers, as a has, got real tensor %(3,3%)%)")
    assert.error_matches(function() gan.latent.arithmetic(z, z, z, {scale = 1}) end, "unknown option 'scale'")
  end)
end)
