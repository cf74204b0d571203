--- Perceptual path length: how fast pictures change along a path between two latents.
-- @module gan.metric.ppl
local core = require "gan.core"
local autograd = require "gan.autograd"
local check = require "gan.check"
local input = require "gan.metric.input"
local latent = require "gan.latent"

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
-- @treturn number their mean, without the `trim` smallest and the `trim` largest part
-- @treturn table protocol: metric, value, deviation (population, over the paths that count), n_fake, dim, eps, space, trim, seed
-- @raise if the features of a picture are not finite
function ppl:value()
  local rng, list, dim = core.rng(self.seed, "ppl"), {}, nil
  autograd.no_grad(function()
    while #list < self.n do
      local n = math.min(self.batch, self.n - #list)
      local here, there, y = draw(self, n, rng)
      local f = input.rows("ppl", 1, "features", (self.features((self.generator(here, y)))))
      local g = input.rows("ppl", 1, "features", (self.features((self.generator(there, y)))), core.size(f, 2))
      if core.size(f, 1) ~= n or core.size(g, 1) ~= n then
        return check.expected("ppl", 1, "features", ("%d rows for %d latents"):format(n, n), core.size(f, 1) ~= n and f or g)
      end
      dim = core.size(f, 2)
      for _, v in ipairs(core.to_table(core.row_distances(f, g))) do list[#list + 1] = v / self.eps ^ 2 end
    end
  end)
  table.sort(list)
  local cut = math.floor(self.trim * self.n)
  local mean, deviation = input.spread(table.move(list, cut + 1, self.n - cut, 1, {}))
  return input.answer {
    metric = "ppl", value = mean, deviation = deviation, n_fake = self.n, dim = dim, eps = self.eps, space = self.space, trim = self.trim,
    seed = self.seed,
  }
end

--- Perceptual path length of a generator.
-- Source: Karras et al. 2019, arXiv:1812.04948, sec. 4.1. Differs: the distance is that of the given features, not LPIPS, so numbers compare only among
-- equal features; latents keep their lengths on the arc.
-- @tparam table opt generator: f(z real (N,Z), y) -> images, in eval mode; features: f(images) -> real (N,D); z: Z; classes: Y, for random
--   labels (the same at both ends); n = 1000 paths; batch = 64; eps = 1e-4; space = "slerp" | "lerp"; trim = 0.01; seed = 0
-- @treturn table value()
return function(opt)
  opt = check.options("ppl", opt, {
    generator = check.none, features = check.none, z = check.none, classes = check.none, n = 1000, batch = 64, eps = 1e-4, space = "slerp",
    trim = 0.01, seed = 0,
  })
  local self = {generator = opt.generator, features = opt.features, space = opt.space}
  for _, key in ipairs {"generator", "features"} do
    local mt = getmetatable(self[key])
    if type(self[key]) ~= "function" and not (type(mt) == "table" and mt.__call) then
      return check.expected("ppl", 1, key, "a function", self[key])
    end
  end
  if opt.space ~= "slerp" and opt.space ~= "lerp" then return check.expected("ppl", 1, "space", "'slerp' or 'lerp'", opt.space) end
  self.z = check.int("ppl", 1, "z", opt.z, 1, 1 << 20)
  self.classes = opt.classes and check.int("ppl", 1, "classes", opt.classes, 1, 1 << 24)
  self.n = check.int("ppl", 1, "n", opt.n, 1, 1 << 24)
  self.batch = check.int("ppl", 1, "batch", opt.batch, 1, 1 << 16)
  self.eps = check.number("ppl", 1, "eps", opt.eps, 1e-6, 1)
  self.trim = check.number("ppl", 1, "trim", opt.trim, 0, 0.49)
  self.seed = check.int("ppl", 1, "seed", opt.seed, math.mininteger)
  return setmetatable(self, ppl)
end
