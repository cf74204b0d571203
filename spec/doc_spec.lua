-- The manual says what the code does: every public name has its entry, by the rules of lua/gan/README.md ("Doc
-- comments"). `make doc` renders the entries; spec/support/public.lua finds them, and the names off the library as it
-- runs.
local check = require "gan.check"
local core = require "gan.core"
local maker = require "spec.support.cases"
local manual = require "spec.support.manual"
local source = require "spec.support.public"
local tree = require "spec.support.tree"

local clean = tree.clean

local ROOT = "lua/gan/"

local files, by_name, by_place = source.files, source.by_name, source.by_place
local public, order = source.public, source.order
local built_in, nameless, callable, place = source.built_in, source.nameless, source.callable, source.place

-------------------------------------------------------------------------------- what an entry must say

-- Plurals that look like verbs.
local noun = {}
for w in ([[This Its Is Has Options Rows Columns Pixels Zeros Ones Elements Images Samples Tensors Statistics Weights
  Parameters Labels Logits Names Losses Methods Fields Numbers Axes]]):gmatch "%a+" do noun[w] = true end

local function says_shape(text)
  for _, word in ipairs {"%(", "shape", "scalar", "any", "view", "the same"} do
    if text:find(word) then return true end
  end
  return false
end

-- The options that a constructor knows and its sizes, as it tells check.options; nil where it does not ask.
local function known_options(f, at)
  local asked, sizes
  local real = check.options
  check.options = function(_, _, known, list)
    asked, sizes = known, list
    error("asked", 0)
  end
  local args = {}
  args[at] = {}
  pcall(f, table.unpack(args, 1, at))
  check.options = real
  return asked, sizes or {}
end

-- What the code says of an option: its default (nil where there is none), and whether it must be given.
local function as_coded(kind)
  return kind.default, kind.required == true
end

local function plain(text) return text and (tonumber(text) or text:gsub('^"(.*)"$', "%1")) end

-- Compares the options that are written (name -> parameter) with those that f knows.
local function compare_options(has, options, f, at, say)
  local known, sizes = known_options(f, at)
  if not known then return end
  for i = 1, #sizes do if not has[options .. "." .. i] then say("size '%s.%d' is missing", options, i) end end
  for name, kind in pairs(known) do
    local param = type(name) == "string" and has[options .. "." .. name]
    local default, required = as_coded(kind)
    if not param then
      say("option '%s' is missing", tostring(name))
    elseif required and param.optional then
      say("option '%s' must be given, and is optional here", name)
    elseif required == false and not param.optional then
      say("option '%s' is optional: @tparam[opt]", name)
    elseif type(default) ~= "table" and default ~= nil and not (param.text:find "default" and not param.default)
      and tostring(plain(param.default)) ~= tostring(default) and plain(param.default) ~= default then
      say("option '%s' has the default %s, and %s here", name, tostring(default), param.default or "none")
    end
  end
  for name in pairs(has) do
    local own = name:match("^" .. options .. "%.(.+)$")
    if own and not tonumber(own) and not own:find "%." and known[own] == nil then
      say("option '%s' is not in the code", own)
    end
  end
end

-- What is wrong with an entry, one line each.
-- formal: names of the arguments where the code tells them; f: the function, or nil; least: how many arguments
-- there are at least, where the code does not tell their names.
local function problems(e, formal, f, least)
  local out = {}
  local function say(fmt, ...) out[#out + 1] = fmt:format(...) end
  local first = e.text:match "^(%S*)"
  local verb = first:match "^(%u[%l%-]*s)[,.:]?$"
  if not verb or noun[verb] then say("begins with '%s', not with a verb (Returns, Adds, ...)", first) end
  local top, named, has = {}, {}, {}
  for _, param in ipairs(e.params) do
    has[param.name] = param
    if not param.type and not param.text:find "any" then say("parameter '%s' has no type: @tparam", param.name) end
    if param.type == "Tensor" and not says_shape(param.text) then
      say("parameter '%s': a tensor of which shape?", param.name)
    elseif param.text == "" and not param.name:find "^opt" then
      say("parameter '%s': no word about it", param.name)
    end
    if param.name:find "[^.]%.[^.]" then named[#named + 1] = param.name else top[#top + 1] = param.name end
  end
  for _, name in ipairs(named) do if not has[name:match "^[^.]*"] then say("'%s': where is its table?", name) end end
  if formal then
    local rest = formal[#formal] == "..."
    for i, name in ipairs(formal) do
      if name ~= "_" and name ~= "..." and top[i] ~= name then
        say("parameter %d is '%s' in the code and '%s' here", i, name, top[i] or "missing")
      end
    end
    if #top > #formal and not rest then say("parameter '%s' is not in the code", top[#formal + 1]) end
    if rest and #top < #formal then say "parameter '...' is missing" end
  end
  if least and #top < least then say("%d parameters, and the code takes %d", #top, least) end
  local options = top[#top]
  if f and options and options:find "^opt" then compare_options(has, options, f, #top, say) end
  for _, r in ipairs(e.returns) do
    if not r.type and r.text == "" then say "a result has no type: @treturn" end
    if r.type == "Tensor" and not says_shape(r.text) then say "returns a tensor of which shape?" end
  end
  if not (e.raise or e.error or e.text:find "Cannot fail%.") then
    say "errors: neither @raise nor @error nor 'Cannot fail.'"
  end
  return out
end

local function arguments(f)
  local names = {}
  local info = debug.getinfo(f, "u")
  for i = 1, info.nparams do names[i] = debug.getlocal(f, i) end
  if info.isvararg then names[#names + 1] = "..." end
  return names
end

-- How many arguments the cases of an op have at most: its C function does not tell.
local function longest_case(def)
  local most = 0
  for _, case in ipairs(def.cases and def.cases(maker(core)) or {}) do
    for k in pairs(case) do most = math.max(most, math.type(k) == "integer" and k or 0) end
  end
  return most
end

local function matches(name, names)
  for _, n in ipairs(names) do
    if n == name or n:sub(1, 2) == "*:" and name:match ":([%w_]+)$" == n:sub(3) then return true end
  end
  return false
end

-- Where an entry should be of what no Lua code tells: the room's name.
local function home(it)
  local name = it.names[1]
  return built_in[it.value] and "ops" or name:find "^Tensor:" and "tensor" or name:find "^Stream:" and "random"
    or name:match "^gan%.([%w_]+)%." or "init"
end

-- All that is wrong with one public value: "path:line: name: ..." each.
local function judge(it)
  local e = it.place and by_place[it.place]
  for _, name in ipairs(it.names) do e = e or by_name[name] end
  table.sort(it.names, function(a, b) return a > b end) -- gan.relu before Tensor:relu
  if not e then
    local path = it.path or ROOT .. home(it)
    local hint = built_in[it.value] and (" (@function %s above its table?)"):format(it.names[1]) or ""
    return {("%s: %s has no entry%s"):format(it.place or path, it.names[1], hint)}
  end
  local out, path = {}, e.path
  local where = ("%s:%d: %s: "):format(path, e.line, it.names[1])
  local function say(text) out[#out + 1] = where .. text end
  if files[path].kind == "internal" and it.names[1]:find "^gan%." then say "public, but its file says @internal" end
  local name = e.name or "nothing"
  if not matches(name, it.names) or nameless[name:match "^([%w_]+):"] then
    say(("shown as '%s' (@function)"):format(name))
  end
  if it.value == nil or callable(it.value) then
    local def, formal = built_in[it.value], e.formal
    if def and not formal and place(def.forward) then formal = arguments(def.forward) end
    local f = not def and it.value or nil
    for _, text in ipairs(problems(e, formal, f, def and not formal and longest_case(def) or nil)) do say(text) end
    if def and #e.params == 0 then say "an op without parameters" end
    if def and #e.returns == 0 then say "an op without a result" end
  end
  return out
end

describe("the manual", function()
  it("has an entry for every public name, with parameters, shapes and errors", function()
    local found = {}
    for _, key in ipairs(order) do
      local list = judge(public[key])
      table.move(list, 1, #list, #found + 1, found)
    end
    clean(found)
  end)

  it("has no two entries of one name", function()
    local found, seen = {}, {}
    for path, file in pairs(files) do
      for _, e in ipairs(file.entries) do
        local before = e.name and seen[e.name]
        if before then found[#found + 1] = ("%s:%d and %s: %s"):format(path, e.line, before, e.name) end
        if e.name then seen[e.name] = ("%s:%d"):format(path, e.line) end
      end
    end
    clean(found)
  end)

  it("says in each file's head which module it is, and whether it is public", function()
    local found = {}
    for path, file in pairs(files) do
      local function say(text) found[#found + 1] = path .. ": " .. text end
      if file.module and file.module ~= file.expected then say("says " .. file.module) end
      if not file.module then say "neither @module nor @internal" end
    end
    clean(found)
  end)

  it("finds what it looks for", function()
    assert.truthy(#order > 300)
    local any = {}
    for _, it in pairs(public) do for _, name in ipairs(it.names) do any[name] = true end end
    for _, name in ipairs {"gan.relu", "Tensor:size", "Stream:uniform", "gan.optim.adam", "gan.loss.open"} do
      assert.is_true(any[name], name)
    end
  end)
end)

describe("the reader of doc comments", function()
  local text = [[
--- Provides a thing.
-- @module gan.thing
local M = {}

--- Adds x to
-- y.
-- @tparam Tensor x  (N)
-- @tparam[opt=2] number y  how
--   much
-- @treturn Tensor  (N)
-- @raise if not
function M.add(x, y) end

--- Makes a thing.
-- @function gan.thing.new
return function(opt) end
]]
  it("takes names, parameters, results and errors apart", function()
    local file = manual.parse(text, "lua/gan/thing.lua")
    assert.equal("gan.thing", file.module)
    assert.equal("module", file.kind)
    local e, made = file.entries[1], file.entries[2]
    assert.equal("gan.thing.add", e.name)
    assert.equal("Adds x to\ny.", e.text)
    assert.equal("x", e.params[1].name)
    assert.equal("Tensor", e.params[1].type)
    assert.equal("how much", e.params[2].text)
    assert.is_true(e.params[2].optional)
    assert.equal("(N)", e.returns[1].text)
    assert.equal("if not", e.raise)
    assert.equal("x y", table.concat(e.formal, " "))
    assert.equal(12, e.at)
    assert.equal("gan.thing.new", made.name)
    assert.equal("gan.thing.add", file.functions[1].name)
  end)

  -- each line: what is changed in an entry that is right, and what is then said
  local right = [[
--- Head.

--- Adds.
-- @tparam Tensor x  (N)
-- @tparam[opt] table opt
-- @tparam number opt.p  in [0,1]
-- @treturn Tensor  (N)
-- @raise if not
function M.f(x, opt) end
]]
  local function said(from, to, f, least)
    local at, last = right:find(from, 1, true)
    local e = manual.parse(right:sub(1, at - 1) .. to .. right:sub(last + 1), "lua/gan/thing.lua").entries[1]
    return table.concat(problems(e, e.formal, f, least), "\n")
  end
  for _, case in ipairs {
    {"Adds.", "Adds.", ""},
    {"Adds.", "The sum.", "begins with 'The'"},
    {"Adds.", "Rows.", "begins with 'Rows.'"},
    {"-- @tparam Tensor x  (N)\n", "", "parameter 1 is 'x' in the code and 'opt' here"},
    {"Tensor x  (N)", "Tensor y  (N)", "parameter 1 is 'x' in the code and 'y' here"},
    {"@tparam Tensor x", "@param x", "'x' has no type"},
    {"x  (N)", "x  rows", "'x': a tensor of which shape?"},
    {"opt.p  in [0,1]", "opt.p", ""},
    {"table opt", "table other", "'opt.p': where is its table?"},
    {"Tensor  (N)\n", "Tensor  rows\n", "returns a tensor of which shape?"},
    {"-- @raise if not\n", "", "neither @raise nor @error"},
    {"(x, opt)", "(x)", "parameter 'opt' is not in the code"},
  } do
    it(("says of '%s' for '%s': %s"):format(case[2]:gsub("\n", ""), case[1]:gsub("\n", ""), case[3]), function()
      local text_said = said(case[1], case[2])
      if case[3] == "" then return assert.equal("", text_said) end
      assert.truthy(text_said:find(case[3], 1, true), text_said)
    end)
  end

  it("counts the arguments of functions that do not tell their names", function()
    assert.equal("", said("Adds.", "Adds.", nil, 2))
    assert.equal("2 parameters, and the code takes 3", said("Adds.", "Adds.", nil, 3))
    local function cases(s) return {{s:randn(2)}, {s:randn(2), nil, 3, order = 1}} end
    assert.equal(3, longest_case {cases = cases})
  end)

  it("asks the code which options there are", function()
    local option = check.option
    local function asks(known, sizes) return function(_, opt) check.options("f", opt, known, sizes) end end
    local must = option.number {required = true}
    assert.equal("", said("Adds.", "Adds.", asks {p = must}))
    assert.equal("option 'q' is missing", said("Adds.", "Adds.", asks {p = must, q = must}))
    assert.equal("option 'p' is not in the code", said("Adds.", "Adds.", asks {}))
    assert.equal("size 'opt.1' is missing", said("Adds.", "Adds.", asks({p = must}, {"Di"})))
    assert.equal("option 'p' is optional: @tparam[opt]", said("Adds.", "Adds.", asks {p = option.number {default = 1}}))
    local line, to = "@tparam number opt.p", "@tparam[opt=0.5] number opt.p"
    assert.equal("option 'p' must be given, and is optional here", said(line, to, asks {p = must}))
    assert.equal("option 'p' has the default 1, and 0.5 here", said(line, to, asks {p = option.number {default = 1}}))
    assert.equal("", said(line, to, asks {p = option.number {default = 0.5}}))
  end)
end)
