--- Makes noise in place of a data set, to try a program out without one.
-- @module gan.data.fake
local core = require "gan.core"
local check = require "gan.check"
local set = require "gan.data.set"

local option = check.option

local M = {}

--- Makes a set of uniform noise with random labels.
-- @function gan.data.fake
-- @tparam[opt] table opt
-- @tparam[opt=1024] integer opt.count  how many pictures
-- @tparam[opt=32] integer opt.size  side in pixels
-- @tparam[opt=3] integer opt.channels  1 or 3
-- @tparam[opt=10] integer opt.classes  how many, 1 to 1000
-- @tparam[opt=0] integer opt.seed  of noise and labels
-- @treturn Set
-- @raise if an option is unknown or out of range
function M.set(opt)
  local o = check.options("data.fake", opt, {
    count = option.integer {default = 1024, lo = 1}, size = option.integer {default = 32, lo = 1, hi = 16384},
    channels = option.word {1, 3, default = 3}, classes = option.integer {default = 10, lo = 1, hi = 1000},
    seed = option.integer {default = 0},
  })
  local count, size, y = o.count, o.size, o.classes
  local rng, names = core.rng(o.seed, "data.fake"), {}
  for k = 1, y do names[k] = tostring(k - 1) end
  local images = core.to(rng:integer({count, size, size, o.channels}, 0, 255), "u8")
  local labels = rng:integer({count}, 0, y - 1)
  return set.new {images = images, labels = labels, classes = names, source = "fake", format = "noise", natural = false}
end

--- Opens the set for gan.data.open "fake".
-- @tparam table o  checked options of gan.data.open
-- @treturn Set
-- @raise if there are too many pictures for the memory
function M.open(o)
  return M.set {count = o.count or o.limit, size = o.size, channels = o.channels, seed = o.seed}
end

return M
