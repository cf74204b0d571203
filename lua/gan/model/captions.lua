--- What a run's nets are told of captions (a condition of gan.data.conditions): a vocabulary, and a text encoder that
-- learns first, with images, and then stays as it is.
-- @module gan.model.captions
local autograd = require "gan.autograd"
local batches = require "gan.data.batches"
local check = require "gan.check"
local core = require "gan.core"
local loss = require "gan.loss"
local module = require "gan.nn.module"
local nn = require "gan.nn"
local optim = require "gan.optim"
local text = require "gan.data.text"

local option = check.option

local M = {}

local KIND = "captions"
local LR, FALL = 4e-4, 0.98 -- RMSProp's step size, and its factor an epoch (Reed et al. 2016, the authors' code)

local Captions = {}
Captions.__index = Captions

-- The encoder of V words; sizes: `words`, features of a word, and `features`.
local function encoder_of(kind, size, sizes, rng)
  if kind == "bag" then return nn.text.bag {size, sizes.features, rng = rng} end
  return nn.text.gru {size, sizes.words, sizes.features, rng = rng}
end

--- Makes a condition of captions: vectors of texts, by a vocabulary of the set's words and an encoder that has learnt
-- nothing yet. Fields `vocabulary`, `encoder`, `features`.
-- @function gan.model.captions.new
-- @tparam Set set  the training split, with captions
-- @tparam[opt] table opt
-- @tparam[opt="gru"] string opt.encoder  "gru" or "bag" (gan.nn.text)
-- @tparam[opt=64] integer opt.words  features of a word, for the GRU
-- @tparam[opt=128] integer opt.features  T, numbers of a text's vector
-- @tparam[opt] integer opt.min_count  as of gan.data.text.vocabulary
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Captions
-- @error if a caption is not UTF-8
-- @raise if the set has no captions, or an option is unknown or out of range
function M.new(set, opt)
  local op, width = "model.captions.new", option.integer {lo = 1}
  if type(set) ~= "table" or not check.callable(set.captions) then
    return check.expected(op, 1, "set", "a data set with captions", set)
  end
  opt = check.options(op, opt, {
    encoder = option.word {"gru", "bag", default = "gru"}, words = option.integer {default = 64, lo = 1},
    features = option.integer {default = 128, lo = 1}, min_count = width, rng = option.stream {},
  })
  local all = {}
  for i = 1, set.n do
    for _, caption in ipairs(set:captions(i)) do all[#all + 1] = caption end
  end
  local vocabulary, message = text.vocabulary(all, {min_count = opt.min_count})
  if not vocabulary then return nil, message end
  local net = encoder_of(opt.encoder, vocabulary.size, opt, opt.rng)
  return setmetatable({
    kind = KIND, vocabulary = vocabulary, encoder = net, features = opt.features, words = opt.words, name = opt.encoder,
  }, Captions)
end

-- The vectors of texts, without a graph.
local function vectors(self, captions)
  local ids, message, unknown = self.vocabulary:ids(captions)
  if not ids then return nil, message end
  return autograd.no_grad(function() return self.encoder(ids) end), unknown
end

--- Returns a batch's conditions, as gan.data.conditions asks for them.
-- @function Captions:of
-- @tparam table beside  `captions`, list of N strings
-- @treturn Tensor  (N,T)
-- @treturn table  the captions
-- @raise if a caption is not UTF-8
function Captions:of(beside)
  local y, message = vectors(self, beside.captions)
  if not y then return check.fail("Captions:of", "%s", message) end
  return y, beside.captions
end

--- Returns the conditions of texts from a command line.
-- @function Captions:read
-- @tparam table texts  list of N strings
-- @treturn Tensor  (N,T)
-- @treturn ?string  a message that names the words that the vocabulary does not have
-- @error if a text is not UTF-8, or has no word
-- @raise if texts is no list of strings
function Captions:read(texts)
  for _, caption in ipairs(texts) do
    if type(caption) == "string" and not (text.words(caption) or {"?"})[1] then
      return nil, ("'%s' has no words"):format(check.shown(caption))
    end
  end
  local y, unknown = vectors(self, texts)
  if not y then return nil, unknown end
  return y, self.vocabulary:message(unknown)
end

-- A net that makes vectors of images: convolutions down to 4 x 4 pixels, or as near as it goes.
local function images_net(set, features, width, rng)
  local layers, from, side = {name = "images"}, set.channels, math.min(set.height, set.width)
  while side >= 8 do
    layers[#layers + 1] = nn.conv2d {from, width, kernel = 4, stride = 2, padding = 1, rng = rng}
    layers[#layers + 1] = nn.leaky_relu {slope = 0.2}
    from, width, side = width, math.min(2 * width, 256), side // 2
  end
  layers[#layers + 1] = nn.global_pool {}
  layers[#layers + 1] = nn.linear {from, features, rng = rng}
  return nn.chain(layers)
end

-- i32 (N), equal where captions are.
local function groups_of(captions)
  local number, list, n = {}, {}, 0
  for i, caption in ipairs(captions) do
    if not number[caption] then number[caption], n = n, n + 1 end
    list[i] = number[caption]
  end
  return core.tensor(list, "i32")
end

--- Trains the encoder, and with it a net of images that is given up afterwards: an image's vector is to be nearer to
-- that of its caption than to others. It depends on the set and the options alone.
-- Source: Reed et al. 2016, arXiv:1605.05395, eqs. 2 to 5.  Differs: captions stand in the place of classes, pairs of
-- the same one are left out.
-- @function Captions:learn
-- @tparam Set set  the training split
-- @tparam table opt
-- @tparam integer opt.steps  how many
-- @tparam[opt=64] integer opt.batch  pairs in a step
-- @tparam[opt=32] integer opt.width  of the image net's first layer
-- @tparam[opt=0] integer opt.seed  of the order and the image net
-- @tparam[opt] function opt.told  f(step, loss), after each
-- @treturn number  mean loss over the last tenth of the steps
-- @raise if an option is unknown or out of range
function Captions:learn(set, opt)
  opt = check.options("Captions:learn", opt, {
    steps = option.integer {required = true, lo = 1}, batch = option.integer {default = 64, lo = 1},
    width = option.integer {default = 32, lo = 1}, seed = option.integer {default = 0}, told = option.callable {},
  })
  local net = images_net(set, self.features, opt.width, core.rng(opt.seed, "captions.images"))
  local params = table.move(net:params(), 1, #net:params(), 1, {})
  table.move(self.encoder:params(), 1, #self.encoder:params(), #params + 1, params)
  local joint, optimiser = loss.joint_embedding(), optim.rmsprop(params, {lr = LR})
  local loader <close> = batches(set, {batch = math.min(opt.batch, set.n), seed = opt.seed, annotations = {KIND}})
  local sum, count = 0, 0
  for step = 1, opt.steps do
    optimiser.lr = LR * FALL ^ math.floor(loader.epoch)
    local real, _, _, _, beside = loader()
    local v = joint.embedding(net(real), self.encoder((self.vocabulary:ids(beside.captions))),
      groups_of(beside.captions))
    optimiser:step(autograd.grad(v, params))
    local value = core.item(v) + 0.0
    if step > opt.steps - math.max(1, opt.steps // 10) then sum, count = sum + value, count + 1 end
    if opt.told then opt.told(step, value) end
  end
  return sum / count
end

local TELL = 500 -- steps between two lines

--- Trains the encoder before a run's game, and says so; not where the run goes on, for then its checkpoint has the
-- encoder, nor where nothing is trained.
-- @function Captions:begin
-- @tparam Run run  that is about to train
-- @tparam integer steps  0: nothing is done
-- @raise if the run's recorder does, in place of ending the program, after Ctrl-C
function Captions:begin(run, steps)
  local opt, recorder = run.options, run.recorder
  if steps == 0 or run.place.from or opt.dry_run or opt.aug_test then return end
  recorder:say("text encoder: %s, %s of the joint embedding come first", check.count(self.vocabulary.size, "word"),
    check.count(steps, "step"))
  local last = self:learn(run.data, {
    steps = steps, seed = opt.seed, told = function(step, value)
      if recorder:interrupted() then
        recorder:stop("stopped in the text encoder's step %d: nothing is saved yet", step)
      elseif step % TELL == 0 and step < steps then
        recorder:say("text encoder: step %d/%d  loss %.4f", step, steps, value)
      end
    end,
  })
  recorder:say("text encoder: loss %.4f", last)
end

--- Returns what a checkpoint keeps. Cannot fail.
-- @function Captions:state
-- @treturn table
function Captions:state()
  return {
    kind = KIND, encoder = self.name, words = self.words, features = self.features,
    vocabulary = self.vocabulary:state(), net = self.encoder:state(),
  }
end

--- Restores a state.
-- @function Captions:load
-- @tparam table state  of a condition of captions, of the same vocabulary and sizes
-- @raise naming what does not fit
function Captions:load(state)
  local own = self:state()
  if type(state) ~= "table" or type(state.vocabulary) ~= "table" then
    return check.fail("Captions:load", "expected the state of captions, got %s", check.found(state))
  end
  for _, name in ipairs {"kind", "encoder", "words", "features"} do
    if state[name] ~= own[name] then
      return check.fail("Captions:load", "%s: expected %s, got %s", name, check.found(own[name]),
        check.found(state[name]))
    end
  end
  if state.vocabulary.text ~= own.vocabulary.text then
    return check.fail("Captions:load", "the vocabulary is another one: the captions have changed")
  end
  self.vocabulary:load(state.vocabulary)
  self.encoder:load(state.net)
end

--- Makes a condition again, of what a checkpoint keeps.
-- @function gan.model.captions.again
-- @tparam table state  any table
-- @treturn Captions
-- @error if it is none
-- @raise if state is no table
function M.again(state)
  if type(state) ~= "table" then return check.expected("model.captions.again", 1, "state", "a table", state) end
  local known = {gru = true, bag = true}
  for _, name in ipairs {"words", "features"} do
    local n = state[name]
    if math.type(n) ~= "integer" or n < 1 or n > 1 << 16 then return nil, name .. ": expected a count" end
  end
  if not known[state.encoder] then return nil, "encoder: expected gru or bag" end
  local vocabulary = assert(text.vocabulary {})
  local ok, message = pcall(vocabulary.load, vocabulary, state.vocabulary)
  if not ok then return nil, check.placeless(message) end
  local net
  ok, message = pcall(function()
    net = module.within(module.room_for(state.net), encoder_of, state.encoder, vocabulary.size, state)
    net:load(state.net)
  end)
  if not ok then return nil, check.placeless(message) end
  return setmetatable({kind = KIND, vocabulary = vocabulary, encoder = net, features = state.features,
    words = state.words, name = state.encoder}, Captions)
end

return M
