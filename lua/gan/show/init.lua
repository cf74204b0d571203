--- Gathers the pictures of what was trained: grids, plots, curves, level sets.
-- @module gan.show
local check = require "gan.check"

local files = {"curves", "grid", "levels", "plot"}

return check.room("gan.show", {}, files)
