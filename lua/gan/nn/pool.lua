--- global_pool: the sum, mean or maximum over all positions of an image.
-- @module gan.nn.pool
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

local global_pool = module.class "nn.global_pool"

--- Makes a layer of the mean, sum or maximum over all positions of an image.
-- @function gan.nn.global_pool
-- @tparam[opt] table opt
-- @tparam[opt="mean"] string opt.mode  "mean", "sum" or "max"
-- @treturn Module  (N,H,W,C) -> (N,C)
-- @raise if an option is unknown or out of range
function global_pool:init(opt)
  local mode = option.word {"mean", "sum", "max", default = "mean"}
  self.mode = check.options("nn.global_pool", opt, {mode = mode}).mode
end

function global_pool:forward(x)
  self:check_input(x, 4)
  return ops[self.mode](x, {2, 3})
end

function global_pool:shape(s)
  self:check_shape(s, 4)
  return {s[3]}
end

function global_pool:describe() return "global_pool " .. self.mode end

return {global_pool = global_pool}
