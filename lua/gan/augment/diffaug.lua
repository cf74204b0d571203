--- diffaug: differentiable augmentation (DiffAugment), always on.
-- @module gan.augment.diffaug
local check = require "gan.check"
local draws = require "gan.augment.draws"
local kinds = require "gan.augment.kinds"
local matrices = require "gan.augment.matrices"
local pipeline = require "gan.augment.pipeline"

-- Part of a size, to the nearest pixel.
local function part(share, size) return math.floor(share * size + 0.5) end

-- The columns or rows first..last that are cut out.
local function cut(u, size)
  local length = part(0.5, size)
  local first = draws.integer(u, size + 1 - length % 2) - length // 2 + 1
  return math.max(1, first), math.min(size, first + length - 1)
end

local policies = {}

-- Brightness b + x; saturation s about the mean of channels; contrast c about the mean of all that came of it, which is
-- that of the picture, and b: c (S x + b) + (1 - c) (mean x + b) = c S x + b + (1 - c) mean x.
policies.color = pipeline.transform {
  name = "color", op = "augment.diffaug", kind = kinds.mean_colour, numbers = 3, options = {}, fits = kinds.fits_colour,
  draw = function(_, u, i)
    local b, s, c = draws.within(u[i + 1], 0.5), 2 * u[i + 2], 0.5 + u[i + 3]
    local m = matrices.colour_then(matrices.saturation(s), matrices.contrast(c))
    return {matrices.colour_then(m, matrices.brightness(b)), 1 - c}
  end,
}

policies.translation = pipeline.transform {
  name = "translation", op = "augment.diffaug", kind = kinds.map, numbers = 2,
  options = {fill = check.option.word {"zero", default = "zero"}},
  draw = function(_, u, i, size)
    local across, down = part(0.125, size.W), part(0.125, size.H)
    return matrices.shift(draws.integer(u[i + 1], 2 * across + 1) - across,
      draws.integer(u[i + 2], 2 * down + 1) - down)
  end,
}

policies.cutout = pipeline.transform {
  name = "cutout", op = "augment.diffaug", kind = kinds.box, numbers = 2, options = {},
  draw = function(_, u, i, size)
    local left, right = cut(u[i + 1], size.W)
    local top, bottom = cut(u[i + 2], size.H)
    return {left, right, top, bottom}
  end,
}

local names = {"color", "cutout", "translation"}

--- Makes the pipeline of DiffAugment, of policies in the order in which they are named.
--
-- * color: adds a number in [-0.5,0.5); multiplies colours by one in [0,2) about the mean of their channels, and all by
--   one in [0.5,1.5) about the mean of the picture
-- * translation: shifts by whole pixels, up to an eighth of the size; what comes in is 0
-- * cutout: sets a box of half the size to 0, cut off by the border
--
-- Every picture gets all of it: `p` is 1, and may be less. For few pictures all three; of CIFAR-10 as a whole the paper
-- takes translation and cutout.
-- Source: Zhao et al. 2020, arXiv:2006.10738.
-- @function gan.augment.diffaug
-- @tparam[opt="color,translation,cutout"] string policy  names, with commas
-- @tparam[opt] table opt
-- @tparam[opt=1] number|function opt.p  in [0,1], or f(step) -> such a number; a field
-- @treturn function  f(x, rng) -> x, real (N,H,W,C), as of `compose`
-- @raise if a policy is unknown, with the nearest; or if an option is unknown or wrong
return function(policy, opt)
  opt = check.options("augment.diffaug", opt, pipeline.known)
  if policy == nil then policy = "color,translation,cutout" end
  if type(policy) ~= "string" then
    return check.expected("augment.diffaug", 1, "policy", "a text such as 'color,translation,cutout'", policy)
  end
  local stages = {}
  for name in (policy .. ","):gmatch "%s*(.-)%s*," do
    if not policies[name] then
      return check.fail("augment.diffaug", "unknown policy '%s'%s", name, check.hint(name, names))
    end
    stages[#stages + 1] = policies[name]()
  end
  return pipeline.new("augment.diffaug", stages, opt, "diffaug")
end
