--- Makes labels that go with latent vectors: of seeds, of a grid, others than given ones, mixtures.
-- @module gan.latent.labels
local core = require "gan.core"
local check = require "gan.check"

local M = {}

local LISTED = 40 -- names of classes that an error shows

-- The label that a class's name or number stands for; nil and what was expected where it is none, or may be two.
local function label_of(classes, class)
  local at, as_number, digits = {}, {}, #classes > 0
  for i, name in ipairs(classes) do
    at[name] = at[name] or i - 1
    local n = name:find "^%d+$" and tonumber(name)
    if n then as_number[n] = as_number[n] == nil and i - 1 else digits = false end
  end
  if at[class] then return at[class] end
  local by_number = class:match "^#(%d+)$"
  local n = math.tointeger(tonumber(by_number or class:match "^%d+$"))
  -- Where every class is a number, a plain number is a name: "3" is the class "03", and no label.
  local label = n
  if digits and not by_number then label = as_number[n] end
  if label and label < #classes then return label end
  local near = check.nearest(class, classes)
  local names = check.shown(table.concat(classes, " ", 1, math.min(#classes, LISTED)))
    .. (#classes > LISTED and " ..." or "")
  return nil, ("expected a class (%s), or its number as in #0 to #%d, got '%s'%s"):format(names, #classes - 1, class,
    near and (" (did you mean '%s'?)"):format(near) or "")
end

--- Returns the labels of seeds: those of one class, or each seed's own (the seed modulo the number of classes).
-- A class is given by its name, or else by its number from 0: "#3"; or "3" where not all names are numbers.
-- @function gan.latent.labels
-- @tparam table classes  list of names
-- @tparam table seeds  list of N integers
-- @tparam[opt] string class  a name, or a number
-- @treturn Tensor  i32 (N)
-- @treturn string  such as "class heart (label 6)"; nil where no class was given
-- @error if there is no such class
function M.labels(classes, seeds, class)
  local list, label = {}, nil
  if class then
    local message
    label, message = label_of(classes, class)
    if not label then return nil, message end
  end
  for i, seed in ipairs(seeds) do list[i] = label or seed % #classes end
  return core.tensor(list, "i32"), label and ("class %s (label %d)"):format(classes[label + 1], label)
end

--- Returns the weights of mixtures of classes, on the way from one to the next.
-- @function gan.latent.mixtures
-- @tparam Tensor y  i32 (M) labels, M >= 2, each 0..classes-1
-- @tparam integer classes  Y, how many there are
-- @tparam integer steps  from one to the next, >= 1
-- @treturn Tensor  real ((M-1)*steps+1,Y): each row sums to 1; what conditional nets take in the place of labels
-- @raise if an argument is of another kind or out of range
function M.mixtures(y, classes, steps)
  local op = "latent.mixtures"
  local labels = core.is_tensor(y) and core.dtype(y) == "i32" and core.dim(y) == 1 and core.to_table(y) or {}
  if #labels < 2 then return check.expected(op, 1, "y", "i32 labels (M) of at least 2 classes", y) end
  check.int(op, 2, "classes", classes, 1)
  check.int(op, 3, "steps", steps, 1)
  for i, label in ipairs(labels) do
    if label < 0 or label >= classes then
      return check.fail(op, "bad argument #1 'y' (expected labels in 0..%d, got %d at element %d)", classes - 1, label,
        i)
    end
  end
  local rows = {}
  for i = 1, #labels - 1 do
    for s = i == 1 and 0 or 1, steps do
      local row = {}
      for k = 1, classes do row[k] = 0 end
      local from, to = labels[i] + 1, labels[i + 1] + 1
      row[from] = 1 - s / steps
      row[to] = row[to] + s / steps
      rows[#rows + 1] = row
    end
  end
  return core.tensor(rows)
end

--- Tells whether values that were read from a file are latent vectors, and where there are classes, labels of these.
-- Cannot fail.
-- @function gan.latent.are
-- @param v  any value: real (N,Z), N >= 1
-- @tparam integer z  Z
-- @param y  any value: i32 (N), each 0..classes-1; nil without classes
-- @tparam[opt] integer classes  how many there are
-- @treturn boolean
function M.are(v, z, y, classes)
  if not (core.is_tensor(v) and core.dtype(v) == "real" and core.dim(v) == 2) then return false end
  local n = core.size(v, 1)
  if n < 1 or core.size(v, 2) ~= z then return false end
  if not classes then return y == nil end
  local own = core.is_tensor(y) and core.dtype(y) == "i32" and core.dim(y) == 1
  if not own or core.size(y, 1) ~= n then return false end
  for _, label in ipairs(core.to_table(y)) do if label < 0 or label >= classes then return false end end
  return true
end

--- Returns the latent vectors and labels of a grid whose rows are classes, all with the same vectors.
-- Where there are fewer rows than classes, they are spread evenly over the labels.
-- @function gan.latent.by_class
-- @tparam Tensor z  (N,Z), N >= columns; the first ones are taken
-- @tparam integer classes  how many there are
-- @tparam integer rows  1..classes
-- @tparam integer columns  1..N
-- @treturn Tensor  (rows*columns,Z)
-- @treturn Tensor  i32 (rows*columns)
-- @raise if an argument is out of range
function M.by_class(z, classes, rows, columns)
  local op = "latent.by_class"
  check.real(op, 1, "z", z, 2)
  check.int(op, 2, "classes", classes, 1)
  check.int(op, 3, "rows", rows, 1, classes)
  check.int(op, 4, "columns", columns, 1, core.size(z, 1))
  local labels, row, list = {}, core.narrow(z, 1, 1, columns), {}
  for r = 1, rows do
    list[r] = row
    for _ = 1, columns do labels[#labels + 1] = (r - 1) * classes // rows end
  end
  return core.cat(list, 1), core.tensor(labels, "i32")
end

--- Draws other labels in the place of y, every other class as likely as any.
-- @function gan.latent.other_labels
-- @tparam Tensor y  i32 (N), each 0..classes-1
-- @tparam integer classes  how many there are
-- @tparam Stream rng  decides
-- @treturn Tensor  i32 (N)
-- @raise if there is one class only, or an argument is of the wrong kind
function M.other_labels(y, classes, rng)
  local op = "latent.other_labels"
  if not (core.is_tensor(y) and core.dtype(y) == "i32") then return check.expected(op, 1, "y", "i32 labels", y) end
  if not core.is_rng(rng) then return check.expected(op, 3, "rng", "a random stream (gan.rng)", rng) end
  if check.int(op, 2, "classes", classes, 1) < 2 then return check.fail(op, "the data have one class only") end
  local labels = core.to_table(y)
  for i, by in ipairs(core.to_table(rng:integer({#labels}, 1, classes - 1))) do
    labels[i] = (labels[i] + by) % classes
  end
  return core.tensor(labels, "i32")
end

return M
