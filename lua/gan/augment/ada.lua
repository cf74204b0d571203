--- Adaptive discriminator augmentation (ADA): p of a pipeline follows how much D overfits.
-- @module gan.augment.ada
local check = require "gan.check"
local control = require "gan.augment.control"

local NAME = "augment.ada"
local CAP = 0.85 -- the paper saw leaks from about 0.8 on, of some transforms from 0.9 on

local Ada = control.class(NAME, "p_augment")

-- At p = 0 images come back as they are.
function Ada.__call(self, x, rng)
  if self.p == 0 then return x end
  self.pipeline.p = self.p
  return self.pipeline(x, rng)
end

--- Makes an augmentation whose p follows D, called f(x, rng): options `augment` of gan.game.loop.
--
--     p <- clamp(p + sign(r - target) images / (1000 kimg), 0, cap)        after every 4 updates of D
--
-- `images` are the real ones that D learnt from since the last time, whatever the batch. r says how much D overfits:
-- r_t is the mean sign of D's answers to real images, from the point at which the loss decides (gan.loss.margin); r_v
-- is (mean real - mean held out) / max(mean real - mean fake, 1e-8) of D's logits, and needs images that D never learns
-- from (option `held_out` of the game).
-- Source: Karras et al. 2020, arXiv:2006.06676, sec. 3 and eq. 1.  Differs: p ends at `cap`, where augmented images
-- would be so common that G learns to draw them; it grows by the images that were seen, with several updates of D, too.
-- @function gan.augment.ada
-- @tparam table opt
-- @tparam function opt.1  the pipeline: f(x, rng) -> x, with a number `p`, which is set (gan.augment.preset)
-- @tparam[opt="r_t"] string opt.by  "r_t" or "r_v"
-- @tparam[opt] number opt.target  of r, in [-1,1] (default: 0.6, of r_v 0.5)
-- @tparam[opt=500] number opt.kimg  thousands of real images in which p can go from 0 to 1, > 0
-- @tparam[opt=4] integer opt.every  updates of D from one adjustment to the next
-- @tparam[opt=0] number opt.p  at first, in [0,1]
-- @tparam[opt=0.85] number opt.cap  the largest p, in [0,1]
-- @treturn function  f(x, rng) -> x, with `asks`, `see`, `numbers`, `state` and `load`
-- @raise if there is no pipeline, or an option is unknown or out of range
return function(opt)
  local pipeline, rest = control.pipeline(NAME, opt)
  local self = control.new(Ada, check.options(NAME, rest, control.options(CAP)))
  self.pipeline = pipeline
  return self
end
