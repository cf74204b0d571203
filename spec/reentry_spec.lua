-- What comes in the middle of a call: coroutines that yield, hooks that raise, finalizers that close what is at work.
local finalizers = require "spec.support.finalizers"
local gan = require "gan"
local autograd = require "gan.autograd"
local core = require "gan.core"

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

describe("what holds while a function runs", function()
  local nn = gan.nn

  -- A net whose layer calls at() between two others; its state as bytes and flags.
  local function probed(at)
    local net = nn.chain {
      nn.linear {3, 4}, nn.dropout {p = 0.5},
      function(x)
        at()
        return x
      end,
      nn.linear {4, 2},
    }
    local average = gan.optim.ema((net:params()))
    for _, s in ipairs(average.shadow) do core.copy_(s, core.full({}, 7)) end
    local function state()
      local list = {}
      for _, p in ipairs(net:params()) do list[#list + 1] = core.to_bytes(p) end
      net:apply(function(layer) list[#list + 1] = tostring(layer.training) end)
      return table.concat(list, "|")
    end
    return net, average, state
  end

  local x = gan.randn(5, 3)

  it("is undone after hooks that raise at any instruction, call or return", function()
    local net, average, state = probed(function() end)
    local before = state()
    local function f() nn.evaluate(net, x, nil, {average = average, batch = 3}) end
    for _, events in ipairs {"", "c", "r"} do
      local count = events == "" and 1 or 0
      local _, _, n = interrupted(f, nil, events, count)
      assert.is_true(n > 50)
      for k = 1, n, events == "" and 7 or 3 do
        assert.is_false((interrupted(f, k, events, count)))
        if state() ~= before then error(("changed after event %d of '%s'"):format(k, events)) end
      end
    end
  end)

  it("is undone where the coroutine is closed, forgotten or ends with an error", function()
    local problem = {}
    local net, average, state = probed(function() if coroutine.yield() then error(problem) end end)
    local before = state()
    local function begun()
      local co = coroutine.create(function() return nn.evaluate(net, x, nil, {average = average}) end)
      assert(coroutine.resume(co))
      assert.is_true(state() ~= before)
      return co
    end
    assert.is_true(coroutine.close(begun()))
    assert.is_true(state() == before)
    begun()
    collectgarbage()
    assert.is_true(state() == before)
    local ok, message = coroutine.resume(begun(), true)
    assert.is_true(not ok and message == problem and state() == before)
    ok, message = coroutine.resume(begun())
    assert.is_true(ok and core.is_tensor(message) and state() == before)
  end)

  it("is undone where the change itself fails, and keeps results, errors and hooks", function()
    local log = {}
    local function undo() log[#log + 1] = "undone" end
    local ok, message = pcall(core.with_undo, function() error("no change", 0) end, undo, print)
    assert.same({false, "no change", {"undone"}}, {ok, message, log})
    assert.same({1, nil, 3}, {core.with_undo(function() end, undo, function(...) return ... end, 1, nil, 3)})
    ok, message = pcall(core.with_undo, function() end, function() error("no way back", 0) end, function() end)
    assert.same({false, "no way back"}, {ok, message})
    ok, message = pcall(core.with_undo, function() end, function() error("no way back", 0) end, error, "first", 0)
    assert.same({false, "first"}, {ok, message})
    local n = 0
    local _, _, counted = interrupted(function() core.with_undo(function() n = n + 1 end, undo, function() end) end)
    assert.is_true(n == 1 and counted > 3) -- the hook goes on behind it
  end)
end)

describe("an object that can be closed", function()
  local temp = require "spec.support.temp"
  local dir = temp.dir()
  local path = dir .. "/numbers"

  -- name -> make() -> object, and the calls that work on it in turn
  local objects = {
    loader = function()
      local images = core.full({8, 4, 4, 1}, 7, "u8")
      return core.loader(images, core.full({8}, 1, "i32"), {batch = 2}), {
        function(o) return o:next() end, function(o) return o:position() end, function(o) return o:seek(0, 2) end,
      }
    end,
    ["loader without a thread"] = function()
      return core.loader({8, 4, 4, 1}, nil, {batch = 2, prefetch = false}), {function(o) return o:next() end}
    end,
    reader = function() return core.reader(path), {function(o) return o:read(300000) end} end,
    ["file to read"] = function()
      return (core.file_open(path)), {
        function(o) return o:seek(0) end, function(o) return o:read(1000) end,
        function(o) return o:read_(core.full({100}, 0)) end,
      }
    end,
    ["file to write"] = function()
      return core.file_create(dir .. "/new"), {
        function(o) return o:write "some" end,
        function(o) return o:write(core.narrow(core.full({4, 4}, 1), 2, 1, 2)) end,
        function(o) return o:commit() end,
      }
    end,
    pictures = function()
      local p = core.pictures {
        {path = path, name = "a", how = "raw", offset = 0, shape = {4, 4, 1}, count = 8},
        {path = path, name = "b", how = "raw", offset = 9, shape = {4, 4, 1}},
      }
      p:fit(4, 4, 1)
      local held = p:room(2)
      return p, {
        function(o) return o:info(2) end, function(o) return o:name(2) end, function(o) return o:shape() end,
        function(o) return o:read(p:room(9), 1, 1, 9, 4, 4, {}) end, function(o) return o:rest() end,
        function(o) return o:seal(core.tensor({1, 2, 9}, "i32"), held) end, function(o) return o:crcs() end,
        function(o) return core.rows({2, 0, 1}, o) end, function(o) return core.subset({2, 0}, o) end,
        function(o) return core.loader(o, nil, {batch = 1}):next() end,
      }
    end,
  }

  setup(function()
    local f <close> = assert(io.open(path, "wb"))
    f:write(("0123456789abcdef"):rep(20000))
  end)
  teardown(function() temp.remove(dir) end)

  local function close(o)
    if o.close then return o:close() end
    do local _ <close> = o end
  end

  teardown(finalizers.stop)

  for name, make in pairs(objects) do
    it("is closed, or called again, in the middle of its own call: " .. name, function()
      finalizers.stop()
      local live, calls = core.memory().live, select(2, make())
      for i = 1, #calls do
        for j = 0, #calls do
          for at = 1, 40, i + j > 8 and 13 or 5 do
            local o = make()
            for k = 1, i - 1 do calls[k](o) end
            finalizers.amid(function(k)
              if k ~= at then return end
              if j == 0 then close(o) else calls[j](o) end
            end, function()
              for _ = 1, 3 do calls[i](o) end
            end)
            close(o)
            close(o)
            assert.is_false((pcall(calls[#calls], o)))
          end
        end
      end
      calls = nil
      finalizers.stop()
      assert.equal(live, core.memory().live)
    end)
  end

  it("is closed at the end of the call that was at work", function()
    local loader, closed, got = (objects.loader()), false, nil
    finalizers.amid(function(k)
      if k < 100 then return end
      loader:close()
      closed = true
    end, function()
      for _ = 1, 1000 do got = closed and got or loader:next() end
    end)
    assert.is_true(core.is_tensor(got))
    assert.error_matches(function() loader:next() end, "next: the loader is closed")
  end)

  it("says so where one of its calls meets another", function()
    local file, message = assert(core.file_open(path)), nil
    finalizers.amid(function()
      local ok, got = pcall(file.seek, file, 0)
      if not ok then message = got end
    end, function()
      for _ = 1, 100 do file:read(100) end
    end)
    file:close()
    assert.matches("seek: the file is in the middle of another call", message)
  end)
end)

describe("a loader", function()
  -- A set that draws its images itself: draw(list) before it does.
  local function loader(draw)
    return gan.data.batches({
      n = 8, height = 2, width = 2, channels = 1,
      rows = function(_, list)
        draw(list)
        return core.full({core.numel(list), 2, 2, 1}, 3, "u8")
      end,
    }, {batch = 2, seed = 1})
  end

  it("is closed, asked again, or left in its own callback", function()
    local batches
    batches = loader(function() batches:close() end)
    assert.is_true(core.is_tensor((batches())))
    assert.error_matches(batches, "the loader is closed")

    local inner
    batches = loader(function()
      if inner then return end
      inner = true
      inner = select(3, batches())
    end)
    local _, _, outer = batches()
    assert.is_false(outer:to_bytes() == inner:to_bytes()) -- each batch once
    batches:close()

    batches = loader(coroutine.yield)
    local function draw() return select(3, batches()) end
    local a, b = coroutine.wrap(draw), coroutine.wrap(draw)
    a()
    b()
    assert.is_false(b():to_bytes() == a():to_bytes())
    batches:close()
  end)
end)

describe("a lock that is a file", function()
  it("is given back once, also where close comes in the middle of itself", function()
    local claim, temp, text = require "gan.file.claim", require "spec.support.temp", require "gan.file.text"
    local getenv, read, dir, taken = os.getenv, text.read, temp.folder(), nil
    os.getenv = function(name) return name == "GAN_LOCK" and "file" or getenv(name) end -- luacheck: ignore
    local lock = assert(claim.lock(dir))
    os.getenv = getenv -- luacheck: ignore
    function text.read(path)
      local found = read(path)
      text.read = read
      lock:close() -- a finalizer does; then another process takes the lock, if it is free
      if not read(path) then taken = temp.write(path, "another's") and "another's" end
      return found
    end
    lock:close()
    text.read = read
    local left = read(dir .. "/.lock")
    temp.remove(dir)
    assert.equal(taken, left)
  end)
end)

describe("an op", function()
  teardown(finalizers.stop)

  -- What a finalizer may do to the arguments of an op at work.
  local function meddle(case)
    for _, v in pairs(case) do
      if core.is_tensor(v) then
        core.release_since(v, 0)
        pcall(core.copy_, v, core.full({}, 1e9, "f64"))
      elseif type(v) == "table" then
        for k, e in pairs(v) do
          if core.is_tensor(e) then v[k] = nil end
        end
      end
    end
    pcall(core.threads, 7)
    pcall(core.winograd, 0)
    core.memory_trim()
  end

  it("stands a finalizer that writes into its arguments, releases them, and changes settings", function()
    local maker, threads = require "spec.support.cases", core.threads()
    local names = {}
    for name, def in pairs(autograd.registry) do if def.cases then names[#names + 1] = name end end
    table.sort(names)
    assert.is_true(#names > 50)
    for n, name in ipairs(names) do
      local def = autograd.registry[name]
      for c = 1, #def.cases(maker(core, 1)) do
        for at = 1, 12, 1 + (n + c) % 3 do
          local case = def.cases(maker(core, 1))[c]
          finalizers.amid(function(k) if k == at then meddle(case) end end, function()
            def.call(table.unpack(case, 1, #case))
          end)
        end
      end
    end
    assert.equal(threads, core.threads())
    assert.equal(4, core.winograd())
  end)

  it("stands a finalizer that writes into rows, labels and lists of pictures", function()
    local function amid(make)
      for at = 1, 40 do
        local list, f = make()
        finalizers.amid(function(k) if k == at then core.copy_(list, core.full({}, 1e9, "f64")) end end, f)
      end
    end
    local x, images = core.full({4, 3}, 1), core.full({4, 2, 2, 1}, 1, "u8")
    for _, f in ipairs {
      function(i) core.gather_rows(x, i) end, function(i) core.rows(i, images) end, function(i) core.one_hot(i, 4) end,
      function(i) core.scatter_rows(x, i, 4) end, function(i) core.softmax_cross_entropy(x, i) end,
    } do
      amid(function()
        local list = core.full({4}, 2, "i32")
        return list, function() f(list) end
      end)
    end
  end)
end)

describe("a training step", function()
  -- A game in small: a loader with a thread, noise, both players, an average. Returns step(), copy() -> what it stands
  -- on, load(copy), bytes() of that, and the loader.
  local function game()
    local nn, loss = gan.nn, gan.loss.logistic {}
    local data = gan.data.open("shapes", {size = 16, count = 12})
    local function pixels(x) return x:reshape {-1, 16, 16, 3} end
    local function flat(x) return x:reshape {-1, 768} end
    local G = nn.chain {nn.linear {4, 8}, nn.relu {}, nn.linear {8, 768}, pixels}
    local D = nn.spectral(nn.chain {flat, nn.linear {768, 4}, nn.dropout {p = 0.3}, nn.linear {4, 1}})
    local optG, optD = gan.optim.adam(G:params(), {lr = 1e-3}), gan.optim.adam(D:params(), {lr = 1e-3})
    local average, batches = gan.optim.ema((G:params())), gan.data.batches(data, {batch = 4, seed = 1})
    local rng, streams = gan.rng(1), D:streams()
    local parts = {G, D, optG, optD, average, batches}
    local function step()
      local fake = G(rng:normal {4, 4})
      local loss_d = loss.critic(D((batches())), D(fake:detach()))
      optD:step(gan.grad(loss_d, optD.params))
      optG:step(gan.grad(loss.generator(D(fake)), optG.params))
      average:update((G:params()))
      nn.evaluate(G, core.full({3, 4}, 1), nil, {batch = 2, average = average})
    end
    local function copy()
      local saved = {{rng:state()}}
      for _, stream in pairs(streams) do saved[1].stream = {stream:state()} end
      for _, part in ipairs(parts) do
        local own = {}
        for name, v in pairs(part:state()) do own[name] = core.is_tensor(v) and core.clone(v) or v end
        saved[#saved + 1] = own
      end
      return saved
    end
    local function load(saved)
      rng:load(table.unpack(saved[1]))
      for _, stream in pairs(streams) do stream:load(table.unpack(saved[1].stream)) end
      for i, part in ipairs(parts) do assert(part:load(saved[i + 1]) ~= false) end
    end
    local function bytes()
      local texts = {}
      for i, own in ipairs(copy()) do
        for name, v in pairs(own) do
          texts[#texts + 1] = ("%d %s %s"):format(i, name, core.is_tensor(v) and core.to_bytes(v) or tostring(v))
        end
      end
      table.sort(texts)
      return (table.concat(texts, "\n"):gsub("table: %S+", ""))
    end
    return step, copy, load, bytes, batches
  end

  -- Interrupts steps of a new game at some of their instructions.
  local function interrupt_all()
    local step, copy, load, bytes, batches = game()
    step()
    local saved = copy()
    step()
    local want = bytes()
    load(saved)
    local _, _, n = interrupted(step)
    assert.is_true(n > 3000 and bytes() == want)
    local every = tonumber(os.getenv "GAN_EVERY") or n // 60 -- 1: at each, minutes
    for k = 1, n, every do
      local ok, message = interrupted(step, k)
      assert.is_true(ok and k > n / 2 or message == "from a hook") -- later steps have a few instructions less
      assert.is_true(autograd.is_recording())
      step()
      load(saved)
      step()
      if bytes() ~= want then error(("other bytes after an error at instruction %d"):format(k)) end
    end
    batches:close()
  end

  it("that a hook's error ends at any instruction leaves all fit for the next one", function()
    collectgarbage()
    local live = core.memory().live
    interrupt_all()
    collectgarbage()
    collectgarbage()
    assert.equal(live, core.memory().live)
  end)
end)
