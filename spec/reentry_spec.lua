-- What comes in the middle of a call: coroutines that yield, hooks that raise, finalizers that close what is at work.
local gan = require "gan"
local autograd = require "gan.autograd"

-- Calls f() with a hook that raises at its k-th event; returns what pcall does. Without k: counts the events.
local function interrupted(f, k, events, count)
  local n, own = 0, coroutine.running()
  local ok, message = pcall(function()
    debug.sethook(own, function()
      n = n + 1
      if n == k then error("from a hook", 0) end
    end, events or "", count or 1)
    f()
    debug.sethook(own)
  end)
  debug.sethook(own)
  return ok, message, n
end

describe("the switch of recording", function()
  local w

  before_each(function() w = gan.tensor({1, 2, 3}):requires_grad_() end)

  local function suspended()
    local co = coroutine.create(function()
      gan.no_grad(function()
        coroutine.yield(autograd.is_recording())
        return (w * w):requires_grad()
      end)
      return autograd.is_recording()
    end)
    assert.same({true, false}, {coroutine.resume(co)})
    return co
  end

  it("is each coroutine's own", function()
    local co = suspended()
    assert.is_true(autograd.is_recording())
    assert.same({2, 4, 6}, gan.grad((w * w):sum(), {w})[1]:to_table())
    gan.no_grad(function()
      assert.is_true(coroutine.wrap(autograd.is_recording)()) -- which has not called no_grad
      assert.is_false(autograd.is_recording())
    end)
    assert.same({true, true}, {coroutine.resume(co)})
    assert.is_true(autograd.is_recording())
  end)

  it("is as before once a coroutine is closed or forgotten in no_grad", function()
    coroutine.close(suspended())
    assert.is_true(autograd.is_recording())
    collectgarbage()
    local before = collectgarbage "count"
    for _ = 1, 1000 do suspended() end
    collectgarbage()
    assert.is_true(autograd.is_recording())
    assert.is_true(collectgarbage "count" - before < 100)
  end)

  it("goes back through yields, nested calls and errors of any type", function()
    local problem = {}
    local co = coroutine.wrap(function()
      local ok, got = pcall(gan.no_grad, function()
        gan.no_grad(coroutine.yield)
        coroutine.yield(autograd.is_recording())
        error(problem)
      end)
      return ok, got, autograd.is_recording()
    end)
    co()
    assert.is_false(co())
    assert.same({false, problem, true}, {co()})
    local many = {gan.no_grad(table.unpack, {}, 1, 5000)}
    assert.equal(0, #many)
    assert.equal(5000, select("#", gan.no_grad(table.unpack, {}, 1, 5000)))
  end)

  it("lets gradients of several coroutines be taken in turns, to the same bytes", function()
    local slow = gan.op {
      name = "slow", private = true, forward = function(x) return x * 2 end,
      grad = {function(g)
        coroutine.yield()
        return g * 2
      end},
    }
    local function job(scale)
      local leaf = (gan.ones(1000) * scale):detach():requires_grad_()
      return coroutine.wrap(function()
        local y = leaf
        for _ = 1, 5 do y = slow(y):tanh() * 0.5 + leaf end
        return gan.grad(y:sum(), {leaf})[1]:to_bytes()
      end)
    end
    local function last(co)
      local result repeat result = co() until result
      return result
    end
    local alone = {last(job(0.1)), last(job(0.3))}
    local a, b, got = job(0.1), job(0.3), {}
    for _ = 1, 6 do got = {a(), b()} end
    assert.is_true(got[1] == alone[1] and got[2] == alone[2])
  end)

  it("says so where a walk finds that another has used its graph meanwhile", function()
    local other
    local twice = gan.op {
      name = "twice", private = true, forward = function(x) return x * 2 end,
      grad = {function(g)
        local y = other
        other = nil
        if y then gan.grad(y, {w}) end
        return g * 2
      end},
    }
    local u = twice(w:tanh())
    other = (u * 1):sum()
    assert.error_matches(function() gan.grad(u:sum(), {w}) end, "grad: the graph of 'tanh' was already used")
  end)

  it("is right after an error from a hook at any instruction, call or return", function()
    local function f()
      gan.no_grad(function() return w * 2 end)
      return gan.grad((w * w):sum(), {w}, {create_graph = true})
    end
    for _, events in ipairs {"", "c", "r"} do
      local _, _, n = interrupted(f, nil, events, events == "" and 1 or 0)
      assert.is_true(n > 20)
      for k = 1, n do
        local ok, message = interrupted(f, k, events, events == "" and 1 or 0)
        assert.is_false(ok)
        assert.equal("from a hook", message)
        if not autograd.is_recording() then error(("not recording after event %d of '%s'"):format(k, events)) end
      end
    end
  end)
end)
