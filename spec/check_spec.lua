-- gan.check: option tables, nearest names, and the line that an error blames.
local gan = require "gan"
local check = require "gan.check"
local option = check.option

-- Raises a message that contains a text.
local function fails(text, f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok, "accepted; expected: " .. text)
  assert.truthy(err:find(text, 1, true), ("expected '%s' in: %s"):format(text, err))
end

describe("check", function()
  it("suggests the nearest name", function()
    assert.equal("batch", check.nearest("bacth", {"batch", "steps", "beta1"}))
    assert.equal("outdir", check.nearest("outdri", {"outdir", "data"}))
    assert.is_nil(check.nearest("zzzzzz", {"batch", "steps"}))
  end)

  it("fills in defaults and refuses unknown options", function()
    local given, any = {b = 2}, option.any {}
    assert.same({a = 1, b = 2}, check.options("f", given, {a = option.any {default = 1}, b = any, c = any}))
    assert.same({b = 2}, given)
    local known = {stride = any, padding = any}
    fails("f: unknown option 'strde' (did you mean 'stride'?)", check.options, "f", {strde = 2}, known)
    fails("f: unknown option 'xyz' (known: padding, stride)", check.options, "f", {xyz = 2}, known)
    fails("f: unknown option '1'", check.options, "f", {2}, known)
    local must = option.integer {required = true, lo = 1}
    fails("f: option 'a': expected an integer >= 1, got nil", check.options, "f", {}, {a = must})
    assert.same({}, check.options("f", {}, {a = must:optional()}))
    fails("f: option 'a': expected an integer >= 1, got 0", check.options, "f", {a = 0}, {a = must:optional()})
    fails("f: unknown option 'a' (it takes none)", check.options, "f", {a = 2}, {})
    fails("f: expected a table of options, got 3", check.options, "f", 3, {})
  end)

  it("takes the kinds of options that it knows, and tells what was expected of others", function()
    local stream, tensor = gan.rng(1), gan.zeros(2, 3)
    local callable = setmetatable({}, {__call = print})
    local cases = { -- kind, what it takes, what it does not take, the text
      {option.integer {lo = 1}, {1, 3.0, 2147483647}, {0, 1.5, "3", 0 / 0, true}, "an integer >= 1"},
      {option.integer {lo = 1}, {}, {2147483648}, "an integer in 1..2147483647"},
      {option.integer {lo = 1, hi = 3}, {1, 3}, {0, 4}, "an integer in 1..3"},
      {option.integer {hi = 3}, {-5, 3}, {4}, "an integer <= 3"},
      {option.integer {}, {math.mininteger, 1 << 40}, {0.5}, "an integer"},
      {option.number {lo = 0, hi = 1}, {0, 0.5, 1}, {-0.1, 1.1, 0 / 0, "0"}, "a number in [0,1]"},
      {option.number {lo = 0}, {0, math.huge}, {-1}, "a number >= 0"},
      {option.number {hi = 0}, {0, -1}, {1}, "a number <= 0"},
      {option.number {above = 0}, {1e-9}, {0, -1}, "a number > 0"},
      {option.number {above = 0, hi = 1}, {1}, {0, 1.5}, "a number in (0,1]"},
      {option.number {lo = 0, below = 1}, {0, 0.99}, {1, -1}, "a number in [0,1)"},
      {option.number {below = 1}, {-9}, {1}, "a number < 1"},
      {option.number {}, {-9}, {false}, "a number"},
      {option.boolean {}, {true, false}, {0, "true"}, "true or false"},
      {option.word {"mean", "sum", "max"}, {"mean", "max"}, {"other", 1}, "'mean', 'sum' or 'max'"},
      {option.word {"mean", "sum"}, {}, {"maen"}, "'mean' or 'sum' (did you mean 'mean'?)"},
      {option.word {8, 25}, {8, 25}, {9, "8"}, "8 or 25"},
      {option.word {"one"}, {"one"}, {1}, "'one'"},
      {option.string {}, {"", "x"}, {1, {}}, "a string"},
      {option.table {}, {{}}, {1, print}, "a table"},
      {option.callable {}, {print, callable}, {{}, 1, stream}, "a function"},
      {option.stream {}, {stream}, {io.stdout, {uniform = print}, 1, tensor}, "a random stream (gan.rng)"},
      {option.tensor {}, {tensor}, {{}, stream, gan.tensor({1}, "i32")}, "a real tensor"},
      {option.tensor {dtype = "i32", dim = 1}, {gan.tensor({1}, "i32")}, {tensor}, "an i32 tensor of 1 dimension"},
      {option.tensor {dtype = "any"}, {tensor, gan.tensor({1}, "i32")}, {{}, stream}, "a tensor"},
      {option.callable {expected = "a net"}, {print}, {{}}, "a net"},
      {option.where {expected = "an even number", accept = function(v)
        if v == 3 then return nil, "no three" end
        return v % 2 == 0 and v // 2 or nil
      end}, {}, {5}, "an even number"},
    }
    for _, c in ipairs(cases) do
      local known = {x = c[1]}
      for _, v in ipairs(c[2]) do assert.equal(v, check.options("f", {x = v}, known).x) end
      for _, v in ipairs(c[3]) do
        fails(("f: option 'x': expected %s, got %s"):format(c[4], check.found(v)), check.options, "f", {x = v}, known)
        fails(("f: option 'x': expected %s, got %s"):format(c[4], check.found(v)), c[1].check, c[1], "f", "x", v)
      end
    end
    local halved = cases[#cases][1]
    assert.equal(2, check.options("f", {x = 4}, {x = halved}).x)
    fails("f: option 'x': expected no three, got 3", check.options, "f", {x = 3}, {x = halved})
    assert.equal("integer", math.type(check.options("f", {x = 3.0}, {x = option.integer {lo = 1}}).x))
    assert.equal(tensor, check.options("f", {x = tensor}, {x = option.any {}}).x)
  end)

  it("shows a text that is no value in one line, which no terminal obeys", function()
    local text = "a\n\27[2J\0\127" .. ("x"):rep(60)
    local shown = "string 'a\\x0a\\x1b[2J\\x00\\x7f" .. ("x"):rep(49) .. "...'"
    assert.equal(shown, check.found(text))
    assert.is_truthy(select(2, pcall(gan.add, gan.zeros(1), text)):find("got " .. shown, 1, true))
    assert.equal("string 'a\\x0ab'", check.found "a\nb")
    assert.is_truthy(select(2, pcall(gan.add, gan.zeros(1), "a\nb")):find("got string 'a\\x0ab')", 1, true))
  end)

  it("knows what must be given, what has a default, and what may be left out", function()
    local known = {
      a = option.integer {required = true, lo = 0}, b = option.boolean {default = true}, c = option.number {},
    }
    assert.same({a = 1, b = true}, check.options("f", {a = 1}, known))
    assert.same({a = 1, b = false, c = 2}, check.options("f", {a = 1, b = false, c = 2}, known))
    fails("f: option 'a': expected an integer >= 0, got nil", check.options, "f", nil, known)
    fails("f: option 'c': expected a number, got nil", known.c.check, known.c, "f", "c", nil)
  end)

  it("shows names in one line, and so that a terminal obeys none", function()
    for name, expected in pairs {
      ["a b\nc\27[1m\127\0é\xff"] = "a b\\x0ac\\x1b[1m\\x7f\\x00é\\xff", ["\xff\xfe"] = "\\xff\\xfe",
      ["\xc2\x9b2J"] = "\\u{9b}2J", ["\x9b2J"] = "\\x9b2J", ["\u{a0}é日本\u{1f600}"] = "\u{a0}é日本\u{1f600}",
      ["\u{202e}gnp.exe\u{2066}"] = "\\u{202e}gnp.exe\\u{2066}", ["a\u{2028}b\u{2029}"] = "a\\u{2028}b\\u{2029}",
      ["\u{200e}\u{61c}–"] = "\\u{200e}\\u{61c}–", [""] = "", ["\t\r"] = "\\x09\\x0d", ["é\xc3"] = "é\\xc3",
    } do
      assert.equal(expected, check.shown(name))
      assert.equal(expected, check.shown(expected))
    end
    assert.equal("a:\n  \\x1b[2J\t\\x0d\n", check.shown("a:\n  \27[2J\t\r\n", true))
    local ok, message = pcall(check.fail, "f", "no '%s'", "\27[2J")
    assert.is_false(ok)
    assert.is_truthy(message:find("no '\\x1b[2J'", 1, true), message)
  end)

  it("counts things, one or several", function()
    for text, args in pairs {
      ["1 image"] = {1, "image"}, ["0 images"] = {0, "image"}, ["2 classes"] = {2, "class"}, ["1 class"] = {1, "class"},
      ["3 batches"] = {3, "batch"}, ["5 boxes"] = {5, "box"}, ["2 entries"] = {2, "entry"},
      ["1 entry"] = {1, "entry"}, ["4 ways"] = {4, "way"},
    } do assert.equal(text, check.count(table.unpack(args))) end
    fails("expected 1 dimension, got real tensor (2,2)", check.real, "f", 1, "x", gan.zeros(2, 2), 1)
    fails("dimension 2 should have 1 number everywhere", gan.tensor, {{1}, {1, 2}})
  end)

  it("takes sizes in the list part", function()
    local known = {bias = option.boolean {default = true}}
    assert.same({3, 4, bias = true}, check.options("nn.f", {3.0, 4}, known, {"Di", "Do"}))
    fails("nn.f: size Do is missing: nn.f{Di, Do, ...}", check.options, "nn.f", {3}, known, {"Di", "Do"})
    fails("nn.f: option 'Do': expected an integer >= 1, got 0", check.options, "nn.f", {3, 0}, known, {"Di", "Do"})
    fails("nn.f: expected 2 sizes in the list part of the options, got 3", check.options, "nn.f", {3, 4, 5}, known,
      {"Di", "Do"})
  end)

  it("blames the user's line, not the library's", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, err = pcall(function() gan.grad(gan.zeros(2), {}) end)
    assert.is_false(ok)
    assert.truthy(err:find(("check_spec.lua:%d: grad:"):format(line), 1, true), err)
  end)

  -- What an error pushes on the stack must not be taken for an argument that is not there.
  it("says nil of what is missing, in every core function", function()
    local core = require "gan.core"
    local skip = {
      memory_fail_after = true, picture_seconds = true, memory_limit = true, library = true, catch_interrupt = true,
    }
    local w, u, i = gan.zeros(2, 2), gan.zeros(2), gan.zeros(2, 2):to "i32"
    local missing = {}
    for name, f in pairs(core) do
      if type(f) == "function" and not skip[name] then
        for _, args in ipairs {{w, w, w, w}, {w, u, u}, {w, w, u, u}, {w, i, i}, {{1}, 1, 1}} do
          for n = 0, #args do
            local ok, err = pcall(f, table.unpack(args, 1, n))
            assert.falsy(not ok and tostring(err):find("got string", 1, true), err)
            if not ok and tostring(err):find(("bad argument #%d '"):format(n + 1), 1, true) then
              missing[name] = missing[name] or tostring(err):find("got nil)", 1, true) ~= nil
            end
          end
        end
      end
    end
    for _, name in ipairs {
      "size", "narrow", "narrow_dx", "permute", "take_along", "put_along", "power_iteration", "spectral_divide",
      "spectral_grad",
    } do
      assert.is_true(missing[name], name)
    end
  end)

  it("checks integers and numbers", function()
    assert.equal(3, check.int("f", 1, "n", 3.0, 1))
    for _, bad in ipairs {0, 1.5, "3", 0 / 0} do
      local ok, err = pcall(check.int, "f", 1, "n", bad, 1)
      assert.is_false(ok)
      assert.truthy(err:find("f: bad argument #1 'n' (expected an integer >= 1", 1, true))
    end
    local ok, err = pcall(check.number, "f", 2, "p", 1.5, 0, 1)
    assert.is_false(ok)
    assert.truthy(err:find("bad argument #2 'p' (expected a number in [0,1], got 1.5)", 1, true))
  end)

  it("makes rooms whose files are fields on first use, and which tell of misspelt names", function()
    local room = check.room("gan.schedule", {here = 1}, {"linear", "cosine"})
    assert.is_true(check.has(room, "linear"))
    assert.is_nil(rawget(room, "linear"))
    assert.equal(require "gan.schedule.linear", room.linear)
    assert.equal(room.linear, rawget(room, "linear"))
    assert.same({"cosine", "here", "linear"}, check.names(room))
    for _, name in ipairs {"step", "base", 1, "../check"} do -- not in the list, no names
      assert.is_false(check.has(room, name))
      fails(("gan.schedule: there is no '%s' (known: cosine, here, linear)"):format(name), function()
        return room[name]
      end)
    end
  end)

  it("suggests names in every room, and tensors' methods", function()
    for text, f in pairs {
      ["gan: there is no 'rleu' (did you mean 'relu'?)"] = function() return gan.rleu(1) end,
      ["gan: there is no 'optm' (did you mean 'optim'?)"] = function() return gan.optm.adam end,
      ["gan.model.dcgan: there is no 'genrator' (did you mean 'generator'?)"] = function()
        return gan.model.dcgan.genrator {}
      end,
      ["gan.nn.initial: there is no 'he_noraml' (did you mean 'he_normal'?)"] = function()
        return gan.nn.initial.he_noraml()
      end,
      ["gan.data.image: there is no 'raed' (did you mean 'read'?)"] = function() return gan.data.image.raed() end,
      ["gan.loss: there is no 'hing' (did you mean 'hinge'?)"] = function() return gan.loss.hing() end,
      ["gan.nn: there is no 'conv2' (did you mean 'conv2d'?)"] = function() return gan.nn.conv2 {} end,
      ["gan.ops: there is no 'maen' (did you mean 'mean'?)"] = function() return gan.ops.maen end,
      ["tensor: there is no method 'rleu' (did you mean 'relu'?)"] = function() return gan.zeros(1):rleu() end,
      ["tensor: there is no method 'something_else'"] = function() return gan.zeros(1).something_else end,
    } do fails("check_spec.lua:", f) fails(text, f) end
  end)

  it("knows what can be called, and a message without its place", function()
    for _, v in ipairs {print, setmetatable({}, {__call = print})} do assert.is_true(check.callable(v)) end
    for _, v in ipairs {1, "x", {}, setmetatable({}, {})} do assert.is_false(check.callable(v)) end
    assert.equal("op: wrong: 3", check.placeless("/a/b.lua:12: op: wrong: 3"))
    assert.equal("no place: here", check.placeless "no place: here")
  end)

  it("tells an error without its place", function()
    assert.same({1, nil, 3}, {check.try(function(...) return ... end, 1, nil, 3)})
    assert.same({nil, "op: oops"}, {check.try(function() return check.fail("op", "oops") end)})
    assert.same({nil, "gone"}, {check.try(function() return nil, "gone" end)})
  end)
end)
