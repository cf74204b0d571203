--- gan.game: the game in memory: a loop of steps, replay, health, the ring; no disk, no console. Each is loaded on
-- first use.
-- @module gan.game
local check = require "gan.check"

local files = {"adapt", "augmented", "choice", "health", "loop", "progress", "replay", "ring", "standard"}

return check.room("gan.game", {}, files)
