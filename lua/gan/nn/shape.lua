--- Layers that only move or repeat elements: flatten, view, upsample.
-- @module gan.nn.shape
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"

local option = check.option

local function product(s)
  local n = 1
  for _, v in ipairs(s) do n = n * v end
  return n
end

local function check_batch(self, x)
  if core.is_tensor(x) and core.dim(x) >= 1 then return end
  return self:fail("bad argument #1 'x' (expected (N,...), got %s)", check.found(x))
end

-- ---- flatten ----

local flatten = module.class "nn.flatten"

--- Makes a layer that turns each element of the batch into one row.
-- @function gan.nn.flatten
-- @tparam[opt] table opt  no option yet
-- @treturn Module  (N,...) -> (N,D)
-- @raise if an option is unknown or out of range
function flatten:init(opt) check.options(self.label, opt, {}) end

function flatten:forward(x)
  check_batch(self, x)
  return ops.flatten(x)
end

function flatten.shape(_, s) return {product(s)} end

-- ---- view ----

local view = module.class "nn.view"
local view_size = option.integer {lo = 0}

--- Makes a layer that gives each element of the batch another shape, of as many elements.
-- @function gan.nn.view
-- @tparam[opt] table opt  list of sizes without the batch; empty: (N,1,...,1) -> (N)
-- @treturn Module  (N,...) -> N, then the sizes
-- @raise if a size is no integer >= 0
-- @usage nn.view {1, 1, 100} -- (N,100) -> (N,1,1,100)
function view:init(opt)
  if opt == nil then opt = {} end
  if type(opt) ~= "table" then
    return check.fail("nn.view", "expected a list of sizes without the batch, got %s", check.found(opt))
  end
  self.size = {}
  local n = 0
  for k in pairs(opt) do
    if math.type(k) ~= "integer" then return check.fail("nn.view", "unknown option '%s'", tostring(k)) end
    n = n + 1
  end
  if n > 7 then return check.fail("nn.view", "expected at most 7 sizes, got %d", n) end
  local total = 1.0
  for i = 1, n do
    self.size[i] = view_size:check("nn.view", "size " .. i, opt[i])
    total = total * self.size[i]
  end
  if total > 2 ^ 40 then return check.fail("nn.view", "sizes %s are too large", check.shape_string(self.size)) end
end

function view:forward(x)
  check_batch(self, x)
  local batch = core.size(x, 1)
  if batch > 0 and core.numel(x) // batch ~= product(self.size) then
    return self:fail("bad argument #1 'x' (expected %s for each of N, to make %s, got %s)",
      check.count(product(self.size), "element"), self:describe(), check.found(x))
  end
  return ops.reshape(x, {batch, table.unpack(self.size)})
end

function view:shape(s)
  if product(s) ~= product(self.size) then
    return self:fail("expected input of %s, got %s", check.count(product(self.size), "element"), check.shape_string(s))
  end
  return table.move(self.size, 1, #self.size, 1, {})
end

function view:describe() return "view " .. check.shape_string(self.size) end

-- ---- upsample ----

local upsample = module.class "nn.upsample"

--- Makes a layer that enlarges images.
-- @function gan.nn.upsample
-- @tparam[opt] table opt
-- @tparam[opt=2] integer|table opt.factor  or {height, width}
-- @tparam[opt="nearest"] string opt.mode  "nearest" or "bilinear"
-- @treturn Module  (N,H,W,C) -> (N,factor H,factor W,C)
-- @raise if an option is unknown or out of range
function upsample:init(opt)
  opt = check.options("nn.upsample", opt, {
    factor = module.pair {default = {2, 2}, lo = 1}, mode = option.word {"nearest", "bilinear", default = "nearest"},
  })
  self.factor, self.mode = opt.factor, opt.mode
end

function upsample:forward(x)
  self:check_input(x, 4)
  return ops.upsample(x, self.factor, self.mode)
end

function upsample:shape(s)
  self:check_shape(s, 4)
  return {s[1] * self.factor[1], s[2] * self.factor[2], s[3]}
end

function upsample:describe() return ("upsample %dx%d, %s"):format(self.factor[1], self.factor[2], self.mode) end

return {flatten = flatten, view = view, upsample = upsample}
