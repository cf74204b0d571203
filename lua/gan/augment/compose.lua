--- compose: makes a pipeline of transforms and of functions of one's own.
-- @module gan.augment.compose
local check = require "gan.check"
local pipeline = require "gan.augment.pipeline"

--- Makes a pipeline, which is called f(x, rng) and does its stages one after the other.
--
-- A stage is a transform of this room, a pipeline, a function g(x, rng) -> x that is differentiable and leaves the
-- shape, or {g, p = 0.5, name = "mine"}, a function that half of the pictures get. g is called with all pictures,
-- whoever gets its result, and draws from rng what it likes. Neighbouring geometric transforms are one resampling,
-- those of colour one matrix, those of bands one filter.
--
-- The pipeline's field `p` is a factor on the probability of each stage, and may be set at any time; at 0 a call
-- returns the very tensor and draws nothing. `tostring` tells the stages.
-- @function gan.augment.compose
-- @tparam table stages  list of them, in order
-- @tparam[opt] table opt
-- @tparam[opt=1] number|function opt.p  in [0,1], or f(step) -> such a number; a field
-- @treturn function  f(x, rng) -> x, real (N,H,W,C); it raises naming the stage that changes the shape
-- @raise naming the stage that is none, or if an option is unknown or wrong
-- @usage local augment = gan.augment.compose {gan.augment.xflip(), gan.augment.translate(0.5), mine}
return function(stages, opt)
  check.braces("augment.compose", "stages", stages)
  return pipeline.new("augment.compose", stages, check.options("augment.compose", opt, pipeline.known))
end
