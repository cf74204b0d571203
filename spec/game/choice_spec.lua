-- A strategy in words: what "auto" stands for, what does not go together, and that every choice plays.
local gan = require "gan"
local core = require "gan.core"

local choice = gan.game.choice

local function config(more)
  local c = {size = 16, pack = 1}
  for _, d in ipairs(choice.list()) do c[d[1]] = d[3] end
  for k, v in pairs(more or {}) do c[k] = v end
  return c
end

local function stream(name) return core.rng(0, name) end

describe("game.choice", function()
  it("lists options for command lines, other defaults and fewer options among them", function()
    assert.is_truthy(gan.command.declare(choice.list()))
    local list = choice.list {net = false, loss = "rp", norm = {choices = {"none"}}}
    assert.equal(#choice.list() - 1, #list)
    assert.same({"loss", "string", "rp"}, {table.unpack(list[1])})
    assert.same({"none"}, list[5].choices)
    assert.equal("auto", choice.list {loss = "auto"}[2].choices[1]) -- what is kept with a run is a choice
    assert.equal("ns", choice.list()[2][3]) -- the list itself stays
  end)

  it("knows every loss, penalty and net that there is", function()
    local short = {}
    for name in pairs(gan.loss.short) do short[name] = true end
    for _, name in ipairs(choice.losses) do
      assert.is_true(short[name], name)
      short[name] = nil
    end
    assert.same({}, short)
    for _, net in ipairs(choice.net_names) do assert.is_table(gan.model[net]) end
  end)

  it("fills in what is left open", function()
    local how = assert(choice.of(config {norm = "auto", penalty = "auto"}))
    assert.same({"spectral", "none"}, {how.norm, how.penalty})
    assert.is_nil(how.gamma)
    how = assert(choice.of(config {norm = "none", penalty = "auto", size = 64}))
    assert.same({"none", "r1_r2"}, {how.norm, how.penalty})
    assert.is_true(math.abs(how.gamma - 4) < 1e-12)
    how = assert(choice.of(config {norm = "auto", penalty = "auto", loss = "auto", net = "r3gan", ngf = 8, ndf = 16}))
    assert.same({"none", "r1_r2", "rp", 0.25}, {how.norm, how.penalty, how.loss, how.gamma})
    assert.equal("hinge", choice.of(config {norm = "auto", loss = "auto"}).loss)
    how = assert(choice.of(config {norm = "none", penalty = "r1", gamma = 3}))
    assert.equal(3, how.gamma)
    how = assert(choice.of(config {norm = "none", penalty = "gp"}))
    assert.is_nil(how.gamma) -- its own
    assert.equal("none", config().norm)
  end)

  it("says what does not go together", function()
    local function refused(more)
      local how, message = choice.of(config(more))
      assert.is_nil(how)
      return message
    end
    assert.equal("--size 24: --net dcgan makes 16, 32, 64 or 128", refused {size = 24})
    assert.equal("--size 20: --net sndcgan makes a multiple of 8 in 16..128", refused {net = "sndcgan", size = 20})
    assert.equal("--ndf 10: of --net r3gan expected a multiple of 8", refused {net = "r3gan", ngf = 8, ndf = 10})
    assert.equal("--norm batch: of --net sngan_resnet expected spectral, none",
      refused {net = "sngan_resnet", size = 32, norm = "batch"})
    assert.matches("^%-%-penalty r1_r2 %-%-norm batch: with batch norm an image's logit depends on all of its batch",
      refused {norm = "batch", penalty = "r1_r2"})
    assert.equal("--gamma: there is no --penalty that it could be the weight of", refused {gamma = 1})
    assert.error_matches(function() choice.of(config {net = "dcgam"}) end,
      "game.choice.of: unknown net string 'dcgam' %(did you mean 'dcgan'%?%)")
    assert.error_matches(function() choice.of(config {size = "x"}) end, "option 'size'")
  end)

  -- One step of each, with the nets and rules that it stands for.
  local function play(more)
    local how = assert(choice.of(config(more)))
    local rng = core.rng(1)
    local for_G, for_D = choice.nets(how)
    local function net(kind, opt)
      opt.size, opt.channels, opt.rng = how.size, 1, rng
      opt[kind == "generator" and "ngf" or "ndf"] = how.net == "r3gan" and 8 or 2
      if kind == "generator" then opt.z = 4 end
      return gan.model[how.net][kind](opt)
    end
    local game = choice.rules(how, stream)
    game.G, game.D = net("generator", for_G), net("discriminator", for_D)
    game.batch = function() return rng:uniform({4 * how.pack, how.size, how.size, 1}, -1, 1) end
    local loop = gan.game.loop.new(gan.game.standard(game, {z = 4, lr = 1e-3}, stream))
    return loop:step(1), loop
  end

  it("plays every loss, penalty, norm, layer and net", function()
    for _, d in ipairs(choice.list()) do
      for _, word in ipairs(d.choices or {}) do
        local size = d[1] == "net" and 32 or 16
        local values = play {[d[1]] = word, size = size}
        local D = core.is_tensor(values.D) and values.D:item() or values.D
        assert.equal(D, D, d[1] .. " " .. word)
        if d[1] == "penalty" and word ~= "none" then assert.is_not_nil(values[word], word) end
      end
    end
  end)

  it("takes packs, a penalty lazily, and its weight by a schedule", function()
    play {pack = 2, penalty = "r1_r2"}
    for _, penalty in ipairs {"r1_r2", "gp"} do
      local _, loop = play {penalty = penalty, lazy = 2, gamma = function(step) return step == 1 and 1 or 3 end}
      assert.is_nil(loop:step(2)[penalty])
      assert.is_not_nil(loop:step(3)[penalty])
    end
  end)
end)
