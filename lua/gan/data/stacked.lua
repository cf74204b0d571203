--- Stacks grey pictures into colour ones: three of them, drawn independently, are the channels of a picture.
--
-- Of ten digits there are 1,000 kinds of such pictures, and a classifier of digits knows them all: Stacked-MNIST counts
-- what a generator misses (gan.metric.modes). A picture is put together when a batch asks for it.
-- @module gan.data.stacked
local core = require "gan.core"
local check = require "gan.check"
local set = require "gan.data.set"

local option = check.option

local M = {}

local CHANNELS = 3

-- The pictures of a list of rows: what their channels show, side by side.
local function rows(self, list)
  local chosen, parts = core.gather_rows(self.chosen, list), {}
  for c = 1, CHANNELS do
    parts[c] = self.digits:rows(core.reshape(core.contiguous(core.narrow(chosen, 2, c, 1)), {core.size(list, 1)}))
  end
  return core.cat(parts, 4)
end

-- What tells the set from others: the digits, and which of them are stacked.
local function fingerprint(self)
  local print = self.digits:fingerprint()
  print.images, print.channels = self.n, CHANNELS
  print.checksum = ("crc32:%08x"):format(core.crc32(self.chosen, tonumber(print.checksum:match "%x+$", 16)))
  return print
end

--- Makes the set. Picture i depends on the digits, the seed and i alone, so a larger count only adds pictures.
-- Its fields beside those of a set: `digits`; `chosen`, i32 (N,3), which of them each picture shows, from 0.
-- Source: Metz et al. 2017, arXiv:1611.02163; Srivastava et al. 2017, arXiv:1705.07761; Lin et al. 2018,
-- arXiv:1712.04086.
-- Differs: the pictures are drawn anew for ever (there: 128,000 fixed ones; 28x28 pixels).
-- @function gan.data.stacked
-- @tparam table opt
-- @tparam Set opt.digits  grey pictures, as gan.data.open gives them (MNIST: `split = "all"` for all 70,000)
-- @tparam[opt=1000000] integer opt.count  how many pictures make an epoch
-- @tparam[opt=0] integer opt.seed  of the choice
-- @treturn Set
-- @raise if the digits are no set of grey pictures, or an option is unknown or out of range
function M.new(opt)
  local o = check.options("data.stacked", opt, {
    digits = option.table {required = true, expected = "a data set of grey pictures"},
    count = option.integer {default = 1000000, lo = 1, hi = 1 << 28}, seed = option.integer {default = 0},
  })
  local digits = o.digits
  if digits.channels ~= 1 or not check.callable(digits.rows) then
    return check.fail("data.stacked", "option 'digits': expected a data set of grey pictures, got %s",
      digits.channels and check.count(digits.channels, "channel") or check.found(digits))
  end
  return set.new {
    n = o.count, height = digits.height, width = digits.width, channels = CHANNELS, rows = rows, digits = digits,
    chosen = core.rng(o.seed, "data.stacked"):integer({o.count, CHANNELS}, 0, digits.n - 1),
    fingerprint = fingerprint, source = digits.source .. ", three stacked", format = "drawn", natural = false,
    notes = {("three of %s in each, one a channel"):format(check.count(digits.n, "picture"))},
  }
end

return M
