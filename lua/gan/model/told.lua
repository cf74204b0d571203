--- What a run's nets were told, out of its checkpoint: its condition made again, and the conditions of a command line.
-- @internal gan.model.told
local M = {}

-- Kind of a condition -> its room: a module with again(state).
local kinds = {
  captions = "gan.model.captions", attributes = "gan.model.attributes", boxes = "gan.model.places",
  masks = "gan.model.places",
}

-- Option of a command line -> the kind of the runs that take it.
local asked = {caption = "captions", attributes = "attributes", layout = "boxes", mask = "masks"}

local function option_of(kind)
  for name, k in pairs(asked) do if k == kind then return name end end
end

--- Makes a run's condition again.
-- @tparam table tree  the checkpoint: `condition`, `run`
-- @tparam string path  of the checkpoint
-- @treturn table  it, with `texts`, a list, where the run has some; nil where the run has none
-- @error if it is damaged; then the first result is false
function M.again(tree, path)
  local state = tree.condition
  if state == nil then return nil end
  local room = type(state) == "table" and kinds[state.kind]
  if not room then return nil end -- a script's own
  local condition, message = require(room).again(state)
  if not condition then return false, ("%s: does not hold a condition of %s: %s"):format(path, state.kind, message) end
  local texts = type(tree.run.texts) == "table" and tree.run.texts or {}
  condition.texts = {}
  for i, text in ipairs(texts) do condition.texts[i] = type(text) == "string" and text or nil end
  return condition
end

--- Returns what G is to be told for some seeds: what a command line asks for, or else the conditions of the run's own
-- pictures by turns.
-- @tparam table trained  of gan.train.trained: `condition`, `path`
-- @tparam table values  options: `caption`, `attributes`, `layout`, `mask`
-- @tparam table seeds  list of N integers
-- @treturn Tensor  (N,...); nil where the run has no condition
-- @treturn table  list of N texts
-- @treturn ?string  a notice
-- @error if the run has another condition, or none, or what is asked for is none: the first result is false
function M.of(trained, values, seeds)
  local condition = trained.condition
  local text
  for name, kind in pairs(asked) do
    if values[name] then
      if not condition or condition.kind ~= kind then
        return false, ("--%s: %s was not trained on %s%s"):format(name, trained.path, kind,
          condition and (", but on %s"):format(condition.kind) or "")
      end
      text = values[name]
    end
  end
  if not condition then return nil end
  local own, texts = condition.texts, {}
  if not text and condition.places then
    return false, ("--%s FILE is missing: %s draws what a file says"):format(option_of(condition.kind), trained.path)
  end
  if not text and not own[1] then return false, trained.path .. ": has no texts of its own: ask for some" end
  for i, seed in ipairs(seeds) do texts[i] = text or own[seed % #own + 1] end
  local y, notice = condition:read(texts)
  if not y then return false, ("--%s: %s"):format(option_of(condition.kind), notice) end
  return y, texts, notice
end

return M
