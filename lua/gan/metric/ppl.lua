--- Perceptual path length: how fast pictures change along a path between two latents.
-- @module gan.metric.ppl
local core = require "gan.core"
local autograd = require "gan.autograd"
local check = require "gan.check"
local input = require "gan.metric.input"
local latent = require "gan.latent"

local option = check.option
local NAME = "metric.ppl"

local ppl = {}
ppl.__index = ppl

-- Latents (n,Z) at t and at t + eps of n random paths, and their labels or nil.
local function draw(self, n, rng)
  local a, b = core.to_table(rng:normal {n, self.z}), core.to_table(rng:normal {n, self.z})
  local t = core.to_table(rng:uniform {n})
  local here, there, along = {}, {}, latent[self.space]
  for i = 1, n do here[i], there[i] = along(a[i], b[i], t[i]), along(a[i], b[i], t[i] + self.eps) end
  local y = self.classes and rng:integer({n}, 0, self.classes - 1) or nil
  return core.tensor(here), core.tensor(there), y
end

--- Draws the paths, runs generator and features, and measures |F(G(z(t))) - F(G(z(t + eps)))|^2 / eps^2 for each.
-- @treturn number  their mean, without the `trim` smallest and the `trim` largest part
-- @treturn table  protocol: metric, value, deviation (population, over the paths that count), n_fake, dim, eps, space,
--   trim, seed
-- @raise if the features of a picture are not finite
function ppl:value()
  local rng, list, dim = core.rng(self.seed, "ppl"), {}, nil
  autograd.no_grad(function()
    while #list < self.n do
      local n = math.min(self.batch, self.n - #list)
      local here, there, y = draw(self, n, rng)
      local f = input.rows(NAME, 1, "features", (self.features((self.generator(here, y)))))
      local g = input.rows(NAME, 1, "features", (self.features((self.generator(there, y)))), core.size(f, 2))
      if core.size(f, 1) ~= n or core.size(g, 1) ~= n then
        local wrong = core.size(f, 1) ~= n and f or g
        local wanted = ("%s for %s"):format(check.count(n, "row"), check.count(n, "latent"))
        return check.expected(NAME, 1, "features", wanted, wrong)
      end
      dim = core.size(f, 2)
      for _, v in ipairs(core.to_table(core.row_distances(f, g))) do list[#list + 1] = v / self.eps ^ 2 end
    end
  end)
  table.sort(list) -- numbers
  local cut = math.floor(self.trim * self.n)
  local mean, deviation = input.spread(table.move(list, cut + 1, self.n - cut, 1, {}))
  return input.answer {
    metric = "ppl", value = mean, deviation = deviation, n_fake = self.n, dim = dim, eps = self.eps, space = self.space,
    trim = self.trim, seed = self.seed,
  }
end

--- Makes the perceptual path length of a generator.
-- Source: Karras et al. 2019, arXiv:1812.04948, sec. 4.1.  Differs: the distance is that of the given features, not
-- LPIPS, so numbers compare only among equal features; latents keep their lengths on the arc.
-- @function gan.metric.ppl
-- @tparam table opt
-- @tparam function opt.generator  f(z real (N,Z), y) -> images, in eval mode
-- @tparam function opt.features  f(images) -> real (N,D)
-- @tparam integer opt.z  Z
-- @tparam[opt] integer opt.classes  Y, for random labels, the same at both ends; default: none
-- @tparam[opt=1000] integer opt.n  paths
-- @tparam[opt=64] integer opt.batch  paths at a time
-- @tparam[opt=1e-4] number opt.eps  step along the path, in [1e-6,1]
-- @tparam[opt="slerp"] string opt.space  "slerp" or "lerp"
-- @tparam[opt=0.01] number opt.trim  part left out at either end, in [0,0.49]
-- @tparam[opt=0] integer opt.seed  of the draws
-- @treturn table  `value()`
-- @raise if an option is unknown, missing or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    generator = option.callable {required = true}, features = option.callable {required = true},
    z = option.integer {required = true, lo = 1, hi = 1 << 20}, classes = option.integer {lo = 1, hi = 1 << 24},
    n = option.integer {default = 1000, lo = 1, hi = 1 << 24},
    batch = option.integer {default = 64, lo = 1, hi = 1 << 16},
    eps = option.number {default = 1e-4, lo = 1e-6, hi = 1},
    space = option.word {"slerp", "lerp", default = "slerp"},
    trim = option.number {default = 0.01, lo = 0, hi = 0.49}, seed = option.integer {default = 0},
  })
  return setmetatable(opt, ppl)
end
