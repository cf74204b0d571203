--- Gathers what generators are measured by: feature networks, evaluation and its protocol.
-- @module gan.measure
local check = require "gan.check"

local files = {"boxes_held", "evaluate", "features", "obedience", "perceptual", "segmenter"}

return check.room("gan.measure", {}, files)
