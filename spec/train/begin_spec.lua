-- What a run says before its first step, and what it goes on with.
local inside = require "spec.support.inside"
local json = require "gan.file.json"
local temp = require "spec.support.temp"

local dir

local RING = "--ngf 4 --ndf 4 --batch 4 --snap 0 --threads 1 --outdir "

local function ring(words)
  local code, out, err = inside.run("experiments/ring.lua", RING .. dir .. " " .. words)
  assert.equal("", err)
  assert.equal(0, code)
  return out
end

describe("train.begin", function()
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  it("says that a run is longer than the schedule of its step sizes", function()
    local out = ring "--decay 6 --steps 10 --name long"
    local first = "--decay: the step size of D and G is 0 from step 7 on, the last 4 of 10 steps change nothing"
    local second = "step 7: the step sizes of both players are 0: the 3 steps ahead change nothing"
    local at = assert(out:find(first, 1, true), out)
    assert.is_true(at < out:find("long: starts", 1, true))
    local _, count = out:gsub(second:gsub("%p", "%%%0"), "")
    assert.equal(1, count, out)
    assert.is_truthy(out:find("step 10/10 .* lr 0  "), out)
    local stats = assert(json.decode(temp.read(dir .. "/long/stats.jsonl"):match "[^\n]+\n$"))
    assert.same({0, 0}, {stats.lr_D, stats.lr_G})
    out = ring "--decay 6 --steps 6 --name short"
    assert.is_nil(out:find("change nothing", 1, true), out)
    assert.is_nil(out:find("lr 0  ", 1, true), out)
  end)
end)
