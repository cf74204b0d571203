-- Measuring: sources, the numbers of gan.metric on all features at once, what is written beside them, refusals.
local gan = require "gan"
local core = require "gan.core"
local evaluate = require "gan.measure.evaluate"
local features = require "gan.measure.features"
local metric = require "gan.metric"
local files = require "spec.support.files"
local temp = require "spec.support.temp"

local shapes = gan.data.shapes {count = 60, size = 16}
local noise = gan.data.fake {count = 50, size = 16, classes = 8}

local function pixels() return assert(features.open("pixels", {size = 16, channels = 3})) end

-- A network that keeps what it was asked for, and has classes: the brightest of `classes` parts of the picture.
local function toy(classes, f)
  local F = {
    name = "toy", hash = "crc32:00000007", dim = 4, classes = classes, resize = "none", domain = "any", most = 0,
  }
  return setmetatable(F, {__call = function(self, images)
    local n = core.size(images, 1)
    self.most = math.max(self.most, n)
    local x = core.reshape(core.to(images, "real"), {n, -1})
    local feats = core.contiguous(core.narrow(x, 2, 1, 4))
    return f and f(feats) or feats, classes and core.contiguous(core.narrow(x, 2, 5, classes)) or nil
  end})
end

local function by_name(results)
  local out = {}
  for _, r in ipairs(results) do out[r.metric] = r end
  return out
end

local function measure(F, metrics, real, fake, more)
  local opt = {features = F, metrics = assert(evaluate.parse(metrics))}
  for k, v in pairs(more or {}) do opt[k] = v end
  local session = evaluate.new(opt)
  local ok, message = session:set_real(real)
  if not ok then return nil, message end
  local results
  results, message = session:measure(fake)
  return results and by_name(results), message, session
end

local function refused(what, ...)
  local ok, message = ...
  assert.is_nil(ok)
  assert.is_truthy(message:find(what, 1, true), message)
  assert.is_nil(message:find("\n", 1, true))
end

describe("measure.evaluate", function()
  teardown(temp.clean)

  it("takes images in an order of the seed, and disjoint parts", function()
    local a = evaluate.of_set(shapes, {n = 25, seed = 3})
    local b = evaluate.of_set(shapes, {n = 35, seed = 3, skip = 25})
    local seen = {}
    for _, s in ipairs {a, b} do
      for i = 1, s.n do seen[core.to_bytes(s.batch(i, 1))] = true end
    end
    local count = 0
    for _ in pairs(seen) do count = count + 1 end
    assert.equal(60, count)
    assert.equal(core.to_bytes(a.batch(3, 4)), core.to_bytes(evaluate.of_set(shapes, {seed = 3}).batch(3, 4)))
    assert.not_equal(core.to_bytes(a.batch(1, 9)), core.to_bytes(evaluate.of_set(shapes, {seed = 4}).batch(1, 9)))
    for i = 1, 25 do -- labels belong to their images
      local row
      for k = 1, 60 do if core.to_bytes(shapes:image(k)) == core.to_bytes(a.batch(i, 1)) then row = k end end
      assert.equal(core.item(core.narrow(shapes.labels, 1, row, 1)), core.item(core.narrow(a.labels, 1, i, 1)))
    end
    refused("shapes: has 60 images, asked for 61", evaluate.of_set(shapes, {n = 61}))
    refused("has 60 images, 40 of them taken, asked for 21", evaluate.of_set(shapes, {n = 21, skip = 40}))
  end)

  it("draws what generate.lua draws, whatever the batches", function()
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 2, rng = gan.rng(1)}
    local trained = {G = G, options = {z = 4}, step = 7, path = "somewhere"}
    local source = evaluate.of_generator(trained, {n = 5})
    local all = source.batch(1, 5)
    assert.equal(core.to_bytes(gan.nn.evaluate(G, gan.latent.of_seeds({0, 1, 2, 3, 4}, 4))), core.to_bytes(all))
    assert.equal(core.to_bytes(core.narrow(all, 1, 4, 2)), core.to_bytes(source.batch(4, 2)))
    local seen = {[core.to_bytes(all)] = true}
    for _, seed in ipairs {1, 1 << 32, (1 << 32) + 1, math.maxinteger} do -- each its own pictures
      local bytes = core.to_bytes(evaluate.of_generator(trained, {n = 5, seed = seed}).batch(1, 5))
      assert.is_nil(seen[bytes], seed)
      seen[bytes] = true
    end
    assert.same({path = "somewhere", step = 7, ema = false}, source.run)
  end)

  it("truncates latent vectors, as it is told or as the run says", function()
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 2, rng = gan.rng(1)}
    local function bytes_of(options, trunc)
      local trained = {G = G, options = options, step = 7, path = "somewhere"}
      local source = evaluate.of_generator(trained, {n = 5, trunc = trunc})
      return core.to_bytes(source.batch(1, 5)), source.run.trunc
    end
    local want = core.to_bytes(gan.nn.evaluate(G, gan.latent.of_seeds({0, 1, 2, 3, 4}, 4, 0.5)))
    assert.same({want, 0.5}, {bytes_of({z = 4}, 0.5)})
    assert.same({want, 0.5}, {bytes_of {z = 4, trunc = 0.5}})
    assert.same({want, 0.5}, {bytes_of({z = 4, trunc = 2}, 0.5)})
    assert.not_equal(want, (bytes_of {z = 4}))
    local source = evaluate.of_net(G, {n = 5, z = 4, trunc = 0.5})
    assert.same({want, 0.5}, {core.to_bytes(source.batch(1, 5)), source.run.trunc})
    for _, odd in ipairs {"0.5", 1e-9, 0 / 0} do -- a stranger's checkpoint
      assert.has_error(function() bytes_of {z = 4, trunc = odd} end)
    end
  end)

  it("draws with a net in memory, its average, and statistics taken anew", function()
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 2, rng = gan.rng(1)}
    local ema = gan.optim.ema(G)
    ema.shadow[1]:mul_(2)
    local function bytes(source) return core.to_bytes(source.batch(2, 3)) end
    local function both(trained, options, opt)
      options.n, opt.n, opt.z = 5, 5, 4
      local a, b = evaluate.of_generator(trained, options), evaluate.of_net(G, opt)
      assert.equal(bytes(a), bytes(b))
      assert.same({a.run.ema, a.run.standing, a.z}, {b.run.ema, b.run.standing, b.z})
      return bytes(a), b.run
    end
    local trained = {G = G, ema = ema, options = {z = 4}, step = 7, path = "somewhere"}
    local plain = both(trained, {ema = false}, {})
    local averaged, run = both(trained, {}, {ema = ema, name = "mine", step = 3})
    assert.same({path = "mine", step = 3, ema = true}, run)
    local anew
    anew, run = both(trained, {standing = 2}, {ema = ema, standing = 2})
    assert.same({path = "G", ema = true, standing = 2}, run)
    local z = gan.latent.of_seeds({1, 2, 3}, 4)
    local average = gan.nn.standing(G, {z = 4, batches = 2, average = ema})
    assert.equal(anew, core.to_bytes(gan.nn.evaluate(G, z, nil, {average = average})))
    assert.is_true(plain ~= averaged and averaged ~= anew and plain ~= anew)
    assert.error_matches(function() evaluate.of_net(G, {n = 2}) end, "of_net: option 'z'")
    assert.error_matches(function() evaluate.of_net(print, {n = 2, z = 4}) end, "of_net: bad argument #1 'G'")
  end)

  it("gives what gan.metric gives for all features at once, in batches of any size", function()
    local F, real, fake = pixels(), evaluate.of_set(shapes, {}), evaluate.of_set(noise)
    local x, y = F(real.batch(1, 60)), F(fake.batch(1, 50))
    local got = measure(F, "fid,kid,pr,dc,nearest,diversity", real, fake, {batch = 7})
    local function near(expected, r)
      assert.is_true(math.abs(r.value - expected) <= 1e-6 * math.max(1, math.abs(expected)), r.metric .. r.value)
    end
    near(metric.fid {real = x, fake = y}:value(), got.fid)
    near(metric.kid {real = x, fake = y, size = 50}:value(), got.kid)
    local _, p = metric.precision_recall {real = x, fake = y}:value()
    near(p.precision, got.precision)
    near(p.recall, got.recall)
    _, p = metric.density_coverage {real = x, fake = y}:value()
    near(p.density, got.density)
    near(p.coverage, got.coverage)
    near(metric.nearest {real = x, fake = y}:value(), got.nearest)
    near(metric.diversity {fake = y}:value(), got.diversity)
    near(metric.diversity {fake = x}:value(), {metric = "reference", value = got.diversity.reference})
    assert.is_number(got.nearest.authenticity)
    local again = measure(F, "diversity,fid", real, fake, {batch = 64})
    assert.equal(got.fid.value, again.fid.value)
    assert.is_nil(again.kid)
  end)

  it("writes the protocol beside each number", function()
    local F = toy(8)
    local got = measure(F, "fid,kid,is,accuracy", evaluate.of_set(shapes, {n = 30}), evaluate.of_set(noise, {n = 40}),
      {seed = 5, batch = 9})
    assert.equal(9, F.most) -- never more images in memory than a batch
    for name, r in pairs(got) do
      assert.same({"toy", "crc32:00000007", "none", 5, 40, "shapes", "all", "fake"},
        {r.features, r.features_hash, r.resize, r.seed, r.n_fake, r.data, r.split, r.images})
      assert.equal((name == "fid" or name == "kid") and 30 or nil, r.n_real)
      for _, v in pairs(r) do assert.is_false(core.is_tensor(v)) end
      assert.is_string(gan.file.json.encode(r))
    end
    assert.equal(30, got.kid.size)
    assert.equal(100, got.kid.subsets)
    assert.is_number(got.kid.deviation)
    assert.equal(10, got.is.splits)
    assert.is_nil(measure(F, "kid", evaluate.of_set(shapes, {n = 30}), evaluate.of_set(noise, {n = 30})).kid.deviation)
  end)

  it("makes the Inception Score of logits without their bias, where the network has them", function()
    local F, real, fake = toy(4), evaluate.of_set(shapes), evaluate.of_set(noise)
    local fields = {name = "toy", hash = F.hash, dim = 4, classes = 4, resize = "none", domain = "any"}
    local other = setmetatable(fields, {__call = function(_, images)
      local f, logits = F(images)
      return f, logits * 0, logits
    end})
    local is = assert(measure(F, "is", real, fake)).is
    assert.is_true(is.value > 1.01)
    assert.equal(is.value, measure(other, "is", real, fake).is.value)
  end)

  it("warns where a number means little", function()
    local function warned(r, what)
      local text = table.concat(r.warnings, "; ")
      if what then assert.is_truthy(text:find(what, 1, true), r.metric .. ": " .. text) else assert.equal("", text) end
    end
    local fake = evaluate.of_set(noise)
    local got = measure(pixels(), "fid,kid", evaluate.of_set(shapes), fake)
    warned(got.fid, "n = 50 is not above the 768 features")
    warned(got.kid, "60 real images, 50 others")
    got = measure(toy(8), "fid,is,accuracy", evaluate.of_set(shapes, {n = 50}), fake)
    warned(got.fid)
    warned(got.is, "50 images in 10 splits: too few for 8 classes")
    warned(got.accuracy, "few images of some classes")
    local F = toy()
    for domain, fits in pairs {
      ["any"] = true, ["data/Shapes/"] = true, ["fashion_mnist"] = false, ["photographs (ImageNet)"] = false,
    } do
      F.domain = domain
      warned(measure(F, "kid", evaluate.of_set(shapes, {n = 50}), fake).kid,
        not fits and "has learnt from " .. domain .. ", the images are shapes" or nil)
    end
  end)

  it("refuses what cannot be measured", function()
    local real, fake, F = evaluate.of_set(shapes), evaluate.of_set(noise), toy(8)
    refused("metrics: unknown 'kdi' (did you mean 'kid'?)", evaluate.parse "fid,kdi")
    refused("metrics: unknown 'xylophone' (known: fid, kid", evaluate.parse "xylophone")
    refused("unknown ''", evaluate.parse "")
    assert.same({"fid", "kid"}, evaluate.parse " kid, fid,kid")
    local one, few = evaluate.of_set(gan.data.fake {count = 1, size = 16}), evaluate.of_set(shapes, {n = 1})
    refused("fid: needs at least 2 images, fake has 1", measure(F, "fid", one, few))
    refused("fid: needs at least 2 images, fake has 1", measure(F, "fid", few, one))
    refused("fid: needs at least 2 images of each side, got n = 1", measure(F, "fid", real, few))
    refused("pr: needs at least 4 images of each side, got n = 3",
      measure(F, "pr", real, evaluate.of_set(shapes, {n = 3})))
    refused("is: needs at least 10 images", measure(F, "is", real, evaluate.of_set(shapes, {n = 9})))
    refused("is: needs a network with classes, toy has none", measure(toy(), "is", real, fake))
    refused("ppl: needs a generator", measure(F, "ppl", real, fake))
    refused("accuracy: fake has 8 classes, toy knows 5", measure(toy(5), "accuracy", real, fake))
    refused("accuracy: needs labels, bare has none",
      measure(F, "accuracy", real, evaluate.of_set(gan.data.set.new {images = noise.images}, {name = "bare"})))
    refused("shapes: ", measure(toy(8, function(x) return x / 0 end), "kid", real, fake))
    local count = 0 -- NaN in the second set only
    local late = toy(8, function(x)
      count = count + 1
      return count > 1 and x * (0 / 0) or x
    end)
    local got, message = measure(late, "fid", real, fake)
    assert.is_nil(got)
    assert.matches("^fake: .*NaN", message)
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 2, rng = gan.rng(1)}
    core.copy_(G:params()[1], core.full({}, 0 / 0))
    got, message = measure(pixels(), "kid", real,
      evaluate.of_generator({G = G, options = {z = 4}, step = 1, path = "rotten"}, {n = 6}))
    assert.is_nil(got)
    assert.matches("^rotten: .*NaN", message)
  end)

  it("keeps the statistics of the real side in a file", function()
    local path = temp.dir() .. "/stats.npz"
    local real, fake, F = evaluate.of_set(shapes), evaluate.of_set(noise), toy()
    local fresh = measure(F, "fid", real, fake, {stats = path})
    local arrays = assert(gan.file.npz.load(path))
    assert.same({{4}, {4, 4}, 60}, {core.shape(arrays.mu), core.shape(arrays.sigma), core.item(arrays.n)})
    local got = measure(F, "fid", nil, fake, {stats = path})
    assert.is_true(math.abs(got.fid.value - fresh.fid.value) < 1e-9 * fresh.fid.value)
    assert.equal(60, got.fid.n_real)
    -- the file counts
    assert.equal(got.fid.value, measure(F, "fid", evaluate.of_set(shapes, {n = 9}), fake, {stats = path}).fid.value)
    assert(gan.file.npz.save(path, {mu = arrays.mu, sigma = arrays.sigma})) -- as others write it
    got = measure(F, "fid", nil, fake, {stats = path})
    assert.is_nil(got.fid.n_real)
    assert.is_nil(got.fid.data)
    assert.equal(path, got.fid.stats)
    assert.matches("does not say of how many images", got.fid.warnings[1])
    assert.matches("stats.npz does not say of which images its numbers are, of what size, and seen by which network",
      got.fid.warnings[2])
    refused("stats.npz: has 4 features, pixels has 768", measure(pixels(), "fid", nil, fake, {stats = path}))
    assert(gan.file.npz.save(path, {mu = arrays.mu}))
    refused("stats.npz: 'sigma'", measure(F, "fid", nil, fake, {stats = path}))
    temp.write(path, files.zip {{name = "mu.npy", data = files.npy(">f8", "(1,)", ("x"):rep(8))}})
    refused("stats.npz: 'mu': expected f64 or real (D), got nil (left out: 'mu': type '>f8' is big-endian",
      measure(F, "fid", nil, fake, {stats = path}))
    temp.write(path, "PK\3\4 nothing")
    refused("stats.npz", measure(F, "fid", nil, fake, {stats = path}))
    refused("cannot", measure(F, "fid", real, fake, {stats = path .. "/no/x.npz"}))
  end)

  it("writes into that file what the numbers are of, and takes it for nothing else", function()
    local path, F = temp.dir() .. "/stats.npz", toy()
    local real, fake = evaluate.of_set(shapes, {n = 40, seed = 3}), evaluate.of_set(noise)
    assert(measure(F, "fid", real, fake, {stats = path, seed = 3}))
    local arrays = assert(gan.file.npz.load(path))
    local about = assert(gan.file.json.decode(core.to_bytes(arrays.about)))
    assert.same({
      data = "shapes", split = "all", seed = 3, images = 60, height = 16, width = 16, channels = 3,
      checksum = shapes:fingerprint().checksum, features = "toy", features_hash = "crc32:00000007", resize = "none",
    }, about)
    assert.equal(core.to_bytes(real.checksums()), core.to_bytes(arrays.checksums))
    local got = measure(F, "fid,kid", evaluate.of_set(shapes), fake, {stats = path})
    assert.same({"shapes", "all", path, 40}, {got.fid.data, got.fid.split, got.fid.stats, got.fid.n_real})
    assert.same({"shapes", 60}, {got.kid.data, got.kid.n_real})
    assert.is_nil(got.kid.stats)
    got = measure(F, "fid", nil, fake, {stats = path})
    assert.same({"shapes", "all", path, 40}, {got.fid.data, got.fid.split, got.fid.stats, got.fid.n_real})
    for _, text in ipairs(got.fid.warnings) do assert.is_nil(text:find "does not say") end

    F.hash = "crc32:12345678"
    refused("stats.npz: measured by toy crc32:00000007, not by toy crc32:12345678: give those --features",
      measure(F, "fid", nil, fake, {stats = path}))
    F.hash, F.name = "crc32:00000007", "other"
    refused("measured by toy crc32:00000007, not by other crc32:00000007", measure(F, "fid", nil, fake, {stats = path}))
    refused("measured by toy crc32:00000007, not by pixels: ", measure(pixels(), "fid", nil, fake, {stats = path}))
    F.name = "toy"
    local others = gan.data.shapes {count = 60, size = 16, seed = 1}
    refused(("of shapes (60 images, %s), not of a folder (60 images, %s): give another file"):format(
      shapes:fingerprint().checksum, others:fingerprint().checksum),
      measure(F, "fid", evaluate.of_set(others, {name = "a folder"}), fake, {stats = path}))
    local large = evaluate.of_set(gan.data.fake {count = 50, size = 20})
    refused("of images of 16x16, those of fake have 20x20: give --size, or another file",
      measure(F, "fid", nil, large, {stats = path}))
    local G = gan.model.dcgan.generator {size = 32, z = 4, ngf = 2, rng = gan.rng(1)}
    refused("those of somewhere have 32x32", measure(F, "fid", nil,
      evaluate.of_generator({G = G, options = {z = 4}, step = 7, path = "somewhere"}, {n = 5}), {stats = path}))
    about = core.tensor({("[1"):byte(1, -1)}, "u8")
    assert(gan.file.npz.save(path, {mu = arrays.mu, sigma = arrays.sigma, about = about}))
    refused("stats.npz: 'about': ", measure(F, "fid", nil, fake, {stats = path}))
  end)

  it("sees a set that is measured against its own statistics, whatever it is called", function()
    local path, F = temp.dir() .. "/stats.npz", toy()
    assert(measure(F, "fid", evaluate.of_set(shapes), evaluate.of_set(noise), {stats = path}))
    local order = {}
    for i = 0, 59 do order[i + 1] = 59 - i end
    local again = shapes:subset(order)
    again.labels = nil
    refused("stats.npz: of the very images of elsewhere: give --a and --b",
      measure(F, "fid", nil, evaluate.of_set(again, {name = "elsewhere"}), {stats = path}))
    local some = shapes:subset {3, 4, 5, 6, 7, 8}
    local got = assert(measure(F, "fid", nil, evaluate.of_set(some), {stats = path}))
    local text = "6 of the 6 images are among the real ones: the number comes out too good"
    assert.is_truthy(table.concat(got.fid.warnings, "\n"):find(text, 1, true))
    got = assert(measure(F, "fid,kid", evaluate.of_set(shapes), evaluate.of_set(shapes:subset {3, 4, 5, 6, 7, 8})))
    for _, name in ipairs {"fid", "kid"} do
      assert.is_truthy(table.concat(got[name].warnings, "\n"):find(text, 1, true), name)
    end
    got = assert(measure(F, "kid", evaluate.of_set(shapes, {n = 30}), evaluate.of_set(shapes, {n = 30, skip = 30})))
    assert.same({}, {table.unpack(got.kid.warnings)})
    assert.is_true(evaluate.same(shapes, again))
    assert.is_false(evaluate.same(shapes, some))
    assert.is_false(evaluate.same(shapes, gan.data.shapes {count = 60, size = 16, seed = 1}))
    assert.is_false(evaluate.same(shapes:subset {1, 1, 2}, shapes:subset {1, 2, 3}))
  end)

  it("draws labels as often as the real images have them, by the classes' names", function()
    local real = {name = "r", n = 3, labels = core.tensor({0, 2, 1}, "i32"), classes = {"ant", "bee", "cat"}}
    assert.same({0, 2, 1, 0, 2}, evaluate.labels_like(real, 5, {"ant", "bee", "cat"}):to_table())
    assert.same({2, 0}, evaluate.labels_like(real, 2, {"cat", "bee", "ant"}):to_table())
    assert.same({1, 3, 2, 1}, evaluate.labels_like(real, 4, {"aye", "ant", "bee", "cat"}):to_table())
    refused("r: its classes are not those of the run: there is no class 'bee' among ant cat eel",
      evaluate.labels_like(real, 4, {"ant", "cat", "eel"}))
    refused("r: has no classes, which the run draws by", evaluate.labels_like({name = "r", n = 3}, 4, {"ant"}))
  end)

  it("asks a classifier for the class that an image has by name", function()
    -- The toy's class is a number in the image's fifth to eighth byte: the image of label y says y.
    local images = core.full({40, 1, 8, 1}, 0, "u8")
    local labels = {}
    for i = 1, 40 do
      labels[i] = (i - 1) % 4
      core.copy_(core.narrow(core.narrow(images, 1, i, 1), 3, 5 + labels[i], 1), core.full({}, 255, "u8"))
    end
    local set = gan.data.set.new {images = images, labels = core.tensor(labels, "i32"), source = "s",
      classes = {"ant", "bee", "cat", "dog"}}
    local function accuracy(names, classes)
      local F = toy(#names)
      F.class_names = names
      set.classes = classes or {"ant", "bee", "cat", "dog"}
      local got, message = measure(F, "accuracy", nil, evaluate.of_set(set))
      return got and got.accuracy.value, message
    end
    assert.equal(1, accuracy {"ant", "bee", "cat", "dog"})
    -- The network's classes in another order: it still says the position, which is another class there.
    assert.equal(0.5, accuracy {"bee", "ant", "cat", "dog"})
    assert.equal(0.5, accuracy({"ant", "bee", "cat", "dog"}, {"bee", "ant", "cat", "dog"}))
    assert.equal(1, accuracy({"0", "1", "2", "3"})) -- no names: by number
    refused("the classes of s are not those of toy: there is no class 'bee' among ant eel cat dog",
      accuracy {"ant", "eel", "cat", "dog"})
    set.classes = {"ant", "bee", "cat", "dog"}
    refused("s has 4 classes, toy knows 5", measure(toy(5), "accuracy", nil, evaluate.of_set(set)))
  end)

  it("counts the kinds of stacks by what the network says of each channel", function()
    local images = core.full({4, 16, 16, 1}, 0, "u8") -- the toy names the brightest of pixels 5..7 of the first row
    for i = 1, 3 do
      core.copy_(core.narrow(core.narrow(core.narrow(images, 1, i, 1), 2, 1, 1), 3, 4 + i, 1),
        core.full({1, 1, 1, 1}, 255, "u8"))
    end
    local digits = gan.data.set.new {images = images, source = "bars", format = "tensor"}
    local real = evaluate.of_set(gan.data.stacked {digits = digits, count = 500})
    local some = gan.data.stacked({digits = digits, count = 500}):subset {0, 1, 2, 3, 4, 5, 6}
    local F = toy(3)
    F.channels, F.accuracy = 1, 0.75
    local got = measure(F, "modes", real, evaluate.of_set(some, {name = "some"}))
    local kinds, n, kl = {}, 0, 0
    for _, c in ipairs(some:rows({0, 1, 2, 3, 4, 5, 6}):to_table()) do
      local kind = 0
      for channel = 1, 3 do
        local digit = 0 -- the first of equals counts
        for k = 1, 3 do if c[1][4 + k][channel] == 255 then digit = k - 1 end end
        kind = kind * 3 + digit
      end
      kinds[kind] = (kinds[kind] or 0) + 1
    end
    for _, c in pairs(kinds) do n, kl = n + 1, kl + c / 7 * math.log(c / 7 * 27) end
    assert.equal(n, got.modes.value)
    assert.is_true(math.abs(got.kl.value - kl) < 1e-12)
    for _, r in pairs(got) do
      assert.same({27, 7, 500, 0.75, "toy", "crc32:00000007"}, {r.of, r.n_fake, r.n_real, r.accuracy, r.features,
        r.features_hash})
    end
    assert.equal(27, got.modes.reference) -- of 4 kinds of bars one counts as the first: kinds are not alike
    assert.is_true(got.kl.reference > 0.05)
    assert.is_true(evaluate.better.modes(2, 1) and evaluate.better.kl(1, 2))
    refused("modes: needs a classifier of grey images, which sees one channel after the other, not toy",
      measure(toy(8), "modes", real, real))
    refused("modes: needs a classifier of grey images", measure(pixels(), "modes", real, real))
    got = measure(F, "modes", nil, real) -- nothing to compare with
    assert.is_nil(got.kl.reference or got.kl.n_real)
  end)

  it("shows generated images beside their nearest real ones", function()
    -- Noise, but for three pictures that are copies of real ones.
    local images = core.clone(noise.images)
    for i, row in ipairs {11, 22, 33} do
      core.copy_(core.narrow(images, 1, i, 1), core.narrow(shapes.images, 1, row, 1))
    end
    local fake = evaluate.of_set(gan.data.set.new {images = images}, {name = "copies"})
    local got, _, session = measure(pixels(), "nearest", evaluate.of_set(shapes), fake)
    assert.is_true(got.nearest.authenticity <= 47 / 50)
    local sheet, columns = session:sheet(5)
    assert.equal(6, columns)
    assert.same({30, 16, 16, 3}, core.shape(sheet))
    for row = 0, 2 do
      local first = core.to_bytes(core.narrow(sheet, 1, row * 6 + 1, 1))
      assert.equal(first, core.to_bytes(core.narrow(sheet, 1, row * 6 + 2, 1)))
      assert.not_equal(first, core.to_bytes(core.narrow(sheet, 1, row * 6 + 3, 1)))
    end
    refused("nearest was not measured", evaluate.new {features = pixels(), metrics = {"kid"}}:sheet())
  end)

  it("measures path length through the generator, averaged weights and all", function()
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 2, rng = gan.rng(1)}
    local source = evaluate.of_generator({G = G, options = {z = 4}, step = 7, path = "p"}, {n = 20})
    local got = measure(pixels(), "ppl", evaluate.of_set(shapes), source)
    assert.is_true(got.ppl.value > 0)
    assert.equal(1000, got.ppl.n_fake)
    assert.equal(7, got.ppl.run.step)
  end)

  it("is as far from itself as the bias of FID says", function()
    -- Two N-samples of one Gaussian whose covariance has the eigenvalues v: to first order
    --   2 sum v_i / N + (sum_ij v_i v_j / (v_i + v_j) + sum v_i / 2) / N,
    -- which for v = 1 in R^d is 2d/N + d(d+1)/2N. Images are the features themselves.
    for _, case in ipairs {{{1, 1}, 200, 0.035}, {{1, 1, 1, 1, 1, 1, 1, 1}, 400, 0.13}, {{4, 1, 0.25, 0.01}, 300}} do
      local v, n, trials, sum = case[1], case[2], 80, 0
      local rng, roots, d = gan.rng(7), {}, #case[1]
      for i = 1, d do roots[i] = math.sqrt(v[i]) end
      local F = setmetatable({name = "itself", dim = d, resize = "none", domain = "any"},
        {__call = function(_, x) return x end})
      local function source(name)
        local x = rng:normal {n, d} * gan.tensor(roots)
        return {n = n, name = name, batch = function(first, count) return core.narrow(x, 1, first, count) end}
      end
      for _ = 1, trials do sum = sum + measure(F, "fid", source "a", source "b").fid.value / trials end
      local expected = 0
      for i = 1, d do
        expected = expected + 2.5 * v[i] / n
        for j = 1, d do expected = expected + v[i] * v[j] / (v[i] + v[j]) / n end
      end
      assert.is_true(math.abs(expected - (case[3] or expected)) < 1e-12, expected)
      assert.is_true(math.abs(sum / expected - 1) < 0.1, ("d %d, N %d: %g, expected %g"):format(d, n, sum, expected))
    end
  end)

  it("chooses the result that a run is judged by", function()
    assert.equal("kid", evaluate.judge {"kid", "fid"})
    assert.equal("fid", evaluate.judge({"kid", "fid"}, "fid"))
    assert.equal("precision", evaluate.judge {"pr"})
    assert.equal("recall", evaluate.judge({"fid", "pr"}, "recall"))
    assert.same({nil, "recall is not among --metrics fid,kid"}, {evaluate.judge({"fid", "kid"}, "recall")})
    local none, message = evaluate.judge({"fid"}, "recal")
    assert.is_nil(none)
    assert.matches("^expected one of fid, kid, .*, got 'recal' %(did you mean 'recall'%?%)$", message)
    assert.is_nil((evaluate.judge {"nearest"})) -- neither result of it is better or worse
    assert.is_true(evaluate.better.fid(1, 2) and evaluate.better.recall(2, 1))
    assert.is_false(evaluate.better.fid(2, 2))
  end)
end)
