--- Schedules in words, as command lines and configurations have them: "cosine:2e-4:5e-5:1000".
-- @internal gan.schedule.text
local check = require "gan.check"
local core = require "gan.core"
local cosine = require "gan.schedule.cosine"
local halving = require "gan.schedule.halving"
local json = require "gan.file.json"
local linear = require "gan.schedule.linear"

local option = check.option
local NAME = "schedule.open"

-- Kinds, and what the parts after them are. Lengths are in thousands of real images shown to D.
local forms = {
  cosine = {"FROM", "TO", "KIMG", least = 2}, linear = {"FROM", "TO", "KIMG", least = 2},
  half_life = {"FROM", "KIMG", least = 2},
}
local names = check.names(forms)

local shapes = {cosine = cosine, linear = linear, half_life = halving}

local M = {}

-- How a kind is written: "cosine:FROM:TO[:KIMG]".
local function usage(kind)
  local form, text = forms[kind], kind
  for i, part in ipairs(form) do text = text .. (i > form.least and "[:%s]" or ":%s"):format(part) end
  return text
end

--- Lists how schedules are written, for errors and --help. Cannot fail.
-- @treturn string
function M.usage()
  local out = {}
  for i, kind in ipairs(names) do out[i] = usage(kind) end
  return table.concat(out, ", ")
end

local kimg = option.number {above = 0, hi = 1e9}

local function number(text)
  local v = text and text:find "^[%d.eE+-]+$" and tonumber(text)
  return v and v - v == 0 and v or nil
end

local function any(v) return not v and "a number" or nil end

--- Takes a text apart.
-- @tparam string text  such as "linear:1e-3:0"
-- @tparam[opt] function wanted  f(number or nil) -> what FROM and TO must be where that is none, or nil
-- @treturn table  `kind`, `from`, and `to` and `kimg` as far as they are there
-- @error saying what was expected
function M.read(text, wanted)
  local words = {}
  for word in (text .. ":"):gmatch "([^:]*):" do words[#words + 1] = word end
  local form = forms[words[1]]
  if not form then
    local near = check.nearest(words[1], names)
    return nil, ("a schedule (%s%s)"):format(M.usage(), near and ("; did you mean '%s'?"):format(near) or "")
  end
  local out = {kind = words[1]}
  if #words <= form.least or #words > #form + 1 then return nil, usage(out.kind) end
  for i = 1, #words - 1 do
    local part, v = form[i], number(words[i + 1])
    local want
    if part == "KIMG" then
      want = not (v and kimg.accept(v)) and "a number > 0 and <= 1e9"
    else
      want = (wanted or any)(v)
    end
    if want then return nil, ("%s as %s of %s"):format(want, part, usage(out.kind)) end
    out[part:lower()] = v
  end
  return out
end
M.read = core.without_locale(M.read)

--- Returns what `read` gave as the text that all its spellings have in common. Cannot fail.
-- @tparam table s  a schedule
-- @treturn string
function M.write(s)
  local text = s.kind
  for _, part in ipairs(forms[s.kind]) do
    local v = s[part:lower()]
    if v then text = text .. ":" .. json.number(v) end
  end
  return text
end

--- Makes the schedule that a text tells: gan.schedule.open.
function M.open(v, opt)
  opt = check.options(NAME, opt, {
    steps = option.integer {required = true, lo = 1}, batch = option.number {required = true, above = 0},
    name = option.string {},
  })
  if type(v) == "number" or check.callable(v) then return v end
  if type(v) ~= "string" then return check.expected(NAME, 1, "v", "a number, a schedule, or its text", v) end
  local s, expected = M.read(v)
  if not s then return check.fail(NAME, "expected %s, got '%s'", expected, check.shown(v)) end
  local o = {from = s.from, to = s.to, start = 1, name = s.to and opt.name}
  if s.kimg then o.images, o.batch = 1000 * s.kimg, opt.batch else o.steps = opt.steps end
  return shapes[s.kind](o)
end

return M
