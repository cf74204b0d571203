-- The log's files, and the console as a terminal sees it.
local temp = require "spec.support.temp"
local json = require "gan.file.json"
local inside = require("spec.support.inside").call
local script = require "spec.support.script"

local CHUNK = [[
  local Log = require "gan.train.log"
  local log = Log.new(Log)
  log.terminal = TERMINAL
  require("gan.core").columns = function() return 12 end
  log:say "before"
  log:open_log "DIR"
  log:say("%d%%", 50)
  log:tell("step 1 of many steps", {step = 1, D = 0.5, x = 0/0})
  if log.terminal then log:redraw "live line that is long" end
  log:say "after"
  if log.terminal then log:redraw "last" end
  log:close_log()
]]

describe("train.log", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function run(terminal)
    os.remove(dir .. "/log.txt")
    os.remove(dir .. "/stats.jsonl")
    local code, out, err = script.run("-", "", {chunk = CHUNK:gsub("TERMINAL", terminal):gsub("DIR", dir)})
    assert.equal("", err)
    assert.equal(0, code)
    return out
  end

  it("writes plain lines where there is no terminal", function()
    assert.equal("before\n50%\nstep 1 of many steps\nafter\n", run "false")
    assert.equal("before\n50%\nstep 1 of many steps\nafter\n", temp.read(dir .. "/log.txt"))
    assert.equal('{"D":0.5,"step":1,"x":null}\n', temp.read(dir .. "/stats.jsonl"))
    assert.is_table(json.decode(temp.read(dir .. "/stats.jsonl")))
  end)

  it("draws one live line on a terminal, cut to its width", function()
    assert.equal("before\n50%\n\rstep 1 of m\27[K\rlive line t\27[K\r\27[Kafter\n\rlast\27[K\n", run "true")
    assert.equal("before\n50%\nstep 1 of many steps\nafter\n", temp.read(dir .. "/log.txt"))
  end)

  it("ends the run on a full disk", function()
    local Log = require "gan.train.log"
    local full = io.open("/dev/full", "a")
    if not full then return end
    local log = setmetatable({
      dir = "runs/x", ["log.txt"] = full, stop = function(_, ...) error(string.format(...), 0) end,
    }, Log)
    local code, _, err = inside("x.lua", "", function() log:say "text" end)
    assert.same({nil, "runs/x/log.txt: cannot write: No space left on device"}, {code, err})
    assert.error_matches(function() log:open_log "no/such" end, "no/such/log.txt: No such file or directory")
  end)
end)
