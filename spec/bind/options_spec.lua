-- Tables of options that C reads (csrc/bind/options.c): one form of message, the same as Lua's (gan.check).
local gan = require "gan"
local check = require "gan.check"
local core = require "gan.core"

local x, w = gan.ones(1, 4, 4, 3), gan.ones(3, 3, 3, 2)
local conv2d, pool, resize, pad2d = gan.conv2d, gan.avg_pool2d, gan.resize, gan.pad2d

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return (tostring(err):gsub("^[^ ]*:%d+: ", ""))
end

describe("options of the core", function()
  it("suggest the name that was meant, or list those there are", function()
    assert.equal("conv2d: unknown option 'strid' (did you mean 'stride'?)", message(conv2d, x, w, {strid = 2}))
    assert.equal("conv2d: unknown option 'stirde' (did you mean 'stride'?)", message(conv2d, x, w, {stirde = 2}))
    assert.equal("resize: unknown option 'siez' (did you mean 'size'?)", message(resize, x, {siez = 2}))
    assert.equal("pad2d: unknown option 'botom' (did you mean 'bottom'?)", message(pad2d, x, {botom = 2}))
    assert.equal("avg_pool2d: unknown option 'shape' (known: count_include_pad, kernel, padding, stride)",
      message(pool, x, {shape = 2}))
    local known = " (known: dilation, engine, groups, padding, stride)"
    assert.equal("conv2d: unknown option '1'" .. known .. "; options have names: {stride = ...}",
      message(conv2d, x, w, {2}))
    assert.equal("conv2d: unknown option 'table'" .. known, message(conv2d, x, w, {[{}] = 2})) -- no address
    assert.equal("sgd_: unknown option 'lrr' (did you mean 'lr'?)", message(core.sgd_, {x}, {x}, nil, {lrr = 1}))
  end)

  it("name one that is needed where there is a list of values", function()
    local known = "(known: align_corners, legacy, mode, size)"
    assert.equal("resize: unknown option '1' " .. known .. "; options have names: {size = ...}",
      message(resize, x, {8, 8}))
    assert.is_truthy(message(pool, x, {2}):find("; options have names: {kernel = ...}", 1, true))
    assert.is_truthy(message(gan.schedule.step, {2}):find("{every = ...}", 1, true))
  end)

  it("say what was expected and what there is", function()
    local function stride(v) return message(conv2d, x, w, {stride = v}) end
    local expected = "conv2d: option 'stride': expected an integer >= 1 or a pair {height, width} of them, got "
    assert.equal(expected .. "0", stride(0))
    assert.equal(expected .. "1.5", stride(1.5))
    assert.equal(expected .. "string '2'", stride "2")
    assert.equal(expected .. "true", stride(true))
    assert.equal(expected .. "a table of 3", stride {1, 1, 1})
    assert.equal(expected .. "0", stride {1, 0})
    assert.equal(expected .. "a table of 1", stride(setmetatable({1}, {__index = {1, 1}}))) -- no metamethod runs
    assert.equal(expected:gsub(">= 1", "in 1..1073741824") .. "1073741825", stride((1 << 30) + 1))
    assert.equal("pad2d: option 'top': expected an integer >= 0, got real tensor (1,4,4,3)",
      message(pad2d, x, {top = x}))
    assert.equal("pad2d: option 'value': expected a number, got string '1'", message(pad2d, x, {value = "1"}))
    assert.equal("avg_pool2d: option 'count_include_pad': expected true or false, got 1",
      message(pool, x, {kernel = 2, count_include_pad = 1}))
    local mode = "resize: option 'mode': expected 'nearest' or 'bilinear'"
    assert.equal(mode .. " (did you mean 'bilinear'?), got string 'biliner'",
      message(resize, x, {size = 2, mode = "biliner"}))
    assert.equal("resize: option 'mode': expected 'nearest' or 'bilinear', got table",
      message(resize, x, {size = 2, mode = {}}))
    assert.equal("avg_pool2d: option 'kernel': expected an integer >= 1 or a pair {height, width} of them, got nil",
      message(pool, x, nil))
    assert.equal("sgd_: option 'lr': expected a number, got nil", message(core.sgd_, {x}, {x}, nil, {}))
    assert.equal("conv2d: bad argument #3 'options' (expected a table of options, got 2; write {...}, with braces)",
      message(conv2d, x, w, 2))
    assert.equal("resize: option 'mode': expected 'nearest' or 'bilinear', got string '" .. ("m"):rep(57) .. "...'",
      message(resize, x, {size = 2, mode = ("m"):rep(100)}))
  end)

  it("say what fits no other option", function()
    assert.equal("avg_pool2d: option 'padding': (2,2) must be smaller than the kernel (2,2)",
      message(pool, x, {kernel = 2, padding = 2}))
    assert.equal("resize: option 'legacy': needs mode = \"bilinear\"", message(resize, x, {size = 2, legacy = true}))
    assert.equal("pad2d: option 'value': needs mode = \"constant\"",
      message(pad2d, x, {value = 0 / 0, mode = "reflect"}))
    assert.equal("pad2d: option 'mode': reflect needs an image larger than the padding, got 4 x 4",
      message(pad2d, x, {top = 4, mode = "reflect"}))
  end)

  it("keep a border's value, whatever number it is", function()
    local y = pad2d(x, {top = 1, value = 0 / 0}):get(1, 1, 1, 1)
    assert.is_true(y ~= y)
    assert.equal(-2, pad2d(x, {top = 1, value = -2}):get(1, 1, 1, 1))
    assert.equal(0, pad2d(x, {top = 1}):get(1, 1, 1, 1))
  end)

  it("have the words of gan.check", function()
    local kinds = {
      size = check.option.integer {lo = 1, required = true}, mode = check.option.word {"nearest", "bilinear"},
      align_corners = check.option.boolean {}, legacy = check.option.boolean {},
    }
    for _, opt in ipairs {
      {siez = 1}, {1}, {modes = 1}, {size = 1, mode = "bilinaer"}, {size = 1, mode = "x"}, {size = 1, mode = 1},
      {size = 1, mode = false}, {size = 1, legacy = "yes"}, {size = 1, align_corners = 0}, {alignment = 1},
      {gelacy = true}, {size = 1, mode = {}}, {size = 1, legacy = x}, {size = 1, mode = ("m"):rep(61)},
    } do
      assert.equal(message(check.options, "resize", opt, kinds), message(resize, x, opt))
    end
  end)
end)

describe("near names", function()
  it("are two letters away, or a third of the word", function()
    local names = {"beta1", "beta2", "kernel", "padding", "stride"}
    for word, want in pairs {
      stride = "stride", strid = "stride", strides = "stride", stirde = "stride", srtide = "stride", strde = "stride",
      beta = "beta1", beta3 = "beta1", ebta2 = "beta2", padidng = "padding", kernelsize = false, k = false,
      [""] = false, xyz = false, STRIDE = "stride", Pading = "padding", K = false, count_include_padding = false,
    } do
      assert.equal(want or nil, core.near_name(word, names))
    end
    local long = core.near_name("count_include_padding", {"count", "count_include_pad"}) -- four letters of 21
    assert.equal("count_include_pad", long)
    assert.is_nil(core.near_name("a", {}))
    assert.is_nil(core.near_name("ab", {"cd"})) -- nothing in common
    assert.is_nil(core.near_name(("a"):rep(101), {("a"):rep(100)}))
    assert.equal(("a"):rep(100), core.near_name(("a"):rep(99), {("a"):rep(100)}))
  end)

  it("takes a word and a list of them", function()
    assert.matches("bad argument #1 'word'", message(core.near_name, 1, {}), 1, true)
    assert.matches("bad argument #2 'names'", message(core.near_name, "a", "b"), 1, true)
    assert.matches("bad argument #2 'names'", message(core.near_name, "a", {"b", 3}), 1, true)
  end)
end)
