--- Noise in place of a data set: to try a program out without one.
local core = require "gan.core"
local check = require "gan.check"
local set = require "gan.data.set"

local M = {}

--- Uniform noise with random labels.
-- @tparam[opt] table opt count (1024), size (32), channels (3), classes (10), seed (0)
-- @treturn table a data set
function M.set(opt)
  local o = check.options("data.fake", opt, { count = 1024, size = 32, channels = 3, classes = 10, seed = 0 })
  local count = check.int("data.fake", 1, "count", o.count, 1, 2^31 - 1)
  local size = check.int("data.fake", 1, "size", o.size, 1, 16384)
  if o.channels ~= 1 and o.channels ~= 3 then check.expected("data.fake", 1, "channels", "1 or 3", o.channels) end
  local y = check.int("data.fake", 1, "classes", o.classes, 1, 1000)
  local rng, names = core.rng(o.seed, "data.fake"), {}
  for k = 1, y do names[k] = tostring(k - 1) end
  local images = core.to(rng:integer({count, size, size, o.channels}, 0, 255), "u8")
  local labels = rng:integer({count}, 0, y - 1)
  return set.new {images = images, labels = labels, classes = names, source = "fake", format = "noise", natural = false}
end

--- For gan.data.open "fake".
function M.open(o)
  return M.set { count = o.count or o.limit, size = o.size, channels = o.channels, seed = o.seed }
end

return M
