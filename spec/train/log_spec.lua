-- The log's files, and the console as a terminal sees it.
local temp = require "spec.support.temp"
local json = require "gan.file.json"
local script = require "spec.support.script"

local CHUNK = [[
  local log = require("gan.train.log").new()
  log.terminal = TERMINAL
  require("gan.core").columns = function() return 12 end
  assert(log:say "before")
  assert(log:open "DIR")
  assert(log:say("%d%%", 50))
  assert(log:status("step 1 of many steps", {step = 1, D = 0.5, x = 0/0}))
  log:show "live line that is long"
  assert(log:say "after")
  log:show "last"
  log:close()
]]

describe("train.log", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function run(terminal)
    os.remove(dir .. "/log.txt")
    os.remove(dir .. "/stats.jsonl")
    local code, out, err = script.run("-", "", {chunk = CHUNK:gsub("TERMINAL", terminal):gsub("DIR", dir)})
    assert.are.equal("", err)
    assert.are.equal(0, code)
    return out
  end

  it("writes plain lines where there is no terminal", function()
    assert.are.equal("before\n50%\nstep 1 of many steps\nafter\n", run "false")
    assert.are.equal("before\n50%\nstep 1 of many steps\nafter\n", temp.read(dir .. "/log.txt"))
    assert.are.equal('{"D":0.5,"step":1,"x":null}\n', temp.read(dir .. "/stats.jsonl"))
    assert.is_table(json.decode(temp.read(dir .. "/stats.jsonl")))
  end)

  it("draws one live line on a terminal, cut to its width", function()
    assert.are.equal("before\n50%\n\rstep 1 of m\27[K\rlive line t\27[K\r\27[Kafter\n\rlast\27[K\n", run "true")
    assert.are.equal("before\n50%\nstep 1 of many steps\nafter\n", temp.read(dir .. "/log.txt"))
  end)

  it("tells a full disk", function()
    local log = require("gan.train.log").new()
    log.terminal = false
    local full = io.open("/dev/full", "a")
    if not full then return end
    log.dir, log["log.txt"] = "runs/x", full
    log.live = nil
    local real = io.stdout
    io.stdout = {write = function() end, flush = function() end} -- luacheck: ignore
    local ok, message = log:say "text"
    io.stdout = real -- luacheck: ignore
    assert.is_nil(ok)
    assert.are.equal("runs/x/log.txt: cannot write: No space left on device", message)
  end)
end)
