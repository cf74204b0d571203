--- Draws pictures on a grid, those that are alike beside each other, in frames that say what they are.
-- @module gan.show.atlas
local core = require "gan.core"
local check = require "gan.check"

local option = check.option

local M = {}

local colours = {
  real = {0, 114, 178}, missed = {230, 159, 0}, generated = {0, 158, 115}, stray = {204, 121, 167},
  copied = {213, 0, 0},
}

--- Has the colour of each kind's frame, {r,g,b}.
--
-- * real: a real picture that some generated one is near to; missed: one that none is
-- * generated: a generated picture near to a real one; stray: near to none; copied: one that repeats a training picture
--
M.COLOURS = colours

--- Finds the cell of a grid for each point, so that the squares of the distances have the least sum.
-- The points are scaled to the unit square, each axis by itself; cell (r,c) of R by C is at ((c+1/2)/C, (r+1/2)/R).
-- Source: Jonker & Volgenant 1987 (shortest augmenting paths).
-- @tparam Tensor points  real (N,2), finite
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.columns  C; default: as square as it goes. R is as large as it must be
-- @treturn Tensor  i32 (N): cells from 0, row by row
-- @treturn integer  C
-- @treturn integer  R
-- @treturn number  the sum
-- @raise if the points are none or not finite, or an option is unknown or out of range
function M.arrange(points, opt)
  local op = "show.atlas.arrange"
  check.real(op, 1, "points", points, 2)
  opt = check.options(op, opt, {columns = option.integer {lo = 1}})
  local n = core.size(points, 1)
  if n < 1 or core.size(points, 2) ~= 2 then return check.expected(op, 1, "points", "(N,2), N at least 1", points) end
  local bad = core.bad_row(points)
  if bad then return check.fail(op, "bad argument #1 'points' (row %d holds NaN or an infinity)", bad) end
  local columns = opt.columns or math.ceil(math.sqrt(n))
  local rows = (n + columns - 1) // columns
  local cost
  for axis, count in ipairs {columns, rows} do
    local at, cells = core.narrow(points, 2, axis, 1), {}
    local least, most = core.item(core.min(at)), core.item(core.max(at))
    local scale = most > least and 1 / (most - least) or 0
    at = core.add(core.mul(core.sub(at, least), scale), scale == 0 and 0.5 or 0)
    for cell = 0, rows * columns - 1 do
      cells[cell + 1] = ((axis == 1 and cell % columns or cell // columns) + 0.5) / count
    end
    local d = core.sub(at, core.reshape(core.tensor(cells), {1, rows * columns}))
    d = core.mul(d, d)
    cost = cost and core.add(cost, d) or d
  end
  local cells, sum = core.assign(cost), 0
  for i, cell in ipairs(core.to_table(cells)) do sum = sum + core.get(cost, i, cell + 1) end
  return cells, columns, rows, sum
end

-- Pictures, none with a side beyond `most`, nil: as they are.
local function fitted(images, most)
  local n, h, w, c = table.unpack(core.shape(images))
  local scale = math.max(h, w) / (most or math.huge)
  if n == 0 or scale <= 1 then return images end
  local out = core.full({n, math.max(1, math.floor(h / scale)), math.max(1, math.floor(w / scale)), c}, 0, "u8")
  core.image_unpack_(out, 1, core.to_bytes(images), h, w, c, false, 0)
  return out
end

--- Draws framed pictures in cells; cells that nothing lies in are white.
-- @tparam Tensor images  u8 (N,H,W,C), or real in [-1,1]; C 1 or 3
-- @tparam table kinds  list of N keys of `COLOURS`
-- @tparam table opt
-- @tparam Tensor opt.cells  i32 (N), as of `arrange`
-- @tparam integer opt.columns  C
-- @tparam integer opt.rows  R
-- @tparam[opt=2] integer opt.frame  pixels of a frame
-- @tparam[opt] integer opt.side  pictures with a longer side are made smaller; default: none are
-- @treturn Tensor  u8 (H',W',3)
-- @raise if images are none, a kind or an option is unknown, or a cell is not in the grid
function M.draw(images, kinds, opt)
  local op = "show.atlas.draw"
  opt = check.options(op, opt, {
    cells = option.tensor {required = true, dtype = "i32", dim = 1}, columns = option.integer {required = true, lo = 1},
    rows = option.integer {required = true, lo = 1}, frame = option.integer {default = 2, lo = 0},
    side = option.integer {lo = 1},
  })
  local s = core.is_tensor(images) and core.shape(images) or {}
  if #s ~= 4 or s[4] ~= 1 and s[4] ~= 3 then
    return check.expected(op, 1, "images", "images (N,H,W,C), C 1 or 3", images)
  end
  if core.dtype(images) == "real" then images = core.image_quantise(images) end
  images = fitted(images, opt.side)
  local n, h, w, c = table.unpack(core.shape(images))
  if type(kinds) ~= "table" or #kinds ~= n then
    return check.expected(op, 2, "kinds", ("a list of %s"):format(check.count(n, "kind")), kinds)
  end
  local f, cells, count = opt.frame, core.to_table(opt.cells), opt.rows * opt.columns
  if #cells ~= n then return check.fail(op, "option 'cells': expected %d cells, got %d", n, #cells) end
  local tiles, plates = core.full({count, h + 2 * f, w + 2 * f, 3}, 255, "u8"), {}
  local function plate(kind)
    local colour = colours[kind]
    if not colour then return check.fail(op, "bad argument #2 'kinds' (unknown kind %s)", check.found(kind)) end
    local out = core.full({1, h + 2 * f, w + 2 * f, 3}, 0, "u8")
    for k = 1, 3 do
      local channel = core.narrow(out, 4, k, 1)
      core.copy_(channel, core.full(core.shape(channel), colour[k], "u8"))
    end
    return out
  end
  for i, kind in ipairs(kinds) do
    plates[kind] = plates[kind] or plate(kind)
    if cells[i] < 0 or cells[i] >= count then
      return check.fail(op, "option 'cells': expected cells in 0..%d, got %d", count - 1, cells[i])
    end
    local tile, image = core.narrow(tiles, 1, cells[i] + 1, 1), core.narrow(images, 1, i, 1)
    core.copy_(tile, plates[kind])
    local inside = core.narrow(core.narrow(tile, 2, f + 1, h), 3, f + 1, w)
    if c == 3 then core.copy_(inside, image)
    else for k = 1, 3 do core.copy_(core.narrow(inside, 4, k, 1), image) end end
  end
  return core.image_sheet(tiles, opt.columns, 1, 1, 255)
end

return M
