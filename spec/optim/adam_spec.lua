-- Adam against worked numbers in double, its invariants, its state, and what wrong gradients get.
local double, float = require "spec.support.double", require "gan"
local core = require "gan.core"

local table_of_steps = { -- lr, beta1, beta2, the parameter after gradients 0.5, -0.2, 0.1 from 1
  {1e-3, .9, .999, 0.999000000020, 0.998654394181, 0.998275002408},
  {2e-4, .5, .999, 0.999800000004, 0.999782489308, 0.999737295827},
  {2e-4, 0, .9, 0.999800000004, 0.999907106015, 0.999841059268},
  {1e-4, .5, .9, 0.999900000002, 0.999891074501, 0.999867486377},
  {2.5e-3, 0, .99, 0.997500000050, 0.998815459928, 0.998021697144},
}

local function random_params(gan, seed)
  local rng = gan.rng(seed, "params")
  return {rng:normal {3}, rng:normal {0}, rng:normal {200, 100}, rng:normal {}, rng:normal {8192}, rng:normal {8193}}
end

describe("adam", function()
  it("moves an average in the same pass, to the bytes of two", function()
    local function train(together)
      local p = random_params(float, 1)
      local opt, ema = float.optim.adam(p, {lr = 0.01}), float.optim.ema(p, {decay = 0.9})
      for i = 1, 4 do
        ema.decay = i / (i + 9)
        opt:step(random_params(float, i + 1), together and ema or nil)
        if not together then ema:update() end
      end
      local bytes = {}
      for i = 1, #p do bytes[i] = core.to_bytes(p[i]) .. core.to_bytes(ema.shadow[i]) end
      return table.concat(bytes)
    end
    assert.is_true(train(true) == train(false))
  end)

  it("refuses an average of other parameters", function()
    local p = random_params(float, 1)
    local opt = float.optim.adam(p)
    local other = float.optim.ema(random_params(float, 1))
    assert.error_matches(function() opt:step(random_params(float, 2), other) end, "average: its entry 1 is not")
    assert.error_matches(function() opt:step(random_params(float, 2), 0.9) end, "an optim.ema")
  end)

  it("makes the worked steps", function()
    for _, row in ipairs(table_of_steps) do
      local p = double.full({2, 2}, 1)
      local opt = double.optim.adam({p}, {lr = row[1], beta1 = row[2], beta2 = row[3]})
      for i, g in ipairs {0.5, -0.2, 0.1} do
        opt:step {double.full({2, 2}, g)}
        assert.is_true(math.abs(p:get(2, 2) - row[3 + i]) < 1e-10,
          ("%.12f, expected %.12f"):format(p:get(2, 2), row[3 + i]))
        assert.equal(p:get(2, 2), p:get(1, 1))
      end
    end
  end)

  it("first steps by lr whatever the gradient's scale", function()
    for _, scale in ipairs {1e-3, 1, 1e3} do
      local p = double.tensor {1, 1}
      double.optim.adam({p}, {lr = 0.01}):step {double.tensor {scale, -scale}}
      local t = p:to_table()
      assert.is_true(math.abs(t[1] - 0.99) < 1e-6 and math.abs(t[2] - 1.01) < 1e-6)
    end
  end)

  it("adds weight decay to the gradient", function()
    local a, b = double.tensor {2, -3}, double.tensor {2, -3}
    double.optim.adam({a}, {weight_decay = 0.1}):step {double.tensor {0.5, 0.5}}
    double.optim.adam({b}):step {double.tensor {0.7, 0.2}}
    assert.same(b:to_table(), a:to_table())
  end)

  it("treats every element of a long list alike, with 1 and 2 threads", function()
    local old, results = float.threads(), {}
    for k, threads in ipairs {1, 2} do
      core.threads(threads)
      local params, grads = random_params(float, 1), random_params(float, 2)
      local opt = float.optim.adam(params, {lr = 0.01})
      for _ = 1, 3 do opt:step(grads) end
      results[k] = {}
      for i, p in ipairs(params) do results[k][i] = p:to_bytes() end
      -- each element as if it were alone
      for i, p in ipairs(random_params(float, 1)) do
        if p:numel() > 0 then
          local n = p:numel()
          local x, g = float.ops.reshape(p, {n}):get(n), float.ops.reshape(grads[i], {n}):get(n)
          local q = float.tensor {x}
          local single = float.optim.adam({q}, {lr = 0.01})
          for _ = 1, 3 do single:step {float.tensor {g}} end
          assert.is_true(math.abs(q:get(1) - float.ops.reshape(params[i], {n}):get(n)) < 1e-6)
        end
      end
    end
    core.threads(old)
    assert.same(results[1], results[2])
  end)

  it("takes the lr set between steps", function()
    local p = double.tensor {1}
    local opt = double.optim.adam({p})
    opt.lr = 0
    opt:step {double.tensor {1}}
    assert.equal(1, p:get(1))
    opt.lr = "fast"
    assert.error_matches(function() opt:step {double.tensor {1}} end, "'lr': expected a number")
    assert.equal(1, opt.t)
  end)

  it("follows schedules, correcting by the betas of the step", function()
    local p = double.tensor {1}
    local opt = double.optim.adam({p}, {
      lr = double.schedule.linear {from = 1e-3, to = 0, steps = 4, start = 1},
      beta1 = function(step) return 0.5 - 0.2 * (step - 1) end,
      beta2 = function(step) return math.min(0.96, 0.9 + 0.03 * (step - 1)) end,
    })
    for step, want in ipairs {0.99900000002, 0.9991219992328332, 0.9990329864076462} do
      opt:at(step)
      opt:step {double.tensor {({0.5, -0.2, 0.1})[step]}}
      assert.is_true(math.abs(p:get(1) - want) < 1e-12, step)
    end
    opt:at(3, 0.5)
    assert.same({0.25e-3, 3}, {opt.lr, opt.t})
    assert.error_matches(function() opt:at(6) end,
      "adam: option 'beta1': expected a number in %[0,1%) of its function, got %-0.5 at step 6")
    assert.error_matches(function() double.optim.adam({p}, {lr = function() end}) end,
      "'lr': expected a number >= 0 of its function, got nil at step 1")
    opt.beta2 = 1
    assert.error_matches(function() opt:step {double.tensor {1}} end, "'beta2': expected a number in %[0,1%), got")
    for name, field in pairs {sgd = "momentum", rmsprop = "alpha"} do
      local other = double.optim[name]({p}, {[field] = function(step) return step / 10 end})
      other:at(4)
      assert.equal(0.4, other[field])
      other:step {double.tensor {1}}
    end
  end)

  it("accepts gradients with gaps", function()
    local p, q = double.zeros(3, 2), double.zeros(3, 2)
    local g = double.rng(1):normal {2, 3}
    double.optim.adam({p}):step {g:transpose()}
    double.optim.adam({q}):step {g:transpose():clone()}
    assert.same(q:to_table(), p:to_table())
  end)

  it("goes on from a loaded state as if never stopped", function()
    local a, b = random_params(double, 3), random_params(double, 3)
    local one, two = double.optim.adam(a), double.optim.adam(b)
    for i = 1, 4 do one:step(random_params(double, 10 + i)) end
    for i = 1, 2 do two:step(random_params(double, 10 + i)) end
    local saved = {}
    for name, v in pairs(two:state()) do saved[name] = double.is_tensor(v) and v:clone() or v end
    local three = double.optim.adam(b)
    three:load(saved)
    for i = 3, 4 do three:step(random_params(double, 10 + i)) end
    for i, p in ipairs(a) do assert.equal(p:to_bytes(), b[i]:to_bytes()) end
  end)

  it("checks a state before it touches anything", function()
    local opt = double.optim.adam({double.zeros(2, 3), double.zeros(4)})
    local function state(change)
      local s = {t = 5}
      for _, k in ipairs {"m", "v"} do s[k .. ".1"], s[k .. ".2"] = double.ones(2, 3), double.ones(4) end
      change(s)
      return s
    end
    local function fails(pattern, change) assert.error_matches(function() opt:load(state(change)) end, pattern) end
    fails("adam: state: 'v.2': expected a real tensor %(4%), got real tensor %(3%)", function(s)
      s["v.2"] = double.zeros(3)
    end)
    fails("'m.1' is missing", function(s) s["m.1"] = nil end)
    fails("unknown entry 'm.3'", function(s) s["m.3"] = double.zeros(1) end)
    fails("'t': expected an integer", function(s) s.t = 1.5 end)
    fails("'t': expected an integer", function(s) s.t = "x" end)
    assert.error_matches(function() opt:load(7) end, "expected a table")
    assert.equal(0, opt.t)
    for _, m in ipairs(opt.m) do assert.equal(0, double.ops.sum(m):item()) end
    opt:load(state(function() end))
    assert.equal(5, opt.t)
  end)

  it("names a gradient that does not fit, and changes nothing", function()
    local p = double.ones(2, 3)
    local opt = double.optim.adam({p, double.ones(4)})
    local function fails(pattern, grads) assert.error_matches(function() opt:step(grads) end, pattern) end
    fails("adam_: bad argument #2 'grads%[2%]' %(expected %(4%) to match params%[2%], got %(5%)%)",
      {double.ones(2, 3), double.ones(5)})
    fails("expected a list of 2 tensors, one for each of params, got 1", {double.ones(2, 3)})
    fails("'grads%[1%]' %(expected a real tensor, got boolean", {false, double.ones(4)})
    fails("'grads%[1%]' %(expected a real tensor, got i32", {double.full({2, 3}, 1, "i32"), double.ones(4)})
    fails("'grads' %(expected a list", nil)
    assert.truthy(select(2, pcall(function() opt:step {p} end)):find("adam_spec.lua:%d+: adam_: "))
    assert.equal(6, double.ops.sum(p):item())
    assert.equal(0, opt.t)
  end)

  it("lets NaN through", function()
    local p = double.ones(2)
    double.optim.adam({p}):step {double.tensor {0 / 0, 1}}
    local t = p:to_table()
    assert.is_true(t[1] ~= t[1] and t[2] == t[2])
  end)

  it("tells the tape that it wrote", function()
    local p = double.ones(2):requires_grad_()
    local y = double.ops.sum(p * p)
    double.optim.adam({p}):step {double.ones(2)}
    assert.error_matches(function() double.grad(y, {p}) end, "changed in place")
  end)

  it("names a wrong option", function()
    local p = {double.ones(2)}
    local function fails(pattern, ...)
      local args = table.pack(...)
      assert.error_matches(function() double.optim.adam(table.unpack(args, 1, args.n)) end, pattern)
    end
    fails("unknown option 'learning_rate'", p, {learning_rate = 1})
    fails("adam: option 'lr': expected a number >= 0", p, {lr = -1})
    fails("'beta1': expected a number in %[0,1%)", p, {beta1 = 1})
    fails("'beta2'", p, {beta2 = 0 / 0})
    fails("'params' %(expected a list", nil)
    fails("'params' %(expected a list of tensors, such as net:params%(%), got table%)", float.nn.linear {2, 1})
    fails("'params%[1%]'", {3})
    fails("empty list", {})
    fails("params%[1%] %(3,2%) is not contiguous", {double.zeros(2, 3):transpose()})
  end)
end)
