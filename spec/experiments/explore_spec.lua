-- A run's page through the command line; what the page itself does is in spec/show/explorer_spec.lua.
local browser = require "spec.support.browser"
local core = require "gan.core"
local gan = require "gan"
local json = require "gan.file.json"
local lfs = require "lfs"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local SCRIPT = "experiments/explore.lua"
local dir

local function explore(words)
  local code, out, err = script.run(SCRIPT, words)
  assert.equal("", err)
  assert.equal(0, code)
  return out
end

local function fails(words, what)
  local code, _, err = script.run(SCRIPT, words)
  assert.equal(1, code, words)
  assert.equal("explore.lua: " .. what .. "\n", err)
end

-- What a page knows of its generator.
local function described(path)
  return json.decode(temp.read(path):match '<script id="net" type="application/json">(.-)</script>')
end

local function train(recipe, words)
  local code, _, err = script.run("experiments/" .. recipe .. ".lua", "--data shapes --limit 40 --size 16 --ngf 4 "
    .. "--ndf 2 --z 6 --batch 4 --threads 1 --steps 30 --outdir " .. dir .. " " .. words)
  assert.equal(0, code, err)
end

describe("explore.lua", function()
  setup(function()
    dir = temp.dir()
    train("projection", "--name 'a b' --ema-kimg 0.1")
    train("dcgan", "--name plain")
  end)
  teardown(temp.clean)

  it("writes a page that draws what generate.lua draws", function()
    local out = explore(("--run '%s/a b' --threads 1"):format(dir))
    assert.matches("a b/explorer%.html: 0%.0%d+ MB, step 30, some 1 ms a picture: open it in a browser\n$", out)
    local page = dir .. "/a b/explorer.html"
    local net = described(page)
    assert.same({"a b", 30, 6, 16, 3}, {net.name, net.step, net.z, net.size, net.channels})
    assert.equal(6, #net.directions)
    assert.matches("^1 %(λ %d+%.?%d*, %d+ levels%)$", net.labels[1])
    local b, why = browser.open()
    if not b then return pending(why) end
    local p = b:page(page .. "#seed=7&class=2")
    p:wait("window.explorer", 60)
    assert.same({}, p.errors)
    local code, _, err = script.run("experiments/generate.lua",
      ("--run '%s/a b' --seeds 7 --class '#2' --out %s/seven.png"):format(dir, dir))
    assert.equal(0, code, err)
    assert.equal(("lua5.4 experiments/generate.lua --run '%s/a b' --seeds 7 --class '#2'"):format(dir),
      p:eval "document.getElementById('command').textContent")
    local want = gan.data.image.read(dir .. "/seven.png")
    want = core.to_table(core.reshape(want, {core.numel(want)}))
    local is, most = p:eval "explorer.bytes()", 0
    for i = 0, 255 do
      for k = 1, 3 do most = math.max(most, math.abs(is[4 * i + k] - want[3 * i + k])) end
    end
    b:close()
    assert.is_true(most <= 1, most .. " levels")
  end)

  it("takes the directions of a file, of the one in the run, or none", function()
    local two = core.tensor {{1, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 1}}
    assert(gan.latent.directions.save(dir .. "/two.safetensors",
      {directions = two, values = {2.5, 1}, names = {"<smile>", "age"}, method = "sefa", effects = {12.2, 3}}))
    explore(("--run %s/plain --directions %s/two.safetensors --out %s/x.html"):format(dir, dir, dir))
    local net = described(dir .. "/x.html")
    assert.same({"<smile> (λ 2.5, 12 levels)", "age (λ 1, 3 levels)"}, net.labels)
    assert.same(core.to_table(two), net.directions)
    os.rename(dir .. "/two.safetensors", dir .. "/plain/directions.safetensors")
    explore(("--run %s/plain --sliders 1"):format(dir))
    assert.same({"<smile> (λ 2.5, 12 levels)"}, described(dir .. "/plain/explorer.html").labels)
    explore(("--run %s/plain --sliders 0"):format(dir))
    assert.same({}, described(dir .. "/plain/explorer.html").directions)
    os.remove(dir .. "/plain/directions.safetensors")
  end)

  it("shows averaged weights or the others, with one thread or two", function()
    local pages = {}
    for i, words in ipairs {"--threads 1", "--threads 2", "--no-ema"} do
      explore(("--run '%s/a b' --out %s/e.html %s"):format(dir, dir, words))
      pages[i] = temp.read(dir .. "/e.html")
    end
    assert.equal(pages[1], pages[2])
    assert.not_equal(pages[1], pages[3])
  end)

  it("says in one line what is wrong", function()
    fails("", "--run is missing: a run's directory, such as runs/demo")
    fails(("--run %s/none"):format(dir), ("%s/none: cannot read: No such file or directory"):format(dir))
    lfs.mkdir(dir .. "/unfinished")
    temp.write(dir .. "/unfinished/options.json", "{}")
    fails(("--run %s/unfinished"):format(dir),
      ("%s/unfinished: no checkpoint yet (it has no checkpoint_last.safetensors)"):format(dir))
    fails(("--run %s/plain --out %s/a.png"):format(dir, dir),
      ("%s/a.png: pages are written as HTML: give a name that ends in .html"):format(dir))
    fails(("--run %s/plain --directions %s/none.safetensors"):format(dir, dir),
      ("%s/none.safetensors: cannot read: No such file or directory"):format(dir))
    local last = dir .. "/plain/checkpoint_last.safetensors"
    fails(("--run %s/plain --limit 0.001"):format(dir), last .. ": cannot be explored: show.explorer.page: the page "
      .. "would have 0.00399 MB, more than 0.001: the generator has 0.0015 million weights. A larger limit lets it "
      .. "pass, a generator of fewer channels (--ngf) makes a smaller page")
    train("virtual_batch_norm", "--name virtual --steps 2")
    local code, _, err = script.run(SCRIPT, ("--run %s/virtual"):format(dir))
    assert.equal(1, code)
    assert.is_truthy(err:find("cannot be explored: show.explorer: nn.virtual_batch", 1, true), err)
    code, _, err = script.run("experiments/ring.lua", ("--steps 2 --outdir %s --name ring --threads 1"):format(dir))
    assert.equal(0, code, err)
    fails(("--run %s/ring"):format(dir), dir .. "/ring/checkpoint_last.safetensors: draws points of 2 numbers, no "
      .. "pictures")
  end)
end)
