-- The console as a terminal sees it, and as a file does.
local console = require "gan.show.console"
local core = require "gan.core"
local inside = require "spec.support.inside"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

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

  it("cuts no letter in two", function()
    assert.equal("\rééééééééééé\27[K\n", (written(1, true, function(c)
      c:redraw(("é"):rep(20))
      c:finish()
    end)))
  end)

  it("knows its width on a terminal alone", function()
    written(1, true, function(c)
      assert.equal(11, c:width())
      c.terminal = false
      assert.is_nil(c:width())
    end)
  end)

  it("draws over nothing where TERM is dumb or not set, or NO_COLOR is", function()
    local isatty, getenv, env = core.isatty, os.getenv, nil
    core.isatty = function() return true end
    os.getenv = function(name) return env[name] end -- luacheck: ignore
    local found = {}
    for i, e in ipairs {
      {TERM = "xterm"}, {TERM = "xterm", NO_COLOR = ""}, {TERM = "dumb"}, {}, {TERM = "xterm", NO_COLOR = "1"},
    } do
      env = e
      found[i] = console.new().terminal
    end
    core.isatty, os.getenv = isatty, getenv -- luacheck: ignore
    assert.same({true, true, false, false, false}, found)
  end)

  -- What a script writes in a real terminal, so many characters wide.
  local function lines_at(width, env, words)
    local text = script.terminal("experiments/dcgan.lua", words, {columns = width, env = env})
    local lines = {}
    for line in (text or ""):gmatch "[^\r\n]+" do lines[#lines + 1] = line end
    return lines, text
  end

  it("fits a run and its --help into a terminal of 80 and of 40 characters", function()
    local _, there = lines_at(80, "TERM=xterm", "--help")
    if not there then return pending "there is no terminal to be had" end
    local dir = temp.dir()
    finally(temp.clean)
    local words = "--data fake --size 16 --ngf 2 --ndf 2 --batch 4 --steps 30 --threads 1 --outdir " .. dir
    for _, width in ipairs {80, 40} do
      local lines, live = lines_at(width, "TERM=xterm", words .. " --name w" .. width), 0
      for _, line in ipairs(lines) do
        if line:find "^step" and line:find "\27%[K$" then
          live = live + 1
          assert.is_true(#line - #"\27[K" < width, line)
          assert.is_truthy(line:find("^step %d+/30  ok"), line)
        end
      end
      assert.is_true(live > 0)
      local last = lines[#lines - 1]
      assert.is_truthy(last:find "step 30/30  ok  .*epoch", last) -- stays, with all its numbers
      for _, line in ipairs(lines_at(width, "TERM=xterm", "--help")) do
        assert.is_true(#line <= width or not line:find "%S%s+%S+%s+%S", line) -- an option and its value stay together
      end
    end
    for env, case in pairs {["COLUMNS=60"] = {80, 60}, ["COLUMNS=200"] = {70, 70}, ["COLUMNS=x"] = {70, 70}} do
      local longest = 0
      for _, line in ipairs(lines_at(case[1], env, "--help")) do longest = math.max(longest, #line) end
      assert.is_true(longest <= case[2] and longest > case[2] - 10, env .. ": " .. longest)
    end
    local _, text = lines_at(80, "TERM=dumb", words .. " --name dumb")
    assert.is_truthy(text:find("step 30/30  ok", 1, true))
    assert.is_nil(text:find "\27")
  end)

  it("falls silent where it cannot write, and says why", function()
    local c, out = console.new(1), io.stdout
    c.terminal = true
    local calls, answers = 0, {{true}, {nil, "busy", 11}, {true}, {nil, "Broken pipe", 32}, {true}}
    local file = {flush = function() return true end}
    function file.write()
      calls = calls + 1
      return table.unpack(answers[calls], 1, 3)
    end
    io.stdout = file -- luacheck: ignore
    c:say "a"
    c:say "a line is lost, the console is not"
    c:say "b"
    local before = c.broken
    c:redraw "c"
    c:say "d"
    c:finish()
    io.stdout = out -- luacheck: ignore
    assert.is_nil(before)
    assert.equal("Broken pipe", c.broken)
    assert.equal(4, calls)
    c.drawn = 0
    assert.is_false(c:wants_live())
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
