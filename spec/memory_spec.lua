-- Memory: what a step took comes back, a failed allocation anywhere is a Lua error that leaks nothing, and a process
-- ends cleanly. Sizes are small; the long runs that watch resident memory are experiments.
local gan = require "gan"
local core = require "gan.core"

local function live()
  collectgarbage()
  collectgarbage()
  return core.memory().live
end

-- A small training step: parameters, forward pass, gradients, an in-place update.
local function new_model()
  local rng = gan.rng(1)
  local m = {
    w = rng:normal({6, 4}):requires_grad_(),
    b = gan.zeros(4):requires_grad_(),
    x = rng:normal({3, 4, 4, 2}),
    idx = rng:integer({3}, 0, 5),
  }
  function m.step()
    local h = gan.max_pool2d(gan.pad2d(m.x, {top = 1, mode = "replicate"}), {kernel = 2})
    h = gan.resize(h, {size = 3, mode = "bilinear"})
    local e = gan.embedding(m.w, m.idx):add(m.b)
    local y = gan.cat({e, gan.global_avg_pool2d(h)}, 2):tanh()
    local gw, gb = table.unpack(gan.grad(y, {m.w, m.b}, {seed = gan.ones(3, 6)}))
    gan.no_grad(function()
      m.w:sub_(gw:mul(0.1))
      m.b:sub_(gb:mul(0.1))
    end)
  end
  return m
end

describe("memory", function()
  it("comes back after steps", function()
    local m = new_model()
    m.step()
    local before = live()
    for _ = 1, 5 do m.step() end
    assert.equal(before, live())
    m = nil -- luacheck: ignore
    assert.is_true(live() < before)
  end)

  it("comes back after an error in the middle of an op", function()
    local x = gan.zeros(4, 4)
    local before = live()
    for _ = 1, 20 do pcall(gan.cat, {x:transpose(), x:transpose(), gan.zeros(3)}, 2) end
    assert.equal(before, live())
  end)

  it("is collected without being asked", function()
    core.memory_trim()
    local x = gan.zeros(1024, 1024)
    local most = 0
    for _ = 1, 200 do
      x:add(1)
      most = math.max(most, core.memory().live)
    end
    assert.is_true(most < 200 * 2 ^ 20, ("%d MB live"):format(most // 2 ^ 20))
  end)

  it("that cannot be had is an error, wherever it happens", function()
    local m = new_model()
    m.step()
    local before = live()
    local failed, n = 0, 0
    repeat
      n = n + 1
      -- one failure is survived by a collection and a second try, so two in a row are asked for
      core.memory_fail_after(n, 2)
      local ok, err = pcall(m.step)
      core.memory_fail_after(0)
      if not ok then
        failed = failed + 1
        assert.truthy(tostring(err):find("out of memory %(requested %d+ bytes; %d+ live, %d+ cached%)"), tostring(err))
      end
      assert.equal(before, live(), "after the failure of allocation " .. n)
    until ok
    assert.is_true(failed > 15, failed .. " failures")
    m.step()
  end)

  it("asked for by one failing allocation is tried again", function()
    core.memory_fail_after(1)
    assert.same({0, 0}, gan.zeros(2):to_table())
    core.memory_fail_after(0)
  end)

  it("beyond a limit is refused", function()
    core.memory_limit(live() + 2 ^ 20)
    assert.has_error(function() gan.zeros(2 ^ 20) end)
    assert.equal(2 ^ 16, gan.zeros(2 ^ 16):numel())
    core.memory_limit(nil)
    assert.equal(2 ^ 20, gan.zeros(2 ^ 20):numel())
  end)

  it("beyond the machine's is refused at once", function()
    for _, size in ipairs {2 ^ 40, 2 ^ 43, 2 ^ 62, 2 ^ 63} do
      assert.has_error(function() gan.zeros(size) end)
      assert.has_error(function() gan.zeros(1):expand({size}):clone() end)
    end
    assert.has_error(function() gan.zeros(2 ^ 31, 2 ^ 31, 2 ^ 31) end)
  end)
end)

describe("a process", function()
  it("ends cleanly while threads of the pool still spin", function()
    local i = 0
    while arg[i - 1] do i = i - 1 end
    local program = "local g = require 'gan' g.threads(2) g.zeros(300000):add(1)"
    for _ = 1, 20 do
      local ok = os.execute(("OMP_WAIT_POLICY=active '%s' -e \"%s\" 2>/dev/null"):format(arg[i], program))
      assert.is_true(ok)
    end
  end)

  it("lets threads sleep while they wait, unless it is told otherwise", function()
    local i = 0
    while arg[i - 1] do i = i - 1 end
    for set, want in pairs {["env -u OMP_WAIT_POLICY"] = "passive", ["env OMP_WAIT_POLICY=active"] = "active"} do
      local pipe = assert(io.popen(
        ("%s '%s' -e \"require 'gan' os.execute 'echo \\$OMP_WAIT_POLICY'\""):format(set, arg[i])))
      assert.equal(want, pipe:read "l")
      pipe:close()
    end
  end)

  it("has the products that its processor can, unless it is told otherwise", function()
    local i, f = 0, io.open "/proc/cpuinfo"
    if not f then return end
    while arg[i - 1] do i = i - 1 end
    local avx2 = f:read "a":find " avx2 "
    f:close()
    for set, want in pairs {
      ["env -u OPENBLAS_CORETYPE"] = avx2 and {Cooperlake = true, SkylakeX = true, Zen = true, Haswell = true}
        or {[""] = true},
      ["env OPENBLAS_CORETYPE=Nehalem"] = {Nehalem = true},
    } do
      local pipe = assert(io.popen(
        ("%s '%s' -e \"require 'gan' os.execute 'echo \\$OPENBLAS_CORETYPE'\""):format(set, arg[i])))
      local got = pipe:read "l"
      assert.is_true(want[got], got)
      pipe:close()
    end
  end)

  it("touches no new page once its training has settled", function()
    if os.getenv "GAN_SANITIZED" then return end
    local i = 0
    while arg[i - 1] do i = i - 1 end
    local program = [[
      local gan, core = require 'gan', require 'gan.core'
      local G = gan.model.dcgan.generator {size = 32, z = 32, ngf = 16}
      local D = gan.model.dcgan.discriminator {size = 32, ndf = 16}
      local optG, optD, loss = gan.optim.adam(G:params()), gan.optim.adam(D:params()), gan.loss.logistic()
      local real, faults = gan.rand(32, 32, 32, 3), {}
      for i = 1, 40 do -- the large buffers settle in three steps, the heap of Lua in some twenty
        local before, fake = core.faults(), G(gan.randn(32, 32))
        local up = gan.grad(loss.real(D(real)), optD.params)
        local down = gan.grad(loss.fake(D(fake:detach())), optD.params)
        optD:step(gan.sum_grads(up, down))
        optG:step(gan.grad(loss.generator(D(fake)), optG.params))
        faults[i] = core.faults() - before
      end
      local late = 0
      for k = 31, 40 do late = late + faults[k] end
      print(faults[1], late)
    ]]
    local pipe = assert(io.popen(("'%s' -e \"%s\""):format(arg[i], program)))
    local first, late = pipe:read("n", "n")
    pipe:close()
    assert.is_true(first > 300, first .. " faults in the first step")
    assert.is_true(late < 40, late .. " faults in ten late steps")
  end)
end)
