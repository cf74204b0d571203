--- maxout: the largest of several linear pieces.
-- @module gan.nn.maxout
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

local maxout = module.class "nn.maxout"

--- Makes a layer of the largest of each `pieces` neighbouring channels. Equal ones share the gradient.
-- Source: Goodfellow et al. 2013, arXiv:1302.4389.
-- @function gan.nn.maxout
-- @tparam[opt] table opt
-- @tparam[opt=5] integer opt.pieces  a divisor of C
-- @treturn Module  (N,...,C) -> (N,...,C/pieces)
-- @raise if an option is unknown or out of range
function maxout:init(opt)
  self.pieces = check.options("nn.maxout", opt, {pieces = option.integer {default = 5, lo = 1}}).pieces
end

local function split(self, s)
  local c, k = s[#s], self.pieces
  if c % k ~= 0 then return self:fail("%s cannot be split into pieces of %d", check.count(c, "channel"), k) end
  s[#s] = c // k
  return s
end

function maxout:forward(x)
  self:check_input(x)
  local s = split(self, core.shape(x))
  s[#s + 1] = self.pieces
  return ops.max(ops.reshape(x, s), -1)
end

function maxout:shape(s) return split(self, table.move(self:check_shape(s), 1, #s, 1, {})) end

function maxout:describe() return "maxout " .. self.pieces end

return {maxout = maxout}
