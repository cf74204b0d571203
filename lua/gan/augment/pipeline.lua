--- What transforms and pipelines share: how probabilities become gates, numbers are drawn, and neighbours put together.
--
-- A stage is a transform, a pipeline, or a function of one's own with its probability. A call flattens the stages,
-- draws a row of uniform numbers for each picture (gate and numbers of every transform, at fixed places), lets each
-- transform whose gate is open make a value of its numbers, folds the values of neighbours of one kind into one, and
-- has the kind change the images by it. All of that is done in doubles, so that both precisions change alike.
-- @internal gan.augment.pipeline
local check = require "gan.check"
local core = require "gan.core"
local pointwise = require "gan.ops.pointwise"
local random = require "gan.random"

local option = check.option

local M = {}

-- The kind of a function of one's own.
local own = {}

local Transform = {}
Transform.__index = Transform

local Pipeline = {}
Pipeline.__index = Pipeline

local probability = option.number {lo = 0, hi = 1}

-- ---- stages ----

-- Checks a field p, which scripts set as they like.
local function checked(stage)
  local p = stage.p
  if type(p) ~= "number" or not (p >= 0 and p <= 1) then
    return check.fail(stage.op, "field 'p': expected a number in [0,1], got %s", check.found(p))
  end
  return p
end

-- Appends a stage's transforms to a list of {stage =, gate =, place =}, p being the factor on their probabilities.
-- Returns how many numbers all of them take.
local function flatten(stage, p, list, numbers)
  p = p * checked(stage)
  if getmetatable(stage) == Pipeline then
    for _, inner in ipairs(stage) do numbers = flatten(inner, p, list, numbers) end
    return numbers
  end
  list[#list + 1] = {stage = stage, gate = stage.gate and stage:gate(p) or p, place = numbers + 1}
  return numbers + 1 + stage.numbers
end

-- ---- a call ----

local function check_images(op, x)
  if core.is_tensor(x) and core.dtype(x) == "real" and core.dim(x) == 4 then return core.shape(x) end
  return check.expected(op, 1, "x", "real images (N,H,W,C)", x)
end

-- Draws k uniform numbers in [0,1) for each of n pictures. A row takes whole blocks of four, so that its numbers are
-- the same whatever n is.
local function draw(rng, n, k) return core.to_table(rng:uniform {n, (k + 3) // 4 * 4}) end

-- Calls a function of one's own on all pictures, and takes its result for those whose gate is open.
local function call_own(entry, x, rows, rng)
  local stage, shape = entry.stage, check.shape_string(core.shape(x))
  local y = stage.f(x, rng)
  if not core.is_tensor(y) or core.dtype(y) ~= "real" or check.shape_string(core.shape(y)) ~= shape then
    return check.fail(stage.op, "%s must return real images of x's shape %s, it returned %s", stage.name, shape,
      check.found(y))
  end
  if entry.gate >= 1 then return y end
  local open = {}
  for i, u in ipairs(rows) do open[i] = u[entry.place] < entry.gate and 1 or 0 end
  return pointwise.where(core.reshape(core.tensor(open), {#rows, 1, 1, 1}), y, x)
end

-- Changes images by entries first..last of the list, which are of one kind.
local function change(list, first, last, x, rows, size)
  local kind, values, any = list[first].stage.kind, {}, false
  for i, u in ipairs(rows) do
    local value = false
    for k = first, last do
      local stage, gate, place = list[k].stage, list[k].gate, list[k].place
      local one = u[place] < gate and stage:draw(u, place, size)
      if one then value = value and kind.fold(value, one, stage) or kind.first(one, stage) end
    end
    values[i], any = value, any or value
  end
  if not any then return x end
  return kind.apply(x, values, size, kind.common and kind.common(list, first, last))
end

-- Calls a stage: what transforms and pipelines do.
local function call(stage, x, rng)
  local shape = check_images(stage.op, x)
  local size = {H = shape[2], W = shape[3], C = shape[4]}
  local list = {}
  local numbers, live = flatten(stage, 1, list, 0), false
  for _, entry in ipairs(list) do
    if entry.stage.fits then entry.stage:fits(shape) end
    live = live or entry.gate > 0
  end
  if not live or core.numel(x) == 0 then return x end
  if rng == nil then rng = random.default() end
  if not core.is_rng(rng) then return check.expected(stage.op, 2, "rng", "a random stream (gan.rng)", rng) end
  local rows, at = draw(rng, shape[1], numbers), 1
  while at <= #list do
    local entry, last = list[at], at
    local kind = entry.stage.kind
    if kind == own then
      if entry.gate > 0 then x = call_own(entry, x, rows, rng) end
    else
      while kind.fold and list[last + 1] and list[last + 1].stage.kind == kind
        and not (kind.apart and kind.apart(list, at, last + 1)) do last = last + 1 end
      x = change(list, at, last, x, rows, size)
    end
    at = last + 1
  end
  return x
end

Transform.__call, Pipeline.__call = call, call

-- ---- transforms ----

-- What is printed of a transform: its name, p, and the options that are not the usual ones.
function Transform:__tostring()
  local texts = {("%g"):format(self.p)}
  for _, name in ipairs(self.words) do
    local v = self[name]
    if v ~= self.usual[name] then
      texts[#texts + 1] = ("%s = %s"):format(name, type(v) == "number" and ("%g"):format(v) or ("'%s'"):format(v))
    end
  end
  return ("%s(%s)"):format(self.name, table.concat(texts, ", "))
end

--- Makes a constructor f(p, opt) of transforms.
--
-- * name, and `op`, what errors call it (default: augment.NAME)
-- * kind, of gan.augment.kinds
-- * numbers: how many it draws beside its gate's
-- * options: name -> check.option
-- * draw(self, u, i, size): what numbers u[i + 1], u[i + 2], ... in [0,1) make of a picture, a value of the kind; or
--   nil where they change nothing
-- * fits(self, shape), perhaps: raises for images that it cannot change
-- * gate(self, p), perhaps: where the gate is not p itself
--
-- @tparam table def  these fields
-- @treturn function
function M.transform(def)
  local op, words, usual = def.op or "augment." .. def.name, {}, {}
  for name, kind in pairs(def.options) do words[#words + 1], usual[name] = name, kind.default end
  core.sort(words)
  return function(p, opt)
    if p == nil then p = 1 end
    if probability.accept(p) == nil then return check.expected(op, 1, "p", "a probability in [0,1]", p) end
    local self = check.options(op, opt, def.options)
    for name, v in pairs(def) do self[name] = self[name] or v end
    self.op, self.p, self.words, self.usual = op, p, words, usual
    return setmetatable(self, Transform)
  end
end

-- ---- pipelines ----

local function is_stage(v) return getmetatable(v) == Transform or getmetatable(v) == Pipeline end

local function stage_of(op, i, v)
  if is_stage(v) then return v end
  local f, p, name = v, 1, ("stage %d"):format(i)
  if type(v) == "table" and not check.callable(v) then
    for key in pairs(v) do
      if key ~= 1 and key ~= "p" and key ~= "name" then
        return check.fail(op, "%s: unknown option '%s'%s", name, tostring(key), check.hint(key, {"name", "p"}))
      end
    end
    f, p = v[1], v.p == nil and 1 or v.p
    if v.name ~= nil then name = ("%s ('%s')"):format(name, tostring(v.name)) end
  end
  if not check.callable(f) then
    return check.fail(op, "%s: expected a transform, or a function (x, rng) -> x, got %s%s", name, check.found(f),
      type(f) == "string" and ("; write gan.augment.%s(p)"):format(f) or "")
  end
  if probability.accept(p) == nil then
    return check.fail(op, "%s: option 'p': expected a number in [0,1], got %s", name, check.found(p))
  end
  local text = type(v) == "table" and v.name and tostring(v.name) or "function"
  return {kind = own, op = op, f = f, p = p, name = name, numbers = 0, text = text}
end

--- The options of all pipelines.
M.known = {p = option.number {default = 1, lo = 0, hi = 1}:varying()}

--- Makes a pipeline of a list of stages.
-- @tparam string op  public name of the function
-- @tparam table stages  list of transforms, pipelines, functions, and {f, p =, name =}
-- @tparam table opt  the checked options, M.known
-- @tparam[opt] string title  what is printed in the place of `op`
-- @treturn table
-- @raise naming the stage that is none
function M.new(op, stages, opt, title)
  if is_stage(stages) then return check.fail(op, "expected a list of stages, got one; write {...}, with braces") end
  local self = {op = op, p = opt.p, title = title}
  for i, v in ipairs(stages) do self[i] = stage_of(op, i, v) end
  return setmetatable(check.vary(op, self, M.known), Pipeline)
end

--- Sets p, and that of the pipelines within, to what they were given as functions, f(step), say of a step.
-- gan.game.loop calls it before each update; they begin with the number of step 1.
-- @function Pipeline:at
-- @tparam integer step  from 1
-- @raise if a function returned what p must not be
function Pipeline:at(step)
  check.at(self.op, self, M.known, step)
  for _, stage in ipairs(self) do
    if getmetatable(stage) == Pipeline then stage:at(step) end
  end
end

local function text_of(stage)
  local mt = getmetatable(stage)
  if mt == Pipeline then return "{" .. tostring(stage) .. "}" end
  if mt == Transform then return tostring(stage) end
  return ("%s(%g)"):format(stage.text, stage.p)
end

function Pipeline:__tostring()
  local texts = {}
  for i, stage in ipairs(self) do texts[i] = text_of(stage) end
  return ("%s, p = %g: %s"):format(self.title or self.op, self.p, table.concat(texts, ", "))
end

return M
