-- Feature networks: what each sees of an image, their hashes, files that fit and files that do not.
local gan = require "gan"
local core = require "gan.core"
local checkpoint = require "gan.file.safetensors"
local features = require "gan.measure.features"
local naive = require "spec.support.naive_conv"
local p = require "spec.support.pickled"
local temp = require "spec.support.temp"

local shapes = gan.data.shapes {count = 7, size = 24}

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

-- Worst difference of two tensors of one shape.
local function distance(a, b)
  assert.same(a:shape(), b:shape())
  return (a - b):abs():max():item()
end

-- A safetensors file of other programs: entries {name, dtype, shape, bytes} in the order of their data.
local function safetensors(path, entries, meta)
  local parts, data, at = {}, {}, 0
  if meta then parts[1] = '"__metadata__":' .. meta end
  for i, e in ipairs(entries) do
    local shape = table.concat(e[3], ",")
    parts[#parts + 1] = ('"%s":{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}'):format(
      e[1], e[2], shape, at, at + #e[4])
    data[i], at = e[4], at + #e[4]
  end
  local header = "{" .. table.concat(parts, ",") .. "}"
  return temp.write(path, ("<I8"):pack(#header) .. header .. table.concat(data))
end

describe("measure.features", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  describe("images", function()
    it("are bytes, or numbers in [-1,1] that are rounded to the same", function()
      local F = assert(features.open("pixels", {size = 24, channels = 3}))
      local f, logits = F(shapes.images)
      assert.is_nil(logits)
      assert.same({7, 24 * 24 * 3}, f:shape())
      local real, _, rows = gan.data.batches(shapes, {batch = 7, prefetch = false})()
      assert.equal(f:to_bytes(), F(shapes.images):to_bytes())
      assert.equal(F(real):to_bytes(), core.gather_rows(f, rows):to_bytes()) -- what the training loop gives
      assert.equal(real:reshape {7, 24 * 24 * 3}:to_bytes(), F(real):to_bytes())
      assert.equal(F(real):to_bytes(), F(real + 0.003):to_bytes()) -- half a step is 1/255
      local v = features.open "pixels"(gan.tensor({{{{0}, {100}, {255}}}}, "u8")):to_table()[1]
      assert.same({-1, 1}, {v[1], v[3]})
      assert.is_true(math.abs(v[2] - (100 / 127.5 - 1)) < 1e-7)
      assert.same({{-1, 1}}, features.open "pixels"(gan.tensor {{{{-3}, {2}}}}):to_table())
    end)

    it("have to be images", function()
      local F = features.open "pixels"
      for _, bad in ipairs {
        gan.zeros(1, 2, 2, 2), gan.zeros(2, 2, 3), gan.zeros(0, 2, 2, 3), gan.zeros(1, 0, 2, 1),
        core.full({1, 2, 2, 1}, 0, "i32"), {}, 3, gan.zeros(2),
      } do
        assert.matches("features_spec.lua:%d+: features: bad argument #1 'images' "
          .. "%(expected u8 or real %(N,H,W,C%), N >= 1, C 1 or 3, got ", message(F, bad))
      end
      for _, v in ipairs {0 / 0, 1 / 0, -1 / 0} do
        local x = gan.zeros(2, 2, 2, 1)
        x:set_(v, 2, 1, 2, 1)
        assert.matches("there is NaN or infinity in them", message(F, x))
      end
    end)
  end)

  it("pixels: any size, but one at a time", function()
    local F = features.open "pixels"
    assert.same({"pixels", "any", "none"}, {F.name, F.domain, F.resize})
    assert.is_nil(F.dim or F.hash or F.classes or F.channels)
    F(shapes.images)
    assert.equal(1728, F.dim)
    assert.matches("expected images of 1728 numbers, as the ones before, got u8 tensor %(1,2,2,3%)",
      message(F, core.full({1, 2, 2, 3}, 0, "u8")))
    assert.equal(8 * 8, features.open("pixels", {size = 8, channels = 1}).dim)
  end)

  describe("random_conv", function()
    it("is what its seed makes it", function()
      local F = features.open "random_conv"
      local same = features.open("random_conv", {seed = 0})
      local other = features.open("random_conv", {seed = 1})
      assert.same({"random_conv", 224, 3, "any"}, {F.name, F.dim, F.channels, F.domain})
      assert.matches("^crc32:%x%x%x%x%x%x%x%x$", F.hash)
      assert.equal(F.hash, same.hash)
      assert.not_equal(F.hash, other.hash)
      assert.equal(F(shapes.images):to_bytes(), same(shapes.images):to_bytes())
      assert.is_true(distance(F(shapes.images), other(shapes.images)) > 0.1)
      assert.matches("^random_conv, crc32:%x+, D 224$", tostring(F))
    end)

    it("gives the means of three rectified convolutions", function()
      local rng = core.rng(0, "features.random_conv")
      local set = gan.data.shapes {count = 1, size = 16}
      local f = features.open "random_conv"(set.images):to_table()[1]
      local x, side, at = {}, 16, 0
      for i, v in ipairs(set.images:reshape {-1}:to_table()) do x[i] = v / 127.5 - 1 end
      for _, c in ipairs {{3, 32}, {32, 64}, {64, 128}} do
        local ci, co = c[1], c[2]
        local w = rng:normal({4, 4, ci, co}, 0, math.sqrt(2 / (1.04 * 16 * ci))):reshape {-1}:to_table()
        local y = naive.y({
          N = 1, H = side, W = side, Ci = ci, Ho = side // 2, Wo = side // 2, Co = co, Kh = 4, Kw = 4,
          sh = 2, sw = 2, ph = 1, pw = 1, dh = 1, dw = 1,
        }, x, w)
        side, x = side // 2, y
        local sum = {}
        for i, v in ipairs(y) do
          y[i] = v >= 0 and v or 0.2 * v
          local o = (i - 1) % co + 1
          sum[o] = (sum[o] or 0) + y[i]
        end
        for o = 1, co do assert.is_true(math.abs(sum[o] / side ^ 2 - f[at + o]) < 1e-5) end
        at = at + co
      end
      assert.equal(#f, at)
    end)

    it("sees grey as colour, one image like many", function()
      local F = features.open("random_conv", {batch = 3})
      local all = F(shapes.images)
      assert.same({7, 224}, all:shape())
      for i = 1, 7 do assert.is_true(distance(all:narrow(1, i, 1), F(shapes.images:narrow(1, i, 1))) < 1e-5) end
      local grey = gan.rng(1):integer({2, 9, 12, 1}, 0, 255):to "u8"
      assert.equal(F(grey):to_bytes(), F(core.cat({grey, grey, grey}, 4)):to_bytes())
      assert.is_nil(core.node(F(gan.zeros(1, 8, 8, 3):requires_grad_())))
      assert.matches("random_conv: expected images of 8 pixels a side or more, got u8 tensor %(1,8,7,3%)",
        message(F, gan.zeros(1, 8, 7, 1)))
    end)
  end)

  it("hashes bytes in the order of sorted names", function()
    -- the check value of every description of this CRC
    assert.equal("crc32:cbf43926", features.hash {e = "789", c = "4", a = "12", d = "56", b = "3"})
    assert.equal("crc32:cbf43926", features.hash({["1.weight"] = "56789"}, "1234"))
    local w = gan.tensor {{1, 2}, {3, -4}}
    assert.equal(features.hash {w:to_bytes()}, features.hash {w})
    assert.equal(features.hash {w:permute {2, 1}:to_bytes()}, features.hash {w:permute {2, 1}})
    assert.equal("crc32:00000000", features.hash {gan.zeros(0)})
  end)

  describe("a classifier's file", function()
    local path, net, hash
    local about = {
      data = "digits", accuracy = 0.9925, class_names = {"0", "one"},
      images = 5, test_images = 3, epochs = 2, seed = 1,
    }

    setup(function()
      path = dir .. "/lenet.safetensors"
      net = gan.model.classifier.lenet {size = 16, channels = 1, classes = 2, width = 2, features = 5, rng = gan.rng(3)}
      net(gan.randn(8, 16, 16, 1)) -- running statistics of its own
      hash = assert(features.save(path, net, about))
      net:eval()
    end)

    it("gives the net that was saved", function()
      local F = assert(features.open(path, {size = 24, channels = 3}))
      assert.same({"lenet", hash, 5, 2, 16, 1, "digits", "digits", 0.9925},
        {F.name, F.hash, F.dim, F.classes, F.size, F.channels, F.domain, F.data, F.accuracy})
      assert.same({"0", "one"}, F.class_names)
      assert.matches("^16x16, 8 bits", F.resize)
      assert.equal("lenet, " .. hash .. ", D 5, digits 99.25 %", tostring(F))
      local set = gan.data.fake {count = 9, size = 16, channels = 1}
      local x, _, rows = gan.data.batches(set, {batch = 9, prefetch = false})()
      local f, logits = F(core.gather_rows(set.images, rows))
      local want_f, want_logits = net:features(x)
      assert.equal(want_f:to_bytes(), f:to_bytes())
      assert.equal(want_logits:to_bytes(), logits:to_bytes())
      assert.same({9, 2}, logits:shape())
      F.batch = 2
      local g, more = F(x)
      assert.is_true(distance(f, g) < 1e-5 and distance(logits, more) < 1e-5)
      local tree = assert(checkpoint.load(path))
      assert.same({"classifier", "lenet", core.version_string, 1, 2},
        {tree.kind, tree.net, tree.version, tree.seed, tree.epochs})
    end)

    it("has the hash of its weights", function()
      local again = dir .. "/again.safetensors"
      assert.equal(hash, features.save(again, net, {data = "d", accuracy = 1}))
      assert.is_nil(features.open(again).class_names)
      assert.equal(hash, features.of(net).hash)
      local other = gan.model.classifier.lenet(net.options)
      other:load(net:state())
      core.set_(other:params()[1], 0.5, 1, 1, 1, 1)
      assert.not_equal(hash, features.save(again, other, {data = "d", accuracy = 1}))
    end)

    it("sees images of other sizes and colours as the data do", function()
      local F = features.open(path)
      local fitted = core.full({7, 16, 16, 3}, 0, "u8")
      for i = 1, 7 do
        core.copy_(core.narrow(fitted, 1, i, 1), core.reshape(core.image_fit(shapes:image(i), 16, 16), {1, 16, 16, 3}))
      end
      local grey = core.full({7, 16, 16, 1}, 0, "u8")
      for n = 1, 7 do
        for i = 1, 16 do
          for j = 1, 16 do
            local r, g, b = fitted:get(n, i, j, 1), fitted:get(n, i, j, 2), fitted:get(n, i, j, 3)
            core.set_(grey, (299 * r + 587 * g + 114 * b + 500) // 1000, n, i, j, 1)
          end
        end
      end
      -- colour goes first, then the size: a rounding apart
      assert.is_true(distance(F(shapes.images), F(grey)) < 0.1 * F(grey):max():item())
      assert.equal(F(grey):to_bytes(), F(core.cat({grey, grey, grey}, 4)):to_bytes())
    end)

    it("tells everything that does not fit", function()
      local function damaged(change)
        local tree = assert(checkpoint.load(path))
        change(tree)
        assert(checkpoint.save(dir .. "/bad.safetensors", tree))
        local F, why = features.open(dir .. "/bad.safetensors")
        assert.is_nil(F)
        assert.is_nil(why:find "\n")
        assert.equal(dir .. "/bad.safetensors: not a classifier that can be used: ", why:sub(1, #dir + 53))
        return why
      end
      local why = damaged(function(t)
        t.state["body.1.weight"], t.state.more, t.state["head.2.bias"] = nil, gan.zeros(1), gan.zeros(3)
      end)
      for _, text in ipairs {
        "'body.1.weight' (3,3,1,2) is missing",
        "'more' is not in the net",
        "'head.2.bias' (expected real tensor (2), got real tensor (3))",
      } do
        assert.is_truthy(why:find(text, 1, true), why)
      end
      for what, change in pairs {
        ["expected format 1, found 2"] = function(t) t.format = 2 end, ["found nil"] = function(t) t.net = nil end,
        ["expected net lenet or resnet, found string 'dcgan'"] = function(t) t.net = "dcgan" end,
        ["option 'size': expected an integer in 16..64, got 17000"] = function(t) t.options.size = 17000 end,
        ["unknown option 'depth'"] = function(t) t.options.depth = 3 end,
        ["(3,3,1,32) is missing"] = function(t) t.options, t.state = nil, nil end,
        ["expected real tensor"] = function(t) t.net, t.options.features = "resnet", nil t.options.size = 8 end,
        ["expected a table of options, got 3"] = function(t) t.options = 3 end,
        ["a table of tensors, got 3"] = function(t) t.state = 3 end,
        ["its data and accuracy are missing"] = function(t) t.accuracy = "good" end,
        ["'head.2.bias' holds numbers that are not finite"] = function(t)
          t.state["head.2.bias"] = gan.tensor {0, 0 / 0}
        end,
      } do
        why = damaged(change)
        assert.is_truthy(why:find(what, 1, true), what .. "\n" .. why)
      end
    end)

    it("is refused when damaged, or when it is something else", function()
      local bytes = temp.read(path)
      checkpoint.save(dir .. "/run.safetensors", {G = {w = gan.ones(2)}, run = {step = 3}})
      for name, case in pairs {
        none = {nil, "none: cannot read"},
        cut = {bytes:sub(1, -2), "truncated"},
        text = {"hello, world", "expected a header"},
        empty = {"", "found 0 bytes"},
        run = {
          temp.read(dir .. "/run.safetensors"),
          "holds no feature network (expected pixels, random_conv, or a file",
        },
        picture = {"\x89PNG\r\n\x1a\n" .. ("\0"):rep(90), "expected a header"},
        ["other.pth"] = {
          p.torch_zip(p.dict(p.str "args", p.call("argparse", "Namespace"))),
          "holds no feature network besides argparse.Namespace (expected",
        },
        ["plain.pth"] = {"\x80\2cos\nsystem\n.", "not a PyTorch file"},
      } do
        if case[1] then temp.write(dir .. "/" .. name, case[1]) end
        local F, why = features.open(dir .. "/" .. name)
        assert.is_nil(F)
        assert.is_truthy(why:find(case[2], 1, true), why)
        assert.equal(dir .. "/" .. name, why:sub(1, #dir + 1 + #name))
      end
      local F, why = features.open(dir)
      assert.is_nil(F)
      assert.is_truthy(why:find("Is a directory", 1, true), why)
      for _, name in ipairs {"inception", "lenet", "resnet", ""} do
        F, why = features.open(name)
        assert.is_nil(F)
        local expected = "': there are no weights of this name (expected pixels, random_conv, or a file"
        assert.is_truthy(why:find("features '" .. name .. expected, 1, true), why)
      end
      core.file_fail_after(100)
      F, why = features.save(dir .. "/full.safetensors", net, about)
      core.file_fail_after(nil)
      assert.is_nil(F)
      assert.is_truthy(why:find("full.safetensors: cannot write", 1, true), why)
    end)
  end)

  describe("Inception's weights", function()
    local real, pth
    local weights = {
      {"Conv2d_1a_3x3.bn.num_batches_tracked", "I64", {}, ("<i8"):pack(7)},
      {"Conv2d_1a_3x3.conv.weight", "F32", {2}, ("<ff"):pack(1, 2)},
      {"fc.weight", "F32", {5, 3}, ("<f"):pack(0):rep(15)},
    }
    local given

    -- In its place a net of means, which takes what it is given for prepared.
    setup(function()
      real, pth = rawget(gan.model, "inception"), package.loaded["gan.file.pth"]
      gan.model.inception = {
        load = function(state)
          given = state
          if state.odd or not state["fc.weight"] then
            return nil, "no Inception weights: 'fc.weight' (1008,2048) is missing"
          end
          return function(x) return gan.global_avg_pool2d(x), gan.zeros(x:size(1), 5), gan.ones(x:size(1), 5) end
        end,
        preprocess = function(bytes)
          assert.equal("u8", bytes:dtype())
          return bytes:to "real" / 2
        end,
      }
    end)
    teardown(function() gan.model.inception, package.loaded["gan.file.pth"] = real, pth end)

    it("are read from safetensors, counters left out", function()
      local F = assert(features.open(safetensors(dir .. "/inception.safetensors", weights, '{"format":"pt"}')))
      assert.same({"inception", 3, 5, 3, "299x299 tf1 bilinear"}, {F.name, F.dim, F.classes, F.channels, F.resize})
      assert.same({1, 2}, given["Conv2d_1a_3x3.conv.weight"]:to_table())
      assert.same({5, 3}, given["fc.weight"]:shape())
      assert.is_nil(given.format or given["Conv2d_1a_3x3.bn.num_batches_tracked"])
      assert.equal(features.hash {weights[2][4], weights[3][4]}, F.hash)
      local f, logits, unbiased = F(gan.tensor({{{{128}}}, {{{255}}}, {{{0}}}}, "u8"))
      assert.same({{64, 64, 64}, {127.5, 127.5, 127.5}, {0, 0, 0}}, f:to_table())
      assert.same({{3, 5}, {3, 5}, 0, 1},
        {logits:shape(), unbiased:shape(), logits:max():item(), unbiased:min():item()})
    end)

    it("are read from .pth, with the same hash", function()
      package.loaded["gan.file.pth"] = {load = function(path)
        if path:find "bad" then return nil, path .. ": corrupt pickle" end
        return {
          [weights[1][1]] = gan.tensor({7}, "i32"),
          [weights[2][1]] = gan.tensor {1, 2},
          ["fc.weight"] = gan.zeros(5, 3),
        }, {}
      end}
      local F = assert(features.open(temp.write(dir .. "/inception.pth", "PK\3\4")))
      assert.equal(features.open(dir .. "/inception.safetensors").hash, F.hash)
      assert.is_nil(given[weights[1][1]])
      for _, head in ipairs {"PK\3\4", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"} do -- torch since 1.6, and before
        local none, why = features.open(temp.write(dir .. "/bad", head))
        assert.is_nil(none)
        assert.equal(dir .. "/bad: corrupt pickle", why)
      end
    end)

    it("are refused where they do not fit", function()
      local more = table.move(weights, 1, 3, 1, {})
      more[4] = {"odd", "F32", {}, ("<f"):pack(0)}
      local F, why = features.open(safetensors(dir .. "/odd.safetensors", more))
      assert.is_nil(F)
      assert.equal(dir .. "/odd.safetensors: no Inception weights: 'fc.weight' (1008,2048) is missing", why)
      F, why = features.open(safetensors(dir .. "/part.safetensors", {weights[2]}))
      assert.is_nil(F)
      assert.equal(dir .. "/part.safetensors: no Inception weights: 'fc.weight' (1008,2048) is missing", why)
      more[4] = {"odd", "U64", {}, ("<i8"):pack(0)}
      F, why = features.open(safetensors(dir .. "/odd.safetensors", more))
      assert.is_nil(F)
      assert.is_truthy(why:find("tensor 'odd': expected dtype F16", 1, true), why)
    end)
  end)

  it("knows its options", function()
    assert.matches("features_spec.lua:%d+: measure.features.open: unknown option 'sise' %(did you mean 'size'%?%)",
      message(features.open, "pixels", {sise = 3}))
    for what, opt in pairs {
      ["'size'"] = {size = 0}, ["option 'channels': expected 1 or 3, got 2"] = {channels = 2},
      ["'seed'"] = {seed = "x"}, ["'batch'"] = {batch = 0},
    } do
      assert.is_truthy(message(features.open, "random_conv", opt):find(what, 1, true))
    end
    assert.matches("measure.features.open: bad argument #1 'name'", message(features.open))
    assert.matches("measure.features.save: unknown option 'note'",
      message(features.save, dir .. "/x", gan.model.classifier.lenet {width = 1}, {note = "x"}))
  end)
end)
