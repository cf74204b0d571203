-- Schedules: every kind's numbers, user functions, bind, wrong input.
local gan, near = require "gan", require "spec.support.near"
local schedule = gan.schedule

local function values(f, steps)
  local out = {}
  for i, step in ipairs(steps) do out[i] = f(step) end
  return out
end

describe("schedule", function()
  it("tells from which step on it stays", function()
    local fall = {from = 1, steps = 100, start = 1, name = "--decay"}
    local function own(step) return step end
    for i, case in ipairs {
      {schedule.linear(fall), 101, "--decay"}, {schedule.cosine {from = 1, steps = 8}, 8}, {schedule.constant(3), 0},
      {3, 0}, {schedule.check(schedule.linear(fall)), 101, "--decay"}, {own}, {schedule.check(own)},
      {schedule.piecewise {{0, 1}, {50, 0}}, 50}, {schedule.piecewise {{0, 1}, {50, own}}},
      {schedule.piecewise {{0, own}, {50, schedule.linear(fall)}}, 101, "--decay"},
      {schedule.warmup {of = schedule.linear(fall), steps = 10}, 101, "--decay"},
      {schedule.warmup {of = own, steps = 10}},
      {schedule.warmup {of = 2, steps = 10}, 10}, {schedule.step {from = 1, every = 7}},
      {schedule.step {from = 1, every = 7, factor = 0}, 7},
      {schedule.ending(function(s) return s < 4 and 1 or 0 end, 4, "--mine"), 4, "--mine"},
    } do
      local step, name = schedule.ends(case[1])
      assert.same({case[2], case[3]}, {step, name}, i)
      if step and case[1] ~= 3 then
        assert.equal(case[1](step), case[1](step + 1e6), i)
        if step > 0 then assert.not_equal(case[1](step - 1), case[1](step + 1), i) end
      end
    end
    assert.error_matches(function() schedule.ending(3, 4) end, "#1 'f' %(expected a function")
    assert.error_matches(function() schedule.ending(own, "x") end, "#2 'step' %(expected a number")
    assert.error_matches(function() schedule.linear {from = 1, steps = 2, name = 3} end, "option 'name'")
  end)

  it("constant stays", function() near({3, 3}, values(schedule.constant(3), {0, 1e6})) end)

  it("linear goes straight, and stays at both ends", function()
    near({2, 2, 1.5, 1, 1}, values(schedule.linear {from = 2, to = 1, start = 10, steps = 20}, {0, 10, 20, 30, 99}))
    near({2e-4, 0}, values(schedule.linear {from = 2e-4, steps = 100}, {0, 100}))
  end)

  it("cosine goes along half a cosine", function()
    near({2, 1 + math.sqrt(0.5), 1, 0, 0}, values(schedule.cosine {from = 2, steps = 8}, {0, 2, 4, 8, 9}))
  end)

  it("cosine is PyTorch's", function()
    local want = require "spec.support.golden".read "losses".cosine
    for i, lr in ipairs(want) do near(lr, schedule.cosine {from = 0.1, to = 0.01, steps = 10}(i - 1)) end
  end)

  it("goes over images shown as over steps", function()
    -- n of N images: 0, .25, .5, 1, 1.5; a batch of 64, N = 12,800: 200 steps
    local steps = {0, 50, 100, 200, 300}
    for name, case in pairs {
      lr = {2e-4, 5e-5, {2e-4, 1.7803300858899106e-4, 1.25e-4, 5e-5, 5e-5}},
      beta2 = {0.9, 0.99, {0.9, 0.9131801948466054, 0.945, 0.99, 0.99}},
      gamma = {2, 0.2, {2, 1.7363961030678927, 1.1, 0.2, 0.2}},
    } do
      local f = schedule.cosine {from = case[1], to = case[2], images = 12800, batch = 64}
      for i, step in ipairs(steps) do assert.is_true(math.abs(f(step) - case[3][i]) < 1e-12, name) end
      assert.equal(200, schedule.ends(f))
    end
    near({8, 7, 6, 4, 4}, values(schedule.linear {from = 8, to = 4, images = 100, batch = 40, start = 1},
      {1, 1.625, 2.25, 3.5, 9})) -- two steps and a half
    near({4, 4, 2, 1, 0.5}, values(schedule.halving {from = 4, images = 1000, batch = 100, start = 1},
      {0, 1, 11, 21, 31}))
    near({4, 4 * math.sqrt(0.5)}, values(schedule.halving {from = 4, steps = 10}, {0, 5}))
    for message, opt in pairs {
      ["option 'steps': expected an integer >= 1, got nil"] = {}, ["option 'batch' goes with 'images'"] = {batch = 1},
      ["options 'steps' and 'images': give one of them"] = {steps = 1, images = 2, batch = 3},
      ["option 'batch': expected a number > 0, got nil"] = {images = 2},
      ["option 'images': expected a number > 0, got 0"] = {images = 0, batch = 1},
    } do
      opt.from = 1
      for _, name in ipairs {"linear", "halving"} do
        local ok, what = pcall(schedule[name], opt)
        assert.is_false(ok)
        assert.is_truthy(what:find(("schedule.%s: %s"):format(name, message), 1, true), what)
      end
    end
  end)

  it("opens a text", function()
    local whole = {steps = 200, batch = 64, name = "--lr"}
    local f = schedule.open("cosine:2e-4:5e-5", whole)
    for i, want in ipairs {2e-4, 1.7803300858899106e-4, 1.25e-4, 5e-5, 5e-5} do -- step 1: no image was shown
      assert.is_true(math.abs(f(({1, 51, 101, 201, 301})[i]) - want) < 1e-15)
    end
    assert.same({201, "--lr"}, {schedule.ends(f)})
    near({1, 0.5, 0}, values(schedule.open("linear:1:0:6.4", whole), {1, 51, 101}))
    near({1, 0.5, 0.25}, values(schedule.open("half_life:1:3.2", whole), {1, 51, 101}))
    near({0, 1, 1}, values(schedule.open("linear:0:1:.64", whole), {1, 11, 12}))
    assert.equal(3, schedule.open(3, whole))
    assert.equal(f, schedule.open(f, whole))
    for text, want in pairs {
      ["cosin:1:2"] = "expected a schedule (cosine:FROM:TO[:KIMG], half_life:FROM:KIMG, linear:FROM:TO[:KIMG]; did you "
        .. "mean 'cosine'?), got 'cosin:1:2'",
      ["step:1"] = "linear:FROM:TO[:KIMG]), got", ["cosine"] = "expected cosine:FROM:TO[:KIMG], got 'cosine'",
      ["cosine:1"] = "expected cosine:FROM:TO[:KIMG], got", ["linear:1:2:3:4"] = "expected linear:FROM:TO[:KIMG], got",
      ["half_life:1"] = "expected half_life:FROM:KIMG, got", ["half_life:1:2:3"] = "expected half_life:FROM:KIMG, got",
      ["linear:x:1"] = "expected a number as FROM of linear:FROM:TO[:KIMG], got 'linear:x:1'",
      ["linear:1:"] = "expected a number as TO of", ["linear:1:1e999"] = "a number as TO", ["linear:1:0x2"] = "as TO",
      ["cosine:1:2:0"] = "expected a number > 0 and <= 1e9 as KIMG of cosine:FROM:TO[:KIMG], got 'cosine:1:2:0'",
      ["half_life:1:-1"] = "as KIMG of half_life:FROM:KIMG",
    } do
      local ok, what = pcall(schedule.open, text, whole)
      assert.is_false(ok)
      assert.is_truthy(what:find(want, 1, true), what)
    end
    assert.error_matches(function() schedule.open(true, whole) end,
      "#1 'v' %(expected a number, a schedule, or its text")
    assert.error_matches(function() schedule.open("cosine:1:2", {steps = 1}) end, "option 'batch'")
  end)

  it("map makes a schedule of another's numbers", function()
    local function half(v) return v / 2 end
    assert.equal(1, schedule.map(2, half))
    local f = schedule.map(schedule.linear {from = 8, to = 0, steps = 4, name = "--lr"}, half)
    near({4, 2, 0}, values(f, {0, 2, 4}))
    assert.same({4, "--lr"}, {schedule.ends(f)})
    assert.error_matches(function() schedule.map("x", half) end, "schedule.map: expected a number or a function")
    assert.error_matches(function() schedule.map(1, 2) end, "#2 'g' %(expected a function")
  end)

  it("step falls in steps", function()
    near({8, 8, 4, 4, 1}, values(schedule.step {from = 8, every = 10}, {0, 9, 10, 19, 30}))
  end)

  it("warmup begins softly, before any other", function()
    near({0, 0.5, 2, 2}, values(schedule.warmup {of = 2, steps = 4}, {0, 1, 4, 9}))
    near({0.5 * 7, 4}, values(schedule.warmup {of = schedule.linear {from = 8, steps = 16}, steps = 4}, {2, 8}))
  end)

  it("piecewise takes numbers and schedules", function()
    local f = schedule.piecewise {{5, 1}, {10, function(step) return step end}, {20, 3}}
    near({1, 1, 1, 10, 19, 3}, values(f, {0, 5, 9, 10, 19, 20}))
  end)

  it("half_life gives the worked decays", function()
    near({0.9999112811, 0.9999112811}, values(schedule.half_life {images = 500e3, batch = 64}, {0, 1e6}))
    near(0.9977843871, schedule.half_life {images = 20e3, batch = 64}(1))
    near({0, 0.8705505633, 0.9862327045, 0.9999112811},
      values(schedule.half_life {images = 500e3, batch = 64, ramp = 0.05}, {0, 100, 1000, 1e6}))
    local falling = schedule.linear {from = 320, to = 0, steps = 10}
    near({0.5 ^ 0.2, 0.5 ^ 0.4, 0}, values(schedule.half_life {images = falling, batch = 64}, {0, 5, 10}))
    near({0.5 ^ 4, 0}, values(schedule.half_life {images = falling, batch = 64, ramp = 0.05}, {5, 10}))
  end)

  it("check takes numbers and functions, and names one that returns no number", function()
    near({2, 2}, values(schedule.check(2), {0, 1}))
    local f = schedule.check(function(step) return step < 3 and 1 or nil end, "--lr")
    near(1, f(2))
    assert.error_matches(function() f(3) end, "schedule: %-%-lr must return a number, returned nil at step 3")
    assert.error_matches(function() schedule.check(function() return 0 / 0 end)(1) end,
      "schedule must return a number, returned %-?nan at step 1")
    assert.error_matches(function() schedule.check("fast", "--lr") end,
      "%-%-lr: expected a number or a function %(step%) %-> number, got string 'fast'")
  end)

  it("bind sets an object's fields", function()
    local opt = gan.optim.adam({gan.ones(1)})
    local set = schedule.bind(opt, {lr = schedule.linear {from = 1, steps = 4}})
    set(1)
    near(0.75, opt.lr)
    local p = gan.penalty.r1()
    schedule.bind(p, {gamma = 3})(1)
    near(3, p.gamma)
    assert.error_matches(function() schedule.bind(opt, {learning_rate = 1}) end, "no number called 'learning_rate'")
    assert.error_matches(function() schedule.bind(opt, {lr = "x"}) end, "lr: expected a number or a function")
    assert.error_matches(function() schedule.bind(opt, {lr = function() end})(1) end,
      "lr must return a number, returned nil")
    assert.error_matches(function() schedule.bind(3, {}) end, "#1 'object'")
    assert.error_matches(function() schedule.bind(opt) end, "#2 'schedules'")
  end)

  it("names wrong options", function()
    assert.error_matches(function() schedule.linear {from = 1} end,
      "linear: option 'steps': expected an integer >= 1, got nil")
    assert.error_matches(function() schedule.cosine {steps = 1} end, "cosine: option 'from'")
    assert.error_matches(function() schedule.linear {start_value = 1} end, "unknown option 'start_value'")
    assert.error_matches(function() schedule.step {from = 1, every = 0} end, "'every'")
    assert.error_matches(function() schedule.warmup {steps = 3} end,
      "schedule.warmup: option 'of': expected a number or a function")
    assert.error_matches(function() schedule.piecewise {} end, "expected a list")
    assert.error_matches(function() schedule.piecewise {{5, 1}, {5, 2}} end,
      "pieces%[2%] begins at step 5, not after 5")
    assert.error_matches(function() schedule.piecewise {3} end, "pieces%[1%]")
    assert.error_matches(function() schedule.constant() end, "constant: bad argument #1 'v'")
    assert.error_matches(function() schedule.half_life {batch = 64} end, "'images'")
    assert.error_matches(function() schedule.half_life {images = 1, batch = 1, ramp = 0} end,
      "'ramp': expected a number > 0")
    assert.error_matches(function() return schedule.sawtooth end,
      "gan.schedule: there is no 'sawtooth' %(known: bind, ")
  end)
end)
