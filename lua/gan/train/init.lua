--- gan.train: a run on disk; each part is loaded on first use.
-- @module gan.train
local check = require "gan.check"

local files = {"options", "recorder", "run", "stop", "trained"}

return check.room("gan.train", {}, files)
