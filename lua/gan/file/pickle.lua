--- Reads pickles as data: numbers, strings, tuples, lists and dictionaries. Executes nothing.
--
-- A pickle is a program for a machine with a stack, which may call anything that Python can import. This machine knows
-- the opcodes of protocols 2 to 5 that plain data needs, and of globals only those that its caller lists, each with a
-- Lua function that stands for it. Everything else is refused by name, or, where the caller asks for the names, stands
-- in the result as an opaque value. What a file can make it spend is bounded: budget.STEPS opcodes and entries,
-- budget.TABLES tables, and texts of as many bytes as the pickle has.
-- Source: CPython, Lib/pickletools.py (the opcodes and their arguments).
-- @module gan.file.pickle
local budget = require "gan.file.budget"

local M = {}

local MOST_TEXT = budget.PICKLE -- bytes of one string
local MOST_LINE = 300           -- bytes of a module's or a global's name
local PIECE = 1 << 16           -- bytes asked of a file at a time

--- Stands for None.
M.none = setmetatable({kind = "none"}, {__tostring = function() return "None" end})

-- What is wrong with a file travels as an error of this kind up to M.guard.
local refusal = {}

--- Ends `guard` with a message about the file.
-- @tparam string fmt  the message, as for string.format
-- @param ...  any values for it
-- @raise always: what `guard` catches
function M.refuse(fmt, ...)
  return error(setmetatable({message = select("#", ...) > 0 and fmt:format(...) or fmt}, refusal), 0)
end

--- Calls `f(...)`.
-- @tparam function f  which may call `refuse`
-- @param ...  its arguments, any values
-- @return  its results
-- @error where `refuse` was called inside: its message
-- @raise whatever else f raises
function M.guard(f, ...)
  local result = table.pack(pcall(f, ...))
  if result[1] then return table.unpack(result, 2, result.n) end
  if getmetatable(result[2]) == refusal then return nil, result[2].message end
  return error(result[2], 0)
end

local source = {}
source.__index = source

--- Makes a source of bytes for `load`. Cannot fail.
-- @tparam function read  n -> the next n bytes, or nil and a message
-- @tparam integer size  how many there are
-- @treturn table  the source
function M.source(read, size)
  return setmetatable({read = read, buffer = "", at = 1, left = size, size = size}, source)
end

--- Makes a source of the bytes of a string. Cannot fail.
-- @tparam string text  the bytes
-- @treturn table  the source
function M.source_of(text)
  return setmetatable({buffer = text, at = 1, left = 0, size = #text}, source)
end

-- Reads on until n bytes are in the buffer, of which `have` are there.
local function fill(src, n, have)
  local more = math.min(math.max(n - have, PIECE), src.left)
  local text, message = src.read(more)
  if not text then return M.refuse(message) end
  src.buffer, src.at, src.left = src.buffer:sub(src.at) .. text, 1, src.left - more
end

local function ends() return M.refuse "the pickle ends too early" end

--- Takes the next n bytes.
-- @tparam integer n  how many
-- @treturn string
-- @raise what `guard` catches, if there are fewer
function source:take(n)
  local have = #self.buffer - self.at + 1
  if n > have then
    if n - have > self.left then return ends() end
    if n > PIECE then -- not by way of the buffer: it would be there twice
      local head = self.buffer:sub(self.at)
      self.buffer, self.at = "", 1
      local rest, message = self.read(n - have)
      if not rest then return M.refuse(message) end
      self.left = self.left - (n - have)
      return have > 0 and head .. rest or rest
    end
    fill(self, n, have)
  end
  local s = self.buffer:sub(self.at, self.at + n - 1)
  self.at = self.at + n
  return s
end

--- Returns how many bytes were taken so far. Cannot fail.
-- @treturn integer
function source:position() return self.size - self.left - (#self.buffer - self.at + 1) end

-- Bytes up to a line break.
local function line(src)
  local have = #src.buffer - src.at + 1
  if have <= MOST_LINE and src.left > 0 then fill(src, MOST_LINE + 1, have) end
  local stop = src.buffer:find("\n", src.at, true)
  if stop and stop - src.at < MOST_LINE then return src:take(stop - src.at + 1):sub(1, -2) end
  if #src.buffer - src.at + 1 < MOST_LINE then return ends() end
  return M.refuse("a name of more than %d bytes", MOST_LINE)
end

local function number(src, format)
  return ((format):unpack(src:take(format:packsize())))
end

local function text(src, n)
  if n < 0 or n > MOST_TEXT then return M.refuse("a string of %d bytes (at most %d are read)", n, MOST_TEXT) end
  return src:take(n)
end

--- Returns a word for a value, for messages. Cannot fail.
-- @param v  any value
-- @treturn string
function M.describe(v)
  if type(v) ~= "table" then return type(v) end
  return (v.kind == "global" or v.kind == "opaque") and ("global '%s'"):format(v.name) or v.kind
end

--- Ends `guard` with a message about a value that only the program of a pickle could make.
-- @tparam string name  of the global that makes it
-- @raise always: what `guard` catches
function M.refuse_global(name)
  return M.refuse("global '%s' is refused: only data is read, nothing is executed", name)
end

-- Takes from what the machine may spend: steps, tables and bytes of text. Globals' functions get `m.spend`, which does.
local function spend(m, steps, tables, bytes)
  m.steps, m.tables, m.bytes = m.steps + steps, m.tables + (tables or 0), m.bytes + (bytes or 0)
  if m.steps > budget.STEPS then return M.refuse("a pickle of more than %d steps", budget.STEPS) end
  if m.tables > budget.TABLES then return M.refuse("a pickle that makes more than %d tables", budget.TABLES) end
  if m.bytes > m.src.size then return M.refuse("a pickle that makes more text than its %d bytes", m.src.size) end
end

local function push(m, v)
  m.top = m.top + 1
  m.stack[m.top] = v
end

local function pop(m)
  if m.top <= m.floor then return M.refuse "the pickle takes what is not there" end
  local v = m.stack[m.top]
  m.stack[m.top] = nil
  m.top = m.top - 1
  return v
end

local function is(v, kind) return type(v) == "table" and v.kind == kind end

-- The uppermost value, of a kind; what is opaque is of any kind.
local function top(m, kind, op)
  local v = m.top > m.floor and m.stack[m.top]
  if not is(v, kind) and not is(v, "opaque") then return M.refuse("opcode %s on no %s", op, kind) end
  return v
end

local function pop_as(m, kind, op)
  local v = top(m, kind, op)
  pop(m)
  return v
end

-- The values above the last mark, which goes: a table and their number.
local function pop_marked(m)
  local mark = table.remove(m.marks)
  if not mark then return M.refuse "the pickle takes a mark that is not there" end
  m.floor = m.marks[#m.marks] or 0
  local items = table.move(m.stack, mark + 1, m.top, 1, {})
  local n = m.top - mark
  for i = m.top, mark + 1, -1 do m.stack[i] = nil end
  m.top = mark
  return items, n
end

local function sequence(m, kind, items, n)
  spend(m, 0, 1)
  items.kind, items.n = kind, n
  return items
end

local function tuple_of(m, n)
  local items = {}
  for i = n, 1, -1 do items[i] = pop(m) end
  push(m, sequence(m, "tuple", items, n))
end

local function note(m, what)
  if not m.skipped[what] then
    m.skipped[what] = true
    m.skipped[#m.skipped + 1] = what
  end
end

local function set_item(dict, key, value, m)
  if dict.kind == "opaque" then return end
  if type(key) ~= "string" and math.type(key) ~= "integer" then
    local what = M.describe(key)
    if m and m.skipped then return note(m, "an entry whose key is a " .. what) end
    return M.refuse("a dictionary's key is a %s", what)
  end
  if dict.index[key] == nil then dict.keys[#dict.keys + 1] = key end
  dict.index[key] = value
end

local function new_dict(ordered) return {kind = "dict", keys = {}, index = {}, ordered = ordered} end

local DICT = 3 -- tables that it counts as

local function append(list, v)
  if list.kind == "opaque" then return end
  list.n = list.n + 1
  list[list.n] = v
end

local function extend(m, kind, op)
  local items, n = pop_marked(m)
  local list = top(m, kind, op)
  for i = 1, n do append(list, items[i]) end
end

local function push_global(m, name)
  local known = m.globals[name]
  name = name:gsub("[^\32-\126]", "?")
  spend(m, 0, 1 + #name // 64)
  if known then return push(m, {kind = "global", name = name, value = known}) end
  if not m.skipped then return M.refuse_global(name) end
  note(m, name)
  push(m, {kind = "opaque", name = name})
end

-- What an opaque class would make stays opaque.
local function new_object(m, op)
  pop_as(m, "tuple", op)
  local class = pop_as(m, "global", op)
  if class.kind ~= "opaque" then return M.refuse("opcode %s of '%s'", op, class.name) end
  push(m, class)
end

local function remember(m, i)
  if m.top <= m.floor then return M.refuse "the pickle remembers what is not there" end
  m.memo[i] = m.stack[m.top]
end

local function recall(m, i)
  local v = m.memo[i]
  if v == nil then return M.refuse("the pickle recalls number %d, which it never stored", i) end
  push(m, v)
end

-- opcode -> its effect
local ops = {
  ["\x80"] = function(m) -- PROTO
    local version = m.src:take(1):byte()
    if version > 5 then return M.refuse("pickle protocol %d", version) end
  end,
  ["("] = function(m) -- MARK
    m.marks[#m.marks + 1] = m.top
    m.floor = m.top
  end,
  N = function(m) push(m, M.none) end, -- NONE
  ["\x88"] = function(m) push(m, true) end, -- NEWTRUE
  ["\x89"] = function(m) push(m, false) end, -- NEWFALSE
  J = function(m) push(m, number(m.src, "<i4")) end, -- BININT
  K = function(m) push(m, number(m.src, "<I1")) end, -- BININT1
  M = function(m) push(m, number(m.src, "<I2")) end, -- BININT2
  B = function(m) push(m, text(m.src, number(m.src, "<I4"))) end, -- BINBYTES
  C = function(m) push(m, text(m.src, number(m.src, "<I1"))) end, -- SHORT_BINBYTES
  ["\x8c"] = function(m) push(m, text(m.src, number(m.src, "<I1"))) end, -- SHORT_BINUNICODE
  ["\x8d"] = function(m) push(m, text(m.src, number(m.src, "<i8"))) end, -- BINUNICODE8
  ["\x8e"] = function(m) push(m, text(m.src, number(m.src, "<i8"))) end, -- BINBYTES8
  ["\x96"] = function(m) push(m, text(m.src, number(m.src, "<i8"))) end, -- BYTEARRAY8
  ["\x8a"] = function(m) -- LONG1
    local n = m.src:take(1):byte()
    if n > 8 then return M.refuse("an integer of %d bytes", n) end
    push(m, n == 0 and 0 or number(m.src, "<i" .. n))
  end,
  G = function(m) push(m, number(m.src, ">d")) end, -- BINFLOAT
  X = function(m) push(m, text(m.src, number(m.src, "<I4"))) end, -- BINUNICODE
  T = function(m) push(m, text(m.src, number(m.src, "<i4"))) end, -- BINSTRING
  U = function(m) push(m, text(m.src, number(m.src, "<I1"))) end, -- SHORT_BINSTRING
  [")"] = function(m) tuple_of(m, 0) end, -- EMPTY_TUPLE
  ["\x85"] = function(m) tuple_of(m, 1) end, -- TUPLE1
  ["\x86"] = function(m) tuple_of(m, 2) end, -- TUPLE2
  ["\x87"] = function(m) tuple_of(m, 3) end, -- TUPLE3
  t = function(m) push(m, sequence(m, "tuple", pop_marked(m))) end, -- TUPLE
  ["]"] = function(m) push(m, sequence(m, "list", {}, 0)) end, -- EMPTY_LIST
  a = function(m) -- APPEND
    local v = pop(m)
    append(top(m, "list", "APPEND"), v)
  end,
  e = function(m) extend(m, "list", "APPENDS") end, -- APPENDS
  ["\x8f"] = function(m) push(m, sequence(m, "set", {}, 0)) end, -- EMPTY_SET
  ["\x90"] = function(m) extend(m, "set", "ADDITEMS") end, -- ADDITEMS
  ["\x91"] = function(m) push(m, sequence(m, "set", pop_marked(m))) end, -- FROZENSET
  ["}"] = function(m) -- EMPTY_DICT
    spend(m, 0, DICT)
    push(m, new_dict())
  end,
  s = function(m) -- SETITEM
    local v = pop(m)
    local k = pop(m)
    set_item(top(m, "dict", "SETITEM"), k, v, m)
  end,
  u = function(m) -- SETITEMS
    local items, n = pop_marked(m)
    local dict = top(m, "dict", "SETITEMS")
    if n % 2 == 1 then return M.refuse "a dictionary's key without a value" end
    for i = 1, n, 2 do set_item(dict, items[i], items[i + 1], m) end
  end,
  q = function(m) remember(m, number(m.src, "<I1")) end, -- BINPUT
  r = function(m) remember(m, number(m.src, "<I4")) end, -- LONG_BINPUT
  ["\x94"] = function(m) -- MEMOIZE
    m.memoized = m.memoized + 1
    remember(m, m.memoized - 1)
  end,
  ["\x95"] = function(m) number(m.src, "<i8") end, -- FRAME: where a reader may stop to fetch more
  h = function(m) recall(m, number(m.src, "<I1")) end, -- BINGET
  j = function(m) recall(m, number(m.src, "<I4")) end, -- LONG_BINGET
  c = function(m) -- GLOBAL
    local module = line(m.src)
    push_global(m, module .. "." .. line(m.src))
  end,
  ["\x93"] = function(m) -- STACK_GLOBAL
    local name, module = pop(m), pop(m)
    if type(name) ~= "string" or type(module) ~= "string" or #module + #name > 600 then
      return M.refuse "opcode STACK_GLOBAL of no names"
    end
    push_global(m, module .. "." .. name)
  end,
  R = function(m) -- REDUCE
    local args = pop_as(m, "tuple", "REDUCE")
    local f = pop_as(m, "global", "REDUCE")
    if f.kind == "opaque" or args.kind == "opaque" then return push(m, f.kind == "opaque" and f or args) end
    if type(f.value) ~= "function" then return M.refuse("opcode REDUCE of '%s'", f.name) end
    push(m, f.value(args, m.spend))
  end,
  ["\x81"] = function(m) new_object(m, "NEWOBJ") end, -- NEWOBJ
  ["\x92"] = function(m) -- NEWOBJ_EX
    pop(m)
    new_object(m, "NEWOBJ_EX")
  end,
  Q = function(m) -- BINPERSID
    spend(m, 0, 3)
    push(m, m.persistent(pop(m)))
  end,
  b = function(m) -- BUILD: the attributes that Python may hang on an OrderedDict are no data of ours
    local state, v = pop(m), m.top > m.floor and m.stack[m.top]
    if type(v) == "table" and v.build then return v:build(state) end
    v = top(m, "dict", "BUILD")
    if v.kind == "dict" and not v.ordered then return M.refuse "opcode BUILD on a plain dictionary" end
  end,
}

-- Opcodes that are refused, by name.
local refused = {
  ["0"] = "POP", ["1"] = "POP_MARK", ["2"] = "DUP", ["\x82"] = "EXT1", ["\x83"] = "EXT2", ["\x84"] = "EXT4",
  ["\x8b"] = "LONG4", ["\x97"] = "NEXT_BUFFER", ["\x98"] = "READONLY_BUFFER", F = "FLOAT", I = "INT", L = "LONG",
  P = "PERSID", S = "STRING", V = "UNICODE", d = "DICT", g = "GET", i = "INST", l = "LIST", o = "OBJ", p = "PUT",
}

--- Stands for Python's collections.OrderedDict, in `globals`.
-- @tparam table args  a tuple: empty, or a list of pairs
-- @tparam function spend_some  as `load` gives it
-- @treturn table  a dictionary, as `load` has them
-- @raise what `guard` catches, if they are no pairs, or are more than may be spent
function M.ordered_dict(args, spend_some)
  local dict = new_dict(true)
  local items = args[1]
  if args.n > 1 or args.n == 1 and (type(items) ~= "table" or items.kind ~= "list") then
    return M.refuse "OrderedDict of something else than pairs"
  end
  spend_some(items and items.n or 0, DICT + (items and items.n or 0))
  for i = 1, items and items.n or 0 do
    local pair = items[i]
    if type(pair) ~= "table" or pair.n ~= 2 then return M.refuse "OrderedDict of something else than pairs" end
    set_item(dict, pair[1], pair[2])
  end
  return dict
end

--- Reads one pickle, up to its end; the source stays behind it. To be called inside `guard`.
-- The value is a number, string, boolean, `none`, what a function of `globals` gave, or a table with a field `kind`:
--
-- * "tuple", "list" and "set": 1 to `n`
-- * "dict": `keys` (a list), `index` (key -> value)
-- * "global": `name`, `value`
-- * "opaque": `name`, of the global that would make the value
--
-- What a function of `globals` gave may have a method `build(state)`, for the opcode BUILD.
-- Tables may hold themselves.
-- @tparam table src  a source
-- @tparam table globals  "module.name" -> function(args, spend) for what the pickle may call (args is a tuple), or
--   another true value for what it may only mention; `spend(steps, tables, bytes)` takes what is spent from the budget
-- @tparam[opt] function persistent  value of a persistent id -> what it stands for
-- @tparam[opt] table skipped  gets the names of the globals that are not known, each once, and their values are opaque;
--   default: they are refused
-- @return  the value
-- @raise what `guard` catches, if the pickle is damaged, asks for more than data, or for more than the budget
function M.load(src, globals, persistent, skipped)
  local m = {
    src = src, globals = globals, skipped = skipped,
    stack = {}, top = 0, floor = 0, marks = {}, memo = {}, memoized = 0, steps = 0, tables = 0, bytes = 0,
    persistent = persistent or function() return M.refuse "opcode BINPERSID: nothing is stored beside this pickle" end,
  }
  function m.spend(steps, tables, bytes) return spend(m, steps, tables, bytes) end
  while true do
    spend(m, 1)
    local c = src:take(1)
    if c == "." then -- STOP
      if m.top ~= 1 or #m.marks > 0 then return M.refuse("the pickle ends with %d values", m.top) end
      return m.stack[1]
    end
    local op = ops[c]
    if not op then
      local name = refused[c] or ("0x%02x"):format(c:byte())
      return M.refuse("opcode %s is refused: only data is read, nothing is executed", name)
    end
    op(m)
  end
end

return M
