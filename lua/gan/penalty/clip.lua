--- Weight clipping of WGAN. No term of a loss: it changes the weights.
-- @module gan.penalty.clip
local check = require "gan.check"
local core = require "gan.core"

local NAME = "penalty.clip"

--- Makes a function that brings every weight of a net into [-limit, limit], in place.
-- WGAN calls it before each of the critic's updates. All parameters are clipped, those of norms, too.
-- Source: Arjovsky et al. 2017, arXiv:1701.07875, alg. 1.
-- @function gan.penalty.clip
-- @tparam[opt] table opt
-- @tparam[opt=0.01] number opt.limit  > 0
-- @treturn function  f(D), D being a net or a list of tensors; it returns nothing that could be added to a loss
-- @raise if an option is unknown or out of range
return function(opt)
  local limit = check.options(NAME, opt, {limit = check.option.number {default = 0.01, above = 0}}).limit
  return function(D)
    local params = type(D) == "table" and type(D.params) == "function" and D:params() or D
    if type(params) ~= "table" or #params == 0 then
      return check.expected(NAME, 1, "D", "a net with parameters or a list of tensors", D)
    end
    for i, p in ipairs(params) do core.clamp_(check.real(NAME, 1, ("params[%d]"):format(i), p), -limit, limit) end
  end
end
