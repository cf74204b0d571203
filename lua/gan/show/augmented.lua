--- augmented: shows what augmentations make of a picture, as a PNG file.
-- @module gan.show.augmented
local augment = require "gan.augment"
local check = require "gan.check"
local core = require "gan.core"
local grid = require "gan.show.grid"
local ops = require "gan.ops"

local option = check.option

local OP = "show.augmented"

local TRANSFORMS = {
  "xflip", "rotate90", "translate", "scale", "rotate", "anisotropic_scale", "fractional_translate", "brightness",
  "contrast", "luma_flip", "hue", "saturation", "band1", "band2", "band3", "band4", "noise", "cutout",
}
local STRENGTHS = {0, 0.2, 0.4, 0.6, 0.8, 1}
local COLUMNS = 8 -- draws of each row, beside the picture itself
local SIDE = 64 -- pixels that a small picture is enlarged to, or nearly

local known = {
  pipeline = option.where {
    default = "bgc", expected = "the name of a preset (gan.augment.preset), or an augmentation",
    accept = function(v) return (type(v) == "string" or check.callable(v)) and v or nil end,
  },
  seed = option.integer {default = 1},
}

-- Appends a row to the sheet: the picture, and what f makes of copies of it with the draws of a seed and a name. What
-- cannot be done to such a picture is passed over, and its reason is in the legend.
local function add(sheet, name, f, x, seed, draws)
  local s = core.shape(x)
  local copies = core.contiguous(core.expand(x, {COLUMNS, s[2], s[3], s[4]}))
  local y, message = check.try(f, copies, core.rng(seed, draws or name))
  if not y then
    sheet.legend[#sheet.legend + 1] = ("(none) %s: %s"):format(name, message)
    return
  end
  sheet.count = sheet.count + 1
  sheet[#sheet + 1], sheet[#sheet + 2] = x, y
  sheet.legend[#sheet.legend + 1] = ("row %d: %s"):format(sheet.count, name)
end

--- Writes a PNG file that shows a picture under each transform of gan.augment alone, one a row, and under a pipeline at
-- p = 0, 0.2, ..., 1. The first of a row is the picture itself, the other eight are draws: at each p the same ones, of
-- which more and more are taken. Small pictures are enlarged.
-- @function gan.show.augmented
-- @tparam string path  of the file
-- @tparam Tensor x  real (1,H,W,C) in [-1,1], C 1 or 3: the picture
-- @tparam[opt] table opt
-- @tparam[opt="bgc"] string|function opt.pipeline  a preset's name, or an augmentation; its field `p` is put back
-- @tparam[opt=1] integer opt.seed  of the draws
-- @treturn boolean  true
-- @treturn table  list of lines: what each row shows, and what was passed over because such a picture cannot have it
-- @error if the file cannot be written
-- @raise if x is no such picture, or an option is unknown or wrong
return function(path, x, opt)
  opt = check.options(OP, opt, known)
  local s = core.is_tensor(x) and core.dtype(x) == "real" and core.shape(x) or {}
  if #s ~= 4 or s[1] ~= 1 or s[4] ~= 1 and s[4] ~= 3 then
    return check.expected(OP, 2, "x", "a real picture (1,H,W,C), C 1 or 3", x)
  end
  local pipeline = opt.pipeline
  if type(pipeline) == "string" then pipeline = augment.preset(pipeline) end
  local sheet = {count = 0, legend = {}}
  for _, name in ipairs(TRANSFORMS) do add(sheet, name, augment[name](), x, opt.seed) end
  local title = type(opt.pipeline) == "string" and opt.pipeline or "the augmentation"
  local p = type(pipeline) == "table" and pipeline.p
  if p then
    for _, strength in ipairs(STRENGTHS) do
      pipeline.p = strength
      add(sheet, ("%s, p = %g"):format(title, strength), pipeline, x, opt.seed, title)
    end
    pipeline.p = p
  else add(sheet, title, pipeline, x, opt.seed) end
  local written, message = grid.save(path, ops.cat(sheet, 1),
    {columns = 1 + COLUMNS, scale = math.max(1, SIDE // math.max(s[2], s[3]))})
  if not written then return nil, message end
  return true, sheet.legend
end
