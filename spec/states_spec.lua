-- Several Lua states in several threads of one process, and fork(): a program that embeds Lua (support/two_states.c)
-- trains in each of them, and the bytes are those of one state alone. Skipped where there is no C compiler or no liblua
-- to link. For longer, under ThreadSanitizer: make states. And processes that get little space, or no threads.
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local CHUNK = "spec/support/two_states.lua"

describe("Lua states in threads", function()
  local host = (os.getenv "GAN_BUILD" or "build") .. "/two_states"
  local built = os.execute(("unset LD_PRELOAD; make -s %s >/dev/null 2>&1"):format(host))

  local function train(words)
    if not built then
      pending "no C compiler, or no liblua to link"
      return
    end
    local code, out, err = script.run(words, "", {lua = host})
    assert.equal("", err)
    assert.equal(0, code, out)
    assert.is_truthy(out:find "^the same %d+ bytes in %d threads\n$", out)
  end

  it("train as one alone", function() train(CHUNK .. " 40 2 1") end)
  it("train as one alone, with several threads each", function() train(CHUNK .. " 24 3 2") end)
  it("do all else as one alone", function() train("spec/support/work_states.lua 22 3 1") end)
  it("go on in the parent and in the child of a fork", function() train(CHUNK .. " 24 2 2 fork") end)
end)

describe("a process of little address space", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  -- Trains within limits, as the shell sets them: exit code, standard error, the checkpoint.
  local function train(limits)
    temp.write(dir .. "/limited", ("#!/bin/sh\n%s\nexec '%s' \"$@\"\n"):format(limits, script.lua()))
    os.execute("chmod +x " .. dir .. "/limited")
    local words = "--data shapes --size 16 --ngf 4 --ndf 4 --z 8 --batch 8 --steps 3 --name x --outdir " .. dir
    local o = {env = "OMP_NUM_THREADS=2", lua = dir .. "/limited"}
    local code, _, err = script.run("experiments/dcgan.lua", words, o)
    local file = io.open(dir .. "/x/checkpoint_last.safetensors", "rb")
    local bytes = file and file:read "a"
    if file then file:close() end
    temp.remove(dir .. "/x")
    return code, err, bytes
  end

  it("trains to the same bytes, or says in one line that it cannot", function()
    if os.getenv "GAN_SANITIZED" then return pending "sanitizers need more" end
    local expected = {train ""}
    assert.same({0, ""}, {table.unpack(expected, 1, 2)})
    -- of the last, a thread's stack would take more than there is
    for _, limits in ipairs {"ulimit -v 420000", "ulimit -v 800000", "ulimit -s 2000000; ulimit -v 1500000"} do
      local code, err, bytes = train(limits)
      assert.same({0, ""}, {code, err}, limits)
      assert.is_true(bytes == expected[3], limits)
    end
    local code, err = train "ulimit -v 200000"
    assert.equal(1, code)
    local message = "^dcgan.lua: not enough address space for OpenBLAS's buffers %(ulimit %-v 200000%): "
    assert.is_truthy(err:find(message), err)
    assert.equal(1, select(2, err:gsub("\n", "")))
  end)
end)
