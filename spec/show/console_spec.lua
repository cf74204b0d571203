-- The console as a terminal sees it, and as a file does.
local console = require "gan.show.console"
local core = require "gan.core"
local inside = require "spec.support.inside"

-- What f(console) writes on the standard output and the standard error.
local function written(fd, terminal, f)
  local c = console.new(fd)
  c.terminal = terminal
  local columns = core.columns
  core.columns = function() return 12 end
  local code, out, err = inside.call("x.lua", "", f, c)
  core.columns = columns
  assert.equal(0, code, err)
  return out, err
end

describe("show.console", function()
  local function speak(c)
    c:say "before"
    c:redraw "step 1 of many steps"
    c:redraw "live line that is long"
    c:say "after 100%"
    c:redraw "last"
    c:finish()
    c:finish()
  end

  it("draws one live line on a terminal, cut to its width", function()
    assert.equal("before\n\rstep 1 of m\27[K\rlive line t\27[K\r\27[Kafter 100%\n\rlast\27[K\n",
      (written(1, true, speak)))
  end)

  it("writes plain lines where there is none", function()
    assert.equal("before\nstep 1 of many steps\nlive line that is long\nafter 100%\nlast\n",
      (written(nil, false, speak)))
  end)

  it("speaks on the standard error, too, and clears its line", function()
    local out, err = written(2, true, function(c)
      c:redraw "a"
      c:finish(true)
    end)
    assert.same({"", "\ra\27[K\r\27[K"}, {out, err})
    local ok, message = pcall(console.new, 3)
    assert.is_false(ok)
    assert.is_truthy(message:find("bad argument #1 'fd' (expected an integer in 1..2, got 3)", 1, true), message)
  end)

  it("wants its live line a few times a second, on a terminal alone", function()
    written(1, true, function(c)
      assert.is_true(c:wants_live())
      c:redraw "a"
      assert.is_false(c:wants_live())
      c.drawn = c.drawn - 1
      assert.is_true(c:wants_live())
      c.terminal = false
      assert.is_false(c:wants_live())
    end)
  end)
end)
