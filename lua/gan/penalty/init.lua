--- Penalties and regularisers: constructors of callable objects f(D, real, fake, y) -> scalar, differentiable in D's
-- weights, each to be added to D's loss.
--
-- D is called D(x, y) and returns logits (N,...) first; every image is a slice of the first axis. Weights are fields,
-- which may be set between steps; that of r1, r2 and r1_r2 may be given as a schedule, f(step), whose number of a step
-- at(step) sets; gan.game.loop calls it. What has a memory (historical, lecam, lazy) has state() and load(). r1 and r2
-- have of(logits, x), too, for a pass that is made anyway, r1_r2 and lecam of(on_real, real, on_fake, fake). clip is
-- no term: it acts in place.
-- @module gan.penalty
local check = require "gan.check"

local files = {
  "gradient", "r1", "r2", "r1_r2", "dragan", "orthogonal", "historical", "consistency", "lecam", "clip", "lazy",
}

return check.room("gan.penalty", {}, files)
