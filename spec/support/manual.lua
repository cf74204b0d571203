-- Reads the doc comments of a Lua file, as lua/gan/README.md ("Doc comments") has them: what `make doc` shows of it.
local M = {}

-- `@tag[mods] rest` -> tag, mods, rest.
local function tag_of(line)
  local tag, rest = line:match "^@(%w+)(.*)"
  if not tag then return nil end
  local mods, after = rest:match "^(%b[])(.*)"
  return tag, mods or "", (after or rest):gsub("^%s+", "")
end

local function word(text)
  local first, rest = text:match "^(%S+)%s*(.*)$"
  return first or "", rest or ""
end

local take = {}
function take.tparam(e, mods, text)
  local type_, rest = word(text)
  local name, words = word(rest)
  e.params[#e.params + 1] = {
    name = name, type = type_, text = words, optional = mods:find "opt" ~= nil, default = mods:match "^%[opt=(.*)%]$",
  }
end
function take.param(e, mods, text)
  local name, words = word(text)
  e.params[#e.params + 1] = {name = name, text = words, optional = mods:find "opt" ~= nil}
end
function take.treturn(e, mods, text)
  local type_, words = word(text)
  e.returns[#e.returns + 1] = {type = type_, text = words, group = mods}
end
take["return"] = function(e, mods, text) e.returns[#e.returns + 1] = {text = text, group = mods} end
take["function"] = function(e, _, text) e.name = word(text) end
function take.module(e, _, text) e.module, e.kind = word(text), "module" end
function take.internal(e, _, text) e.module, e.kind = word(text), "internal" end

-- The entry of a block of comment lines, without their dashes.
local function entry(lines)
  local e, prose, tags = {params = {}, returns = {}}, {}, {}
  for _, line in ipairs(lines) do
    local tag, mods, rest = tag_of(line:gsub("^ ", "", 1))
    if tag then
      tags[#tags + 1] = {tag, mods, rest}
    elseif #tags > 0 then
      local last = tags[#tags]
      last[3] = last[3] .. " " .. line:gsub("^%s+", "")
    else
      prose[#prose + 1] = line:gsub("^ ", "", 1)
    end
  end
  e.text = table.concat(prose, "\n")
  for _, t in ipairs(tags) do
    if take[t[1]] then take[t[1]](e, t[2], t[3]) else e[t[1]] = t[3] end
  end
  return e
end

-- Name, names of the arguments, and whether it is local, of the code that follows a block. No name: nil.
local function defined(code)
  code = code:gsub("^%s+", "")
  local name, args = code:match "^function%s+([%w_.:]+)%s*(%b())"
  if not name then name, args = code:match "^([%w_.]+)%s*=%s*function%s*(%b())" end
  local own = code:find "^local " ~= nil
  if not name then
    args = code:match "^return%s+function%s*(%b())" or code:match "^local%s+function%s+[%w_]+%s*(%b())"
  end
  if not name then name = code:match "^([%w_.]+)%s*=[^=]" end
  local list
  if args then
    list = {}
    for arg in args:gmatch "[%w_.]+" do list[#list + 1] = arg end
  end
  return name, list, own
end

-- Reads a source text. path: where an entry is, and what its module is called there. Returns {path, expected = the
-- module's name by its path, module and kind ("module", "internal") and text = what the head says, entries = a list of
-- {name, path, line, at = line of the code that follows, text, params, returns, raise, error, formal = names of the
-- arguments}, functions = what is defined at the left margin without `local`: {name, written, line, formal}}.
function M.parse(text, path)
  local lines, out = {}, {path = path, entries = {}, functions = {}}
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do lines[#lines + 1] = line end
  out.expected = path:gsub("^.*lua/gan", "gan"):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  local function public(name) return (name:gsub("^M([.:])", out.expected .. "%1")) end
  local i, head = 1, true
  while i <= #lines do
    if lines[i]:find "^%s*%-%-%-[^-]" or lines[i]:find "^%s*%-%-%-$" then
      local first, block = i, {}
      while lines[i] and lines[i]:find "^%s*%-%-" do
        block[#block + 1] = lines[i]:gsub("^%s*%-%-%-?", "")
        i = i + 1
      end
      local e = entry(block)
      if head then
        out.module, out.kind, out.text = e.module, e.kind, e.text
      else
        local code = (lines[i] or ""):find "%S" and table.concat(lines, "\n", i, math.min(#lines, i + 4)) or ""
        local name, formal, own = defined(code)
        if formal and (e.name or ""):find ":" and not (name or ":"):find ":" then table.remove(formal, 1) end -- self
        e.line, e.at, e.formal = first, i, formal
        e.name = e.name or not own and name and public(name) or nil
        e.path = path
        if not own or e.name then out.entries[#out.entries + 1] = e end
      end
      head = false
    else
      if lines[i]:find "%S" and not lines[i]:find "^#!" then head = false end
      i = i + 1
    end
  end
  for n, line in ipairs(lines) do
    if line:find "^function " or line:find "^M%.[%w_]+ = function" then
      local name, formal = defined(table.concat(lines, "\n", n, math.min(#lines, n + 4)))
      out.functions[#out.functions + 1] = {name = public(name), written = name, line = n, formal = formal}
    end
  end
  return out
end

function M.read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "a"
  f:close()
  return M.parse(text, path)
end

return M
