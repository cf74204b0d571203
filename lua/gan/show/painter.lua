--- Draws with a trained generator: what the scripts that look at one share, from the command line to the picture.
-- @module gan.show.painter
local check = require "gan.check"
local core = require "gan.core"
local data = require "gan.data"
local grid = require "gan.show.grid"
local latent = require "gan.latent"
local nn = require "gan.nn"
local text = require "gan.file.text"
local told = require "gan.model.told"

local M = {}

local Painter = {}
Painter.__index = Painter

--- Lists the options that all these scripts take, as gan.command declares them. Cannot fail.
-- @tparam string out  what --out is written to, where it is not given
-- @treturn table
function M.options(out)
  return {
    {"run", "string", nil, arg = "PATH", help = "a run's directory, or one of its checkpoints"},
    {"net", "string", nil, arg = "FILE.lua",
      help = "the Lua file that makes the run's generator, where one does; it is executed: the run's, or your own"},
    {"ema", "flag", true, negatable = true, help = "G's averaged weights, where the run has them"},
    {"out", "string", nil, arg = "PATH", help = ("the file that is written (default: %s in the run)"):format(out)},
    {"threads", "integer", core.threads(), lo = 1, hi = 64, help = "threads"},
  }
end

--- Opens a run to draw with it. Its weights are the averaged ones, its mode is evaluation, for good.
-- @tparam table values  the command line's, those of `options` among them
-- @tparam function read  gan.train.trained.open
-- @treturn Painter  `G`, `z` (Z), `classes` (names, or nil), `shape` {H,W,C}, `path`, `step`, `trained`
-- @error if there is no --run, it cannot be opened, or it draws no pictures
-- @raise if values is no table, or read no function
function M.open(values, read)
  check.braces("show.painter.open", "options", values)
  if not check.callable(read) then
    return check.expected("show.painter.open", 2, "read", "gan.train.trained.open", read)
  end
  if not values.run then return nil, "--run is missing: a run's directory, such as runs/demo" end
  core.threads(values.threads or core.threads())
  local run, message = read(values.run, {net = values.net})
  if not run then return nil, message end
  local average = values.ema ~= false and run.ema
  if average then
    for i, t in ipairs(average.params) do core.copy_(t, average.shadow[i]) end
    for i, t in ipairs(average.statistics or {}) do core.copy_(t, average.shadow_statistics[i]) end
  end
  run.G:eval()
  local self = setmetatable({
    G = run.G, z = run.options.z, classes = run.classes, path = run.path, step = run.step, trained = run,
    folder = text.folder_of(run.path),
  }, Painter)
  if run.condition then -- what the first of its own pictures was told
    self.told, message = told.of(run, {}, {0})
    if not self.told then return nil, message end
  end
  local image, why = check.try(self.images, self, latent.of_seeds({0}, self.z))
  if not image then return nil, ("%s: cannot draw: %s"):format(run.path, why) end
  if core.dim(image) ~= 4 then
    return nil, ("%s: draws points of %s, no pictures"):format(run.path, check.count(core.size(image, 2), "number"))
  end
  self.shape = {core.size(image, 2), core.size(image, 3), core.size(image, 4)}
  return self
end

--- Draws pictures.
-- @function Painter:images
-- @tparam Tensor z  (N,Z)
-- @tparam[opt] Tensor y  labels, i32 (N), or weights of classes, real (N,Y), or conditions (N,...); or one row, for
--   all; default: the first class, or what the first of the run's own pictures was told
-- @treturn Tensor  (N,H,W,C)
-- @raise if z or y does not fit the net
function Painter:images(z, y)
  local n = core.size(z, 1)
  if self.classes or self.told then
    y = y or self.told or core.tensor({0}, "i32")
    if core.size(y, 1) == 1 and n > 1 then y = core.gather_rows(y, core.full({n}, 0, "i32")) end
  end
  local out = nn.evaluate(self.G, z, (self.classes or self.told) and y or nil)
  self.G:eval()
  return out
end

--- Returns the label (1) of a class, and how it is called.
-- @function Painter:label
-- @tparam[opt] string class  a name, or a number as in #3; default: the first class
-- @treturn Tensor  i32 (1); nil where the run has no classes
-- @treturn string  " of class heart (label 6)"; "" where the run has no classes
-- @error if there is no such class, or the run has none
function Painter:label(class)
  if not self.classes then
    if class then return nil, nil, ("--class: %s is not conditional"):format(self.path) end
    return nil, ""
  end
  local y, said = latent.labels(self.classes, {0}, class or "#0")
  if not y then return nil, nil, "--class: " .. said end
  return y, " of " .. said
end

--- Opens the pictures that the run has learnt from.
-- @function Painter:data
-- @tparam[opt] string path  what --data says: where they are now; default: where they were
-- @treturn Set
-- @error if they cannot be opened, are of another size, or a script of the run's own opened them
-- @raise if path is no string
function Painter:data(path)
  local own = self.trained
  path = path or not own.own_data and own.options.data or nil
  if not path then return nil, "a script of its own opened the run's data: give them, --data PATH" end
  local how = data.options.of(own.options)
  how.channels = self.shape[3]
  local set, message = data.open(path, how)
  if not set then return nil, message end
  if set.height ~= self.shape[1] or set.width ~= self.shape[2] then
    return nil, ("%s: pictures of %dx%d, the run draws %dx%d"):format(path, set.height, set.width, self.shape[1],
      self.shape[2])
  end
  return set
end

--- Reads seeds that an option names, and draws their latent vectors.
-- @function Painter:seeds
-- @tparam string option  its name, "--seeds"
-- @tparam string list  such as 0-3
-- @tparam[opt=1] integer least  how many there must be
-- @treturn Tensor  (N,Z)
-- @treturn table  the seeds
-- @error if it is no such list, or names too few
function Painter:seeds(option, list, least)
  local seeds, message = latent.seeds(list)
  if not seeds then return nil, ("%s: %s"):format(option, message) end
  if #seeds < (least or 1) then
    return nil, ("%s: expected at least %s, got '%s'"):format(option, check.count(least, "seed"), list)
  end
  return latent.of_seeds(seeds, self.z), seeds
end

--- Returns where a picture goes: what --out says, or a name in the run's directory; and clears what a program that was
-- killed left there.
-- @function Painter:place
-- @tparam[opt] string out  what --out says
-- @tparam string name  of the file otherwise
-- @treturn string
-- @raise if name is no string
function Painter:place(out, name)
  local path = out or self.folder .. "/" .. name
  text.leftovers(text.folder_of(path), true)
  return path
end

--- Writes pictures in rows.
-- @function Painter:sheet
-- @tparam ?string out  what --out says
-- @tparam string name  of the file in the run otherwise
-- @tparam Tensor images  (N,H,W,C)
-- @tparam integer columns  from 1
-- @treturn string  the file's path
-- @error if it cannot be written
-- @raise if images are none
function Painter:sheet(out, name, images, columns)
  local path = self:place(out, name)
  local ok, message = grid.save(path, images, {columns = columns})
  if not ok then return nil, message end
  return path
end

return M
