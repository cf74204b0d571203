-- Norms and dropout: worked numbers, fast gradients against the definition on every path, accuracy, determinism.
local float, double = require "gan", require "spec.support.double"

local function close(want, got, tol, what)
  assert.same(want:shape(), got:shape(), what)
  local worst = want:numel() == 0 and 0 or ((got - want) / (want:abs() + 1)):abs():max():item()
  assert.is_true(worst <= tol, ("%s: worst difference %g"):format(what or "", worst))
end

local function to_double(x) return double.tensor(x:to_table()) end

-- name -> how the op is called, and shapes: few channels (rows side by side), many (tiles), several blocks of rows.
local norms = {
  batch_norm = function(o, x, g, b) return o.batch_norm(x, g, b, 1e-3) end,
  layer_norm = function(o, x, g, b) return o.layer_norm(x, g, b, 1e-3) end,
  instance_norm = function(o, x, g, b) return o.instance_norm(x, g, b, 1e-3) end,
  group_norm = function(o, x, g, b) return o.group_norm(x, x:size(-1) % 2 == 0 and 2 or 1, g, b, 1e-3) end,
}
local shapes = {
  {5, 3}, {4, 600}, {2, 9, 7, 3}, {3, 4, 4, 65}, {2, 50, 60, 3}, {2, 3, 2, 1030}, {3, 300, 64}, {2, 5, 1}, {1, 1, 1, 4},
}

describe("norm", function()
  it("batch_norm gives the worked example", function()
    local x = double.tensor({{1}, {2}, {3}, {4}}):requires_grad_()
    local gamma, beta = double.ones(1):requires_grad_(), double.zeros(1):requires_grad_()
    local y, mean, var = double.ops.batch_norm(x, gamma, beta)
    close(double.tensor {{-1.3416354200}, {-0.4472118067}, {0.4472118067}, {1.3416354200}}, y, 1e-9)
    assert.same({{2.5}, {1.25}}, {mean:to_table(), var:to_table()})
    local g = double.grad(y, {x, gamma, beta}, {seed = double.tensor {{1}, {0}, {0}, {-2}}})
    close(double.tensor {{-0.0894327016}, {-0.1788815028}, {0.6260933094}, {-0.3577791050}}, g[1], 1e-9)
    close(double.tensor {-4.0248}, g[2], 2e-4) -- to the digits of sum dy * y below
    close((double.tensor {{1}, {0}, {0}, {-2}} * y):sum_to({1}), g[2], 1e-12)
    close(double.tensor {-1}, g[3], 1e-12)
  end)

  for name, call in pairs(norms) do
    it(name .. " agrees with its definition, values and gradients", function()
      for k, shape in ipairs(shapes) do
        local rng, c = double.rng(k, name), shape[#shape]
        local x, gamma, beta = rng:normal(shape, 0.5, 2), rng:normal {c}, rng:normal {c}
        local dy = rng:normal(shape)
        local args = {x:requires_grad_(), gamma:requires_grad_(), beta:requires_grad_()}
        local what = ("%s %s"):format(name, table.concat(shape, "x"))
        local fast = double.grad(call(double.ops, x, gamma, beta), args, {seed = dy})
        local slow = double.grad(call(double.ops, x, gamma, beta), args, {seed = dy, create_graph = true})
        for i = 1, 3 do close(slow[i]:detach(), fast[i], 1e-9, what .. " gradient " .. i) end
        local fx, fg, fb = float.tensor(x:to_table()), float.tensor(gamma:to_table()), float.tensor(beta:to_table())
        close(call(double.ops, x:detach(), gamma:detach(), beta:detach()), to_double(call(float.ops, fx, fg, fb)),
          1e-5, what .. " in float")
        local ff = float.grad(call(float.ops, fx:requires_grad_(), fg, fb), {fx}, {seed = float.tensor(dy:to_table())})
        close(fast[1], to_double(ff[1]), 1e-4, what .. " gradient in float")
      end
    end)
  end

  for name in pairs(norms) do
    it(name .. "_dx agrees with its definition, value and gradients", function()
      for k, shape in ipairs(shapes) do
        local rng, c = double.rng(k, name), shape[#shape]
        local groups = name == "group_norm" and (c % 2 == 0 and 2 or 1) or nil
        for _, slope in ipairs(groups and {1} or {1, 0.2}) do
          local args = {rng:normal(shape), rng:normal(shape, 0.5, 2), rng:normal {c}}
          for _, t in ipairs(args) do t:requires_grad_() end
          local dy, x, gamma = table.unpack(args)
          local beta, h, dx = rng:normal {c}, rng:normal(shape), double.ops[name .. "_dx"]
          local def = double.require("gan.autograd").registry[name .. "_dx"]
          local function call(f) return f(dy, x, gamma, beta, 1e-3, slope ~= 1 and slope or nil, groups) end
          local fast, slow = call(dx), call(def.compose)
          local what = ("%s %s slope %g"):format(name, table.concat(shape, "x"), slope)
          close(slow:detach(), fast:detach(), 1e-9, what)
          fast, slow = double.grad(fast, args, {seed = h}), double.grad(slow, args, {seed = h})
          for i = 1, 3 do close(slow[i], fast[i], 1e-9, what .. " gradient " .. i) end
          local singles = {}
          for i, t in ipairs(args) do singles[i] = float.tensor(t:to_table()):requires_grad_() end
          local single = float.ops[name .. "_dx"](singles[1], singles[2], singles[3], float.tensor(beta:to_table()),
            1e-3, slope ~= 1 and slope or nil, groups)
          single = float.grad(single, singles, {seed = float.tensor(h:to_table())})
          for i = 1, 3 do close(fast[i], to_double(single[i]), 2e-3, what .. " in float, gradient " .. i) end
        end
      end
    end)
  end

  it("standardises where the mean is far from 0", function()
    local x = float.rng(1):normal({8, 16, 16, 5}, 1000, 1)
    for name, call in pairs(norms) do
      local y, mean, var = call(float.ops, x)
      close(call(double.ops, to_double(x)), to_double(y), 2e-4, name) -- a mean kept in float is 3e-5 off
      assert.is_true(math.abs(mean:mean():item() - 1000) < 0.1 and math.abs(var:mean():item() - 1) < 0.1)
    end
    local outlier = float.full({1000, 2}, 1)
    outlier:set_(5000, 1, 1)
    local _, _, var = float.ops.batch_norm(outlier)
    assert.is_true(math.abs(var:get(1) / (4999 ^ 2 * 999 / 1e6) - 1) < 1e-5)
    assert.equal(0, var:get(2))
  end)

  it("has gradients that sum to 0 and are orthogonal to the result", function()
    local x = double.rng(2):normal({6, 5, 5, 7}):requires_grad_()
    local y = double.ops.batch_norm(x)
    local dx = double.grad(y, {x}, {seed = double.rng(3):normal {6, 5, 5, 7}})[1]
    assert.is_true(dx:sum({1, 2, 3}):abs():max():item() < 1e-10)
    assert.is_true((dx * y:detach()):sum({1, 2, 3}):abs():max():item() < 1e-3) -- eps
  end)

  it("gives the same bytes with 1 and 2 threads", function()
    local core, old, seen = require "gan.core", float.threads(), {}
    local shape = {16, 20, 20, 24}
    local x, dy, y = float.rng(1):normal(shape), float.rng(2):normal(shape), float.rng(5):normal(shape)
    local g, b = float.rng(3):normal {24}, float.rng(4):normal {24}
    for k, threads in ipairs {1, 2} do
      core.threads(threads)
      seen[k] = {}
      for _, name in ipairs {"batch_norm", "layer_norm", "instance_norm", "group_norm"} do
        local out = table.pack(norms[name](float.ops, x, g, b))
        local grads = float.grad(norms[name](float.ops, x:requires_grad_(), g:requires_grad_(), b:requires_grad_()),
          {x, g, b}, {seed = dy})
        local groups = name == "group_norm" and 2 or nil
        local dx = float.ops[name .. "_dx"](dy:requires_grad_(), x, g, b, 1e-3, nil, groups)
        local again = float.grad(dx, {dy, x, g}, {seed = y})
        for _, list in ipairs {out, grads, again} do
          for _, t in ipairs(list) do table.insert(seen[k], t:to_bytes()) end
        end
      end
    end
    core.threads(old)
    assert.same(seen[1], seen[2])
  end)

  it("returns statistics of the right shape", function()
    local x = double.rng(1):normal {2, 3, 3, 4}
    local function stats(...) local _, m, v = ...; return {m:shape(), v:shape()} end
    assert.same({{4}, {4}}, stats(x:batch_norm()))
    assert.same({{2}, {2}}, stats(x:layer_norm()))
    assert.same({{2, 4}, {2, 4}}, stats(x:instance_norm()))
    assert.same({{2, 2}, {2, 2}}, stats(x:group_norm(2)))
    close(x:var({1, 2, 3}), (select(3, x:batch_norm())), 1e-12)
  end)

  it("batch_norm_eval uses the statistics it is given", function()
    local x = double.rng(1):normal {2, 3, 3, 4}
    local y, mean, var = x:batch_norm(nil, nil, 1e-5)
    close(y, x:batch_norm_eval(nil, nil, mean, var, 1e-5), 1e-14)
  end)

  it("gradients are made only for what is wanted", function()
    local core = double.require "gan.core"
    local x = double.rng(1):normal {4, 3}
    local _, m, v = core.batch_norm(x, nil, nil, 1e-5)
    local dx, dgamma, dbeta = core.batch_norm_grad(x, x, m, v, nil, nil, {eps = 1e-5, dgamma = true})
    assert.is_nil(dx)
    assert.is_nil(dbeta)
    assert.same({3}, dgamma:shape())
  end)

  it("lets a NaN show", function()
    local x = float.ones(4, 2)
    x:set_(0 / 0, 2, 1)
    local t = float.ops.batch_norm(x):to_table()
    assert.is_true(t[1][1] ~= t[1][1] and t[1][2] == 0)
  end)
end)

describe("pixel_norm", function()
  it("divides by the root mean square of the channels", function()
    close(double.tensor {{0.6, 0.8}, {0, 0}} * math.sqrt(2), double.tensor({{3, 4}, {0, 0}}):pixel_norm(), 1e-8)
  end)

  it("agrees with its definition in values and gradients", function()
    local x, dy = double.rng(1):normal {300, 131}, double.rng(2):normal {300, 131}
    x:requires_grad_()
    local fast = double.grad(x:pixel_norm(), {x}, {seed = dy})[1]
    close(double.grad(x:pixel_norm(), {x}, {seed = dy, create_graph = true})[1]:detach(), fast, 1e-12)
  end)
end)

describe("dropout", function()
  it("keeps the share and the mean", function()
    local rng = float.rng(1, "dropout")
    local y, mask = float.ones(200, 500):dropout(0.3, rng)
    assert.same(y:to_table(), mask:to_table())
    assert.is_true(math.abs(y:mean():item() - 1) < 0.01)
    assert.is_true(math.abs(float.ops.eq(y, 0):mean():item() - 0.3) < 0.01)
    assert.is_true(math.abs(y:max():item() - 1 / 0.7) < 1e-6)
  end)

  it("passes the gradient through the same mask", function()
    local x = double.rng(1):normal({50}):requires_grad_()
    local y, mask = x:dropout(0.5, double.rng(2))
    local g = double.grad(y, {x}, {seed = double.full({50}, 3)})[1]
    assert.same((mask * 3):to_table(), g:to_table())
  end)

  it("draws anew at every call, and the same from the same stream", function()
    local x = float.ones(1000)
    local rng = float.rng(5)
    local a, b = x:dropout(0.5, rng):to_bytes(), x:dropout(0.5, rng):to_bytes()
    assert.not_equal(a, b)
    assert.equal(a, x:dropout(0.5, float.rng(5)):to_bytes())
    float.seed(3)
    local c = x:dropout():to_bytes()
    float.seed(3)
    assert.equal(c, x:dropout(0.5):to_bytes())
  end)

  it("drops nothing with 0 and everything with 1", function()
    local x = float.rng(1):normal {20}
    assert.same(x:to_table(), x:dropout(0):to_table())
    assert.equal(0, x:dropout(1):abs():sum():item())
  end)
end)
