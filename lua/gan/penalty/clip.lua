--- Weight clipping of WGAN. No term of a loss: it changes the weights.
-- @module gan.penalty.clip
local check = require "gan.check"
local core = require "gan.core"

--- clip {limit = 0.01} gives a function of a net or a list of parameters, which brings every element into [-limit, limit], in place.
-- It returns nothing to be added to a loss. WGAN calls it before each of the critic's updates; all parameters are clipped, those of norms, too.
-- Source: Arjovsky et al. 2017, arXiv:1701.07875, alg. 1.
-- @tparam[opt] table opt limit = 0.01, above 0
-- @treturn function f(D): D a net, or a list of tensors
return function(opt)
  local limit = check.number("clip", 1, "limit", check.options("clip", opt, {limit = 0.01}).limit, 0)
  if limit == 0 then return check.expected("clip", 1, "limit", "a number > 0", limit) end
  return function(D)
    local params = type(D) == "table" and type(D.params) == "function" and D:params() or D
    if type(params) ~= "table" or #params == 0 then return check.expected("clip", 1, "D", "a net with parameters or a list of tensors", D) end
    for i, p in ipairs(params) do core.clamp_(check.real("clip", 1, ("params[%d]"):format(i), p), -limit, limit) end
  end
end
