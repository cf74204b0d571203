local browser = require "spec.support.browser"
local core = require "gan.core"
local explorer = require "gan.show.explorer"
local gan = require "gan"
local half = require "gan.show.explorer.half"
local json = require "gan.file.json"
local module = require "gan.show.explorer.module"
local temp = require "spec.support.temp"

local nn = gan.nn

describe("show.explorer", function()
  teardown(temp.clean)

  -- ---- 16-bit floats ----

  local function halves(...)
    local bytes, out = assert(half(("<" .. ("f"):rep(select("#", ...))):pack(...))), {}
    for i = 1, #bytes, 2 do out[#out + 1] = ("%04x"):format(("<I2"):unpack(bytes, i)) end
    return table.concat(out, " ")
  end

  it("rounds to halves, ties to even", function()
    assert.equal("3c00 c000 2e66 251f 7bff", halves(1, -2, 0.1, 0.02, 65504))
    assert.equal("0400 0300 0001 0000", halves(0x1p-14, 1.5 * 0x1p-15, 0x1p-24, 0x1p-25))
    assert.equal("3c00 3c02 3555 8000", halves(1 + 0x1p-11, 1 + 3 * 0x1p-11, 1 / 3, -0.0))
    assert.equal("0002 03ff 0400", halves(1.5 * 0x1p-24, 1023 * 0x1p-24, 1023.5 * 0x1p-24))
    local many = {}
    for i = 1, 300 do many[i] = i % 7 end
    assert.equal(300 * 5 - 1, #halves(table.unpack(many)))
  end)

  it("divides by a power of two first", function()
    assert.equal(half(("<ff"):pack(1.25, -0.5)), half(("<ff"):pack(10, -4), 8))
  end)

  it("refuses what is beyond a half", function()
    for _, v in ipairs {65520, -1e6, math.huge, 0 / 0} do
      local bytes, why = half(("<f"):pack(v))
      assert.is_nil(bytes)
      assert.matches("beyond a 16%-bit float", why)
    end
    assert.equal("7bff", halves(65519))
  end)

  -- ---- what is refused ----

  local function net(...) return nn.chain {name = "G", ...} end

  local function refused(message, G, opt)
    opt = opt or {z = 4}
    local ok, why = pcall(explorer.page, G, opt)
    assert.is_false(ok)
    assert.equal(message, (why:gsub("^[^ ]*:%d+: ", "")))
  end

  local rng = gan.rng(1)
  local function linear(n) return nn.linear {4, n, rng = rng} end

  it("names the layer that it does not know", function()
    refused("show.explorer: nn.maxout (layer G.2): the page does not know this layer; it knows adapted_norm, "
      .. "batch_norm, bottleneck, chain, conditional_batch_norm, conv2d, conv_transpose2d, dropout, elu, flatten, "
      .. "gelu, group_norm, instance_norm, label_concat, layer_norm, leaky_relu, learned_basis, linear, pixel_norm, "
      .. "relu, resample, residual_up, self_attention, selu, sigmoid, softplus, swish, tanh, upsample, view",
      net(linear(32), nn.maxout {pieces = 2}))
    assert.error_matches(function() explorer.page(net(linear(16), gan.tanh), {z = 4}) end,
      "show.explorer: a function: the page does not know this layer", 1, true)
    assert.error_matches(function()
      explorer.page(gan.model.dcgan.generator {size = 16, z = 4, ngf = 1, norm = "virtual", rng = rng}, {z = 4})
    end, "show.explorer: nn.virtual_batch: the page does not know this layer", 1, true)
  end)

  it("says what it knows of a layer that it knows in part", function()
    local image = {linear(16), nn.view {4, 4, 1}}
    local function behind(layer) return net(image[1], image[2], layer) end
    local function conv(kind, opt)
      opt.rng = rng
      return behind(nn[kind](opt))
    end
    refused("show.explorer: nn.conv2d (layer G.3): the page has convolutions of 1x1 and 3x3 that keep the size, and no "
      .. "conv2d 1 -> 2, 5x5, padding 2", conv("conv2d", {1, 2, kernel = 5, padding = 2}))
    refused("show.explorer: nn.conv2d (layer G.3): the page has convolutions of 1x1 and 3x3 that keep the size, and no "
      .. "conv2d 1 -> 2, 3x3", conv("conv2d", {1, 2, kernel = 3}))
    refused("show.explorer: nn.conv_transpose2d (layer G.3): the page has transposed convolutions of 4x4, stride 2, "
      .. "padding 1, and no conv_transpose2d 1 -> 2, 2x2, stride 2",
      conv("conv_transpose2d", {1, 2, kernel = 2, stride = 2}))
    refused("show.explorer: nn.upsample (layer G.3): the page enlarges to twice the size only",
      behind(nn.upsample {factor = 3}))
    refused("show.explorer: nn.resample (layer G.3): the page enlarges to twice the size only, by the filter [1,3,3,1]",
      behind(nn.resample {up = 2, filter = {1, 2, 1}}))
    refused("show.explorer: nn.label_concat (layer G.3): the page puts labels behind z only",
      behind(nn.label_concat {3}), {z = 4, classes = {"a", "b", "c"}})
    refused("show.explorer: nn.dropout (layer G.3): it draws with random zeros, so no picture comes twice: the page "
      .. "shows none of these nets", behind(nn.dropout {always = true}))
  end)

  it("refuses what is no picture, and weights that are no numbers", function()
    refused("show.explorer: the net draws no square pictures in grey or colour: it makes (1,1,2)", net(linear(2)))
    refused("show.explorer: the net draws no square pictures in grey or colour: it makes (4,2,2)",
      net(linear(16), nn.view {4, 2, 2}))
    local bad = linear(16)
    gan.no_grad(function() core.mul_(bad.weight, math.huge) end)
    refused("show.explorer: nn.linear (layer G.1): it has weights that are no finite numbers",
      net(bad, nn.view {4, 4, 1}))
  end)

  it("refuses options that do not fit the net", function()
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 1, classes = 3, rng = rng}
    refused("show.explorer.page: option 'classes': the net sees 3 classes, expected as many names, got none", G)
    refused("show.explorer.page: option 'classes': the net sees 3 classes, expected as many names, got 2", G,
      {z = 4, classes = {"a", "b"}})
    refused("show.explorer.page: option 'directions': expected (K,4), got real tensor (2,5)", G,
      {z = 4, classes = {"a", "b", "c"}, directions = gan.zeros(2, 5)})
    refused("show.explorer.page: option 'z': expected an integer >= 1, got nil", G, {})
  end)

  it("says how large a page would be, and what to do", function()
    local G = gan.model.mlp.generator {size = 16, z = 4, width = 600, rng = rng}
    refused("show.explorer.page: the page would have 1.38 MB, more than 1: the generator has 0.517 million weights. A "
      .. "larger limit lets it pass, a generator of fewer channels (--ngf) makes a smaller page", G,
      {z = 4, limit = 1})
    assert.equal("string", type(explorer.page(G, {z = 4, limit = 3})))
  end)

  -- ---- the module ----

  it("holds the bytes that net.c gives", function()
    local pipe = io.popen "clang --version 2>/dev/null"
    local version = pipe:read("a"):match "clang version ([%d.]+)"
    pipe:close()
    local both = version and os.execute "command -v wasm-ld >/dev/null"
    if not both then return pending "there is no clang, or no lld" end
    if version ~= module.compiler then
      return pending(("the bytes are of clang %s, and this is %s"):format(module.compiler, version))
    end
    local out = temp.dir() .. "/module.lua"
    assert(os.execute(("sh lua/gan/show/explorer/build.sh '%s'"):format(out)))
    assert.equal(temp.read "lua/gan/show/explorer/module.lua", temp.read(out))
  end)
end)

-- ---- in a browser ----

-- Moves what starts at 0 or at 1, so that all of it is seen, and gives batch norms statistics.
local function shaken(G, z, classes)
  local rng = gan.rng(7)
  gan.no_grad(function()
    for _ = 1, 4 do G(rng:normal {16, z}, classes and rng:integer({16}, 0, classes - 1)) end
    for name, t in pairs(G:state()) do
      if name:find "gamma" or name:find "beta" or name:find "bias" then
        core.add_(t, gan.rng(3, name):normal(core.shape(t), 0, 0.2))
      end
    end
  end)
  return G:eval()
end

local function made(name, opt)
  opt.rng = gan.rng(1, name)
  return shaken(gan.model[name].generator(opt), opt.z, opt.classes)
end

describe("show.explorer in a browser", function()
  local b, why, dir, page
  local pages = 0

  setup(function()
    dir = temp.dir()
    b, why = browser.open()
    page = b and b:page "about:blank"
  end)
  teardown(function()
    if b then b:close() end
    temp.clean()
  end)

  -- Shows a page of this text.
  local function go(html, fragment)
    pages = pages + 1
    page.errors, page.requests = {}, {}
    page:go(temp.write(("%s/page%d.html"):format(dir, pages), html) .. (fragment or ""))
    page:wait("window.explorer || !document.getElementById('failed').hidden", 60)
  end

  local names = {}
  for i = 1, 5 do names[i] = "class " .. i end

  -- Shows the page of a net.
  local function open(G, opt, fragment)
    go((explorer.page(G, opt)), fragment)
    assert.equal("", page:eval "document.getElementById('failed').textContent")
  end

  -- The bytes (RGBA) that the page shows, and those that the library makes of z and y.
  local function shown(state)
    return page:eval((state and ("explorer.go('#%s'), "):format(state) or "") .. "explorer.bytes()")
  end
  local function expected(G, z, y)
    local x = core.image_quantise(nn.evaluate(G, z, y))
    G:eval()
    return core.to_table(core.reshape(x, {core.numel(x)})), core.size(x, 4)
  end

  -- The largest difference of the page's picture from the library's.
  local function apart(G, z, y, state)
    local is, most, want, c = shown(state), 0, expected(G, z, y)
    for i = 0, #is // 4 - 1 do
      for k = 1, 3 do
        most = math.max(most, math.abs(is[4 * i + k] - want[c * i + (c == 3 and k or 1)]))
      end
      if is[4 * i + 4] ~= 255 then return 255 end
    end
    return most
  end

  local function clean()
    assert.same({}, page.errors)
    for _, url in ipairs(page.requests) do assert.matches("^file:///.*page%d+%.html", url) end
  end

  local nets = {
    {"dcgan", {size = 32, channels = 1, z = 16, ngf = 8}},
    {"dcgan", {size = 16, channels = 3, z = 16, ngf = 8, classes = 5}},
    {"dcgan", {size = 16, channels = 3, z = 8, ngf = 6, classes = 5, conditioning = "projection",
      activation = "leaky_relu"}},
    {"dcgan", {size = 16, channels = 3, z = 8, ngf = 6, norm = "layer", activation = "elu"}},
    {"dcgan", {size = 16, channels = 3, z = 8, ngf = 6, norm = "instance", activation = "gelu"}},
    {"dcgan", {size = 16, channels = 3, z = 8, ngf = 5, norm = "none", activation = "softplus"}},
    {"mlp", {size = 28, channels = 1, z = 20, width = 64}},
    {"mlp", {size = 16, channels = 3, z = 20, width = 50, norm = "batch", classes = 5, activation = "selu"}},
    {"mlp", {size = 16, channels = 1, z = 20, width = 50, norm = "layer", activation = "swish"}},
    {"sndcgan", {size = 24, channels = 3, z = 16, ngf = 8, spectral = true, classes = 5}},
    {"sndcgan", {size = 16, channels = 3, z = 16, ngf = 4, norm = "none"}},
    {"sngan_resnet", {size = 32, channels = 3, z = 16, ngf = 12, attention = 16}},
    {"sngan_resnet", {size = 64, channels = 3, z = 16, ngf = 2, classes = 5, spectral = true}},
    {"r3gan", {size = 16, channels = 3, z = 16, ngf = 16, classes = 5}},
  }
  for _, case in ipairs(nets) do
    local words = {}
    for _, k in ipairs {"size", "channels", "classes", "norm", "conditioning", "activation", "attention"} do
      if case[2][k] then words[#words + 1] = k .. " " .. case[2][k] end
    end
    it(("draws as the library does: %s, %s"):format(case[1], table.concat(words, ", ")), function()
      if not b then return pending(why) end
      local opt = case[2]
      local classes = opt.classes
      local G = made(case[1], opt)
      open(G, {z = opt.z, classes = classes and names})
      for _, seed in ipairs {0, 1000003} do
        local z = gan.latent.of_seeds({seed}, opt.z)
        local y = classes and core.tensor({seed % classes}, "i32") or nil
        local most = apart(G, z, y, "seed=" .. seed)
        assert.is_true(most <= 1, most .. " levels")
      end
      clean()
    end)
  end

  it("draws chains of other layers: a block behind a convolution, vectors of images", function()
    if not b then return pending(why) end
    local rng = gan.rng(4)
    local G = shaken(nn.chain {
      name = "G", input = {4}, nn.linear {4, 16, rng = rng}, nn.view {4, 4, 1}, nn.upsample {},
      nn.conv2d {1, 6, kernel = 3, padding = 1, rng = rng}, nn.residual_up {6, 6, upsample = false, rng = rng},
      nn.residual_up {6, 4, upsample = false, mode = "bilinear", rng = rng}, nn.upsample {mode = "bilinear"},
      nn.conv2d {4, 1, kernel = 1, rng = rng}, nn.flatten {},
      nn.linear {256, 64, rng = rng}, nn.leaky_relu {}, nn.pixel_norm {}, nn.view {8, 8, 1},
      nn.resample {up = 2, edge = "replicate"}, nn.group_norm {1, groups = 1}, nn.sigmoid {},
    }, 4)
    open(G, {z = 4})
    local most = apart(G, gan.latent.of_seeds({9}, 4), nil, "seed=9")
    assert.is_true(most <= 1, most .. " levels")
  end)

  it("draws adapted nets, with their class", function()
    if not b then return pending(why) end
    local source = made("dcgan", {size = 16, z = 8, ngf = 6, classes = 5, conditioning = "projection"})
    local G = nn.adapted {source, class = 3}
    gan.no_grad(function()
      for _, t in ipairs(G:params()) do core.add_(t, gan.rng(5):normal(core.shape(t), 0, 0.3)) end
    end)
    open(G:eval(), {z = 8})
    assert.is_true(apart(G, gan.latent.of_seeds({0}, 8)) <= 1)
    clean()
  end)

  it("mixes classes as the library does: their scales and shifts, or what stands behind z", function()
    if not b then return pending(why) end
    local weights = core.tensor {{0.25, 0.75, 0}}
    for _, case in ipairs {
      {"dcgan", {size = 16, ngf = 6, conditioning = "projection"}},
      {"dcgan", {size = 16, ngf = 6, conditioning = "concat"}}, {"mlp", {size = 16, width = 50, norm = "batch"}},
      {"sndcgan", {size = 16, ngf = 4}}, {"sngan_resnet", {size = 32, ngf = 4}}, {"r3gan", {size = 16, ngf = 16}},
    } do
      local name, opt = table.unpack(case)
      opt.channels, opt.z, opt.classes = 3, 8, 3
      local G, z = made(name, opt), gan.latent.of_seeds({4}, 8)
      open(G, {z = 8, classes = {"a", "b", "c"}}, "#seed=4&class=0:0.25,1:0.75")
      local most = apart(G, z, weights)
      assert.is_true(most <= 2, name .. " " .. most)
      assert.is_true(apart(G, z, core.tensor({1}, "i32"), "seed=4&class=1") <= 2, name)
      clean()
    end
  end)

  -- ---- latent vectors ----

  local function same(want, is, tolerance)
    assert.equal(#want, #is)
    for i, v in ipairs(want) do assert.near(v, is[i], tolerance or 1e-9) end
  end

  it("makes the library's z of a seed, truncated too", function()
    if not b then return pending(why) end
    open(made("mlp", {size = 16, z = 3, width = 4}), {z = 3})
    assert.equal("3813f25c4101c454", page:eval "streamKey(7, 'generate').toString(16)")
    same({-.271834463, .443687528, -1.88849103, .417447299}, page:eval "Array.from(seedLatent(7, 4))", 1e-8)
    local seeds = {0, 1, 7, 63, 1000003, 1 << 31}
    for _, trunc in ipairs {false, 0.7} do
      local z = core.to_table(gan.latent.of_seeds(seeds, 300, trunc or nil))
      for i, seed in ipairs(seeds) do
        local is = page:eval(("Array.from(seedLatent(%d, 300, %s))"):format(seed, trunc and "0.7" or "undefined"))
        assert.same(z[i], is)
      end
    end
    -- the page's own arithmetic of paths, by the worked numbers of the library's
    local function slerp(a, bb, t) return page:eval(("slerp([%s], [%s], %s)"):format(a, bb, t)) end
    same({1.4375420509, 1.3456776958, 2.2633215394}, slerp("1,2,2", "2,-1,2", .25))
    same({2.6475678244, .8825226081, 3.5300904325}, slerp("1,2,2", "4,-2,4", .5))
    same({2.8284271247, -.7071067812, -.7071067812}, slerp("1,2,2", "-1,-2,-2", .5))
    same({1.25, 2.5, 2.5}, slerp("1,2,2", "2,4,4", .25))
    same({.5, -.25, .5}, slerp("0,0,0", "2,-1,2", .25))
    local corner = "slerp(slerp([3,0,0],[0,3,0],.25), slerp([0,0,3],[2,2,1],.25), .75)"
    same({1.4633948378, .9285397038, 2.4487322367}, page:eval(corner))
    same({3.5355339059, 3.5355339059}, page:eval "moved([3,4], [[1,0]], [1])")
    same({1.2126781252, 4.8507125007}, page:eval "moved([3,4], [[1,0]], [-2])")
    clean()
  end)

  it("moves between four corners, then along directions, then towards the middle", function()
    if not b then return pending(why) end
    local directions = core.tensor {{1, 0, 0}, {0, 0.6, 0.8}}
    open(made("mlp", {size = 16, z = 3, width = 4}), {z = 3, directions = directions, labels = {"a", "b"}},
      "#seed=5&psi=0.5&d=1,-0.5&pad=0.25,0.75")
    local z = core.to_table(gan.latent.of_seeds({5, 6, 7, 8}, 3))
    for i = 1, 4 do z[i] = "[" .. table.concat(z[i], ",") .. "]" end
    local formula = "moved(slerp(slerp(%s,%s,.25), slerp(%s,%s,.25), .75), [[1,0,0],[0,.6,.8]], [1,-.5])"
    local want = page:eval(formula:format(table.unpack(z)))
    for i, v in ipairs(want) do want[i] = 0.5 * v end
    same(want, page:eval "explorer.latent()", 1e-6)
  end)

  -- ---- the page ----

  it("keeps its state in the address, and goes back and forth", function()
    if not b then return pending(why) end
    local G = made("dcgan", {size = 16, z = 8, ngf = 6, classes = 3})
    local directions = core.tensor {{1, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0, 0, 0}}
    local opt = {z = 8, classes = {"<b>", "</script><img src=x onerror=window.bad=1>", "é"}, directions = directions,
      labels = {"x", "y"}, run = "runs/a", name = "a", step = 1000}
    open(G, opt)
    local function hash() return page:eval "location.hash" end
    assert.equal("#seed=0", hash())
    page:press "n"
    page:press "2"
    page:press "]"
    page:press "ArrowRight"
    page:press "ArrowDown"
    assert.equal("#seed=1&d=0,0.5&pad=0.05,0.05", hash())
    local there = shown()
    page:press "z"
    page:press "z"
    assert.equal("#seed=1&d=0,0.5", hash())
    page:press("Z", true)
    page:press("Z", true)
    assert.equal("#seed=1&d=0,0.5&pad=0.05,0.05", hash())
    assert.same(there, shown())
    page:eval "document.getElementById('class-buttons').children[2].click()"
    assert.equal("#seed=1&class=1&d=0,0.5&pad=0.05,0.05", hash())
    assert.equal(opt.classes[2], page:eval "document.getElementById('class-buttons').children[2].textContent")
    assert.is_true(page:eval "document.getElementById('command').offsetParent === null") -- no such command
    page:press "0"
    page:press "0" -- changes nothing: no step of the history
    assert.equal("#seed=1", hash())
    page:press "z"
    assert.equal("#seed=1&class=1&d=0,0.5&pad=0.05,0.05", hash())
    page:press("Z", true)
    assert.equal("#seed=1", hash())
    assert.equal("lua5.4 experiments/generate.lua --run runs/a --seeds 1",
      page:eval "document.getElementById('command').textContent")
    page:eval "explorer.go('#seed=7&class=2')"
    assert.equal("lua5.4 experiments/generate.lua --run runs/a --seeds 7 --class '#2'",
      page:eval "document.getElementById('command').textContent")
    -- the mouse
    page:drag(table.unpack(page:eval [[(() => {
      const r = document.getElementById('pad').getBoundingClientRect();
      scrollTo(0, 0);
      const q = document.getElementById('pad').getBoundingClientRect();
      return [q.x + 30, q.y + 30, q.x + q.width / 2, q.y + q.height / 2];
    })()]]))
    assert.equal("#seed=7&class=2&pad=0.5,0.5", hash())
    clean()
    open(G, opt, "#seed=1&d=0,0.5&pad=0.05,0.05") -- a link
    assert.same(there, shown())
    assert.equal("a - explorer", page:eval "document.title")
  end)

  it("takes only numbers from the address, within their ranges", function()
    if not b then return pending(why) end
    open(made("mlp", {size = 16, z = 4, width = 4, classes = 3}), {z = 4, classes = {"a", "b", "c"},
      directions = core.tensor {{1, 0, 0, 0}}},
      "#seed=-5&psi=99&d=1e9,2,3&pad=-1,NaN&class=7:1,x:1,<b>,1:5")
    local state = page:eval "explorer.state()"
    assert.same({seed = 0, psi = 1.5, d = {1.2}, u = 0, v = 0, mix = {0, 1, 0}}, state)
    page:eval "explorer.go('#seed=1e99&psi=&d=x&pad=&class=')"
    state = page:eval "explorer.state()"
    assert.equal(1 << 31, state.seed)
    assert.equal(1, state.psi)
    assert.same({0}, state.d)
    assert.is_nil(state.mix)
    clean()
  end)

  it("saves the picture as it is, under a name that tells its state", function()
    if not b then return pending(why) end
    open(made("mlp", {size = 16, z = 4, width = 4}), {z = 4, name = "my run/2"}, "#seed=3&psi=0.5")
    page:eval [[(() => {
      window.saved = null;
      HTMLAnchorElement.prototype.click = function() {
        fetch = null;
        window.saved = this.download;
      };
    })()]]
    page:press "s"
    assert.equal("my-run-2-seed-3-psi-0.5.png", page:wait "window.saved")
    clean()
  end)

  it("says in one line what it cannot draw", function()
    if not b then return pending(why) end
    local html = explorer.page(made("mlp", {size = 16, z = 4, width = 4}), {z = 4})
    for _, case in ipairs {
      {'"version":1', '"version":2', "This page holds a generator of version 2; it draws version 1."},
      {'"op":"activate"', '"op":"dream"', 'This page does not know the step "dream" of its generator.'},
      {'"gan%-explorer"', '"other"', "This page holds no generator."},
    } do
      local other, count = html:gsub(case[1], case[2])
      assert.is_true(count >= 1)
      go(other)
      assert.equal(case[3], page:eval "document.getElementById('failed').textContent")
    end
  end)

  it("opens within two seconds and draws a DCGAN of the usual width within 50 ms", function()
    if not b then return pending(why) end
    local G = made("dcgan", {size = 64, channels = 3, z = 100, ngf = 64})
    local html, told = explorer.page(G, {z = 100})
    assert.is_true(#html < 12e6, #html .. " bytes")
    assert.equal(#html, told.bytes)
    assert.equal(104628224, told.macs)
    local fresh = b:page(temp.write(dir .. "/large.html", html)) -- a process of its own
    fresh:wait("window.explorer", 60)
    local opened = fresh:thread_time() -- of the processor, which others have, too
    fresh:close()
    go(html)
    assert.is_true(opened < 2, opened .. " s")
    page:eval "for (let i = 0; i < 20; i++) explorer.paint()" -- until it is compiled well
    local before = page:thread_time()
    page:eval "for (let i = 0; i < 20; i++) explorer.paint()"
    local frame = (page:thread_time() - before) / 20
    if os.getenv "GAN_SHOW_TIMES" then print(("opened %.2f s, frame %.1f ms"):format(opened, 1e3 * frame)) end
    assert.is_true(frame < 0.05, 1e3 * frame .. " ms")
    assert.is_true(apart(G, gan.latent.of_seeds({0}, 100)) <= 1)
  end)

  it("can be read and worked by keyboard, dark and light", function()
    if not b then return pending(why) end
    for _, dark in ipairs {false, true} do
      page:media {dark = dark}
      open(made("mlp", {size = 16, z = 4, width = 4, classes = 3}),
        {z = 4, classes = {"a", "b", "c"}, directions = core.tensor {{1, 0, 0, 0}}, labels = {"one"}})
      -- the least contrast of a text to what is behind it
      local least = page:eval [[(() => {
        const light = s => {
          const c = s.match(/[\d.]+/g).map(Number).slice(0, 3).map(v => v / 255);
          const l = c.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
        };
        let least = 99;
        for (const e of document.querySelectorAll('main *, h1, p')) {
          const text = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
          if (!e.offsetParent || e.disabled || !text) continue;
          const clear = b => /, 0\)$|transparent/.test(getComputedStyle(b).backgroundColor);
          let behind = e;
          while (clear(behind)) behind = behind.parentElement;
          const a = light(getComputedStyle(e).color), c = light(getComputedStyle(behind).backgroundColor);
          least = Math.min(least, (Math.max(a, c) + 0.05) / (Math.min(a, c) + 0.05));
        }
        return least;
      })()]]
      assert.is_true(least >= 4.5, ("%s: %.2f"):format(dark and "dark" or "light", least))
      local nameless = page:eval [[[...document.querySelectorAll('input, canvas, button')].filter(e =>
        !(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length)
          || e.closest('button[aria-label]'))).length]]
      assert.equal(0, nameless)
      clean()
    end
  end)

  it("fits a telephone", function()
    if not b then return pending(why) end
    page:send("Emulation.setDeviceMetricsOverride", {width = 380, height = 700, deviceScaleFactor = 2, mobile = false})
    open(made("mlp", {size = 16, z = 4, width = 4, classes = 3}), {z = 4, classes = {"a", ("long "):rep(30), "c"},
      directions = core.tensor {{1, 0, 0, 0}}, labels = {("long "):rep(30)}, run = ("long/"):rep(30)})
    assert.is_true(page:eval "document.documentElement.scrollWidth" <= 380)
  end)

  it("has names for the classes in json as they are", function()
    local G = made("mlp", {size = 16, z = 4, width = 4, classes = 1})
    local html = explorer.page(G, {z = 4, classes = {"</script>"}})
    local text = html:match '<script id="net" type="application/json">(.-)</script>'
    assert.same({"</script>"}, json.decode(text).classes)
  end)
end)
