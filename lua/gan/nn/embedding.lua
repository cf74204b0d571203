--- embedding: a learned vector for each label, or a mixture of them.
-- @module gan.nn.embedding
local core = require "gan.core"
local check = require "gan.check"
local module = require "gan.nn.module"
local random = require "gan.random"

local option = check.option

local embedding = module.class "nn.embedding"
embedding.output_axis = 1 -- a row for each class

--- Makes a layer of a learnt vector for each label. Field weight (Y,D), from N(0, 1).
-- Called with weights of the classes in the place of labels, it gives the sum of all vectors by these.
-- @function gan.nn.embedding
-- @tparam table opt
-- @tparam integer opt.1  Y, classes
-- @tparam integer opt.2  D, features
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  i32 of any shape, each 0..Y-1 (counted from 0) -> that shape, then D; or real (N,Y) -> (N,D)
-- @raise if an option is unknown or out of range
function embedding:init(opt)
  opt = check.options("nn.embedding", opt, {rng = option.stream {}}, {"Y", "D"})
  local rng = opt.rng or random.default()
  self.weight = module.parameter(rng:normal(module.counted {opt[1], opt[2]}))
end

function embedding:forward(labels)
  local dtype, classes = core.is_tensor(labels) and core.dtype(labels), core.size(self.weight, 1)
  local weights = dtype == "real" and core.dim(labels) == 2 and core.size(labels, 2) == classes
  if dtype ~= "i32" and not weights then
    return self:fail("bad argument #1 'labels' (expected an i32 tensor, or real weights of classes (N,%d), got %s)",
      classes, check.found(labels))
  end
  local bad = weights and core.bad_row(labels)
  if bad then return self:fail("bad argument #1 'labels' (row %d of the weights holds NaN or an infinity)", bad) end
  return module.mixed(self:used_weight(), labels)
end

function embedding:shape(s)
  local out = table.move(s, 1, #s, 1, {})
  out[#out + 1] = core.size(self.weight, 2)
  return out
end

embedding.per_class = {"weight", "norm"}

-- The weight as initialisers see it.
function embedding:kernel() return self.weight end

function embedding:describe()
  return ("embedding %d x %d%s"):format(core.size(self.weight, 1), core.size(self.weight, 2), self:describe_norm())
end

return {embedding = embedding}
