--- Perceptual loss: an image is to look like another one to a network, layer by layer.
-- @module gan.loss.perceptual
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local NAME = "loss.perceptual"

--- Makes the perceptual loss, for G alone. Features are lists of tensors, one a layer (gan.nn.stages, a net of
-- gan.model.vgg).
--
--     sum over layers of mean |fake - real|
--     relative: sum over layers of mean |fake - real| / mean |real|
--
-- Relative terms weigh all layers alike, however large their numbers: for networks whose numbers are not known
-- beforehand. No gradient goes into the real features. Layers in which all real features are 0 do not count.
-- Source: Noguchi & Harada 2019, arXiv:1904.01774, eq. 3.  Differs: relative; there the authors' code divides by the
-- value of the term itself, whose gradient does not end where the images are the same.
-- @function gan.loss.perceptual
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.relative  divides by the real features' mean
-- @treturn table  `generator`: a function (fake, real) of two lists of tensors -> scalar, 0 for empty ones; it raises
--   if they do not have the same shapes
-- @raise if an option is unknown or no boolean
return function(opt)
  local relative = check.options(NAME, opt, {relative = check.option.boolean {default = false}}).relative
  local function same(i, f, r)
    check.real(NAME, 1, ("fake[%d]"):format(i), f)
    check.real(NAME, 2, ("real[%d]"):format(i), r)
    if check.shape_string(core.shape(f)) ~= check.shape_string(core.shape(r)) then
      return check.fail(NAME, "layer %d: the features differ in shape: fake %s, real %s", i, check.found(f),
        check.found(r))
    end
  end
  return {generator = function(fake, real)
    if type(fake) ~= "table" then return check.expected(NAME, 1, "fake", "a list of tensors", fake) end
    if type(real) ~= "table" then return check.expected(NAME, 2, "real", "a list of tensors", real) end
    if #fake ~= #real then return check.fail(NAME, "fake has %d layers, real %d", #fake, #real) end
    local sum
    for i, f in ipairs(fake) do
      same(i, f, real[i])
      local r = autograd.detach(real[i])
      local term, size = reduce.mean(pointwise.abs(pointwise.sub(f, r))), 1
      if relative then size = core.item(reduce.mean(pointwise.abs(r))) end
      term = size > 0 and (relative and pointwise.div(term, size) or term) or nil
      sum = sum and term and pointwise.add(sum, term) or sum or term
    end
    return sum or core.full({}, 0)
  end}
end
