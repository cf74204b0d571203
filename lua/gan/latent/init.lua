--- Makes latent vectors, and the labels that go with them: from seeds, truncated, on paths and closed loops, along
-- directions that mean something, and of given pictures.
-- @module gan.latent
local check = require "gan.check"

local M = {}

-- Files whose functions are the room's own.
for _, file in ipairs {
  "gan.latent.draw", "gan.latent.labels", "gan.latent.line", "gan.latent.loop", "gan.latent.arithmetic",
} do
  for name, f in pairs(require(file)) do M[name] = f end
end

local files = {"directions", "project"}

return check.room("gan.latent", M, files)
