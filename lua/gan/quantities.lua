--- The numbers that a run records, once: what they are called, what they are, how a line of text shows them.
--
-- An entry has the fields `name` (in records and in stats.jsonl), `kind`, and may have `label` and `unit` (of a plot's
-- axis), `text` (a format of the value, or a function of the record: its words in the status line) and `hidden` (no
-- line shows it). Kinds:
--
--     counter    only rises with the steps
--     loss       of a player, in nats
--     logit      D's, shown by their sigmoid
--     step size  as used in the last step
--     gradient   the norm of all gradients of a player
--     move       how long a player's last step was
--     variety    of G's pictures
--     word       a text
--     metric     measured beside training
--     other      any number
--
-- What a schedule sets is recorded while it varies, as it was in the last step: `beta1_D`, `gamma_r1`, `p_augment`, a
-- field and whose it is. Whatever else a script reports is shown after D's answers, sorted, with four digits.
-- @module gan.quantities
local check = require "gan.check"
local core = require "gan.core"

local M = {}

local function time(seconds)
  local s = math.floor(math.min(seconds, 1e9) + 0.5)
  return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60)
end

--- Returns a time as text, such as "0:03:12". Cannot fail.
-- @tparam number seconds  from 0
-- @treturn string
function M.time(seconds) return time(seconds) end

-- Two players' numbers: one where they are the same.
local function lr(r)
  local d, g = r.lr_D, r.lr_G
  if not (d or g) then return nil end
  if not (d and g) or d == g then return ("lr %.3g"):format(d or g) end
  return ("lr %.3g/%.3g"):format(d, g)
end

local function elapsed(r)
  return r.eta and ("%s eta %s"):format(time(r.seconds), time(r.eta)) or time(r.seconds)
end

local function gradients(r)
  if r.grad_D and r.grad_G then return ("|g| %.3g/%.3g"):format(r.grad_D, r.grad_G) end
  return (r.grad_D or r.grad_G) and ("|g| %.3g"):format(r.grad_D or r.grad_G)
end

-- A number as it is printed: NaN without a sign, which says nothing.
local function plain(v) return v ~= v and math.abs(v) or v end

-- Where only differences of logits count, they are shown alone.
local function reals(r) return r.real and not r.ahead and ("D(x) %.2f"):format(plain(r.real)) end

local function fakes(r)
  if not r.fake or r.ahead then return nil end
  return (r.fake_after and "D(G(z)) %.2f/%.2f" or "D(G(z)) %.2f"):format(r.fake, r.fake_after)
end

local function health(r)
  return r.health and (r.why and ("%s (%s)"):format(r.health, r.why) or r.health)
end

--- Where a line shows what is not in the list.
M.others = {name = "", kind = "other", hidden = true}

--- The entries in the order of the status line, what matters most first: narrow terminals leave out the rest.
M.list = {
  {name = "step", kind = "counter", text = function(r) return ("step %d/%d"):format(r.step, r.total) end},
  {name = "total", kind = "counter", hidden = true},
  {name = "health", kind = "word", text = health},
  {name = "why", kind = "word", hidden = true},
  {name = "seconds", kind = "counter", text = elapsed},
  {name = "eta", kind = "counter", unit = "seconds", label = "time left", hidden = true},
  {name = "kimg", kind = "counter", hidden = true},
  {name = "D", kind = "loss", label = "loss of D", unit = "nats", text = "D %.3f"},
  {name = "G", kind = "loss", label = "loss of G", unit = "nats", text = "G %.3f"},
  {name = "real", kind = "logit", label = "D(x)", text = reals},
  {name = "fake", kind = "logit", label = "D(G(z))", text = fakes},
  {name = "fake_after", kind = "logit", label = "D(G(z)), D one step on", hidden = true},
  {name = "ahead", kind = "other", label = "D(x) before D(G(z))", text = "D(x) before D(G(z)) %.2f"},
  {name = "wrong", kind = "logit", label = "D(x), wrong labels"},
  {name = "p_augment", kind = "other", label = "p of the augmentation", text = "p %.3f"},
  {name = "p_deceive", kind = "other", label = "part of the real images that are G's", text = "apa %.3f"},
  {name = "r_t", kind = "other", label = "r_t: mean sign of D(x) since p's last change", text = "r_t %.2f"},
  {name = "r_v", kind = "other", label = "r_v: D(x) beyond D of held-out images", text = "r_v %.2f"},
  M.others,
  {name = "fid", kind = "metric", label = "FID"},
  {name = "kid", kind = "metric", label = "KID"},
  {name = "is", kind = "metric", label = "Inception Score"},
  {name = "modes", kind = "metric", label = "modes found"},
  {name = "quality", kind = "metric", label = "samples near a mode", unit = "of all"},
  {name = "kl", kind = "metric", label = "divergence from all modes alike", unit = "nats"},
  {name = "lr", kind = "step size", label = "step size"},
  {name = "images_per_second", kind = "other", label = "images/s", text = "%.0f img/s"},
  {name = "lr_D", kind = "step size", label = "step size of D", text = lr},
  {name = "lr_G", kind = "step size", label = "step size of G", hidden = true},
  {name = "beta1_D", kind = "other", label = "beta1 of D", hidden = true},
  {name = "beta1_G", kind = "other", label = "beta1 of G", hidden = true},
  {name = "beta2_D", kind = "other", label = "beta2 of D", hidden = true},
  {name = "beta2_G", kind = "other", label = "beta2 of G", hidden = true},
  {name = "ema_kimg", kind = "other", label = "half-life of the average", unit = "thousands of images", hidden = true},
  {name = "noise", kind = "other", label = "deviation of instance noise", text = "noise %.3g"},
  {name = "sign", kind = "other", label = "mean sign of D(x)", text = "sign %.2f"},
  {name = "grad_D", kind = "gradient", label = "norm of D's gradient", text = gradients},
  {name = "grad_G", kind = "gradient", label = "norm of G's gradient", hidden = true},
  {name = "move_G", kind = "move", label = "G's step", unit = "of its weights", hidden = true},
  {name = "diversity", kind = "variety", label = "diversity", unit = "of the real pictures'", text = "diversity %.2f"},
  {name = "nearest", kind = "variety", label = "distance to the nearest picture", unit = "of the real pictures'",
    hidden = true},
  {name = "memory", kind = "other", label = "memory", unit = "bytes",
    text = function(r) return r.memory > 0 and ("%.2f GB"):format(r.memory / 1e9) end},
  {name = "epoch", kind = "counter", text = "epoch %.2f"},
}

local named = {}
for _, q in ipairs(M.list) do named[q.name] = q end

--- Returns the entry of a name. Cannot fail.
-- @tparam string name  of a number, as in records
-- @treturn table  nil for what is not in the list
function M.find(name) return named[name] end

--- Tells whether a name is of a kind. Cannot fail.
-- @tparam string name  of a number, as in records
-- @tparam string kind  as listed above
-- @treturn boolean
function M.is(name, kind) return named[name] ~= nil and named[name].kind == kind end

-- What a run fills in by itself: kinds, and names of other kinds and of records without a line.
local own = {
  kinds = {counter = true, word = true, gradient = true, move = true, variety = true},
  names = {images_per_second = true, memory = true, sign = true, ahead = true, rollback = true, from = true,
    scale = true},
}

--- Tells whether a run fills in a number itself, so that nobody else may report one of that name. Cannot fail.
-- @tparam string name  of a number, as in records
-- @treturn boolean
function M.is_own(name) return own.names[name] or named[name] ~= nil and own.kinds[named[name].kind] or false end

--- Lists the names of a kind, in the order of the list. Cannot fail.
-- @tparam string kind  as listed above
-- @treturn table
function M.names(kind)
  local out = {}
  for _, q in ipairs(M.list) do if q.kind == kind then out[#out + 1] = q.name end end
  return out
end

--- Returns what an axis says of a number: its label with its unit, or its name. Cannot fail.
-- @tparam string name  of a number, as in records
-- @treturn string
function M.label(name)
  local q = named[name]
  if not (q and q.label) then return name end
  return q.unit and ("%s (%s)"):format(q.label, q.unit) or q.label
end

-- An entry's words in a line, or nil.
local function words(q, record)
  if type(q.text) == "function" then return q.text(record) or nil end
  local v = record[q.name]
  return v and q.text:format(plain(v))
end

--- Returns a record as one line of text.
--
--     step 1200/40000  ok  0:03:12 eta 1:41:07  D 0.710  G 1.830  D(x) 0.74  D(G(z)) 0.22/0.19  85 img/s  lr 0.0002
--     sign 0.66  |g| 0.4/1.2  diversity 0.91  0.26 GB  epoch 1.50
--
-- @tparam table record  name -> number or text; `step`, `total`, `seconds`, `memory` and `epoch` at least
-- @tparam[opt] integer width  characters that there is room for: what does not fit is left out whole, of health the
--   reason before the word
-- @treturn string
-- @raise if one of these is missing
function M.line(record, width)
  local parts, more, room = {}, {}, width or math.huge
  local function add(text)
    local long = text and utf8.len(text) or text and #text
    if not long or long > room then return false end
    parts[#parts + 1], room = text, room - long - 2
    return true
  end
  for name in pairs(record) do
    local q = named[name]
    if not q or not (q.text or q.hidden) then more[#more + 1] = name end
  end
  core.sort(more)
  for _, q in ipairs(M.list) do
    if q == M.others then
      for _, name in ipairs(more) do add(("%s %.4g"):format(name, plain(record[name]))) end
    elseif q.text and not add(words(q, record)) and q.name == "health" then
      add(record.health)
    end
  end
  return table.concat(parts, "  ")
end
M.line = core.without_locale(M.line)

--- Calls a function that may add numbers to a record, and says what else it did.
-- @tparam table record  name -> number or text
-- @tparam function add  takes nothing
-- @treturn string  such as "changed 'D', which is the run's own"; nil where it added numbers, or nothing
-- @raise what `add` raises
function M.changed(record, add)
  local before = {}
  for name, v in pairs(record) do before[name] = v end
  add()
  for name, v in pairs(before) do
    if record[name] ~= v and v == v then return ("changed '%s', which is the run's own"):format(name) end
  end
  for name, v in pairs(record) do
    if before[name] == nil and (type(name) ~= "string" or type(v) ~= "number") then
      return ("added '%s': expected a number under a name, got %s"):format(tostring(name), check.found(v))
    end
  end
end

return M
