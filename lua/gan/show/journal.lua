--- What a run has written of itself, log.txt and stats.jsonl, read back.
-- @internal gan.show.journal
local json = require "gan.file.json"
local quantities = require "gan.quantities"
local text = require "gan.file.text"

local M = {}

local function read(dir, name) return text.read(("%s/%s"):format(dir, name)) or "" end

--- Tells whether log.txt has a step's status line; what was said before the run last went back does not count.
function M.told(dir, step)
  local lines = ("\n" .. read(dir, "log.txt")):gsub("^.*\nstep %d+: [^\n]*: back to step [^\n]*", "")
  return lines:find(("\nstep %d/"):format(step), 1, true) ~= nil
end

--- Tells whether stats.jsonl has a record: a process may have ended right after it.
function M.has_record(dir, record)
  return ("\n" .. read(dir, "stats.jsonl")):find(("\n%s\n"):format(json.encode(record)), 1, true) ~= nil
end

--- Turns what is no finite number in records, which JSON has as null, into NaN. Returns the list.
function M.finite(records)
  for _, record in ipairs(records) do
    for name, v in pairs(record) do
      if type(v) == "userdata" then record[name] = 0 / 0 end
    end
  end
  return records
end

--- Returns the record of a step's status line, or nil.
function M.recorded(dir, step)
  local found
  for _, l in ipairs(text.json_lines(dir .. "/stats.jsonl") or {}) do
    if l.value.step == step and l.value.total then found = l.value end
  end
  M.finite {found}
  return found and pcall(quantities.line, found) and found or nil
end

--- Tells how a run stands, by what it said last: "running", "done" or "stopped"; and the last status line's `step`,
-- `total` and `eta` (a text, or nil): numbers may be recorded more seldom. Where there is no line, nil.
function M.state(dir)
  local state, last = "running", nil
  for line in read(dir, "log.txt"):gmatch "[^\n]+" do
    if line:find "^done: " or line:find "^already at step " then state = "done"
    elseif line:find "^stopped after step " then state = "stopped"
    elseif line:find ": goes on from step " then state = "running"
    elseif line:find "^step %d+/%d" then state, last = "running", line end
  end
  local step, total = (last or ""):match "^step (%d+)/(%d+)"
  return state, step and {step = tonumber(step), total = tonumber(total), eta = last:match "eta (%d+:%d%d:%d%d)"} or nil
end

return M
