--- Reads command lines by a list of options: names, ranges, defaults, --help, and one clear line for what is wrong.
-- @module gan.command
local argparse = require "argparse"
local core = require "gan.core"
local check = require "gan.check"
local json = require "gan.file.json"
local schedule = require "gan.schedule"
local schedules = require "gan.schedule.text"
local file_text = require "gan.file.text"

local M = {}

local kinds = {integer = true, number = true, string = true, bytes = true, flag = true, schedule = true}
local size = check.option.bytes {}

local function range(d)
  if d.kind == "integer" then
    if d.lo and d.hi then return ("an integer in %d..%d"):format(d.lo, d.hi) end
    return d.lo and ("an integer >= %d"):format(d.lo) or "an integer"
  end
  local lo = d.lo and (">= %g"):format(d.lo) or d.above and ("> %g"):format(d.above)
  local hi = d.hi and ("<= %g"):format(d.hi) or d.below and ("< %g"):format(d.below)
  return "a number " .. (lo and hi and lo .. " and " .. hi or lo or hi or "")
end

local function list(values)
  local words = {}
  for i, v in ipairs(values) do words[i] = tostring(v) end
  local last = table.remove(words)
  return #words > 0 and table.concat(words, ", ") .. " or " .. last or last
end

local accept

-- A schedule's text as all its spellings have it: its numbers are as the option's, or what it has in `also`.
local function as_schedule(d, text)
  local s, expected = schedules.read(text, function(v)
    if v == nil or v ~= d.also then return select(2, accept(d, v)) end
  end)
  if s then return schedules.write(s) end
  return nil, text:find ":" and expected or ("%s, or %s"):format(range(d), expected)
end

-- Value of an option as it is kept; where it is none, nil and what was expected.
function accept(d, v)
  if d.kind == "flag" then
    if type(v) == "boolean" then return v end
    return nil, "true or false"
  elseif d.kind == "bytes" then
    v = size.accept(v)
    return v, not v and size.expected or nil
  elseif d.kind == "string" then
    if type(v) ~= "string" or v == "" or v:find "%z" then return nil, "some text" end
    if d.option and not d.option.accept(v) then return nil, d.option.expected end
  elseif d.kind == "integer" then
    v = type(v) == "number" and math.tointeger(v)
  end
  if d.choices then
    for _, c in ipairs(d.choices) do if v == c then return v end end
    return nil, list(d.choices)
  end
  if d.kind == "string" then return v end
  if d.kind == "schedule" and type(v) == "string" then return as_schedule(d, v) end
  local number = type(v) == "number"
  local low = number and (d.lo and v < d.lo or d.above and v <= d.above)
  local high = number and (d.hi and v > d.hi or d.below and v >= d.below)
  if not number or v ~= v or low or high then return nil, range(d) end
  return v
end

-- Value of an option's text, or nil, message.
local function convert(d, text)
  local v = text
  local number = text:find "^[%d%s.eE+-]+$" and tonumber(text)
  if d.kind == "integer" or d.kind == "number" or number and d.kind == "schedule" then v = number end
  local value, expected = accept(d, v)
  if not expected then return value end
  local near = d.choices and d.kind == "string" and check.nearest(text, d.choices)
  return nil, ("--%s: expected %s, got '%s'%s"):format(d.name, expected, text,
    near and (" (did you mean '%s'?)"):format(near) or "")
end

--- Returns the name that an option has in Lua: that of "dry-run" is `dry_run`. Cannot fail.
-- @tparam string name  as on the command line
-- @treturn string
function M.field(name) return (name:gsub("-", "_")) end

--- Returns a list of options with those of a base list first: a recipe's own after those of every training script.
-- @tparam table base  list of options, as `declare` takes it
-- @tparam[opt] table own  the same
-- @tparam[opt] table without  names of options of the base to leave out
-- @treturn table  a new list
-- @raise if a name is taken or unknown, or an entry has no name, kind and help
function M.extend(base, own, without)
  local out, taken, left = {}, {help = true}, {}
  for _, name in ipairs(without or {}) do left[name] = true end
  for _, d in ipairs(base) do
    if left[d[1]] then
      left[d[1]] = nil
    else
      out[#out + 1] = d
      for _, name in ipairs {d[1], table.unpack(d.alias or {})} do taken[name] = true end
    end
  end
  if next(left) then return check.fail("command.extend", "without: there is no option '--%s'", (next(left))) end
  for i, d in ipairs(own or {}) do
    local ok = type(d) == "table" and type(d[1]) == "string" and kinds[d[2]] and type(d.help) == "string"
    if not ok then
      return check.fail("command.extend", 'entry %d: expected {"name", "kind", default, help = "..."}; kind: integer, '
        .. 'number, string, bytes, flag or schedule', i)
    end
    if taken[d[1]] then return check.fail("command.extend", "option '--%s' is there already", d[1]) end
    taken[d[1]] = true
    out[#out + 1] = d
  end
  return out
end

--- Takes options out of a list and their values that turned out to have no meaning. Cannot fail.
-- @tparam table declared  of `declare`; changed
-- @tparam table values  name in Lua -> value; changed
-- @tparam table names  name in Lua -> true, of those that go
function M.drop(declared, values, names)
  for i = #declared, 1, -1 do
    if names[declared[i].field] then values[table.remove(declared, i).field] = nil end
  end
end

--- Makes a list of options ready for `parse`.
--
--     {"size", "integer", 32, lo = 1, hi = 16384, alias = {"image-size"}, help = "side of the images in pixels"}
--
-- An entry has a name, a kind (integer, number, string, bytes, flag or schedule), a default (nil: none), and `help`. It
-- may have the bounds `lo` and `hi` (allowed themselves), `above` and `below` (not allowed), of a schedule a number
-- beside them that it may begin or end at, `also`; a list of `choices`, of `alias` names, `option` (of a string: a kind
-- of gan.check that must accept it), `arg` (what --help calls the value), `short` (a letter), `was` (an option that it
-- took the place of, with other values: an error tells), and of a flag `negatable` (there is --no-name, too) and `sets`
-- (name in Lua -> what the default of another option is then). What else it has stays. What goes on, as a run does,
-- may have another value of an option that is `free`, and of one with `change` if --change names it. The value of
-- "dry-run" is called `dry_run` in Lua, that of "2G" is 2^31, that of a schedule a number or the text of one, of which
-- `varying` makes a function.
-- @tparam table base  list of such entries
-- @tparam[opt] table defaults  name in Lua -> another default
-- @tparam[opt] table choices  name in Lua -> list of the values that are allowed
-- @treturn table  a new list: 1, 2, 3 became `name`, `kind`, `default`; `field` is the name in Lua
-- @raise if a default is for an option that is not in the list, or no schedule of an option that is one
function M.declare(base, defaults, choices)
  local out, fields = {}, {}
  for i, d in ipairs(base) do
    local c = {}
    for k, v in pairs(d) do if type(k) == "string" then c[k] = v end end
    c.name, c.kind, c.default = d[1], d[2], d[3]
    c.field = M.field(c.name)
    if defaults and defaults[c.field] ~= nil then c.default = defaults[c.field] end
    c.choices = choices and choices[c.field] or c.choices
    if c.kind == "schedule" and c.default ~= nil then
      local v, expected = accept(c, c.default) -- a text as it is compared with those of before
      if expected then
        return check.fail("command.declare", "default of '%s': expected %s, got %s", c.name, expected,
          check.found(c.default))
      end
      c.default = v
    end
    out[i], fields[c.field] = c, true
  end
  local function must_be_there(names, what)
    for name in pairs(names or {}) do
      if not fields[name] then
        return check.fail("command.declare", "%s: there is no option '%s'%s", what, tostring(name),
          check.hint(name, check.names(fields)))
      end
    end
  end
  must_be_there(defaults, "defaults")
  for _, d in ipairs(out) do must_be_there(d.sets, "sets of --" .. d.name) end
  return out
end

-- An option's value as it is shown, sizes in the largest unit that they are a whole number of.
local function shown(d, v)
  if d.kind ~= "bytes" or v == nil then return M.text(v) end
  local units, k = {"", "K", "M", "G", "T"}, 1
  while v > 0 and v % 1024 == 0 and k < #units do v, k = v // 1024, k + 1 end
  return ("%d%s"):format(v, units[k])
end

local ARGNAMES = {integer = "N", number = "X", schedule = "X|SCHEDULE"}

-- What --help says below the options.
local function epilog(declared, own)
  local lines = {own}
  for _, d in ipairs(declared) do
    if d.kind == "schedule" then
      lines[#lines + 1] = ("SCHEDULE is one of %s; KIMG: thousands of real images shown, all of the run where they are "
        .. "not given."):format(schedules.usage())
      break
    end
  end
  return #lines > 0 and table.concat(lines, "\n\n") or nil
end

-- Characters in a line of the standard output: of the terminal, or what COLUMNS says.
local function line_width()
  local width = core.columns(1)
  return width > 0 and math.max(width, 30) or 100
end

local WIDEST = 24 -- letters of choices that stand in the place of a value's name

-- What --help calls an option's value, and says of it.
local function worded(d, mark)
  local arg, text = d.arg or ARGNAMES[d.kind] or "NAME", mark and mark .. " " .. d.help or d.help
  if d.choices then
    local words = {}
    for i, v in ipairs(d.choices) do words[i] = tostring(v) end
    local all = table.concat(words, "|")
    if #all <= WIDEST then arg = all
    elseif arg ~= all then text = ("%s: %s"):format(text, list(d.choices)) end
  end
  if d.default ~= nil and d.kind ~= "flag" then text = ("%s (default: %s)"):format(text, shown(d, d.default)) end
  return arg, text
end

local function parser_of(declared, about, values, given)
  local width = line_width()
  local parser = argparse(about.name, about.summary):add_help "-h --help":help_max_width(width):usage_max_width(width)
    :help_description_margin(width < 70 and 10 or 25)
  local below = epilog(declared, about.epilog)
  if below then parser:epilog(below) end
  for _, d in ipairs(declared) do
    local names = "--" .. d.name
    for _, a in ipairs(d.alias or {}) do names = names .. " --" .. a end
    if d.short then names = "-" .. d.short .. " " .. names end
    local value, text = worded(d, about.mark and about.mark(d))
    local function set(v) values[d.field], given[d.field] = v, true end
    if d.kind == "flag" then
      parser:flag(names, text):action(function() set(true) end)
      if d.negatable then parser:flag("--no-" .. d.name, "the opposite"):action(function() set(false) end) end
    else
      parser:option(names, text):argname(value)
        :convert(function(s) return convert(d, s) end):action(function(_, _, v) set(v) end)
    end
  end
  local rest = about.rest or {arg = "rest"}
  parser:argument(rest.arg, rest.help):target("rest"):args("*"):hidden(not about.rest)
  return parser
end

-- argparse would take the -4 of `--batch -4` for an option.
local function join_negative(args)
  local out = {}
  for _, a in ipairs(args) do
    local last = out[#out]
    local value = a:find "^%-[%d.]" and last and last:find "^%-%-[^=]+$"
    if value then out[#out] = last .. "=" .. a else out[#out + 1] = a end
  end
  return out
end

local function better(message, declared)
  local name = message:match "unknown option '([^']*)'"
  if not name then return (message:gsub("\n.*", "")) end
  local names = {"help"}
  for _, d in ipairs(declared) do
    if d.was and name == "--" .. d.was then return ("%s has become --%s: %s"):format(name, d.name, d.help) end
    names[#names + 1] = d.name
    for _, a in ipairs(d.alias or {}) do names[#names + 1] = a end
  end
  local near = check.nearest(name:gsub("^%-+", ""), names)
  local hint = near and (" (did you mean '--%s'?)"):format(near) or "; --help lists them"
  return ("unknown option '%s'%s"):format(name, hint)
end

--- Reads a command line. --help prints the options and ends the program.
-- @tparam table declared  of `declare`
-- @tparam table args  list of words
-- @tparam table about  for --help: `name`, `summary`, and perhaps `epilog`, a text, and `mark`: f(entry) -> what its
--   help begins with, or nil; and `rest`, where there may be words that are no options: their `arg` and `help`
-- @treturn table  name in Lua -> value, defaults included; `rest`: a list of the words that are no options
-- @treturn table  name in Lua -> true, for what stood on the command line
-- @error in one line: an option is unknown (and which is near) or given no value, or a value is not as declared
function M.parse(declared, args, about)
  local values, given = {}, {}
  for _, d in ipairs(declared) do values[d.field] = d.default end
  local ok, result = parser_of(declared, about, values, given):pparse(join_negative(args))
  if not ok then return nil, better(result, declared) end
  values.rest = about.rest and (result.rest or {}) or nil
  if result.rest and result.rest[1] and not about.rest then
    return nil, ("unexpected '%s': options begin with --, see --help"):format(result.rest[1])
  end
  for _, d in ipairs(declared) do
    for name, v in pairs(d.sets and values[d.field] and d.sets or {}) do
      if not given[name] then values[name] = v end
    end
  end
  return values, given
end
M.parse = core.without_locale(M.parse)

--- Returns an option's value as it is shown: nil is "unset". Cannot fail.
-- @param v  any value of an option
-- @treturn string
function M.text(v)
  if type(v) == "number" then return json.number(v) end
  return v == nil and "unset" or (json.encode(v):gsub('^"(.*)"$', "%1"))
end

--- Returns an option's value among values of before, perhaps by the option's former name. Cannot fail.
-- @tparam table d  entry of `declare`
-- @tparam table old  name in Lua -> value
-- @return  the value, or nil
function M.stored(d, old)
  local v = old[d.field]
  for _, name in ipairs(d.alias or {}) do
    if v == nil then v = old[M.field(name)] end
  end
  return v
end

--- Returns options as they are in a game whose length is known: those of the kind schedule become functions.
-- @tparam table declared  of `declare`
-- @tparam table values  name in Lua -> value
-- @tparam integer steps  of the game
-- @tparam number batch  real images shown in a step
-- @treturn table  name in Lua -> number, or f(step) -> number (gan.schedule.open); other options as in values
-- @raise if a value is not as declared
function M.varying(declared, values, steps, batch)
  local out = {}
  for _, d in ipairs(declared) do
    local v = values[d.field]
    if d.kind == "schedule" and v ~= nil then
      out[d.field] = schedule.open(v, {steps = steps, batch = batch, name = "--" .. d.name})
    end
  end
  return setmetatable(out, {__index = values})
end

-- ---- options of something that goes on ----

--- Checks values of before, which may come out of any file, as `parse` checks a command line's. In place, a value
-- becomes what it stands for (64.0 the integer 64). What is not declared is left alone: it may be another program's.
-- Cannot fail.
-- @tparam table declared  of `declare`
-- @tparam table old  values of before, name in Lua -> value
-- @treturn string  says which is wrong: "option 'batch': expected an integer in 1..65536, got \"x\""; nil where none is
function M.check(declared, old)
  for _, d in ipairs(declared) do
    for _, name in ipairs {d.name, table.unpack(d.alias or {})} do
      local v = old[M.field(name)]
      local value, expected = accept(d, v)
      if v ~= nil and expected then
        local got = type(v) == "table" and "a table" or json.encode(v)
        return ("option '%s': expected %s, got %s"):format(name, expected, #got > 80 and got:sub(1, 77) .. "..." or got)
      elseif v ~= nil then
        old[M.field(name)] = value
      end
    end
  end
end

--- Takes values of before over, in place; where there was none, the value stays. Cannot fail.
-- @tparam table declared  of `declare`
-- @tparam table values  those of now, name in Lua -> value
-- @tparam table old  those of before
-- @tparam function which  f(entry) -> true for an option whose value is taken over
function M.adopt(declared, values, old, which)
  for _, d in ipairs(declared) do
    local v = M.stored(d, old)
    if v ~= nil and which(d) then values[d.field] = v end
  end
end

--- Returns the values of the options that are not `free`. Cannot fail.
-- @tparam table declared  of `declare`
-- @tparam table values  name in Lua -> value
-- @treturn table  name in Lua -> value
function M.fixed(declared, values)
  local out = {}
  for _, d in ipairs(declared) do if not d.free then out[d.field] = values[d.field] end end
  return out
end

--- Marks for --help the options that may be other when something goes on: `about.mark` of `parse`. Cannot fail.
-- @tparam table d  entry of `declare`
-- @treturn string  "+" where it may, "!" where --change must name it; nil where it stays
function M.mark(d) return d.free and "+" or d.change and "!" or nil end

--- Explains the marks: `about.epilog` of `parse`.
M.MARKS = "What goes on may have other values of options marked +, and of those marked ! if --change names them. "
  .. "All else stays as it was started."

-- The names in --change, name -> true.
local function changing(values)
  local names = {}
  for name in (values.change or ""):gmatch "[^,%s]+" do names[name] = true end
  return names
end

--- Checks the option --change: a list of options that can be changed, and are given.
-- @tparam table declared  of `declare`
-- @tparam table values  name in Lua -> value
-- @tparam table given  name in Lua -> true, for what stood on the command line
-- @treturn boolean  true
-- @error naming what cannot be changed, or is not given
function M.check_change(declared, values, given)
  local names, can = changing(values), {}
  for _, d in ipairs(declared) do
    if d.change then
      can[#can + 1] = d.name
      if names[d.name] and not given[d.field] then
        return nil, ("--change %s: give --%s, too"):format(d.name, d.name)
      end
      names[d.name] = nil
    end
  end
  local wrong = next(names)
  if not wrong then return true end
  return nil, ("--change: '%s' cannot be changed (%s)"):format(wrong,
    #can > 0 and "can be: " .. table.concat(can, ", ") or "nothing can")
end

--- Says what was started with another value, among what may not be other now. Cannot fail.
-- An option that was not known yet had its default.
-- @tparam table declared  of `declare`
-- @tparam table old  values of before, name in Lua -> value
-- @tparam table new  those of now
-- @tparam[opt] table known  name in Lua -> true, for what is compared elsewhere
-- @treturn string  such as "was started with --lr 0.1, now 0.2"; nil where nothing is wrong
-- @treturn table  what else changed, by --change or by `known`: list of {option = entry, was = text, is = text}
function M.difference(declared, old, new, known)
  local named, told = changing(new), {}
  for _, d in ipairs(declared) do
    local before = M.stored(d, old)
    if before == nil then before = d.default end
    local was, is = M.text(before), M.text(new[d.field])
    if was ~= is and (known and known[d.field] or d.change and named[d.name]) then
      told[#told + 1] = {option = d, was = was, is = is}
    elseif was ~= is and not d.free then
      return ("was started with --%s %s, now %s%s"):format(d.name, was, is,
        d.change and (" (--change %s lets it change)"):format(d.name) or "")
    end
  end
  return nil, told
end

--- Adds to what changed the schedules that go over the whole of something that is longer now, or shorter. Cannot fail.
-- @tparam table declared  of `declare`
-- @tparam table values  name in Lua -> value, those of before and of now
-- @tparam ?integer before  steps that it had, where that is known
-- @tparam integer steps  that it has
-- @tparam table told  the second result of `difference`; changed
function M.stretched(declared, values, before, steps, told)
  for _, d in ipairs(before and before ~= steps and declared or {}) do
    local v = values[d.field]
    local s = d.kind == "schedule" and type(v) == "string" and schedules.read(v)
    if s and not s.kimg then
      local text = v .. " over %d steps"
      told[#told + 1] = {option = d, was = text:format(before), is = text:format(steps)}
    end
  end
end

--- Returns all options in a few lines of text; what differs from its default is marked. Cannot fail.
-- @tparam table declared  of `declare`
-- @tparam table values  name in Lua -> value
-- @treturn string  lines as long as the terminal's, else of 100 characters; longer if a value is
function M.describe(declared, values)
  local cells, width, most = {}, 0, line_width()
  for _, d in ipairs(declared) do
    local v = values[d.field]
    if v ~= nil then
      local cell = ("%s%s %s"):format(M.text(v) ~= M.text(d.default) and "*" or " ", d.name, shown(d, v))
      cells[#cells + 1] = cell
      width = math.max(width, math.min(#cell, 24))
    end
  end
  local lines, line = {"options (* not the default):"}, ""
  for _, cell in ipairs(cells) do
    if #line > 0 and #line + #cell > most then lines[#lines + 1], line = line, "" end
    line = line .. cell .. (" "):rep(math.max(width - #cell, 0) + 2)
  end
  lines[#lines + 1] = line
  for i = 1, #lines do lines[i] = lines[i]:gsub("%s+$", "") end
  return table.concat(lines, "\n")
end

local function letters(text) return utf8.len(text) or #text end

--- Returns words as a command line that a shell takes apart into them again. Cannot fail.
-- @tparam table words  list of strings
-- @treturn string
function M.shell(words) return file_text.shell(words) end

--- Folds a text at its blanks into lines as long as the terminal's, else of 100 characters; what a terminal would obey
-- is shown instead. Cannot fail.
-- @tparam string text  lines of it stay lines; a longer word stays whole
-- @treturn string
function M.fold(text)
  local out, most = {}, line_width()
  text = check.shown(text, true)
  for source in (text .. "\n"):gmatch "([^\n]*)\n" do
    local line = ""
    for word in source:gmatch "%S+" do
      if line ~= "" and letters(line) + 1 + letters(word) > most then out[#out + 1], line = line, "  " .. word
      else line = line == "" and word or line .. " " .. word end
    end
    out[#out + 1] = line
  end
  return table.concat(out, "\n")
end

--- Lays a table out in columns that are aligned, the first to the left, the others to the right. Columns that the
-- terminal (else 100 characters) has no room for come below, beside the first one again. Cannot fail.
-- @tparam table rows  list of lists of texts, the head first
-- @treturn string
function M.table(rows)
  local widths, blocks, most = {}, {{}}, line_width()
  for _, row in ipairs(rows) do
    for c, cell in ipairs(row) do widths[c] = math.max(widths[c] or 0, letters(cell)) end
  end
  local room = most - (widths[1] or 0)
  for c = 2, #widths do
    if room < 2 + widths[c] and #blocks[#blocks] > 0 then blocks[#blocks + 1], room = {}, most - widths[1] end
    table.insert(blocks[#blocks], c)
    room = room - 2 - widths[c]
  end
  local out = {}
  for b, block in ipairs(blocks) do
    if b > 1 then out[#out + 1] = "" end
    for _, row in ipairs(rows) do
      local line = row[1] .. (" "):rep(widths[1] - letters(row[1]))
      for _, c in ipairs(block) do
        local cell = row[c] or ""
        line = line .. (" "):rep(2 + widths[c] - letters(cell)) .. cell
      end
      out[#out + 1] = line:gsub("%s+$", "")
    end
  end
  return table.concat(out, "\n")
end

return M
