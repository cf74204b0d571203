-- What newcomers write at first, and what they read then: what to write, and the line that is theirs.
local gan = require "gan"
local nn = gan.nn

-- Runs f, which must raise; returns the message.
local function message(f)
  local ok, err = pcall(f)
  assert.is_false(ok, "nothing was raised")
  return tostring(err)
end

-- Text -> function that must raise it, in a line of this file.
local function raises(cases)
  for text, f in pairs(cases) do
    local err = message(f)
    assert.truthy(err:find(text, 1, true), ("expected '%s' in: %s"):format(text, err))
    assert.truthy(err:find("^spec/mistakes_spec%.lua:%d+: ") or err:find("/mistakes_spec%.lua:%d+: "), err)
  end
end

-- Calls f with `warn` caught; returns what it was given.
local function warnings(f)
  local old, list = _G.warn, {}
  _G.warn = function(...) list[#list + 1] = table.concat {...} end -- luacheck: ignore
  local ok, err = pcall(f)
  _G.warn = old -- luacheck: ignore
  assert(ok, err)
  return list
end

describe("a newcomer's mistake with tensors", function()
  local x = gan.tensor {{1, 2}, {3, 4}, {5, 6}}

  it("in sizes and rows is answered with what to write", function()
    raises {
      ["size: bad argument #2 'axis' (expected an axis, got nil; x:shape() returns all sizes, here (3,2))"] = function()
        local n = x:size()
        return n
      end,
      ["shape: expected no argument, got 1 (x:size(axis) returns one size)"] = function()
        local n = x:shape(1)
        return n
      end,
      ["tensor: there is no row 0: real tensor (3,2) has the rows 1 to 3"] = function() return x[0] end,
      ["tensor: there is no row 5: "] = function() return x[5] end,
      ["tensor: there is no row -1: "] = function() return x[-1] end,
      ["tensor: there is no row 1.5: "] = function() return x[1.5] end,
      ["a tensor without dimensions has no rows; x:item() is its number"] = function() return x:sum()[1] end,
      ["(x[2][3] is a row of a row, x:get(2, 3) a number, x:narrow(axis, start, length) a part)"] = function()
        return x[{1, 2}]
      end,
      ["zeros: bad argument #1 'shape' (size 1: expected an integer >= 0, got 2.5)"] = function()
        local y = gan.zeros(2.5)
        return y
      end,
      ["ones: bad argument #1 'shape' (size 2: expected an integer >= 0, got -1)"] = function()
        local y = gan.ones {3, -1}
        return y
      end,
      ["fill_: in-place change of a tracked tensor"] = function() gan.zeros(2):requires_grad_():fill_(1) end,
      ["zero_: in-place change of a tracked tensor"] = function() gan.zeros(2):requires_grad_():zero_() end,
      ["fill_: bad argument #2 'value' (expected a number, got nil)"] = function() gan.zeros(2):fill_() end,
      ["cannot assign to a table; use t:set_(value, i, j, ...)"] = function() x[{1, 2}] = 5 end,
      ["cannot assign to a row; write x[1]:fill_(5)"] = function() x[1] = 5 end,
      ["cannot assign to a row; write x[2]:copy_(src)"] = function() x[2] = x[1] end,
      ["select: bad argument #2 'i' (expected an integer in 1..3, got 4)"] = function()
        local y = x:select(4)
        return y
      end,
      ["select: bad argument #3 'axis' (expected an axis in 1..2 or -2..-1, got 3)"] = function()
        local y = x:select(1, 3)
        return y
      end,
    }
  end)

  it("is none: ipairs and pairs go over the rows, and end", function()
    local seen = {}
    for i, row in ipairs(x) do seen[i] = row:to_table() end
    assert.same({{1, 2}, {3, 4}, {5, 6}}, seen)
    for i, row in pairs(x) do assert.same(seen[i], row:to_table()) end
    assert.is_nil(x[4])
    assert.same({3, 4}, x[2.0]:to_table())
    for _ in ipairs(gan.zeros(0, 3)) do error "a row of none" end
  end)

  it("in operators is answered with the method", function()
    raises {
      ["compare no tensors: x:lt(y), x:gt(y)"] = function() return x > 0 end,
      ["x:item() is the number in a tensor of one element"] = function() return x:sum() <= x end,
      ["write x:item() of one element, else tostring(x)"] = function() return "loss " .. x:sum() end,
      ["add: bad argument #2 'b' (expected a real tensor or a number, got nil)"] = function() return x + nil end,
      ["got table; gan.tensor makes a tensor of it)"] = function() return x + {1, 2} end,
    }
    assert.is_false(x == x:clone()) -- two objects
    assert.is_true(x == x) -- luacheck: ignore
  end)

  it("in what is given is answered with what makes it right", function()
    raises {
      ["matmul: bad argument #1 'a' (expected a real tensor, got table; gan.tensor makes a tensor of it)"] = function()
        local y = gan.matmul({{1}}, {{1}})
        return y
      end,
      ["cat: bad argument #1 'list' (expected a table of tensors, got real tensor (3,2); write braces around it)"] =
        function()
          local y = gan.cat(x, x)
          return y
        end,
      ["grad: bad argument #2 'wrt' (expected a list of tensors, got real tensor (3,2); write braces around it)"] =
        function()
          local g = gan.grad(x:sum(), x)
          return g
        end,
      ["expected a list of tensors, got a net; net:params() is one)"] = function()
        local net = nn.linear {2, 1}
        local g = gan.grad(net(x):sum(), net)
        return g
      end,
      ["softmax_cross_entropy: bad argument #2 'labels' (expected an i32 tensor, got real tensor (2); x:to 'i32' makes "
        .. "one)"] = function()
          local y = gan.softmax_cross_entropy(gan.zeros(2, 3), gan.zeros(2))
          return y
        end,
      ["(expected an i32 tensor, got table; gan.tensor(t, 'i32') makes a tensor of it)"] = function()
        local y = gan.softmax_cross_entropy(gan.zeros(2, 3), {0, 1})
        return y
      end,
      ["mean: bad argument #1 'x' (expected a real tensor, got u8 tensor (3,2); x:to() makes one)"] = function()
        local y = gan.mean(x:to "u8")
        return y
      end,
      ["(expected a real tensor, got u8 tensor (3,2); x:to() makes one)"] = function() -- checked in Lua
        local g = gan.grad(x:to "u8", {})
        return g
      end,
      ["there is no method 'view': x:reshape(...) is a view where it can be"] = function()
        local y = x:view(6)
        return y
      end,
      ["permute: bad argument #2 'axes' (expected a permutation of 1..2, got table)"] = function()
        local y = x:permute(2)
        return y
      end,
      ["'grads' (expected a list of gradients, as gan.grad returns it, got real tensor ())"] = function()
        local net = nn.linear {2, 1}
        gan.optim.adam(net:params()):step(net(x):sum())
      end,
      ["expected a table of options, got real tensor (3,2); write nn.relu {...}(x): it makes a layer"] = function()
        local y = nn.relu(x)
        return y
      end,
      ["unknown option 'in_features' (known: bias, rng); sizes come first, without names: {Di, Do}"] = function()
        local net = nn.linear {in_features = 2}
        return net
      end,
      ["nn.leaky_relu: unknown option '1' (known: slope); options have names: {slope = ...}"] = function()
        local net = nn.leaky_relu {0.2}
        return net
      end,
      ["(expected real (N,...,2), got real tensor (2); x:unsqueeze(1) makes a batch of one)"] = function()
        local y = nn.linear {2, 1}(gan.zeros(2))
        return y
      end,
      ["cannot assign field 'requires_grad'; use t:requires_grad_()"] = function() x.requires_grad = true end,
      ["element 1: expected a number, got real tensor (3,2); gan.stack {x, y} makes one tensor of several"] = function()
        local y = gan.tensor {x, x}
        return y
      end,
      ["no_grad: bad argument #1 'f' (expected a function or a net, got nil)"] = function()
        local y = gan.no_grad()
        return y
      end,
      ["nn.linear: expected a table of options, got 2; write {...}, with braces"] = function()
        local net = nn.linear(2, 1)
        return net
      end,
    }
    local net = nn.linear {2, 1}
    local y = gan.no_grad(net, x)
    assert.same({3, 1}, y:shape())
    assert.is_false(y:requires_grad())
  end)
end)

describe("a newcomer's mistake with images", function()
  local x = gan.zeros(4, 3, 8, 8)

  it("in their layout is named, in layers, ops and shapes of chains", function()
    local hint = "looks like (N,C,H,W): x:permute {1,3,4,2}"
    local D = nn.chain {name = "D", nn.conv2d {3, 4, kernel = 3}}
    for _, f in ipairs {
      function() local y = D(x) return y end,
      function() local y = nn.batch_norm {3}(x) return y end,
      function() local y = gan.conv2d(x, gan.zeros(3, 3, 3, 4)) return y end,
      function() local y = gan.conv_transpose2d(x, gan.zeros(3, 3, 4, 3)) return y end,
    } do raises {[hint] = f} end
    raises {["got (3,8,8); it looks like (C,H,W)"] = function()
      local net = nn.chain {input = {3, 8, 8}, nn.conv2d {3, 4, kernel = 3}}
      return net
    end}
    assert.same({4, 6, 6, 4}, D(x:permute {1, 3, 4, 2}):shape())
    for _, shape in ipairs {{4, 8, 8, 5}, {4, 3, 8, 3}} do -- no hint where it would not help
      local ok, err = pcall(nn.conv2d {4, 4, kernel = 3}, gan.zeros(shape))
      assert.is_false(ok)
      assert.is_nil(err:find("looks like", 1, true))
    end
  end)

  it("of one image or of bytes is named", function()
    raises {
      ["got real tensor (8,8,3); x:unsqueeze(1) makes a batch of one)"] = function()
        local y = nn.conv2d {3, 4, kernel = 3}(gan.zeros(8, 8, 3))
        return y
      end,
      ["x:to() * (2 / 255) - 1 makes images of 0..255 numbers in [-1,1])"] = function()
        local y = nn.conv2d {3, 4, kernel = 3}(gan.zeros(2, 8, 8, 3):to "u8")
        return y
      end,
    }
  end)

  it("in the order of their axes is named where they are shown, too", function()
    raises {
      ["grid.save: bad argument #2 'images' (expected images (N,H,W,C), C 1 to 4, got real tensor (4,3,8,8); it looks "
        .. "like (N,C,H,W): x:permute {1,3,4,2})"] = function()
        local ok = gan.show.grid.save("never.png", gan.zeros(4, 3, 8, 8))
        return ok
      end,
      ["got real tensor (8,8,3); x:unsqueeze(1) makes a batch of one)"] = function()
        local sheet = gan.show.grid(gan.zeros(8, 8, 3))
        return sheet
      end,
    }
  end)

  it("in their range is warned of, once", function()
    local bytes = gan.full({4, 2, 2, 3}, 200)
    local first = warnings(function()
      for _ = 1, 2 do gan.show.grid(bytes) end
    end)
    assert.equal(1, #first)
    assert.truthy(first[1]:find("mistakes_spec.lua:%d+: show.grid: the images lie in 200..200, not in %[%-1,1%]"))
    assert.same({}, warnings(function()
      gan.show.grid.grid(gan.randn(4, 2, 2, 3))
      gan.show.grid.grid(gan.rand(4, 2, 2, 3))
      gan.show.grid.grid(bytes:to "u8")
    end))
    local D = nn.chain {name = "D", nn.view {12}, nn.linear {12, 1}, nn.view {}}
    D(gan.randn(4, 2, 2, 3)) -- a first try
    local found = warnings(function() for _ = 1, 2 do D(bytes) end end)
    assert.equal(1, #found)
    assert.truthy(found[1]:find("mistakes_spec.lua:%d+: nn.chain D: the images lie in 200..200"))
    assert.same({}, warnings(function() -- features, vectors, pictures as they should be
      for _, features in ipairs {gan.full({1, 2, 2, 8}, 200), gan.full({2, 12}, 200), gan.rand(1, 2, 2, 3)} do
        nn.chain {function(v) return v end}(features)
      end
    end))
  end)
end)

describe("a newcomer's mistake with a loss", function()
  it("that returns nothing or a vector is named", function()
    local function loop(loss, penalties)
      local G = nn.chain {nn.linear {2, 3}}
      local D = nn.chain {nn.linear {3, 1}, nn.view {}}
      local given = {G = G, D = D, loss = loss, penalties = penalties}
      given.batch = function() return gan.zeros(4, 3) end
      return gan.game.loop.new(gan.game.standard(given, {z = 2}, function(name) return gan.rng(1, name) end))
    end
    local function critic(real, fake) return (fake - real):mean() end
    raises {
      ["(it has no generator)"] = function() return loop {critic = critic} end,
      ["(it has no critic)"] = function() return loop {generator = critic} end,
      ["call it: gan.loss.logistic()"] = function() return loop(gan.loss.logistic) end,
      ["generator must return a scalar tensor, returned nil"] = function()
        loop {critic = critic, generator = function() end}:step(1)
      end,
      ["option 'penalties': expected a list of penalties (what is said of one stands in its own braces: {{f, weight ="]
        = function() return loop(gan.loss.hinge(), {gan.penalty.r1 {gamma = 1}, weight = 3}) end,
      ["critic must return a scalar tensor, returned real tensor (4); take its mean: x:mean()"] = function()
        loop {critic = function(real) return real end, generator = critic}:step(1)
      end,
    }
  end)
end)
