--- Opens labelled images in two parts: those to train a classifier on, and those to test it on.
-- @internal gan.data.train_test
local core = require "gan.core"
local check = require "gan.check"
local parts = require "gan.data.parts"

local KEPT = 10 -- one image of so many is kept for the test where the data have no split

-- gan.data.train_test, given gan.data.open.
return function(open, path, opt)
  local any = check.option.any {} -- checked by `open`
  local o = check.options("data.train_test", opt, {
    size = any, channels = any, fit = any, background = any, exif = any, stretch_range = any, skip_bad = any,
    cache = any, limit = any, seed = check.option.integer {default = 0},
  })
  local seed = o.seed
  o.seed = nil
  local function opened(split)
    o.split = split
    local s, message = open(path, o)
    if not s then return nil, message end
    if not s.labels then
      return nil, ("%s: the images%s have no classes"):format(path, s.split and " of the split " .. s.split or "")
    end
    return s
  end
  local all, message = opened()
  if not all then return nil, message end
  if all.split == "train" then
    local there, test = {}, nil
    for _, name in ipairs(all.splits) do there[name] = true end
    for _, name in ipairs {"test", "val", "eval"} do -- test images often come without labels
      if not test and there[name] then test, message = opened(name) end
    end
    if not test then return nil, message or ("%s: has no split to test on (test, val or eval)"):format(path) end
    test, message = parts.same_classes(test, all)
    if not test then return nil, message end
    return all, test
  end
  local n = all.n // KEPT
  if n < 1 then return nil, ("%s: expected at least %d images, found %d"):format(path, KEPT, all.n) end
  local order = core.rng(seed, "data.train_test"):permutation(all.n)
  return all:subset(core.narrow(order, 1, n + 1, all.n - n)), all:subset(core.narrow(order, 1, 1, n))
end
