--- gan.show: pictures of what was trained: grids, plots, curves, level sets. Each is loaded on first use.
-- @module gan.show
return require("gan.check").room("gan.show", {})
