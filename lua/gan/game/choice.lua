--- The strategy in words: nets, loss, penalty and norm by their names, for command lines and for tables of
-- configurations. What one script can choose, all can.
--
--     local how = assert(gan.game.choice.of {net = "dcgan", size = 32, loss = "rp", norm = "spectral"})
--     local for_G, for_D = gan.game.choice.nets(how)              -- options of gan.model[how.net]
--     local game = gan.game.choice.rules(how, stream)             -- options of gan.game.loop
--
-- @module gan.game.choice
local check = require "gan.check"
local losses = require "gan.loss"
local penalty = require "gan.penalty"

local M = {}

-- What goes with a net: sizes, widths, and norms of its D, the net's own first.
local function multiples(n) return n >= 16 and n <= 128 and n % 8 == 0 end
local function power(n) return n == 16 or n == 32 or n == 64 or n == 128 end
local nets = {
  dcgan = {
    sizes = "16, 32, 64 or 128", fits = power,
    norms = {"spectral", "none", "batch", "layer", "instance"},
  },
  sndcgan = {sizes = "a multiple of 8 in 16..128", fits = multiples, norms = {"spectral", "none", "batch", "layer"}},
  sngan_resnet = {
    sizes = "32 or 64", fits = function(n) return n == 32 or n == 64 end, norms = {"spectral", "none"},
  },
  r3gan = {sizes = "16, 32, 64 or 128", fits = power, norms = {"none"}, widths = 8},
}

--- Lists the losses in order, by their short names.
M.losses = {"ns", "minimax", "ls", "hinge", "wgan", "ra", "rp"}

--- Lists D's penalties in order.
M.penalties = {"none", "r1", "r2", "r1_r2", "gp", "dragan", "lecam"}

--- Lists the nets in order.
M.net_names = {"dcgan", "sndcgan", "sngan_resnet", "r3gan"}

local options = {
  {"net", "string", "dcgan", choices = M.net_names, help = "both players' architecture"},
  {"loss", "string", "ns", choices = M.losses, help = "the adversarial loss"},
  {"penalty", "string", "none", choices = M.penalties, help = "D's penalty"},
  {"gamma", "schedule", nil, lo = 0, alias = {"weight"}, help = "the penalty's weight (default: its own)"},
  {"lazy", "integer", 1, lo = 1, hi = 1000, help = "take the penalty at every so many-th update of D only"},
  {"norm", "string", "none", choices = {"none", "batch", "layer", "instance", "spectral"}, help = "D's norm"},
  {"minibatch", "string", "none", choices = {"none", "discrimination", "stddev"},
    help = "D's layer that sees the batch as a whole"},
}

--- Returns the options for gan.command: a new list of entries. Cannot fail.
-- @tparam[opt] table changes  name -> false: without it; a table: fields of its entry, such as `choices`; else its
--   default
-- @treturn table
-- @usage gan.game.choice.list {net = false, loss = "rp"}
function M.list(changes)
  local out = {}
  for _, d in ipairs(options) do
    local c, change = {}, (changes or {})[d[1]]
    for k, v in pairs(d) do c[k] = v end
    for k, v in pairs(type(change) == "table" and change or {[3] = change}) do c[k] = v end
    if c[3] == "auto" then c.choices = {"auto", table.unpack(c.choices)} end
    if change ~= false then out[#out + 1] = c end
  end
  return out
end

local WIDE = 1 / 32 ^ 2 -- gamma of R1 and R2, by the pixels of an image

-- Where an option says "auto": the net's own norm; of a D without a norm the penalty that takes its place, and the
-- loss that goes with it.
local function resolved(config, net)
  local how = {size = config.size, ngf = config.ngf, ndf = config.ndf, pack = config.pack}
  for _, d in ipairs(options) do how[d[1]] = config[d[1]] end
  if how.norm == "auto" then how.norm = net.norms[1] end
  if how.loss == "auto" then how.loss = how.norm == "none" and "rp" or "hinge" end
  if how.penalty == "auto" then how.penalty = how.norm == "none" and "r1_r2" or "none" end
  if how.gamma == nil and how.penalty:find "^r[12]" then how.gamma = WIDE * how.size ^ 2 end
  return how
end

local function has(list, word)
  for _, w in ipairs(list) do if w == word then return true end end
  return false
end

--- Fills in what a choice for images leaves open ("auto"), and checks that its parts go together.
-- @tparam table config  the options by name; `size`, the side of the images; perhaps `ngf` and `ndf`, the nets' widths,
--   and `pack`, images that D judges as one; other fields are not looked at
-- @treturn table  these, with `norm`, `loss`, `penalty` and `gamma` in place of "auto" and nil: the norm that the net
--   was made for; without a norm the loss in pairs, R1 and R2, else the hinge loss and no penalty; a gamma of 1 at 32
--   pixels, that grows with their number
-- @error naming the options that do not go together, and why
-- @raise if the net is unknown, or there is no size
function M.of(config)
  local net = nets[config.net]
  if not net then
    return check.fail("game.choice.of", "unknown net %s%s", check.found(config.net),
      check.hint(config.net, M.net_names))
  end
  check.option.integer {required = true, lo = 1}:check("game.choice.of", "size", config.size)
  local how = resolved(config, net)
  if not net.fits(how.size) then
    return nil, ("--size %d: --net %s makes %s"):format(how.size, how.net, net.sizes)
  end
  for _, name in ipairs {"ngf", "ndf"} do
    if how[name] and how[name] % (net.widths or 1) ~= 0 then
      return nil, ("--%s %d: of --net %s expected a multiple of %d"):format(name, how[name], how.net, net.widths)
    end
  end
  if not has(net.norms, how.norm) then
    return nil, ("--norm %s: of --net %s expected %s"):format(how.norm, how.net, table.concat(net.norms, ", "))
  elseif how.norm == "batch" and how.penalty:find "^r[12]" then
    return nil, ("--penalty %s --norm batch: with batch norm an image's logit depends on all of its batch, and the "
      .. "slope that is penalised is no longer the image's own; take --norm none or layer"):format(how.penalty)
  elseif how.gamma and how.penalty == "none" then
    return nil, "--gamma: there is no --penalty that it could be the weight of"
  end
  return how
end

--- Returns the options of the two nets of a choice. Cannot fail.
-- @tparam table how  of `of`; or the options by name, without "auto"
-- @tparam[opt=false] boolean conditional  the nets are told labels
-- @treturn table  of the architecture's generator
-- @treturn table  of its discriminator
function M.nets(how, conditional)
  local G, D = {}, {norm = how.norm, pack = how.pack}
  if how.minibatch ~= "none" then D.minibatch, D.kernels, D.dims = how.minibatch, 32, 5 end
  if conditional and how.net == "dcgan" then G.conditioning, D.conditioning = "projection", "projection" end
  return G, D
end

local function penalty_of(how, stream)
  local weight, batch_norm, varies = how.gamma, how.norm == "batch", nil
  if check.callable(weight) and not how.penalty:find "^r[12]" then weight, varies = 1, weight end
  local make = {
    r1 = function() return penalty.r1 {gamma = weight, batch_norm = batch_norm} end,
    r2 = function() return penalty.r2 {gamma = weight, batch_norm = batch_norm} end,
    r1_r2 = function() return penalty.r1_r2 {gamma = weight, batch_norm = batch_norm} end,
    gp = function() return penalty.gradient {weight = weight, rng = stream "penalty"} end,
    dragan = function() return penalty.dragan {weight = weight, rng = stream "penalty"} end,
    lecam = function() return penalty.lecam {weight = weight} end,
  }
  local f = make[how.penalty]
  return f and {{f(), weight = varies, name = how.penalty, every = how.lazy > 1 and how.lazy or nil}} or {}
end

--- Returns what gan.game.loop needs of a choice beside nets and data: `loss`, `penalties`, `pack`.
-- @tparam table how  of `of`; or the options by name, without "auto"
-- @tparam function stream  f(name) -> Stream; "penalty" is asked for
-- @treturn table  options of gan.game.loop
-- @raise if a loss is unknown, or a weight out of range
function M.rules(how, stream)
  return {
    loss = losses.open(how.loss), penalties = penalty_of(how, stream), pack = how.pack,
  }
end

local MISMATCH = 0.5 -- without it D hardly needs the label: experiments/cgan.lua

--- Returns the game that a run's options tell, for run:train. Ends the run where they do not go together.
-- Where the run is conditional and the loss has two terms, half of the fakes' share in D's loss goes to real images
-- with another class's label.
-- @tparam Run run  whose script has the options of `list`
-- @treturn table  options of gan.game.loop, with the nets
-- @raise if the run's recorder does, in place of ending the program
-- @usage run:train(gan.game.choice.game(run))
function M.game(run)
  local how = run.recorder:must(M.of(run.varying))
  local for_G, for_D = M.nets(how, run.classes ~= nil)
  local game = M.rules(how, function(name) return run:stream(name) end)
  game.G, game.D = run:generator(how.net, for_G), run:discriminator(how.net, for_D)
  game.mismatch = run.classes and game.loss.real and MISMATCH or nil
  return game
end

return M
