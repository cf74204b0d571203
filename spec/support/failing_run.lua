-- A run whose generator is destroyed once, so that it goes back to its last good checkpoint (spec/torture).
package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
package.cpath = (os.getenv "GAN_BUILD" or "build") .. "/?.so;" .. package.cpath
local gan = require "gan"
local core = require "gan.core"

local run = gan.train.run {recipe = "failing"}

run:train {
  G = run:generator "dcgan", D = run:discriminator "dcgan",
  hooks = {after_step = function(loop, step)
    if step == 5 and run.rollbacks == 0 then core.copy_(loop.optG.params[1], core.full({}, 0 / 0)) end
  end},
}
