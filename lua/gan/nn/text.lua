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
