-- The attack in short: each part of spec/torture, cut down to a few seconds, and the program that runs them.
local json = require "gan.file.json"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

describe("make torture", function()
  local dir

  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  -- A part of its own in a checkout of its own: what spec/torture/run.lua makes of what it says.
  local function table_of(text)
    os.execute(("mkdir -p $D/spec/torture && ln -sfn $PWD/lua $D/lua && ln -sfn $PWD/build $D/built "
      .. "&& cp -r spec/support $D/spec"):gsub("%$D", dir))
    temp.write(dir .. "/spec/torture/run.lua", temp.read "spec/torture/run.lua")
    temp.write(dir .. "/spec/torture/some.lua", text)
    return script.run("spec/torture/run.lua", "0.01 7", {dir = dir, env = "GAN_BUILD=built"})
  end

  local BEGIN = 'local p = require("spec.support.part").start "some"\n'

  it("shows what was tried and what survived", function()
    local code, out, err = table_of(BEGIN .. [[
      p:try("one", "again", function() return true end)
      p:count(true, "two", "again")
      p:finish()]])
    assert.equal("", err)
    assert.equal(0, code, out)
    assert.matches("\nsome +2 +2  none\n$", out)
  end)

  it("shows the first failure with its command, and ends with code 1", function()
    local code, out = table_of(BEGIN .. [[
      p:try("one", "again", function() return true end)
      p:try("two", p:again(p.seed), function() return false, "lost" end)
      p:try("three", "never", function() error "raised" end)
      p:finish()]])
    assert.equal(1, code)
    assert.matches("\nsome +3 +1  two: lost\n", out)
    assert.matches("again: lua5.4 spec/torture/some.lua 1 7\n", out)
    assert.is_nil(out:find("never", 1, true))
    code, out = table_of(BEGIN .. "p:finish()")
    assert.equal(0, code)
    assert.matches("\nsome +0 +0  none tried: give it more minutes\n$", out)
    local long = ("long "):rep(40)
    out = select(2, table_of(BEGIN .. ("p:count(false, %q, 'again') p:finish()"):format(long)))
    assert.matches("\nsome +1 +0  " .. long:sub(1, 77) .. "%.%.%.\n", out)
    assert.is_truthy(out:find("\nsome: " .. long, 1, true))
  end)

  it("counts a part that dies as one that failed, and tells one that is skipped", function()
    local code, out = table_of(BEGIN .. "print '{}'\nos.exit(3)")
    assert.equal(1, code)
    assert.matches("\nsome +1 +0  the part ended with code 3; see build/torture/some.log\n", out)
    code, out = table_of(BEGIN .. "p:skip 'no strace'")
    assert.equal(0, code)
    assert.matches("\nsome +skipped: no strace\n$", out)
  end)

  -- The part's last line; a part that cannot be tried here is a test that is pending.
  local function short(name, words)
    local code, out, err = script.run(("spec/torture/%s.lua"):format(name), words)
    local last = json.decode(out:match "([^\n]*)\n$" or "")
    assert.is_table(last, out .. err)
    assert.equal(name, last.part)
    if last.skipped then return pending(last.skipped) end
    assert.is_true(last.tried > 0, out)
    assert.equal(0, code, out)
    return last
  end

  it("kills runs, which go on to the same bytes", function()
    short("kills", "4x 1")
    short("syscalls", "6x 0 plain rename SIGKILL")
  end)

  it("fails system calls", function() short("syscalls", "4x 0 going_on fsync EIO") end)

  it("fails allocations", function() short("allocations", "100x 1 npz") end)

  it("flips bits of files", function() short("flips", "200x 1") end)

  it("gives files hostile contents", function() short("trees", "20x 1") end)

  it("soaks", function() short("soak", "12x 1") end)
end)
