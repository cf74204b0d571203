--- The joint embedding of images and texts: an image's vector is to be nearer to that of its own text than to others'.
-- @module gan.loss.joint_embedding
local core = require "gan.core"
local check = require "gan.check"
local loss = require "gan.ops.loss"
local matmul = require("gan.ops.matmul").matmul
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"
local shape_ops = require "gan.ops.shape"

local option = check.option

local NAME = "loss.joint_embedding"
local FAR = -1e4 -- a logit that counts for nothing

local function pairs_of(images, texts)
  check.real(NAME, 1, "images", images, 2)
  check.real(NAME, 2, "texts", texts, 2)
  if check.shape_string(core.shape(images)) ~= check.shape_string(core.shape(texts)) or core.numel(images) == 0 then
    return check.fail(NAME, "expected vectors (N,D) of as many images as texts, got %s and %s", check.found(images),
      check.found(texts))
  end
  return core.size(images, 1)
end

-- 0 to n - 1.
local function numbers(n)
  local rows = {}
  for i = 1, n do rows[i] = i - 1 end
  return core.tensor(rows, "i32")
end

-- 1 where i and j are of different groups, 0 where they are of the same: (N,N). nil: all but i = j differ.
local function different(groups, n)
  if groups == nil then
    groups = numbers(n)
  elseif not core.is_tensor(groups) or core.dtype(groups) ~= "i32" or core.dim(groups) ~= 1
    or core.size(groups, 1) ~= n then
    return check.expected(NAME, 3, "groups", ("i32 (%d)"):format(n), groups)
  end
  groups = core.to(groups, "real")
  return core.ne(core.reshape(groups, {n, 1}), core.reshape(groups, {1, n}))
end

-- Rows of s against their own entries, of those that differ: the mean over all N^2 pairs of what lacks to the margin.
local function hinge(s, own, mask, margin)
  local lack = pointwise.relu(pointwise.add(pointwise.sub(s, own), margin))
  return reduce.mean(pointwise.mul(lack, mask))
end

local function unit(x)
  return pointwise.div(x, pointwise.maximum(reduce.norm(x, 2, {keepdim = true}), 1e-8))
end

--- Makes the loss of a joint embedding, of vectors of images (N,D) and of their texts (N,D), row by row. Each row is
-- compared with all others but those of its group: the same class, or the same caption.
--
--     hinge: 1/N^2 sum over i, j of max(0, margin - v_i t_i + v_i t_j), and the same with images and texts exchanged
--     softmax: the cross entropy of scale cos(v_i, t_j) over j against i, and the same exchanged
--
-- Source: Reed et al. 2016, arXiv:1605.05395, eqs. 2 to 5, as the authors' code divides; softmax: Xu et al. 2018,
-- arXiv:1711.10485, eqs. 11 and 12.
-- @function gan.loss.joint_embedding
-- @tparam[opt] table opt
-- @tparam[opt="hinge"] string opt.form  "hinge" or "softmax"
-- @tparam[opt=1] number opt.margin  of hinge, >= 0
-- @tparam[opt=10] number opt.scale  of softmax, above 0
-- @tparam[opt=true] boolean opt.symmetric  false: only images choose among texts
-- @treturn table  `embedding`: a function (images, texts, groups) -> scalar; groups are i32 (N), equal where rows are
--   of one group, and may be left out. It raises if the shapes differ
-- @raise if an option is unknown or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    form = option.word {"hinge", "softmax", default = "hinge"}, margin = option.number {default = 1, lo = 0},
    scale = option.number {default = 10, above = 0}, symmetric = option.boolean {default = true},
  })
  local function both(one, s, ...)
    local sum = one(s, ...)
    return opt.symmetric and pointwise.add(sum, one(shape_ops.transpose(s), ...)) or sum
  end
  return {embedding = function(images, texts, groups)
    local n = pairs_of(images, texts)
    local mask = different(groups, n)
    if opt.form == "hinge" then
      local own = reduce.sum(pointwise.mul(images, texts), 2)
      local column = shape_ops.reshape(own, {n, 1})
      return both(function(s) return hinge(s, column, mask, opt.margin) end,
        matmul(images, shape_ops.transpose(texts)))
    end
    local labels = numbers(n)
    local seen = core.add(mask, core.one_hot(labels, n))
    local s = pointwise.mul(matmul(unit(images), shape_ops.transpose(unit(texts))), opt.scale)
    return both(function(t) return loss.softmax_cross_entropy(pointwise.where(seen, t, FAR), labels) end, s)
  end}
end
