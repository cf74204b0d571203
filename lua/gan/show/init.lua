--- Gathers what shows a training: grids, maps, plots, curves, level sets, the console.
-- @module gan.show
local check = require "gan.check"

local files = {
  "animation", "atlas", "augmented", "compare", "conditions", "console", "curves", "explorer", "grid", "index",
  "levels", "painter", "plot", "report", "sheet", "tsne",
}

return check.room("gan.show", {}, files)
