--- Gathers what shows a training: grids, plots, curves, level sets, the console.
-- @module gan.show
local check = require "gan.check"

local files = {"animation", "augmented", "console", "curves", "explorer", "grid", "levels", "painter", "plot", "report"}

return check.room("gan.show", {}, files)
