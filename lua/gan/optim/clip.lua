--- Clipping of gradients, by their global norm or element by element. New lists: gradients may share memory.
-- @module gan.optim.clip
local core = require "gan.core"
local check = require "gan.check"
local norm = require "gan.optim.norm"

local M = {}

--- Returns grads times max / norm where their global norm is above max, else grads itself.
-- What is not finite stays as it is, for others to see.
-- Source: Pascanu et al. 2013, arXiv:1211.5063, alg. 1 (PyTorch divides by norm + 1e-6).
-- @tparam table grads  list of real tensors
-- @tparam number max  largest norm, >= 0
-- @treturn table  list of tensors
-- @treturn number  the norm before clipping
-- @raise naming the entry that is no real tensor, or if max is no number >= 0
function M.norm(grads, max)
  check.number("optim.clip.norm", 2, "max", max, 0)
  local n = norm(grads)
  if not (n > max and n < math.huge) then return grads, n end
  local out = {}
  for i, g in ipairs(grads) do out[i] = core.mul(g, max / n) end
  return out, n
end

--- Brings every element into [-limit, limit]; a NaN stays.
-- @tparam table grads  list of real tensors
-- @tparam number limit  >= 0
-- @treturn table  list of new tensors
-- @raise naming the entry that is no real tensor, or if limit is no number >= 0
function M.value(grads, limit)
  check.number("optim.clip.value", 2, "limit", limit, 0)
  if type(grads) ~= "table" then return check.expected("optim.clip.value", 1, "grads", "a list of tensors", grads) end
  local out = {}
  for i, g in ipairs(grads) do
    out[i] = core.clamp(check.real("optim.clip.value", 1, ("grads[%d]"):format(i), g), -limit, limit)
  end
  return out
end

return M
