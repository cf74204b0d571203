--- The relativistic logistic loss: D says how much more real a real sample is than fake ones.
-- @module gan.loss.relativistic
local core = require "gan.core"
local check = require "gan.check"
local base = require "gan.loss.base"
local loss = require "gan.ops.loss"
local pointwise = require "gan.ops.pointwise"
local reduce = require "gan.ops.reduce"

local bce, sub = loss.bce_with_logits, pointwise.sub

--- The average form (RaSGAN) compares each logit with the mean of the other kind, the plain form (RSGAN) pairs them in order:
--   critic(real, fake) = mean BCE(real - mean fake, 1) + mean BCE(fake - mean real, 0), or mean BCE(real - fake, 1)
--   generator(fake, real): the same with the targets exchanged, so that it lowers the real logits, too
-- The terms do not separate: there are no fields real and fake. At the equilibrium the average form is 2 ln 2, the plain one ln 2.
-- Source: Jolicoeur-Martineau 2018, arXiv:1807.00734.
-- @tparam[opt] table opt average = true
-- @treturn table critic, generator: functions -> scalar, nats
-- @raise if generator is not given the real logits; in the plain form, if the two shapes differ
return function(opt)
  opt = check.options("relativistic", opt, {average = true})
  if type(opt.average) ~= "boolean" then return check.expected("relativistic", 1, "average", "a boolean", opt.average) end
  -- What makes `up` more real than `down`.
  local function above(up, down)
    if not opt.average then return bce(sub(up, down), 1) end
    return pointwise.add(bce(sub(up, reduce.mean(down)), 1), bce(sub(down, reduce.mean(up)), 0))
  end
  local function pair(i, real, j, fake)
    base.logits("relativistic", i, "real", real)
    base.logits("relativistic", j, "fake", fake)
    local r, f = check.shape_string(core.shape(real)), check.shape_string(core.shape(fake))
    if not opt.average and r ~= f then return check.expected("relativistic", j, "fake", r .. " to match real", fake) end
  end
  return {
    critic = function(real, fake)
      pair(1, real, 2, fake)
      return above(real, fake)
    end,
    generator = function(fake, real)
      if real == nil then return check.fail("relativistic", "generator(fake, real) needs D's logits of real images, too") end
      pair(2, real, 1, fake)
      return above(fake, real)
    end,
  }
end
