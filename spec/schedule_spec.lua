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
