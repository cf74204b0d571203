--- resample: smooth resizing of images by an integer factor, a filter and zeros around the picture.
-- @module gan.nn.resample
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

local resample = module.class "nn.resample"

-- The filter as a list of numbers whose sum is 1.
local function normalised(op, filter)
  local taps, sum = {}, 0
  for i = 1, #filter do
    if type(filter[i]) ~= "number" then
      return check.fail(op, "option 'filter': expected a list of numbers, got %s at entry %d", check.found(filter[i]),
        i)
    end
    sum = sum + filter[i]
  end
  if not (sum > 0 and sum < math.huge) then
    return check.fail(op, "option 'filter': expected numbers whose sum is above 0, got %g", sum)
  end
  for i = 1, #filter do taps[i] = filter[i] / sum end
  return taps
end

--- Makes a layer that enlarges images, or makes them smaller, through a filter of both axes: pixels keep their places,
-- a picture of one colour its colour, but for the border.
-- With [1,3,3,1] an enlarged picture is the bilinear one inside. Zeros around the picture darken what the filter sees
-- of them: 3/4 at a side, 9/16 in a corner.
-- Source: Karras et al. 2019, arXiv:1912.04958; in R3GAN, Huang et al. 2024, arXiv:2501.05441.
-- @function gan.nn.resample
-- @tparam table opt
-- @tparam[opt] integer opt.up  times as many rows and columns; or
-- @tparam[opt] integer opt.down  so many times fewer
-- @tparam[opt={1,3,3,1}] table opt.filter  its taps, whatever their sum
-- @tparam[opt="zero"] string opt.edge  what lies around the picture: "zero", or "replicate", its outermost pixels
-- @treturn Module  (N,H,W,C) -> (N,up H,up W,C) or (N,H//down,W//down,C)
-- @raise if an option is unknown or out of range, or not exactly one of `up` and `down` is given
-- @usage local half = nn.resample {down = 2}
function resample:init(opt)
  local op = self.label
  local factor = option.integer {lo = 1, hi = 64}
  opt = check.options(op, opt, {
    up = factor, down = factor, filter = option.table {default = {1, 3, 3, 1}},
    edge = option.word {"zero", "replicate", default = "zero"},
  })
  if (opt.up == nil) == (opt.down == nil) then
    return check.fail(op, "expected one of the options 'up' and 'down', got %s", opt.up and "both" or "none")
  end
  self.up, self.down, self.edge = opt.up, opt.down, opt.edge
  self._filter = normalised(op, opt.filter)
  local k, u, d = #self._filter, opt.up or 1, opt.down or 1
  local before, after = (k + u - d) // 2, (k - u - d + 1) // 2
  if self.edge == "replicate" then -- as many pixels of a border as the filter sees, counted before zeros are put in
    local border = math.max(0, -(-before // u), -(-after // u))
    self._border = {top = border, bottom = border, left = border, right = border, mode = "replicate"}
    before, after = before - border * u, after - border * u
  end
  self._options = {up = u, down = d, top = before, bottom = after, left = before, right = after, gain = u * u}
end

local function sizes(self, h, w)
  local u, d = self.up or 1, self.down or 1
  if h < d or w < d then return self:fail("an image of %dx%d is too small for down = %d", h, w, d) end
  return h * u // d, w * u // d
end

function resample:forward(x)
  self:check_input(x, 4)
  sizes(self, core.size(x, 2), core.size(x, 3))
  if self._border then x = ops.pad2d(x, self._border) end
  return ops.upfirdn2d(x, self._filter, self._options)
end

function resample:shape(s)
  self:check_shape(s, 4)
  local h, w = sizes(self, s[1], s[2])
  return {h, w, s[3]}
end

function resample:describe()
  return ("resample %s %d, %s%s"):format(self.up and "up" or "down", self.up or self.down,
    check.count(#self._filter, "tap"), self.edge == "zero" and "" or ", edge " .. self.edge)
end

return {resample = resample}
