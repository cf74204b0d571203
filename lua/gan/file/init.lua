--- Reads and writes files, each format loaded on first use.
--
-- Nothing in a file is executed or believed: what is wrong with one comes back as nil and a message that names it. Own
-- checkpoints, and safetensors files of others, are gan.file.safetensors's; NumPy's npz, PyTorch's pth.
-- @module gan.file
local check = require "gan.check"

local files = {"json", "ndarray", "npz", "pickle", "pth", "safetensors", "tensorboard", "text", "xml", "zip"}

return check.room("gan.file", {}, files)
