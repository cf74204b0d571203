-- One process of several gets a thing: locks of the file system, lock files where it has none, numbers.
local claim = require "gan.file.claim"
local core = require "gan.core"
local json = require "gan.file.json"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

-- Before the code of another process: the modules of this tree.
local HEAD = [[
package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
package.cpath = (os.getenv "GAN_BUILD" or "build") .. "/?.so;" .. package.cpath
require "gan.wait"
local claim, core = require "gan.file.claim", require "gan.core"
]]

describe("file.claim", function()
  local dir, getenv, env
  before_each(function()
    dir, env = temp.dir(), nil
    getenv = os.getenv
    os.getenv = function(name) if name == "GAN_LOCK" then return env end return getenv(name) end -- luacheck: ignore
  end)
  after_each(function()
    os.getenv = getenv -- luacheck: ignore
    collectgarbage()
    temp.clean()
  end)

  local function other(code, words)
    local path = temp.write(dir .. "/other.lua", HEAD .. code)
    local exit, out, err = script.run(path, dir .. " " .. (words or ""), {env = env and "GAN_LOCK=" .. env})
    assert.equal(0, exit, err)
    os.remove(path)
    return out
  end
  local TAKE = "print(claim.lock(arg[1]))"

  it("locks a directory, with a lock of the file system or a file", function()
    for _, kind in ipairs {"flock", "file"} do
      env = kind
      local lock, warning = claim.lock(dir)
      assert.is_truthy(lock)
      assert.equal(kind == "file" and dir .. "/.lock" or nil, lfs.attributes(dir .. "/.lock") and dir .. "/.lock")
      local text = ": no lock of the file system (GAN_LOCK=file); the file .lock keeps other processes out"
      assert.equal(kind == "file" and dir .. text or nil, warning)
      assert.same({}, {claim.lock(dir)})
      assert.equal("nil\tnil\n", (other(TAKE):gsub("^nil\n", "nil\tnil\n")))
      lock:close()
      lock:close()
      local function forget() assert(claim.lock(dir)) end
      forget() -- given back by collection
      collectgarbage()
      assert.is_truthy(other(TAKE):find "^[ft][ia][lb]l?e")
      assert.same({}, temp.list(dir))
    end
  end)

  it("takes a lock over that a process of this machine left behind", function()
    env = "file"
    temp.write(dir .. "/p.lua", HEAD .. "lock = claim.lock(arg[1]) os.execute 'kill -KILL $PPID'")
    script.run(dir .. "/p.lua", dir, {env = "GAN_LOCK=file"}) -- dies without giving it back
    local left = json.decode(temp.read(dir .. "/.lock"))
    local lock = assert(claim.lock(dir))
    assert.not_equal(left.pid, json.decode(temp.read(dir .. "/.lock")).pid)
    assert.same({".lock", "p.lua"}, temp.list(dir))
    lock:close()
    assert.same({"p.lua"}, temp.list(dir))
  end)

  it("is not the same as another process of the same number", function()
    env = "file"
    local lock = assert(claim.lock(dir))
    local owner = assert(json.decode(temp.read(dir .. "/.lock")))
    assert.same({core.process()}, {owner.pid, owner.host})
    if not owner.start then return end
    owner.start = owner.start + 1 -- the number was given again
    temp.write(dir .. "/.lock", json.encode(owner))
    lock:close() -- no longer its own: stays
    assert.is_table(lfs.attributes(dir .. "/.lock"))
    assert(claim.lock(dir)):close()
    assert.same({}, temp.list(dir))
  end)

  it("says what to do about a lock of another machine, or an unfinished one", function()
    env = "file"
    local mine = assert(claim.lock(dir))
    local owner = json.decode(temp.read(dir .. "/.lock"))
    mine:close()
    for field, value in pairs {host = "elsewhere", space = "pid:[1]"} do
      local theirs = {pid = 12, host = owner.host, space = owner.space, start = 3}
      theirs[field] = value
      temp.write(dir .. "/.lock", json.encode(theirs))
      local expected = "%s/.lock: held by process 12 on %s; if that has ended, remove this file"
      assert.same({nil, expected:format(dir, theirs.host)}, {claim.lock(dir)})
    end
    for _, text in ipairs {"", "{", "[]", '{"pid":"x"}'} do
      temp.write(dir .. "/.lock", text)
      assert.same({nil, dir .. "/.lock: another process is taking this lock, or left it unfinished: then remove it"},
        {claim.lock(dir)})
    end
    local lock, message = claim.lock(dir .. "/none")
    assert.is_nil(lock)
    assert.equal(dir .. "/none/.lock: cannot write: No such file or directory", message)
  end)

  it("takes a file where the file system says that it has no locks", function()
    local flock = core.file_lock
    core.file_lock = function() return nil, "x: cannot lock: Operation not supported", true end
    local lock, warning = claim.lock(dir)
    core.file_lock = flock
    assert.is_truthy(lock)
    assert.is_truthy(warning:find("(x: cannot lock: Operation not supported)", 1, true))
    assert.same({".lock"}, temp.list(dir))
    lock:close()
    assert.same({nil, "no/such: cannot lock: No such file or directory"}, {core.file_lock "no/such"})
  end)

  it("lets one of many processes in, over a stale lock, too", function()
    env = "file"
    temp.write(dir .. "/p.lua", HEAD .. [[
      local lock = claim.lock(arg[1] .. "/d")
      io.open(arg[1] .. "/" .. (lock and "in" or "out") .. arg[2], "w"):close()
      while not io.open(arg[1] .. "/go") do os.execute "sleep 0.05" end
    ]])
    for round = 1, 3 do
      lfs.mkdir(dir .. "/d")
      if round > 1 then
        local _, host = core.process()
        temp.write(dir .. "/d/.lock", json.encode {pid = 4194303, host = host, start = 1,
          space = lfs.symlinkattributes("/proc/self/ns/pid", "target")})
      end
      os.execute(("for i in 1 2 3 4 5 6 7 8; do GAN_LOCK=file '%s' %s/p.lua %s $i & done; "):format(
        script.lua(), dir, dir) .. ("while [ $(ls %s | grep -c '^in\\|^out') -lt 8 ]; do sleep 0.05; done; ")
        :format(dir)
        .. ("touch %s/go; wait"):format(dir))
      local inside = 0
      for _, name in ipairs(temp.list(dir)) do
        if name:find "^in" then inside = inside + 1 end
        if name ~= "p.lua" then temp.remove(dir .. "/" .. name) end
      end
      assert.equal(1, inside, round)
    end
  end)

  it("gives each of many processes a number of its own", function()
    temp.write(dir .. "/p.lua", HEAD .. [[
      local place = assert(require("gan.train.directory").enter({}, arg[1] .. "/runs", "label" .. arg[2] % 3))
      print(place.dir:match "[^/]*$")
    ]])
    os.execute(("i=0; while [ $i -lt 40 ]; do '%s' %s/p.lua %s $i >>%s/names & i=$((i+1)); done; wait"):format(
      script.lua(), dir, dir, dir))
    local seen, names = {}, temp.list(dir .. "/runs")
    assert.equal(40, #names)
    for _, name in ipairs(names) do
      local number = name:match "^%d+"
      assert.is_nil(seen[number], number)
      seen[number] = true
    end
    local _, lines = temp.read(dir .. "/names"):gsub("\n", "")
    assert.equal(40, lines)
  end)

  it("passes over a number that a process left claimed, and says where nothing can be made", function()
    lfs.mkdir(dir .. "/.number-5")
    local made = {}
    local function make(n) made[#made + 1] = n return true end
    local function is_taken(n) return n == 6 end
    assert.is_true(claim.number(dir, function() return 4 end, is_taken, make))
    assert.same({7}, made)
    assert.same({".number-5"}, temp.list(dir))
    lfs.touch(dir .. "/.number-5", 1000) -- not a while ago
    for _, mark in ipairs {".number-6", ".number-9", ".number-x"} do lfs.mkdir(dir .. "/" .. mark) end
    assert.is_true(claim.number(dir, function() return 9 end, is_taken, make))
    assert.same({".number-9", ".number-x"}, temp.list(dir)) -- not that of a process that may still live
    lfs.rmdir(dir .. "/.number-9")
    local function full() return nil, "full" end
    assert.same({nil, "full"}, {claim.number(dir, function() return 8 end, is_taken, full)})
    local ok, message = claim.number(dir .. "/none", function() return -1 end, is_taken, make)
    assert.is_nil(ok)
    assert.equal(dir .. "/none: cannot make a directory: No such file or directory", message)
  end)
end)
