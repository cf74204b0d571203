-- Directions of weights, of activations and of labels: worked numbers, the generator's first layer, files.
local double = require "spec.support.double"
local gan = require "gan"
local near = require "spec.support.near"
local temp = require "spec.support.temp"

local directions = gan.latent.directions
local root = math.sqrt(0.5)

local function fails(what, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok, what)
  assert.is_truthy(message:find(what, 1, true), message)
end

describe("latent: directions", function()
  teardown(temp.clean)

  it("are the eigenvectors of a weight", function()
    for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
      local w = lib.tensor {{3, 4}, {0, 2}, {1, 0}}
      local found = lib.latent.directions.sefa(w)
      near({{0.6, 0.8}, {0.8, -0.6}}, found.directions, tol)
      near({2, 1}, found.values, tol)
      near(3 / 2 * (1 + math.sqrt(2 / 3)) ^ 2, found.floor)
      assert.equal(0, found.above)
      assert.same({}, found.close)
      assert.equal("sefa", found.method)
      found = lib.latent.directions.sefa(w, {scaled = false})
      near({{0.5547001962, 0.8320502943}, {0.8320502943, -0.5547001962}}, found.directions, tol)
      near({28, 2}, found.values, tol)
      assert.is_nil(found.floor)
      assert.same({1, 2}, lib.latent.directions.sefa(w, {count = 1}).directions:shape())
    end
  end)

  it("stand out of what a random weight has, or do not", function()
    local w = gan.rng(1):normal {2048, 32}
    local random = directions.sefa(w)
    near(81, random.floor)
    assert.is_true(random.above <= 1) -- the edge is that of infinitely many rows
    assert.is_true(random.values[1] > 70 and random.values[1] < 83 and random.values[32] < 58)
    local scaled = w:mul(gan.ops.cat({gan.full({1}, 4), gan.ones(31)}, 1))
    local found = directions.sefa(scaled)
    assert.equal(1, found.above)
    assert.is_true(found.directions:get(1, 1) > 0.99)
    local half = w:clone()
    half:narrow(1, 1, 1024):fill_(0) -- rows of zeros do not count
    near(1024 / 32 * (1 + math.sqrt(32 / 1024)) ^ 2, directions.sefa(half).floor)
    assert.same({{1, 2}}, directions.sefa(gan.tensor {{1, 0}, {0, 1}}).close)
  end)

  it("are the principal components of activations, taken back to z", function()
    for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
      local z = lib.tensor {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, -1}}
      local a = z:matmul(lib.tensor {{1, 0, 0.5}, {0, 1, -1}}):relu()
      local found = lib.latent.directions.principal(z, a)
      near({1 / 3, 1 / 3, 1 / 3}, found.mean, tol)
      near({1 / 3, 0.1886468847, 0.0613531153}, found.values, tol)
      near({0.4850712501, 0.7276068751, -0.4850712501}, found.components[1], tol)
      near({0.8723675616, -0.3641474231, 0.3261464269}, found.components[2], tol)
      local u1, u2 = {0.4900980294, 0.7701540462}, {0.5297706946, -0.1324426736}
      near({u1[1] ^ 2 + u1[2] ^ 2, u2[1] ^ 2 + u2[2] ^ 2}, {found.shares[1], found.shares[2]}, 10 * tol)
      near({u1[1] / math.sqrt(found.shares[1]), u1[2] / math.sqrt(found.shares[1])}, found.directions[1], 10 * tol)
      near({0.9701425001, -0.2425356250}, found.directions[2], tol)
      -- More features than rows: the same by the smaller matrix.
      local wide = lib.latent.directions.principal(z, lib.ops.cat({a, a, a}, 2), {count = 2})
      near({1, 3 * found.values[2]}, wide.values, tol)
      near(found.directions:narrow(1, 1, 2):to_table(), wide.directions, tol)
      near({found.shares[1], found.shares[2]}, wide.shares, tol)
      assert.same({2, 9}, wide.components:shape())
    end
  end)

  it("separate a class from the others", function()
    for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
      local D = lib.latent.directions
      local z = lib.tensor {{2, 1}, {1, -1}, {-1, 0.5}, {-2, 0}, {0.5, 2}, {-0.5, -1.5}}
      local y = lib.tensor({1, 1, 0, 0, 1, 0}, "i32")
      local u, about = D.separator(z, y)
      near({2.3333333333, 1}, about.w, tol)
      near({0.9191450300, 0.3939192986}, u, tol)
      near(math.sqrt(2.3333333333 ^ 2 + 1) / math.sqrt(2 * 2 / 3), about.ratio, tol)
      assert.equal(3, about.n)
      about = select(2, D.separator(z, y, {method = "logistic", lambda = 0.1, rounds = 1}))
      near({1.0252565953, 0.3440844094}, about.w, tol)
      near(-0.0573474016, about.bias, tol)
      u, about = D.separator(z, y, {method = "logistic", lambda = 0.1})
      near({1.4346739373, 0.4540705919}, about.w, tol)
      near({0.9533886553, 0.3017450445}, u, tol)
      near({-0.0130594829, 0.2917138707}, {about.bias, about.loss}, tol)
      about = select(2, D.separator(z, y, {method = "ridge", lambda = 0.1}))
      near({0.5928248182, 0.1865086745}, about.w, tol)
      near({-0.9191450300, -0.3939192986}, (D.separator(z, y, {class = 0})), tol) -- towards the class
    end
  end)

  it("separate each class, the plainest first", function()
    local z = gan.rng(2):normal {600, 8}
    local list = {}
    for i, row in ipairs(z:to_table()) do list[i] = row[3] > 0.5 and 2 or row[1] > 0 and 1 or 0 end
    for _, method in ipairs {"difference", "logistic", "ridge"} do
      local found = directions.separators(z, gan.tensor(list, "i32"), {"a", "b", "c", "none"}, {method = method})
      assert.equal("c", found.names[1])
      assert.equal(3, #found.values)
      assert.equal(3, found.above)
      assert.is_true(found.directions:get(1, 3) > 0.95, method)
      assert.equal(method, found.method)
    end
    local noise = {}
    for i = 1, 600 do noise[i] = i % 2 end
    assert.equal(0, directions.separators(z, gan.tensor(noise, "i32"), {"a", "b"}).above)
  end)

  it("are made orthogonal to others", function()
    local q = 1 / math.sqrt(3)
    for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
      local D = lib.latent.directions
      near({0, 0, 1}, D.orthogonal({q, q, q}, lib.tensor {{1, 0, 0}, {root, root, 0}}), tol)
      near({0.9284766909, 0.2971125411, -0.2228344058},
        D.orthogonal(lib.tensor {1 / 3, 2 / 3, 2 / 3}, lib.tensor {{0, 0.6, 0.8}}), tol)
    end
    fails("'w' (it lies in the span of the others)", directions.orthogonal, {1, 1}, gan.tensor {{1, 0}, {0, 1}})
    fails("'others' (they depend on each other)", directions.orthogonal, {1, 1, 1}, gan.tensor {{1, 0, 0}, {2, 0, 0}})
    fails("'others' (expected directions of 3 numbers", directions.orthogonal, {1, 1, 1}, gan.ones(1, 2))
  end)

  it("read the first layer of every generator", function()
    local m = gan.model
    for name, case in pairs {
      mlp = {m.mlp.generator {z = 5, size = 8, width = 7}, 7}, mlp_classes = {m.mlp.generator {z = 5, size = 8,
        width = 7,
        classes = 3}, 7},
      dcgan = {m.dcgan.generator {z = 5, size = 16, ngf = 2}, 64},
      cgan = {m.dcgan.generator {z = 5, size = 16, ngf = 2, classes = 3}, 64},
      sndcgan = {m.sndcgan.generator {z = 5, size = 16, ngf = 2, spectral = true}, 64},
      sngan_resnet = {m.sngan_resnet.generator {z = 5, size = 32, ngf = 2}, false},
      r3gan = {m.r3gan.generator {z = 5, size = 16, ngf = 8}, false},
      adapted = {gan.nn.adapted {m.dcgan.generator {z = 5, size = 16, ngf = 2}}, 64},
    } do
      local w = directions.weight(case[1], 5)
      assert.equal(5, w:size(2), name)
      if case[2] then assert.equal(case[2], w:size(1), name) end
      assert.equal(5, directions.sefa(w).directions:size(1))
    end
    -- A row of the matrix is what makes one number of z.
    local G = m.dcgan.generator {z = 5, size = 16, ngf = 2}
    local z = gan.rng(1):normal {3, 5}
    local want = G[2](G[1](z)):reshape {3, 64}
    near(want:to_table(), z:matmul(directions.weight(G, 5):permute({2, 1}):contiguous()), 1e-5)
  end)

  it("refuse a net without such a layer", function()
    local nn = gan.nn
    local no = "latent.directions.weight: the generator has no linear first layer: "
    fails(no .. "its first layer with a weight is a conv2d; principal directions of a chain's activations, and "
      .. "separators of classes, need none", directions.weight, nn.chain {nn.conv2d {3, 2, kernel = 3}}, 3)
    fails(no .. "it has no layer with a weight", directions.weight, nn.chain {nn.relu {}}, 3)
    fails(no .. "its first layer takes 3 numbers, z has 4", directions.weight, nn.chain {nn.linear {3, 2}}, 4)
    fails("#1 'G' (expected a generator (gan.model), got nil)", directions.weight, nil, 4)
  end)

  it("measure what they change, in levels", function()
    local d = gan.tensor {{1, 0}, {0, 1}}
    local function draw(z) return z:mul(gan.tensor {0.1, 0.02}):sum(2):reshape {-1, 1, 1, 1}:expand {#z, 2, 2, 1} end
    near({12.75, 2.55}, directions.effects(draw, d, gan.rng(1):normal {16, 2}), 1e-5)
  end)

  it("go into a file and come back", function()
    local dir = temp.dir()
    local path = dir .. "/d.safetensors"
    local found = {directions = gan.tensor {{0.6, 0.8}, {0.8, -0.6}}, values = {2, 1}, names = {"1", "two"},
      effects = {3.5, 1}, method = "sefa", run = "runs/a", step = 7}
    assert(directions.save(path, found))
    local back = assert(directions.load(path, 2))
    assert.same(found.directions:to_table(), back.directions:to_table())
    for _, name in ipairs {"values", "names", "effects", "method", "run", "step"} do
      assert.same(found[name], back[name], name)
    end
    local none, message = directions.load(path, 3)
    assert.is_nil(none)
    assert.equal(path .. ": directions of 2 numbers, the run's z has 3", message)
    assert(gan.file.safetensors.save(path, {directions = found.directions}))
    assert.equal(path .. ": expected directions, as experiments/directions.lua writes them",
      select(2, directions.load(path)))
    local bad = {kind = "directions", directions = found.directions, values = gan.ones(3), names = {"a", "b"}}
    assert(gan.file.safetensors.save(path, bad))
    assert.equal(path .. ": 'values' does not fit the directions", select(2, directions.load(path)))
    bad.values, bad.names = gan.ones(2), {"a"}
    assert(gan.file.safetensors.save(path, bad))
    assert.equal(path .. ": directions without names or values", select(2, directions.load(path)))
    assert.is_nil((directions.load(dir .. "/none")))
    fails("'found.values' (expected a list of 2", directions.save, path, {directions = found.directions})
    fails("'found.names'", directions.save, path, {directions = found.directions, values = {1, 2}, names = {"a"}})
  end)

  it("say what is wrong", function()
    local z, y = gan.ones(4, 2), gan.tensor({1, 1, 1, 1}, "i32")
    fails("latent.directions.sefa: the weight is 0", directions.sefa, gan.zeros(3, 2))
    fails("'w' (row 2 holds NaN or an infinity)", directions.sefa, gan.tensor {{1, 2}, {0 / 0, 1}})
    fails("latent.directions.principal: the activations do not vary with z", directions.principal, z, z)
    fails("'activations' (expected 4 rows, as z, got", directions.principal, z, gan.ones(3, 2))
    fails("latent.directions.separator: 4 of 4 rows are of class 1: there is nothing to separate", directions.separator,
      z, y)
    fails("#2 'labels' (expected i32 labels (4), got", directions.separator, z, gan.ones(4))
    fails("all rows are of one class", directions.separators, z, y, {"a", "b"})
    fails("#3 'classes' (expected a list of names", directions.separators, z, y, {})
    fails("class 1: no direction separates it; take lambda > 0", directions.separator, z, gan.tensor({1, 0, 0, 1},
      "i32"))
    fails("option 'method'", directions.separator, z, y, {method = "svm"})
    fails("#1 'draw'", directions.effects, nil, z, z)
    fails("#3 'z' (expected vectors of 2 numbers", directions.effects, print, z, gan.ones(4, 3))
  end)
end)
