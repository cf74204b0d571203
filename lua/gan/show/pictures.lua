--- A run's pictures: the latent vectors that they are drawn from, and who paints them.
-- @internal gan.show.pictures
local annotations = require "gan.data.annotations"
local augment = require "gan.augment"
local augmented = require "gan.show.augmented"
local core = require "gan.core"
local check = require "gan.check"
local conditions = require "gan.data.conditions"
local data = require "gan.data"
local drawn = require "gan.show.conditions"
local grid = require "gan.show.grid"
local latent = require "gan.latent"
local nn = require "gan.nn"

local M = {}

local COUNT = 64 -- samples in a picture of a run that is not conditional
local PAIRS = 8 -- in a row, of images and what they are made of
local ROWS, COLUMNS = 16, 8 -- of a conditional run's grid, a row for each class: at most so many

local function paint(path, images, columns) return grid.save(path, images, {columns = columns}) end

-- Chooses what pictures show: Run:show.
function M.choose(run, G, average, opt)
  opt = check.options("Run:show", opt, {
    paint = check.option.callable {default = paint}, count = check.option.integer {default = COUNT, lo = 1},
  })
  run.G, run.ema, run.paint, run.count = G, average, opt.paint, opt.count
end

-- Starts a loader of the run's data; a set may have a method batches of its own.
function M.batches(run, opt) return data.options.batches(run.data, opt) end

-- Adds to options of a loader what the run wants beside its images: masks of classes, where the data know them.
local function with_annotations(run, o)
  local set = run.data
  o.annotations = run.annotations
  o.mask_kind = run.annotations and set.mask_kind == "instance" and set.boxes and "class" or nil
  return o
end

-- The first n images of the run's first epoch, as its loader gives them, with what the run asks for beside them.
local function first(run, n)
  local loader <close> = M.batches(run, with_annotations(run, {batch = math.min(n, run.data.n), seed = run.options.seed,
    prefetch = false}))
  return loader()
end

-- Starts the loader that D learns from, packs of images, of one class each where the run is conditional; or returns nil
-- and a message where the data are too few.
function M.training(run)
  local opt = run.options
  local m, o = opt.pack or 1, with_annotations(run, {seed = opt.seed, mirror = opt.mirror})
  if run.annotations then
    local there, lacks = annotations.needs(run.data, table.unpack(run.annotations))
    if not there then return nil, ("--data %s, which this recipe needs"):format(lacks) end
    if opt.mirror and run.data.mirrors == false then
      return nil, "--mirror: mirror images of these data have other annotations"
    end
  end
  o.batch, o.pack = opt.batch * m, m > 1 and run.classes and m or nil
  if o.batch > run.data.n then
    local most = run.data.n // m
    return nil, ("--batch %d%s is more than the data: %s has %s%s"):format(opt.batch, m > 1 and " --pack " .. m or "",
      opt.data or run.data.source or "of the script", check.count(run.data.n, "image"),
      most > 0 and ("; take --batch %d or less"):format(most) or "")
  end
  if not o.pack then return M.batches(run, o) end
  local loader, message = check.try(M.batches, run, o)
  return loader, message and ("--pack %d: %s"):format(m, (message:gsub("^data.batches: option 'pack': ", "")))
end

-- Draws the latent vectors of all pictures, truncated where the run has --trunc; of a conditional run the same few for
-- each class, a row a class. Where the run has a condition, it is that of the real images in the same places of
-- reals.png.
function M.fix(run)
  run.streams.pictures = run.streams.pictures or core.rng(run.options.seed, "pictures")
  local z, n = latent.normal(run.streams.pictures, run.count, run.options.z, run.options.trunc), run.classes
  run.fixed_z = z
  if run.condition then
    local real, labels, _, _, beside = first(run, run.count)
    local _, y, keys = conditions.batch(run.condition, real, labels, beside)
    run.fixed_z, run.fixed_y = core.narrow(z, 1, 1, core.size(y, 1)), y
    run.fixed_texts = type(keys[1]) == "string" and keys or nil
  end
  if n then run.fixed_z, run.fixed_y = latent.by_class(z, n, math.min(n, ROWS), math.min(COLUMNS, run.count)) end
end

-- Returns what G makes of the first n of these vectors, or of all, with the weights of `average` if given.
function M.images(run, n, average)
  local z, y = run.fixed_z, run.fixed_y
  n = n and math.min(n, core.size(z, 1))
  if n then z, y = core.narrow(z, 1, 1, n), y and core.narrow(y, 1, 1, n) end
  return nn.evaluate(run.G, z, y, {batch = run.options.batch, average = average})
end

-- Returns the first n real images of the run's first epoch.
function M.real(run, n)
  return (first(run, n))
end

-- Tells whether what a checkpoint has in the place of a run's fixed latent vectors, conditions and texts can be that.
local function fits(run, stored)
  local z, y, texts, own = stored.z, stored.y, stored.texts, run.fixed_y
  if not run.condition then return latent.are(z, run.options.z, y, run.classes) end
  if not (latent.are(z, run.options.z) and core.is_tensor(y) and core.dtype(y) == core.dtype(own)) then return false end
  local s, like, n = core.shape(y), core.shape(own), core.size(z, 1)
  like[1] = n
  if check.shape_string(s) ~= check.shape_string(like) or texts ~= nil and type(texts) ~= "table" then return false end
  for i = 1, texts and n or 0 do if type(texts[i]) ~= "string" then return false end end
  return true
end

-- Takes these over; returns whether they are that.
function M.take(run, stored)
  local ok = fits(run, stored)
  if ok then run.fixed_z, run.fixed_y, run.fixed_texts = stored.z, stored.y, stored.texts end
  return ok
end

-- Paints images; of a run whose condition says where things are, each beside its condition.
local function painted(run, path, images, columns)
  if run.paint == paint and run.condition and run.condition.places then
    images = drawn.beside(images, core.narrow(run.fixed_y, 1, 1, core.size(images, 1)))
    columns = 2 * math.min(PAIRS, core.size(images, 1) // 2)
  end
  return run.paint(path, images, columns)
end

-- Writes G's picture.
function M.write(run, name)
  if not run.G then return end
  run.last_picture = run.recorder:picture(name, function(path)
    return painted(run, path, M.images(run, nil, run.ema), run.classes and COLUMNS or nil)
  end)
end

-- Writes --aug-test, and says what it shows; returns true.
function M.write_augmented(run)
  local opt = run.options
  local pipeline = opt.aug == "diffaug" and augment.diffaug() or opt.augpipe
  local _, lines = run.recorder:must(augmented(opt.aug_test, M.real(run, 1), {pipeline = pipeline}))
  lines[#lines + 1] = opt.aug_test
  for _, line in ipairs(lines) do run.recorder:say("%s", line) end
  return true
end

-- Writes the picture of real images that the others are measured by, and what all pictures' images were told.
function M.write_real(run)
  local lines = {}
  for i, said in ipairs(run.fixed_texts or {}) do lines[i] = check.shown(said) .. "\n" end
  if lines[1] then run.recorder:write("captions.txt", table.concat(lines)) end
  run.recorder:picture("reals.png", function(path) return painted(run, path, M.real(run, run.count)) end)
end

return M
