-- The installed module works far from the checkout, is complete, loads fast.
local lfs = require "lfs"

local lua = arg[-1] or "lua5.4"

local function output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  local ok, _, code = pipe:close()
  return text, ok and 0 or code
end

local function modules()
  local list = {}
  for path in output("cd lua && find gan -name '*.lua'"):gmatch "[^\n]+" do list[#list + 1] = path end
  table.sort(list)
  return list
end

-- What makes an interpreter know the installed tree only.
local function env(tree)
  return ("LUA_PATH_5_4='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH_5_4='%s/lib/?.so;;'"):format(tree, tree, tree)
end

-- A script run by such an interpreter, from the root directory.
local function run(tree, script)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(script)
  f:close()
  local text, code = output(("cd / && %s %s %s"):format(env(tree), lua, path))
  os.remove(path)
  return text, code
end

-- Under the sanitizers the tree's core.so would be another build.
local describe_plain = os.getenv "GAN_SANITIZED" and function() end or describe

describe_plain("make install", function()
  local tree

  setup(function()
    tree = os.tmpname()
    os.remove(tree)
    local text, code = output(("make -s install DESTDIR=%s LUADIR=/lua LIBDIR=/lib"):format(tree))
    assert(code == 0, text)
  end)
  teardown(function() os.execute("rm -rf " .. tree) end)

  it("copies every module, and core but not the tests' core64", function()
    for _, path in ipairs(modules()) do assert.is_truthy(lfs.attributes(tree .. "/lua/" .. path), path) end
    for _, name in ipairs {"core", "wait"} do
      assert.is_truthy(lfs.attributes(("%s/lib/gan/%s.so"):format(tree, name)))
    end
    assert.is_nil(lfs.attributes(tree .. "/lib/gan/core64.so"))
  end)

  it("is used from another directory without the checkout", function()
    local text, code = run(tree, [[
      local gan = require "gan"
      io.write(package.searchpath("gan", package.path), " ", package.searchpath("gan.core", package.cpath), " ")
      local x = gan.full({2, 3}, 2):requires_grad_()
      io.write(("%g"):format(gan.grad((x * x):sum(), {x})[1]:get(1, 1)))
    ]])
    assert.equal(0, code, text)
    assert.equal(tree .. "/lua/gan/init.lua " .. tree .. "/lib/gan/core.so 4", text)
  end)

  it("serves a recipe that was copied elsewhere alone", function()
    local dir = os.tmpname()
    os.remove(dir)
    assert(lfs.mkdir(dir))
    local text, code = output(("cp experiments/dcgan.lua %s/mine.lua && cd %s && %s %s mine.lua --data fake --size 16 "
      .. "--ngf 2 --ndf 2 --z 2 --batch 2 --limit 4 --steps 1"):format(dir, dir, env(tree), lua))
    assert.equal(0, code, text)
    assert.is_truthy(lfs.attributes(dir .. "/runs/00000-fake-dcgan-16/checkpoint_last.safetensors"), text)
    os.execute("rm -rf " .. dir)
  end)

  it("loads every module there", function()
    local lines = {}
    for _, path in ipairs(modules()) do
      lines[#lines + 1] = ("require %q"):format(path:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
    end
    local text, code = run(tree, table.concat(lines, "\n"))
    assert.equal(0, code, text)
  end)

  it("leaves the globals alone", function()
    local text, code = run(tree, [[
      local before = {}
      for k in pairs(_G) do before[k] = true end
      require "gan"
      for k in pairs(_G) do if not before[k] then io.write("new global ", k) end end
    ]])
    assert.equal(0, code)
    assert.equal("", text)
  end)

  it("loads in under 30 ms", function()
    local best = math.huge
    for _ = 1, 5 do
      local text = run(tree, [[local t = os.clock() require "gan" io.write(os.clock() - t)]])
      best = math.min(best, (assert(tonumber(text), text)))
    end
    assert.is_true(best < 0.030, ("%.1f ms of processor time"):format(best * 1000))
  end)
end)
