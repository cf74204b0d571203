-- Several Lua states in several threads of one process, and fork(): a program that embeds Lua (support/two_states.c)
-- trains in each of them, and the bytes are those of one state alone. Skipped where there is no C compiler or no liblua
-- to link. For longer, under ThreadSanitizer: make states.
local script = require "spec.support.script"

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
