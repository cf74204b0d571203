--- Checks arguments, options and names: one message form each, blaming the innermost line outside the library.
--
--     conv2d: bad argument #2 'w' (expected (*,*,3,*) to match x (1,4,4,3), got (3,3,2,2))     -- an argument
--     nn.dropout: option 'p': expected a number in [0,1], got 2                                -- an option
--     nn.conv2d: unknown option 'kernal' (did you mean 'kernel'?)                              -- a name
--     gan.loss: there is no 'hing' (did you mean 'hinge'?)                                     -- a name in a room
--
-- @internal gan.check
local core = require "gan.core"
local foreign = require "gan.foreign"

local M = {}

--- Raises `user.lua:41: op: message`.
-- @tparam string op  name of the public function
-- @tparam string fmt  message, as for string.format
-- @tparam any ...  its values
function M.fail(op, fmt, ...)
  if select("#", ...) > 0 then fmt = fmt:format(...) end
  return core.raise(op, M.shown(fmt, true))
end

local warned = {}

--- Gives a warning by Lua's `warn`, once in a program: `user.lua:41: op: message`.
-- gan turns warnings on in the lua interpreter; a host that embeds Lua decides for itself.
-- @tparam string op  name of the public function
-- @tparam string fmt  message, as for string.format
-- @tparam any ...  its values
function M.warn(op, fmt, ...)
  if warned[op .. fmt] then return end
  warned[op .. fmt] = true
  local _, message = pcall(core.raise, op, fmt:format(...))
  warn(message)
end

--- Warns of real images (N,H,W,C) that lie in 0..255 and the like, where [-1,1] is meant: none of their numbers is
-- negative, and one is above `most`.
function M.image_range(op, images, most)
  if core.dtype(images) ~= "real" or core.dim(images) ~= 4 or core.numel(images) == 0 then return end
  local lo, hi = core.item(core.min(images)), core.item(core.max(images))
  if lo >= 0 and hi > most then
    return M.warn(op, "the images lie in %.3g..%.3g, not in [-1,1]; of 0..255, x * (2 / 255) - 1 does", lo, hi)
  end
end

--- Checks that a function's only argument is a table, as it is where the caller writes braces.
-- @tparam string op  name of the public function
-- @tparam string what  is in it: "options"
-- @param v  the argument
-- @tparam[opt="{...}, with braces"] string advice  says what to write
-- @treturn table  v
-- @raise if it is none
function M.braces(op, what, v, advice)
  if type(v) == "table" then return v end
  return M.fail(op, "expected a table of %s, got %s; write %s", what, M.found(v), advice or "{...}, with braces")
end

--- What an error says of images whose axes are in PyTorch's order.
M.CHANNELS_FIRST = "; it looks like (N,C,H,W): x:permute {1,3,4,2}"

--- Returns a short text for a value, as error messages show it: `real tensor (2,3)`, `string 'abc'`, `nil`.
function M.found(v)
  if core.is_tensor(v) then return ("%s tensor %s"):format(core.dtype(v), M.shape_string(core.shape(v))) end
  if type(v) == "string" then return ("string '%s'"):format(M.shown(#v > 60 and v:sub(1, 57) .. "..." or v)) end
  if v ~= v then return "nan" end -- whose sign says nothing
  if type(v) == "number" or type(v) == "boolean" or v == nil then return tostring(v) end
  return type(v)
end

--- Returns a list of sizes as a text: "(64,32,32,3)".
function M.shape_string(s)
  return "(" .. table.concat(s, ",") .. ")"
end

--- Returns what got is in the place of what was expected, and what makes it that, where this is plain: numbers in
-- tables where a tensor is wanted, a tensor of another dtype, or one where a list is. csrc/bind/check.c has this rule.
local function found_for(expected, got)
  local text, many = M.found(got), expected:find(" of tensors", 1, true)
  local dtype = expected:match "^an? (%w+) tensor%f[^%l]"
  local how = dtype and dtype ~= "real" and (" '%s'"):format(dtype) or ""
  if core.is_tensor(got) then
    if many then return text .. "; write braces around it" end
    if dtype and dtype ~= core.dtype(got) then
      return ("%s; x:to%s makes one"):format(text, how == "" and "()" or how)
    end
  elseif text == "table" and expected:find " tensor%f[^%l]" and not getmetatable(got) then
    return ("%s; gan.tensor%s makes a tensor of it"):format(text, how == "" and "" or ("(t,%s)"):format(how))
  end
  return text
end

--- Returns how many there are of something: "1 image", "12 images", "1 class", "2 classes".
-- @tparam integer n
-- @tparam string noun  in the singular; a regular one
-- @treturn string
function M.count(n, noun)
  if n == 1 then return "1 " .. noun end
  local es = noun:find "[sx]$" or noun:find "ch$"
  return ("%d %s"):format(n, noun:find "[^aeo]y$" and noun:sub(1, -2) .. "ies" or noun .. (es and "es" or "s"))
end

local function byte(c) return ("\\x%02x"):format(c:byte()) end
local function code(c) return ("\\u{%x}"):format(utf8.codepoint(c)) end

-- What a terminal obeys beyond ASCII: C1, marks and overrides of the direction of writing, separators of lines.
local COMMANDS = {"\xc2[\x80-\x9f]", "\xd8\x9c", "\xe2\x80[\x8e\x8f\xa8-\xae]", "\xe2\x81[\xa6-\xa9]"}

--- Returns a text from a disk, an archive or a command line as messages show it, so that a terminal only shows it:
-- control bytes and bytes that are no UTF-8 as `\x0a`, control characters beyond ASCII as `\u{202e}`. Cannot fail.
-- @tparam string s  such as a name
-- @tparam[opt=false] boolean lines  line breaks and tabs stay: s is a whole message
-- @treturn string
function M.shown(s, lines)
  s = s:gsub(lines and "[\0-\8\11-\31\127]" or "[\0-\31\127]", byte)
  if not s:find "[\128-\255]" then return s end
  local parts, at = {}, 1
  repeat
    local length, bad = utf8.len(s, at)
    local part = s:sub(at, length and #s or bad - 1)
    for _, pattern in ipairs(COMMANDS) do part = part:gsub(pattern, code) end
    parts[#parts + 1] = part .. (bad and byte(s:sub(bad, bad)) or "")
    at = length and 0 or bad + 1
  until at == 0
  return table.concat(parts)
end

--- Raises `op: bad argument #i 'name' (expected X, got Y)`.
function M.expected(op, i, name, expected, got)
  return M.fail(op, "bad argument #%d '%s' (expected %s, got %s)", i, name, expected, found_for(expected, got))
end

--- Returns an empty class that has, unseen, a method for each of PyTorch's words in gan.foreign: it raises, and says
-- what to write.
function M.class(where, op)
  local methods = {}
  for word in pairs(foreign[where]) do
    methods[word] = function() return M.fail(op, "there is no method '%s'%s", word, foreign.hint(where, word)) end
  end
  return setmetatable({}, {__index = methods})
end

--- Checks that v is a tensor of real numbers, with `nd` dimensions if given.
function M.real(op, i, name, v, nd)
  if not core.is_tensor(v) or core.dtype(v) ~= "real" then return M.expected(op, i, name, "a real tensor", v) end
  if nd and core.dim(v) ~= nd then return M.expected(op, i, name, M.count(nd, "dimension"), v) end
  return v
end

-- v as an integer in lo..hi (either may be nil), or nil.
local function to_integer(v, lo, hi)
  local n = type(v) == "number" and math.tointeger(v)
  if n and not (lo and n < lo) and not (hi and n > hi) then return n end
  return nil
end

local function integer_text(lo, hi)
  if lo and hi then return ("an integer in %d..%d"):format(lo, hi) end
  return lo and ("an integer >= %d"):format(lo) or hi and ("an integer <= %d"):format(hi) or "an integer"
end

local function in_range(v, lo, hi)
  return type(v) == "number" and v == v and not (lo and v < lo) and not (hi and v > hi)
end

local function number_text(lo, hi)
  if lo and hi then return ("a number in [%g,%g]"):format(lo, hi) end
  return lo and ("a number >= %g"):format(lo) or hi and ("a number <= %g"):format(hi) or "a number"
end

--- Checks that an argument is an integer in lo..hi (hi may be nil); returns it as an integer.
function M.int(op, i, name, v, lo, hi)
  return to_integer(v, lo, hi) or M.expected(op, i, name, integer_text(lo, hi), v)
end

--- Checks that an argument is an axis of nd dimensions, from 1 or from -1; returns it as an integer.
function M.axis(op, i, name, v, nd)
  if nd == 0 then return M.fail(op, "bad argument #%d '%s' (a tensor without dimensions has no axis)", i, name) end
  local n = to_integer(v, -nd, nd)
  if n and n ~= 0 then return n end
  return M.expected(op, i, name, ("an axis in 1..%d or -%d..-1"):format(nd, nd), v)
end

--- Checks that an argument is a number in [lo, hi] (either may be nil).
function M.number(op, i, name, v, lo, hi)
  if not in_range(v, lo, hi) then return M.expected(op, i, name, number_text(lo, hi), v) end
  return v
end

--- Returns the shape that a file claims, and how many elements it has; or nil and what was expected, where no tensor
-- can have it.
function M.claimed_shape(sizes)
  local shape, product, count = {}, 1, 1
  for i, v in ipairs(sizes) do
    local n = type(v) == "number" and math.tointeger(v)
    if not n or n < 0 or n > 1 << 40 or i > 8 then return nil, "expected a shape of at most 8 sizes >= 0" end
    local m = math.max(n, 1) -- the others must multiply without overflow even beside a zero
    if product > (1 << 40) // m then return nil, "expected a smaller shape" end
    shape[i], product, count = n, product * m, count * n
  end
  return shape, count
end

--- Returns nil and a message about a file, which names the file once, also where the message did already. What comes
-- out of the file, such as a name, is shown.
function M.about(path, message)
  local named = path .. ": "
  if message:sub(1, #named) == named then message = message:sub(#named + 1) end
  return nil, named .. M.shown(message)
end

--- Tells whether v can be called: a function, or a table that is called like one.
function M.callable(v)
  local mt = type(v) == "table" and getmetatable(v)
  return type(v) == "function" or type(mt) == "table" and mt.__call ~= nil
end

--- Returns an error's message without the place that it blames, for those who hand it on as `nil, message`.
function M.placeless(message) return (tostring(message):gsub("^[^ ]*:%d+: ", "")) end

local catchers = {[pcall] = true, [xpcall] = true}

--- Tells whether an error that is raised here would be caught in Lua. Of one in a coroutine nobody knows: true.
function M.is_caught()
  local level, caller = 2, debug.getinfo(2, "f")
  while caller and not catchers[caller.func] do
    level = level + 1
    caller = debug.getinfo(level, "f")
  end
  return caller ~= nil or not select(2, coroutine.running())
end

--- Raises an error's message again where it says that memory ran out: that is nobody's fault, a file's least of all.
function M.pass_memory(message)
  local text = tostring(message)
  if not (text:find("not enough memory", 1, true) or text:find("out of memory", 1, true)) then return end
  core.exhausted(M.placeless(text))
  error(message, 0)
end

--- Calls f(...) and returns what it returns. An error becomes nil and its message, without the place that it blames,
-- but that memory ran out, which is raised.
function M.try(f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  M.pass_memory(results[2])
  return nil, M.placeless(results[2])
end

--- Returns the nearest of a list of names to a misspelt one, or nil if none is near.
-- Near is a distance of at most 2 letters, or of a third of the word.
function M.nearest(word, names) return core.near_name(word, names) end

local MAX_LISTED = 40 -- names that an error lists

--- Returns what an error says of a name that is not in the sorted list `names`: " (did you mean 'x'?)", or
-- " (known: a, b)" where none is near, or nothing where these are too many. A word of PyTorch's that gan.foreign knows
-- of this place (`where`) is followed by what it is called here.
function M.hint(word, names, where)
  local known = where and foreign.hint(where, word)
  if known then return known end
  local near = type(word) == "string" and M.nearest(word, names)
  if near then return (" (did you mean '%s'?)"):format(near) end
  return #names > 0 and #names <= MAX_LISTED and " (known: " .. table.concat(names, ", ") .. ")" or ""
end

local function sorted_names(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = tostring(name) end
  core.sort(names)
  return names
end

-- ---- options ----

-- A kind of option: `default`, `required`, `expected` (a text) and accept(v), which returns the value to use, or nil
-- and, where it can tell, a more exact text of what was expected.
local Kind = {}
Kind.__index = Kind

--- Returns the value to use for v, for a field that may be set after its object was made.
-- @tparam string op  public name of the function
-- @tparam string name  of the option
-- @param v  any value
-- @return  v, or what the kind makes of it
-- @raise `op: option 'name': expected X, got Y`, also for nil
function Kind:check(op, name, v)
  local value, expected
  if v ~= nil then value, expected = self.accept(v) end
  if value ~= nil then return value end
  return M.fail(op, "option '%s': expected %s, got %s", tostring(name), expected or self.expected, M.found(v))
end

--- Returns the same kind, for an option that may be left out and has no default. Cannot fail.
-- @treturn Kind
function Kind:optional()
  return setmetatable({expected = self.expected, accept = self.accept, number = self.number}, Kind)
end

--- Returns the kind that also takes a function of the step, of a field that is a number at each step: check.vary.
-- Cannot fail.
-- @treturn Kind  with `number`, this one
function Kind:varying()
  local expected = self.expected .. ", or a function (step) -> one"
  return setmetatable({default = self.default, required = self.required, expected = expected, number = self,
    accept = function(v)
      if M.callable(v) then return v end
      local value, more = self.accept(v)
      return value, more and more .. ", or a function (step) -> one"
    end}, Kind)
end

local function kind(o, expected, accept)
  return setmetatable(
    {default = o.default, required = o.required, expected = o.expected or expected, accept = accept}, Kind)
end

-- Makes an accept(v) of a test: v itself, or nil.
local function if_true(test)
  return function(v)
    if test(v) then return v end
    return nil
  end
end

--- Makes the kinds of options that `known` of check.options is made of. Each is made of one table, and all take
--
--     default    the value where the user gives none; it is not checked
--     required   true: the user must give one
--     expected   the text of what is expected, for errors, where the usual one is not plain enough
--
-- An option with neither `default` nor `required` may be left out, and is nil then.
local option = {}
M.option = option

local LARGEST = 2147483647 -- what C's int holds

--- Takes integers. Cannot fail.
-- @tparam table o  bounds `lo` and `hi` (2^31 - 1 where there is `lo`); without either any integer, as seeds are
-- @treturn Kind
function option.integer(o)
  local lo, hi = o.lo, o.hi or o.lo and LARGEST
  return kind(o, integer_text(lo, o.hi), function(v)
    local n = to_integer(v, lo, hi)
    if n then return n end
    return nil, not o.expected and to_integer(v, lo) and integer_text(lo, hi) or nil
  end)
end

--- Takes numbers. NaN is none. Cannot fail.
-- @tparam table o  bounds `lo` and `hi`, allowed themselves, `above` and `below`, not allowed; each may be left out
-- @treturn Kind
function option.number(o)
  local text = number_text(o.lo, o.hi)
  if o.above then text = o.hi and ("a number in (%g,%g]"):format(o.above, o.hi) or ("a number > %g"):format(o.above) end
  if o.below then text = o.lo and ("a number in [%g,%g)"):format(o.lo, o.below) or ("a number < %g"):format(o.below) end
  return kind(o, text, if_true(function(v)
    return in_range(v, o.lo, o.hi) and not (o.above and v <= o.above) and not (o.below and v >= o.below)
  end))
end

--- Takes true and false. Cannot fail.
-- @tparam table o  as all take it
-- @treturn Kind
function option.boolean(o) return kind(o, "true or false", if_true(function(v) return type(v) == "boolean" end)) end

--- Takes one of some words or numbers. Cannot fail.
-- @tparam table o  they are its list part: {"mean", "sum", default = "mean"}
-- @treturn Kind
function option.word(o)
  local texts, words = {}, {}
  for i, v in ipairs(o) do
    texts[i] = type(v) == "string" and ("'%s'"):format(v) or tostring(v)
    if type(v) == "string" then words[#words + 1] = v end
  end
  local last = table.remove(texts)
  local text = o.expected or #texts > 0 and table.concat(texts, ", ") .. " or " .. last or last
  return kind(o, text, function(v)
    for _, word in ipairs(o) do
      if v == word then return word end
    end
    local near = type(v) == "string" and M.nearest(v, words)
    return nil, near and ("%s (did you mean '%s'?)"):format(text, near) or nil
  end)
end

--- Takes strings. Cannot fail.
-- @tparam table o  as all take it
-- @treturn Kind
function option.string(o) return kind(o, "a string", if_true(function(v) return type(v) == "string" end)) end

local units = {[""] = 1, K = 1 << 10, M = 1 << 20, G = 1 << 30, T = 1 << 40}

--- Takes sizes in bytes: integers, and texts such as "500M" or "2G". The value is an integer. Cannot fail.
-- @tparam table o  as all take it
-- @treturn Kind
function option.bytes(o)
  return kind(o, "bytes such as 1000000, 500M or 2G", function(v)
    if type(v) == "string" then
      local digits, unit = v:upper():match "^(%d+%.?%d*)([KMGT]?)I?B?$"
      v = digits and math.floor(tonumber(digits) * units[unit])
    end
    return to_integer(v, 0, 1 << 52)
  end)
end

--- Takes tables. Cannot fail.
-- @tparam table o  as all take it
-- @treturn Kind
function option.table(o) return kind(o, "a table", if_true(function(v) return type(v) == "table" end)) end

--- Takes functions, and tables that are called like one. Cannot fail.
-- @tparam table o  as all take it
-- @treturn Kind
function option.callable(o) return kind(o, "a function", if_true(M.callable)) end

--- Takes random streams, as gan.rng makes them. Without one the default stream serves: `rng or random.default()`.
-- Cannot fail.
-- @tparam table o  as all take it
-- @treturn Kind
function option.stream(o) return kind(o, "a random stream (gan.rng)", if_true(core.is_rng)) end

--- Takes tensors. Cannot fail.
-- @tparam table o  `dtype` ("real" where it is left out, "any"); `dim`, how many dimensions
-- @treturn Kind
function option.tensor(o)
  local dtype = o.dtype or "real"
  local text = dtype == "any" and "a tensor" or ("%s %s tensor"):format(dtype:find "^i" and "an" or "a", dtype)
  if o.dim then text = ("%s of %s"):format(text, M.count(o.dim, "dimension")) end
  return kind(o, text, if_true(function(v)
    return core.is_tensor(v) and (dtype == "any" or core.dtype(v) == dtype) and (not o.dim or core.dim(v) == o.dim)
  end))
end

--- Takes what a function takes. Cannot fail.
-- @tparam table o  `accept`: f(v) -> the value to use; or nil and, where it can tell, a text that is more exact than
--   `expected`
-- @treturn Kind
function option.where(o) return kind(o, "another value", o.accept) end

--- Takes anything: what a constructor checks by itself, or hands on. Cannot fail.
-- @tparam table o  as all take it
-- @treturn Kind
function option.any(o) return kind(o, "a value", function(v) return v end) end

-- The list part of an options table, {"Di", "Do"}: all sizes must be there, as integers >= 1.
local size_kind = option.integer {lo = 1}

local function take_sizes(op, opt, sizes, out)
  for i, name in ipairs(sizes) do
    local v = opt[i]
    if v == nil then return M.fail(op, "size %s is missing: %s{%s, ...}", name, op, table.concat(sizes, ", ")) end
    out[i] = size_kind:check(op, name, v)
  end
  local n = 0
  for k in pairs(opt) do
    if math.type(k) == "integer" then n = n + 1 end
  end
  if n > #sizes then
    return M.fail(op, "expected %s in the list part of the options, got %d", M.count(#sizes, "size"), n)
  end
end

-- The first option that is required, or else the first of all.
local function needed(names, known)
  for _, name in ipairs(names) do
    if known[name].required then return name end
  end
  return names[1]
end

--- Checks an options table against what is known.
--
--     opt = check.options("nn.dropout", opt, {
--       p = option.number {default = 0.5, lo = 0, hi = 1},
--       always = option.boolean {default = false},
--       rng = option.stream {},
--     })
--
-- @tparam string op  public name of the function, "nn.dropout"
-- @tparam[opt] table opt  the caller's options; not changed
-- @tparam table known  name -> kind (check.option)
-- @tparam[opt] table sizes  names of the list part, such as {"Di", "Do"}: integers >= 1, all of them required
-- @treturn table  a new one with every option that is given or has a default, and the sizes at 1, 2, ...
-- @raise naming an unknown option and the nearest known one, or an option's name, what it must be and what it is
function M.options(op, opt, known, sizes)
  if opt == nil then opt = {} end
  M.braces(op, "options", opt, core.is_tensor(opt) and op:find "^nn%."
    and ("%s {...}(x): it makes a layer, which is called with x"):format(op))
  local names, out = sorted_names(known), {}
  for k in pairs(opt) do
    if known[k] == nil and not (sizes and math.type(k) == "integer") then
      local hint = #names > 0 and M.hint(k, names) or " (it takes none)"
      if k == 1 and #names > 0 then hint = ("%s; options have names: {%s = ...}"):format(hint, needed(names, known)) end
      if sizes then hint = hint .. "; sizes come first, without names: {" .. table.concat(sizes, ", ") .. "}" end
      return M.fail(op, "unknown option '%s'%s", tostring(k), hint)
    end
  end
  if sizes then take_sizes(op, opt, sizes, out) end
  for _, name in ipairs(names) do
    local k, v = known[name], opt[name]
    if v ~= nil or k.required then out[name] = k:check(op, name, v) else out[name] = k.default end
  end
  return out
end

-- ---- fields that vary ----

--- Takes an object's options that are functions of the step for schedules: they go into its field `schedules`, name ->
-- function, and each option becomes the number of step 1.
-- @tparam string op  public name of the constructor
-- @tparam table object  its fields are options that were checked; changed in place
-- @tparam table known  name -> kind, those that may vary made by kind:varying()
-- @treturn table  object
-- @raise as check.at
function M.vary(op, object, known)
  object.schedules = {}
  for name, k in pairs(known) do
    if k.number and M.callable(object[name]) then object.schedules[name] = object[name] end
  end
  M.at(op, object, known, 1)
  return object
end

--- Sets what varies of an object to its numbers of a step.
-- @tparam string op  as for check.vary
-- @tparam table object  of check.vary; changed in place
-- @tparam table known  as for check.vary
-- @tparam integer step  from 1
-- @tparam[opt=1] number scale  a factor on `lr`
-- @raise naming the option whose function returned what it must not be, and the step
function M.at(op, object, known, step, scale)
  for name, f in pairs(object.schedules) do
    local v, number = f(step), known[name].number
    if v == nil or number.accept(v) == nil then
      return M.fail(op, "option '%s': expected %s of its function, got %s at step %s", name, number.expected,
        M.found(v), tostring(step))
    end
    object[name] = name == "lr" and v * (scale or 1) or v
  end
end

-- ---- rooms ----

local room_names = setmetatable({}, {__mode = "k"}) -- room -> names of its files

-- A file's table, which raises for a name that it has not, and suggests the nearest; anything else as it is.
local function strict(name, v)
  if type(v) ~= "table" or getmetatable(v) then return v end
  return setmetatable(v, {__index = function(_, key)
    return M.fail(name, "there is no '%s'%s", tostring(key), M.hint(key, M.names(v)))
  end})
end

--- Makes t a room whose files are its fields, loaded on first use: gan.loss.hinge is lua/gan/loss/hinge.lua.
-- A name that is neither a field of t nor in the list raises, and suggests the nearest.
-- @tparam string prefix  such as "gan.loss"
-- @tparam table t  what the room has besides
-- @tparam table files  list of the files that are public
-- @treturn table  t
function M.room(prefix, t, files)
  local public = {}
  for _, name in ipairs(files) do public[name] = true end
  room_names[t] = files
  for name, v in pairs(t) do
    if package.loaded[prefix .. "." .. name] == v then strict(prefix .. "." .. name, v) end
  end
  return setmetatable(t, {
    __index = function(_, key)
      if not public[key] then
        return M.fail(prefix, "there is no '%s'%s", tostring(key), M.hint(key, M.names(t), prefix))
      end
      t[key] = strict(prefix .. "." .. key, require(prefix .. "." .. key))
      return t[key]
    end,
  })
end

--- Returns the sorted names of all that a room (or any other table) has: its fields, and the files it loads on use.
function M.names(room)
  local all = {}
  for name in pairs(room) do all[name] = true end
  for _, name in ipairs(room_names[room] or {}) do all[name] = true end
  return sorted_names(all)
end

--- Tells whether a room has a name, without an error if not.
function M.has(room, name)
  if rawget(room, name) ~= nil then return true end
  for _, file in ipairs(room_names[room] or {}) do
    if file == name then return true end
  end
  return false
end

return M
