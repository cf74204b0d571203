-- The status line: means since the last line, speed, time left.
local progress = require "gan.game.progress"
local quantities = require "gan.quantities"

describe("game.progress", function()
  local now = 100
  local function clock() return now end
  before_each(function() now = 100 end)

  it("takes means since the last line, and tells speed and time left", function()
    local m = progress.new(1000, 64, 200, clock)
    for k = 1, 10 do
      now = now + 0.5
      m:add(200 + k, {D = k, G = 2})
    end
    assert.equal(5, m:waiting())
    local r = m:record(1.5, true)
    assert.equal(210, r.step)
    assert.equal(5.5, r.D)
    assert.equal(2, r.G)
    assert.equal(128, r.images_per_second)
    assert.equal(0.5 * 790, r.eta)
    assert.equal(210 * 64 / 1000, r.kimg)
    assert.equal(0, m:waiting())
    m:add(211, {D = 7})
    now = now + 1.5
    r = m:record(1.5)
    assert.equal(7, r.D)
    assert.is_nil(r.G)
    assert.is_true(math.abs(r.eta - (0.7 * 0.5 + 0.3 * 1.5) * 789) < 1e-9)
  end)

  it("says once how long all will take", function()
    local function lines(total, start, skip, always)
      local m, out = progress.new(total, 64, start, clock), {}
      for step = start + 1, total do
        now = now + (step - start <= 1 + (skip or 0) and 100 or 0.5) -- the first ones are slow
        m:add(step, {})
        out[#out + 1] = m:pace(skip, always)
      end
      return out
    end
    local said = lines(1000, 200)
    assert.equal(1, #said)
    assert.matches("^0%.500 s a step %(128 images/s%), %d+%.%d%d GB; 800 steps in about 0:08:20$", said[1])
    assert.matches("; 800 steps in about 1:09:41$", lines(1000, 200, 37)[1]) -- 38 slow ones, and 762 others
    assert.same({}, lines(7, 0))
    assert.equal(1, #lines(8, 0))
    assert.equal(1, #lines(7, 0, 0, true))
  end)

  it("has a second window, which does not end with a status line, and can be kept", function()
    local kept = progress.window {sums = {D = 10, x = "a", y = 1}, counts = {D = 1, x = 1, y = 0.5}}
    assert.same({sums = {D = 10}, counts = {D = 1}}, kept)
    for _, wrong in ipairs {false, {}, {sums = 1, counts = {}}} do
      assert.same({sums = {}, counts = {}}, progress.window(wrong))
    end
    local m = progress.new(100, 4, 1, clock, kept)
    m:add(2, {D = 2, lr_D = 5})
    now = now + 1
    assert.equal(2, m:record(0, true).D)
    m:add(3, {D = 3, lr_D = 4})
    now = now + 2
    assert.same({D = 15, lr_D = 4}, kept.sums) -- a checkpoint between two steps has all of it
    local r = m:record(0, true, kept)
    assert.same({5, 4, 3, 3}, {r.D, r.lr_D, r.step, r.seconds})
    assert.same({}, kept.sums)
    assert.same({3, 2}, {m:record(0).D, m:waiting()}) -- the status line's is not touched
  end)

  it("takes numbers alone", function()
    local m = progress.new(10, 4, 0, clock)
    m:add(1, {lr_D = 2, D = 1})
    m:add(2, {lr_D = 1, D = 2})
    local r = m:record(0)
    assert.same({1, 1.5}, {r.lr_D, r.D}) -- of step sizes the last one
    assert.error_matches(function() m:add(3, {D = {}}) end, "arithmetic")
  end)

  it("has nothing to say before the first step", function()
    local r = progress.new(10, 4, 0, clock):record(0)
    assert.is_nil(r.eta)
    assert.is_nil(r.images_per_second)
    assert.is_truthy(quantities.line(r):find "^step 0/10  0:00:00  .*epoch 0.00$")
  end)

  it("writes one line", function()
    local line = quantities.line {
      step = 1200, total = 40000, kimg = 76.8, epoch = 1.5, seconds = 192.4, eta = 6067,
      images_per_second = 85.3, memory = 260e6,
      D = 0.71, G = 1.83, real = 0.74, fake = 0.22, fake_after = 0.19, gp = 0.0123456,
    }
    assert.equal("step 1200/40000  0:03:12 eta 1:41:07  D 0.710  G 1.830  D(x) 0.74  D(G(z)) 0.22/0.19  "
      .. "gp 0.01235  85 img/s  0.26 GB  epoch 1.50", line)
    line = quantities.line {
      step = 1, total = 2, epoch = 0, seconds = 0, memory = 0, real = 0.9, fake = 0.1,
      health = "collapsing", why = "diversity 0.1",
      sign = 0.5, grad_D = 1.234, grad_G = 0.5, diversity = 0.1, nearest = 0.05,
    }
    assert.equal("step 1/2  collapsing (diversity 0.1)  0:00:00  D(x) 0.90  D(G(z)) 0.10  "
      .. "sign 0.50  |g| 1.23/0.5  diversity 0.10  epoch 0.00", line)
    line = quantities.line {step = 1, total = 2, epoch = 0, seconds = 0, memory = 0, grad_G = 0.5} -- there is no D
    assert.truthy(line:find("  |g| 0.5  ", 1, true), line)
    assert.equal("277777:46:40", quantities.time(1e30))
  end)
end)
