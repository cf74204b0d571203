--- preset: the pipelines of adaptive augmentation (ADA), by name.
-- @module gan.augment.preset
local band = require "gan.augment.band"
local check = require "gan.check"
local colour = require "gan.augment.colour"
local core = require "gan.core"
local cutout = require "gan.augment.cutout"
local geometry = require "gan.augment.geometry"
local noise = require "gan.augment.noise"
local pipeline = require "gan.augment.pipeline"

-- Name -> f() -> its transforms, in order.
local groups = {
  blit = function() return {geometry.xflip(), geometry.rotate90(1, {oblong = "half"}), geometry.translate()} end,
  geom = function()
    return {
      geometry.scale(), geometry.rotate(1, {of = 2}), geometry.anisotropic_scale(), geometry.rotate(1, {of = 2}),
      geometry.fractional_translate(),
    }
  end,
  color = function()
    return {colour.brightness(), colour.contrast(), colour.luma_flip(), colour.hue(), colour.saturation()}
  end,
  filter = function() return {band.band1(), band.band2(), band.band3(), band.band4()} end,
  noise = function() return {noise()} end,
  cutout = function() return {cutout()} end,
}

-- Name -> groups, in order.
local presets = {
  bg = {"blit", "geom"}, bgc = {"blit", "geom", "color"}, bgcf = {"blit", "geom", "color", "filter"},
  bgcfn = {"blit", "geom", "color", "filter", "noise"},
  bgcfnc = {"blit", "geom", "color", "filter", "noise", "cutout"},
}
local names = {}
for name in pairs(groups) do presets[name] = {name} end
for name in pairs(presets) do names[#names + 1] = name end
core.sort(names)

--- Makes a pipeline of adaptive augmentation: blit, geom, color, filter, noise, cutout, and bg, bgc, bgcf, bgcfn,
-- bgcfnc, which are the first groups of these, by their first letters.
--
-- Each transform has the probability `p` (a rotation before or after the anisotropic scale, `rotate`). The paper's
-- choice is bgc: on small sets geometry helps most and colour a little; more is of no use, and on large sets all of it
-- harms. Above p = 0.8 or so it gets into what G draws. Pictures that are not square are turned by 180 degrees alone.
-- Source: Karras et al. 2020, arXiv:2006.06676, appendix B.
-- Differs: flips, quarter turns and whole pixels are exact; the margin of each picture is its own.
-- @function gan.augment.preset
-- @tparam string name  of the preset
-- @tparam[opt] table opt
-- @tparam[opt=1] number|function opt.p  in [0,1], or f(step) -> such a number; a field
-- @treturn function  f(x, rng) -> x, real (N,H,W,C), as of `compose`
-- @raise if there is none of that name, with the nearest; or if an option is unknown or wrong
return function(name, opt)
  opt = check.options("augment.preset", opt, pipeline.known)
  local list = type(name) == "string" and presets[name]
  if not list then
    return check.fail("augment.preset", "unknown preset %s%s", check.found(name), check.hint(name, names))
  end
  local stages = {}
  for _, group in ipairs(list) do
    for _, transform in ipairs(groups[group]()) do stages[#stages + 1] = transform end
  end
  return pipeline.new("augment.preset", stages, opt, name)
end
