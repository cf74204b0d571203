-- Classifiers through the command line: what is saved, the same bytes for a seed, and every wrong use with one line and
-- exit code 1.
local gan = require "gan"
local lfs = require "lfs"
local files = require "spec.support.files"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/classifier.lua"
local TINY = "--data shapes --size 16 --limit 200 --width 4 --batch 20 --epochs 2 --threads 1 "
local dir

local function run(words, opt) return script.run(SCRIPT, TINY .. words, opt) end

local function trained(words)
  local code, out, err = run(words)
  assert.equal("", err)
  assert.equal(0, code, out)
  return out
end

local function fails(words, what, opt)
  local code, _, err = run(words, opt)
  assert.equal(1, code, words .. "\n" .. err)
  assert.is_truthy(err:find(what, 1, true), ("%s\nexpected: %s\ngot: %s"):format(words, what, err))
  assert.equal("classifier.lua: ", err:sub(1, 16))
  assert.equal(#err, err:find "\n", err)
end

describe("classifier.lua", function()
  local one, out
  setup(function()
    dir = temp.dir()
    one = dir .. "/one.safetensors"
    temp.write(dir .. "/.one.safetensors.gan-012345678abc.tmp", "of one that was killed")
    out = trained("--epochs 6 --out " .. one)
  end)
  teardown(temp.clean)

  it("learns, tells each epoch, and leaves a feature network behind", function()
    for _, text in ipairs {
      "residual 4 -> 8", "shapes (drawn): 180 images of 16x16", "180 images for training, 20 for testing",
    } do
      assert.is_truthy(out:find(text, 1, true), text)
    end
    assert.same({"one.safetensors"}, temp.list(dir))
    local losses = {}
    for epoch, loss in out:gmatch "epoch (%d)/6  loss ([%d.]+)  test accuracy [%d.]+ %%  %d+ s\n" do
      losses[tonumber(epoch)] = tonumber(loss)
    end
    assert.equal(6, #losses)
    assert.is_true(losses[6] < 0.9 * losses[1], out)
    local F = assert(gan.measure.features.open(one))
    assert.same({"resnet", 16, 8, 16, 3, "shapes"}, {F.name, F.dim, F.classes, F.size, F.channels, F.data})
    assert.same({"circle", "square"}, {F.class_names[1], F.class_names[2]})
    local last = ("one.safetensors: resnet, %.2f %% of 20 test images, %s\n"):format(100 * F.accuracy, F.hash)
    assert.is_truthy(out:find(last, 1, true), out)
    local _, test = gan.data.train_test("shapes", {size = 16, limit = 200})
    local _, logits = F(test.images)
    local right = 0
    for i, guess in ipairs(logits:argmax(2):to_table()) do if guess == test.labels:get(i) then right = right + 1 end end
    assert.equal(right / 20, F.accuracy)
    local tree = gan.file.safetensors.load(one)
    assert.same({180, 20, 6, 0}, {tree.images, tree.test_images, tree.epochs, tree.seed})
  end)

  it("gives the same bytes with one and two threads, but not with another seed", function()
    for name, words in pairs {a = "", b = "--threads 2 ", c = "--seed 1 ", d = "--mirror ", e = "--shift 0 "} do
      trained(words .. "--out " .. dir .. "/" .. name)
    end
    local a = temp.read(dir .. "/a")
    assert.equal(a, temp.read(dir .. "/b"))
    for _, name in ipairs {"c", "d", "e"} do assert.not_equal(a, temp.read(dir .. "/" .. name)) end
  end)

  it("takes lenet for grey images, and their own test split", function()
    local data = dir .. "/grey"
    lfs.mkdir(data)
    for prefix, n in pairs {train = 8, t10k = 5} do
      files.write(("%s/%s-images-idx3-ubyte"):format(data, prefix),
        files.idx_images(n, 16, 16, ("\0\255"):rep(128 * n)))
      files.write(("%s/%s-labels-idx1-ubyte"):format(data, prefix), files.idx_labels(n, ("\0\1"):rep(n):sub(1, n)))
    end
    local code, text, err = script.run(lfs.currentdir() .. "/" .. SCRIPT,
      "--data grey --width 2 --batch 4 --epochs 1 --threads 1", {dir = dir})
    assert.equal("", err)
    assert.equal(0, code)
    assert.is_truthy(text:find("runs/classifier-grey.safetensors: lenet, ", 1, true), text)
    assert.is_truthy(text:find(" of 5 test images", 1, true), text)
    assert.equal("lenet", gan.measure.features.open(dir .. "/runs/classifier-grey.safetensors").name)
  end)

  it("says in one line what is wrong", function()
    files.write(dir .. "/wide.png", files.png {h = 8, w = 16, colour = 2, value = function(y, x) return y * x end})
    lfs.mkdir(dir .. "/plain")
    files.write(dir .. "/plain/a.png", files.plain(16, 1, 2, 3))
    for _, name in ipairs {"a", "b"} do
      lfs.mkdir(dir .. "/wide")
      lfs.mkdir(dir .. "/wide/" .. name)
      for i = 1, 6 do files.write(("%s/wide/%s/%d.png"):format(dir, name, i), temp.read(dir .. "/wide.png")) end
    end
    for words, what in pairs {
      ["--net vgg"] = "--net: expected auto, lenet or resnet, got 'vgg'", ["--data no/such"] = "no/such: cannot open",
      ["--data " .. dir .. "/plain"] = "plain: the images have no classes",
      ["--batch 181"] = "--batch 181 is more than the data: shapes has 180 images",
      ["--shift 16"] = "--shift 16 is more than the images' side, 16",
      ["--limit 9"] = "expected at least 10 images, found 9",
      ["--epochs 0"] = "--epochs: expected an integer in 1..100000, got '0'",
      ["--lr 0"] = "--lr: expected a number > 0",
      ["--sise 3"] = "did you mean '--size'?", ["--out " .. dir] = dir .. ": cannot write",
      ["--out " .. dir .. "/no/x"] = "x: cannot write",
      ["--out " .. dir .. "/x.pth"] = "x.pth: weights are written as safetensors: give",
      ["--net lenet --size 65"] = "classifier.lenet: option 'size': expected an integer in 16..64, got 65",
    } do
      fails(words, what)
    end
    local code, _, err = script.run(SCRIPT, "--data " .. dir .. "/wide")
    assert.equal(1, code)
    assert.equal(("classifier.lua: %s/wide: images of 8x16 pixels are not square; give --size\n"):format(dir), err)
    fails("--lr 1000 --epochs 30", "the loss is not finite; a lower --lr may help", {chunk = [[
      local gan = require "gan"
      local loss = gan.softmax_cross_entropy
      gan.softmax_cross_entropy = function(...) return loss(...) * (0 / 0) end]]})
    fails("--out " .. dir .. "/full", "cannot write: No space left on device",
      {chunk = 'require("gan.core").file_fail_after(1000)'})
    assert.is_nil(lfs.attributes(dir .. "/full"))
  end)

  it("stops at Ctrl-C after the step, with the epoch before on the disk", function()
    local path = dir .. "/stopped.safetensors"
    local p = script.start(SCRIPT, TINY .. "--epochs 100000 --out " .. path)
    while p.alive() and not lfs.attributes(path) do os.execute "sleep 0.02" end
    p.kill "INT"
    local code, text = p.wait()
    assert.equal(130, code, text)
    assert.is_truthy(text:find("stopped.safetensors keeps the one before", 1, true), text)
    assert(gan.measure.features.open(path))
  end)

  it("lets waiting threads sleep", function()
    local code, _, err = script.run(SCRIPT, "--help", {chunk = [[
      local load = require
      function require(name)
        if name == "gan.core" then assert(package.loaded["gan.wait"], "core is loaded before gan.wait") end
        return load(name)
      end]]})
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("explains itself", function()
    local code, text = script.run(SCRIPT, "--help")
    assert.equal(0, code)
    for _, name in ipairs {"--data", "--net", "--mirror", "--out"} do
      assert.is_truthy(text:find(name, 1, true), name)
    end
  end)
end)
