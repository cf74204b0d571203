--- A run's pictures: the latent vectors that they are drawn from, and who paints them.
-- @internal gan.show.pictures
local augment = require "gan.augment"
local augmented = require "gan.show.augmented"
local core = require "gan.core"
local check = require "gan.check"
local data = require "gan.data"
local grid = require "gan.show.grid"
local latent = require "gan.latent"
local nn = require "gan.nn"

local M = {}

local COUNT = 64 -- samples in a picture of a run that is not conditional
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

-- Starts the loader that D learns from, packs of images, of one class each where the run is conditional; or returns nil
-- and a message where the data are too few.
function M.training(run)
  local opt = run.options
  local m, o = opt.pack or 1, {seed = opt.seed, mirror = opt.mirror}
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
-- each class, a row a class.
function M.fix(run)
  run.streams.pictures = run.streams.pictures or core.rng(run.options.seed, "pictures")
  local z, n = latent.normal(run.streams.pictures, run.count, run.options.z, run.options.trunc), run.classes
  run.fixed_z = z
  if n then run.fixed_z, run.fixed_y = latent.by_class(z, n, math.min(n, ROWS), math.min(COLUMNS, run.count)) end
end

-- Returns what G makes of the first n of these vectors (all where n is nil), with the weights of `average` if given.
function M.images(run, n, average)
  local z, y = run.fixed_z, run.fixed_y
  if n then z, y = core.narrow(z, 1, 1, n), y and core.narrow(y, 1, 1, n) end
  return nn.evaluate(run.G, z, y, {batch = run.options.batch, average = average})
end

-- Returns the first n real images of the run's first epoch.
function M.real(run, n)
  local loader <close> = M.batches(run, {batch = math.min(n, run.data.n), seed = run.options.seed, prefetch = false})
  return (loader())
end

-- Writes G's picture.
function M.write(run, name)
  if not run.G then return end
  run.last_picture = run.recorder:picture(name, function(path)
    return run.paint(path, M.images(run, nil, run.ema), run.fixed_y and COLUMNS or nil)
  end)
end

-- Writes --aug-test; returns lines that say what it shows.
function M.write_augmented(run)
  local opt = run.options
  local pipeline = opt.aug == "diffaug" and augment.diffaug() or opt.augpipe
  local _, lines = run.recorder:must(augmented(opt.aug_test, M.real(run, 1), {pipeline = pipeline}))
  lines[#lines + 1] = opt.aug_test
  return lines
end

-- Writes the picture of real images that the others are measured by.
function M.write_real(run)
  run.recorder:picture("reals.png", function(path) return run.paint(path, M.real(run, run.count)) end)
end

return M
