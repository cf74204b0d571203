--- gan.nn.text: nets that make a vector of a text: bag, gru, characters.
--
-- Texts are ids as gan.data.text makes them, i32 (N,L), with 0 behind the end of a text. What the padding is, changes
-- nothing.
-- @module gan.nn.text
local core = require "gan.core"
local check = require "gan.check"
local ops = require "gan.ops"
local module = require "gan.nn.module"
local recurrent = require "gan.nn.recurrent"
local conv2d = require("gan.nn.conv").conv2d
local embedding = require("gan.nn.embedding").embedding
local linear = require("gan.nn.linear").linear

local option = check.option

local M = {}

-- Checks ids (N,L).
local function check_ids(self, ids)
  if core.is_tensor(ids) and core.dtype(ids) == "i32" and core.dim(ids) == 2 and core.size(ids, 2) > 0 then return end
  return self:fail("bad argument #1 'ids' (expected i32 (N,L), L at least 1, as gan.data.text makes them, got %s)",
    check.found(ids))
end

-- 1 where there is a word, 0 in the padding: (N,L), real.
local function mask_of(ids) return core.ne(core.to(ids, "real"), 0) end

-- The mean of x (N,L,D) over the steps that the mask (N,L) marks; 0 where it marks none.
local function masked_mean(x, mask)
  local n, l = core.size(mask, 1), core.size(mask, 2)
  local count = core.maximum(core.sum(mask, 2, true), 1)
  return ops.div(ops.sum(ops.mul(x, core.reshape(mask, {n, l, 1})), 2), count)
end

-- ---- a bag of words ----

M.bag = module.class "nn.text.bag"

--- Makes the mean of the words' vectors, whatever their order. Field embedding, (V,D), from N(0, 1).
-- @function gan.nn.text.bag
-- @tparam table opt
-- @tparam integer opt.1  V, words in the vocabulary
-- @tparam integer opt.2  D, features
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  i32 (N,L), each 0..V-1, 0 behind the end -> (N,D)
-- @raise if an option is unknown or out of range
function M.bag:init(opt)
  opt = check.options(self.label, opt, {rng = option.stream {}}, {"V", "D"})
  self.embedding = embedding {opt[1], opt[2], rng = opt.rng}
end

function M.bag:forward(ids)
  check_ids(self, ids)
  return masked_mean(self.embedding(ids), mask_of(ids))
end

function M.bag:shape() return {core.size(self.embedding.weight, 2)} end

function M.bag:describe()
  local s = core.shape(self.embedding.weight)
  return ("text.bag %s -> %d%s"):format(check.count(s[1], "word"), s[2], self.embedding:describe_norm())
end

-- ---- a GRU ----

M.gru = module.class "nn.text.gru"

--- Makes a recurrent net of words: an embedding, then gan.nn.gru. Fields embedding, (V,D), from N(0, 1), and gru.
-- Source: as in Reed et al. 2016, arXiv:1605.05395, sec. 5.  Differs: words; PyTorch's form.
-- @function gan.nn.text.gru
-- @tparam table opt
-- @tparam integer opt.1  V, words in the vocabulary
-- @tparam integer opt.2  D, features of a word
-- @tparam integer opt.3  H, features of a text
-- @tparam[opt="last"] string opt.pool  "last": the state behind the last word; "mean": the mean of all states
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  i32 (N,L), each 0..V-1, 0 behind the end -> (N,H)
-- @raise if an option is unknown or out of range
function M.gru:init(opt)
  opt = check.options(self.label, opt, {
    pool = option.word {"last", "mean", default = "last"}, rng = option.stream {},
  }, {"V", "D", "H"})
  self.pool = opt.pool
  self.embedding = embedding {opt[1], opt[2], rng = opt.rng}
  self.gru = recurrent.gru {opt[2], opt[3], rng = opt.rng}
end

function M.gru:forward(ids)
  check_ids(self, ids)
  local mask = mask_of(ids)
  local states = self.gru(self.embedding(ids), core.to(core.sum(mask, 2), "i32"))
  if self.pool == "mean" then return masked_mean(states, mask) end
  local s = core.shape(states)
  return ops.reshape(ops.narrow(states, 2, s[2], 1), {s[1], s[3]})
end

function M.gru:shape() return {core.size(self.gru.recurrent.weight, 1)} end

function M.gru:describe()
  local s = core.shape(self.embedding.weight)
  return ("text.gru %s -> %d -> %d, %s%s"):format(check.count(s[1], "word"), s[2],
    core.size(self.gru.recurrent.weight, 1), self.pool, self.embedding:describe_norm())
end

-- ---- what nets do with a text's vector ----

M.concat = module.class "nn.text.concat"
local concat = M.concat

--- Makes a layer that puts a text's vector, through a linear layer and leaky_relu, behind the features; on images as
-- constant maps. Called (x, e). Field linear.
-- Source: Reed et al. 2016, arXiv:1605.05396, sec. 4.1.
-- @function gan.nn.text.concat
-- @tparam table opt
-- @tparam integer opt.1  T, numbers of the text's vector
-- @tparam integer opt.2  F, features of it that are put behind
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  (N,D), real (N,T) -> (N,D+F); (N,H,W,C), real (N,T) -> (N,H,W,C+F)
-- @raise if an option is unknown or out of range
function concat:init(opt)
  opt = check.options(self.label, opt, {rng = option.stream {}}, {"T", "F"})
  self.linear = linear {opt[1], opt[2], rng = opt.rng}
end

function concat:forward(x, e)
  self:check_input(x, core.is_tensor(x) and core.dim(x) ~= 4 and 2 or nil)
  local s, width = core.shape(x), core.shape(self.linear.weight)
  if not core.is_tensor(e) or core.dtype(e) ~= "real" or core.dim(e) ~= 2 or core.size(e, 1) ~= s[1]
    or core.size(e, 2) ~= width[1] then
    return self:fail("bad argument #2 'e' (expected a text's vectors, real (%d,%d), got %s)", s[1], width[1],
      check.found(e))
  end
  local code = ops.leaky_relu(self.linear(e), 0.2)
  if #s == 4 then
    s[4] = width[2]
    code = ops.expand(ops.reshape(code, {s[1], 1, 1, width[2]}), s)
  end
  return ops.cat({x, code}, -1)
end

function concat:shape(s)
  self:check_shape(s, #s ~= 3 and 2 or nil)
  local out = table.move(s, 1, #s, 1, {})
  out[#s] = s[#s] + core.size(self.linear.weight, 2)
  return out
end

function concat:describe()
  local s = core.shape(self.linear.weight)
  return ("text.concat, %d as %d%s"):format(s[1], s[2], self.linear:describe_norm())
end

M.augment = module.class "nn.text.augment"
local augment = M.augment

--- Makes a layer that draws a vector near a text's: c = mu + exp(s / 2) n, n from N(0, 1), with (mu, s) a linear
-- layer's. It returns, too, how far that distribution is from N(0, 1), to be added to G's loss: the mean over all
-- numbers of (mu^2 + exp(s) - s - 1) / 2. Field linear, columns mu, then s. In evaluation it draws as well.
-- Source: Zhang et al. 2017, arXiv:1612.03242, sec. 3.2.  Differs: without the authors' relu on mu and s.
-- @function gan.nn.text.augment
-- @tparam table opt
-- @tparam integer opt.1  T, numbers of the text's vector
-- @tparam integer opt.2  F, numbers of c
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @tparam[opt] Stream opt.noise  of n (default: one of the layer's own, seeded from gan's default stream)
-- @treturn Module  (N,T) -> (N,F), scalar in nats
-- @raise if an option is unknown or out of range
function augment:init(opt)
  opt = check.options(self.label, opt, {rng = option.stream {}, noise = option.stream {}}, {"T", "F"})
  self.linear = linear {opt[1], 2 * opt[2], rng = opt.rng}
  self.noise = opt.noise or module.new_stream "text.augment"
end

function augment:forward(e)
  self:check_input(e, 2, core.size(self.linear.weight, 1))
  local half = core.size(self.linear.weight, 2) // 2
  local all = self.linear(e)
  local mu, s = ops.narrow(all, 2, 1, half), ops.narrow(all, 2, half + 1, half)
  local c = ops.add(mu, ops.mul(ops.exp(ops.mul(s, 0.5)), self.noise:normal {core.size(e, 1), half}))
  local far = ops.sub(ops.add(ops.square(mu), ops.exp(s)), ops.add(s, 1))
  return c, ops.mul(ops.mean(far), 0.5)
end

function augment:shape(s)
  self:check_shape(s, 2, core.size(self.linear.weight, 1))
  return {core.size(self.linear.weight, 2) // 2}
end

function augment:describe()
  local s = core.shape(self.linear.weight)
  return ("text.augment %d -> %d%s"):format(s[1], s[2] // 2, self.linear:describe_norm())
end

--- Returns vectors between those of a batch's texts: of row i and row i + N/2, for texts that no picture has.
-- Source: Reed et al. 2016, arXiv:1605.05396, sec. 4.3 (GAN-INT).
-- @tparam Tensor e  (N,T)
-- @tparam[opt=0.5] number share  of the first of both, in [0,1]
-- @treturn Tensor  (N/2,T), rounded down
-- @raise if e is no such tensor, or share is out of range
function M.between(e, share)
  check.real("nn.text.between", 1, "e", e, 2)
  share = share == nil and 0.5 or check.number("nn.text.between", 2, "share", share, 0, 1)
  local half = core.size(e, 1) // 2
  local first, second = ops.narrow(e, 1, 1, half), ops.narrow(e, 1, half + 1, half)
  return ops.add(ops.mul(first, share), ops.mul(second, 1 - share))
end

-- ---- characters ----

M.characters = module.class "nn.text.characters"
local characters = M.characters

local ALPHABET, KERNEL, POOL = 70, 4, 3 -- as gan.data.text.characters numbers them: 0 is a column of zeros

-- How many steps are left of l: by three convolutions and two poolings.
local function steps_of(l)
  for i = 1, 3 do
    l = l - KERNEL + 1
    if i < 3 then l = l // POOL end
  end
  return l
end

--- Makes a net of characters: three convolutions of 4 characters, the first two with the maximum of 3 behind, a GRU,
-- the mean of its states, and a linear layer. Texts are padded to one length: unlike words, padding is a part of them.
-- Fields convolutions (a list), gru, linear.
-- Source: Reed et al. 2016, arXiv:1605.05395, sec. 4.1.  Differs: smaller, for short texts; PyTorch's form of GRU.
-- @function gan.nn.text.characters
-- @tparam table opt
-- @tparam[opt=128] integer opt.length  L, of the texts, at least 48
-- @tparam[opt=128] integer opt.width  of the convolutions
-- @tparam[opt=128] integer opt.states  of the GRU
-- @tparam[opt=128] integer opt.features  of a text
-- @tparam[opt] Stream opt.rng  of the starting values (default: gan's default stream)
-- @treturn Module  i32 (N,L), each 0..70 -> (N,features)
-- @raise if an option is unknown or out of range
function characters:init(opt)
  local width = option.integer {default = 128, lo = 1}
  opt = check.options(self.label, opt, {
    length = option.integer {default = 128, lo = 48}, width = width, states = width, features = width,
    rng = option.stream {},
  })
  self.length = opt.length
  self.convolutions = {}
  for i = 1, 3 do
    self.convolutions[i] = conv2d {i == 1 and ALPHABET or opt.width, opt.width, kernel = {1, KERNEL}, rng = opt.rng}
  end
  self.gru = recurrent.gru {opt.width, opt.states, rng = opt.rng}
  self.linear = linear {opt.states, opt.features, rng = opt.rng}
end

function characters:forward(ids)
  check_ids(self, ids)
  local n, l = core.size(ids, 1), core.size(ids, 2)
  if l ~= self.length then
    return self:fail("bad argument #1 'ids' (expected texts of %d characters, got %d)", self.length, l)
  end
  local x = core.narrow(core.one_hot(ids, ALPHABET + 1), 3, 2, ALPHABET)
  x = core.reshape(core.contiguous(x), {n, 1, l, ALPHABET})
  for i, layer in ipairs(self.convolutions) do
    x = ops.relu(layer(x))
    if i < 3 then x = (ops.max_pool2d(x, {kernel = {1, POOL}})) end
  end
  return self.linear(ops.mean(self.gru(ops.reshape(x, {n, steps_of(l), core.size(x, 4)})), 2))
end

function characters:shape() return {core.size(self.linear.weight, 2)} end

function characters:describe()
  return ("text.characters %d -> %s of %d -> %d"):format(self.length, check.count(steps_of(self.length), "step"),
    core.size(self.gru.recurrent.weight, 1), core.size(self.linear.weight, 2))
end

return M
