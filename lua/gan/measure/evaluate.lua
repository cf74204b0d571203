--- Measures a generator, or one set of images against another, and writes beside every number how it was obtained.
--
-- It draws or reads the images, passes them through a feature network, and asks gan.metric. Both sides are sources:
-- tables whose images are made when they are wanted, so that memory holds features and one batch of images, whatever n
-- is.
--
-- * `n`: how many images; `batch(first, count)`: these of them, u8 or real (N,H,W,C)
-- * `labels`: i32 (n), or nil; `classes`: their names, or nil
-- * `name`, `split`: what the report calls them
-- * of a data set also `seed`, and the functions `about()` (the set's fingerprint) and `checksums()` (i32 (n),
--   a number that tells an image from others)
--
-- @module gan.measure.evaluate
local core = require "gan.core"
local check = require "gan.check"
local class_names = require "gan.data.classes"
local conditions = require "gan.data.conditions"
local json = require "gan.file.json"
local metric = require "gan.metric"
local latent = require "gan.latent"
local nn = require "gan.nn"
local stats = require "gan.measure.stats"
local text = require "gan.file.text"

local option = check.option

local M = {}

local SPREAD = 0x9E3779B97F4A7C15 -- odd: 2^64 over the golden ratio
local KID_SIZE, KID_SUBSETS = 1000, 100
local SPLITS = 10 -- of the Inception Score
local PATHS = 1000 -- of the path length
local NEIGHBOURS = 5 -- in the picture of the nearest
local TWINS = 0.01 -- part of the images that a set may have twice without a word
local FEW = 10 -- images of a class, below which its share means little

-- ---- sources ----

-- The conditions of m images of a set, those of `rows` again and again.
local function conditions_of(set, rows, condition, kinds, m)
  local list, n = {}, core.size(rows, 1)
  for i = 1, m do list[i] = (i - 1) % n end
  return conditions.of_set(condition, set, kinds, core.gather_rows(rows, core.tensor(list, "i32")))
end

--- Makes a source of a data set's images, in an order drawn from a seed.
-- @tparam table set  of gan.data
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.n  how many; default: all
-- @tparam[opt=0] integer opt.seed  of the order
-- @tparam[opt=0] integer opt.skip  leaves out the first so many of the order, which another source has
-- @tparam[opt] string opt.name  in the report; default: the set's source
-- @treturn table  a source, which has `conditions(condition, kinds, n)`, too: those of its images, for nets that are
--   told more than classes (gan.data.conditions.of_set), from the start again if these are too few
-- @error if there are not so many images
-- @raise if an option is unknown
function M.of_set(set, opt)
  local o = check.options("measure.evaluate.of_set", opt, {
    n = option.integer {lo = 1}, seed = option.integer {default = 0}, skip = option.integer {default = 0, lo = 0},
    name = option.string {},
  })
  o.name = o.name or set.source or "images"
  local n = o.n or set.n - o.skip
  if n < 1 or n > set.n - o.skip then
    local taken = o.skip > 0 and (", %d of them taken"):format(o.skip) or ""
    return nil, ("%s: has %s%s, asked for %d"):format(o.name, check.count(set.n, "image"), taken, n)
  end
  local rows = core.narrow(core.rng(o.seed, "evaluate.order"):permutation(set.n), 1, o.skip + 1, n)
  return {
    n = n, has = set.n, name = o.name, split = set.split or "all", channels = set.channels, natural = set.natural,
    classes = set.classes, labels = set.labels and core.gather_rows(set.labels, rows), seed = o.seed,
    about = set.fingerprint and function() return set:fingerprint() end,
    checksums = set.checksums and function() return core.gather_rows(set:checksums(), rows) end,
    batch = function(first, count) return set:rows(core.narrow(rows, 1, first, count)) end,
    conditions = function(condition, kinds, m) return conditions_of(set, rows, condition, kinds, m or n) end,
  }
end

--- Returns labels for images that a conditional generator is to draw: those of real images, so that classes come as
-- often; from the start again if these are too few. Classes are matched by their names.
-- @tparam table real  a source
-- @tparam integer n  how many
-- @tparam table classes  the generator's, list of names
-- @treturn Tensor  i32 (n)
-- @error if the source has no classes, or others
-- @raise if classes is no list of names
function M.labels_like(real, n, classes)
  if not (real.labels and real.classes) then return nil, real.name .. ": has no classes, which the run draws by" end
  local map, message = class_names.map(real.classes, classes)
  if not map then return nil, ("%s: its classes are not those of the run: %s"):format(real.name, message) end
  local parts, rest = {}, n
  while rest > 0 do
    parts[#parts + 1] = core.narrow(real.labels, 1, 1, math.min(rest, real.n))
    rest = rest - real.n
  end
  return core.gather_rows(core.tensor(map, "i32"), core.cat(parts, 1))
end

-- A source of what G draws. o: what of_net takes; run: what results say of it.
local function drawn(G, name, o, run)
  run.ema, run.standing, run.trunc = o.ema ~= nil, o.standing > 0 and o.standing or nil, o.trunc
  local source = {n = o.n, name = name, labels = o.labels, classes = o.classes, z = o.z, run = run}
  local average, taken = o.ema, o.standing == 0
  function source.draw(z, y)
    if not taken then
      average, taken = nn.standing(G, {z = o.z, batches = o.standing, average = o.ema, labels = o.labels}), true
    end
    return nn.evaluate(G, z, y, {average = average})
  end
  function source.batch(first, count)
    local seeds = {}
    local own = (o.seed << 32) + (o.seed >> 32) * SPREAD -- of seeds below 2^32 2^32 each, of others spread over all
    for i = 1, count do seeds[i] = own + first + i - 2 end
    return source.draw(latent.of_seeds(seeds, source.z, o.trunc), o.labels and core.narrow(o.labels, 1, first, count))
  end
  return source
end

local function source_options(more)
  local known = {
    n = option.integer {required = true, lo = 1}, seed = option.integer {default = 0},
    labels = option.tensor {dtype = "any"}, classes = option.table {},
    standing = option.integer {default = 0, lo = 0}, trunc = option.number {lo = 0.01},
  }
  for name, kind in pairs(more) do known[name] = kind end
  return known
end

--- Makes a source of images that a trained generator draws, one per seed: seed 0 has those of generate.lua.
-- @tparam table trained  of gan.train.trained.open: `G`, `ema` or nil, `options.z`, `step`, `path`
-- @tparam table opt
-- @tparam integer opt.n  how many
-- @tparam[opt=0] integer opt.seed  chooses the images' seeds
-- @tparam[opt=true] boolean opt.ema  takes the averaged weights, where there are any
-- @tparam[opt=0] integer opt.standing  takes batch norm's statistics anew, of so many batches (gan.nn.standing), when
--   the first image is drawn
-- @tparam[opt] number opt.trunc  latent coordinates beyond it are drawn anew; default: the run's own option, or none
-- @tparam[opt] Tensor opt.labels  i32 (n): what a conditional generator draws; or conditions (n,...)
-- @tparam[opt] table opt.classes  names of its classes
-- @treturn table  a source, which has `draw(z, y)` and `z`, too
-- @raise if an option is unknown
function M.of_generator(trained, opt)
  local o = check.options("measure.evaluate.of_generator", opt, source_options {ema = option.boolean {default = true}})
  o.ema, o.z, o.trunc = o.ema and trained.ema or nil, trained.options.z, o.trunc or trained.options.trunc
  return drawn(trained.G, trained.path, o, {path = trained.path, step = trained.step})
end

--- Makes the same source of a generator in memory.
-- @tparam Module G  called G(z, y) -> images
-- @tparam table opt
-- @tparam integer opt.n  how many
-- @tparam integer opt.z  size of the latent vectors
-- @tparam[opt] EMA opt.ema  weights to draw with (gan.optim.ema)
-- @tparam[opt=0] integer opt.seed  chooses the images' seeds
-- @tparam[opt=0] integer opt.standing  takes batch norm's statistics anew, of so many batches (gan.nn.standing), when
--   the first image is drawn
-- @tparam[opt] number opt.trunc  latent coordinates beyond it are drawn anew; default: none
-- @tparam[opt] Tensor opt.labels  i32 (n): what a conditional generator draws; or conditions (n,...)
-- @tparam[opt] table opt.classes  names of its classes
-- @tparam[opt="G"] string opt.name  in results
-- @tparam[opt] integer opt.step  in results
-- @treturn table  a source, which has `draw(z, y)` and `z`, too
-- @raise if G is no net, or an option is unknown or missing
function M.of_net(G, opt)
  if not nn.is_module(G) then return check.expected("measure.evaluate.of_net", 1, "G", "a net", G) end
  local o = check.options("measure.evaluate.of_net", opt, source_options {
    z = option.integer {required = true, lo = 1}, ema = option.table {expected = "an average (gan.optim.ema)"},
    name = option.string {default = "G"}, step = option.integer {},
  })
  return drawn(G, o.name, o, {path = o.name, step = o.step})
end

--- Tells whether two sets hold the same images, in whatever order and under whatever names.
-- @tparam table a  of gan.data
-- @tparam table b  of gan.data
-- @treturn boolean
-- @raise if one is no set
function M.same(a, b) return a.n == b.n and stats.same(a:checksums(), b:checksums()) end

-- ---- metrics ----

-- What each word of --metrics stands for: results (the metrics it gives), what it wants of the real and of the fake
-- side ("moments", "features", "logits": what a network gives; labels), least (images of a side), and value(self,
-- fake): a list of the results.
local measures = {}

-- A result from a metric's answer: its protocol by another name, without what is no number.
local function result(name, value, protocol, extra)
  local r = {}
  for k, v in pairs(protocol) do if not core.is_tensor(v) then r[k] = v end end
  for k, v in pairs(extra or {}) do r[k] = v end
  r.metric, r.value = name, value
  return r
end

measures.fid = {results = {"fid"}, real = "moments", fake = "moments", value = function(self, fake)
  local value, protocol = metric.fid {real = self.real.fid, fake = fake.fid}:value()
  return {result("fid", value, protocol)}
end}

-- Where a subset would be the whole of both sets one will do, and there is no deviation.
measures.kid = {results = {"kid"}, real = "features", fake = "features", value = function(self, fake)
  local real = self.real.features
  local size = math.min(KID_SIZE, real.n, fake.features.n)
  local whole = size == real.n and size == fake.features.n
  local kid = metric.kid {
    real = real, fake = fake.features, size = size, subsets = whole and 1 or KID_SUBSETS, seed = self.seed,
  }
  local value, protocol = kid:value()
  if whole then protocol.deviation = nil end
  return {result("kid", value, protocol)}
end}

-- Two numbers of one metric.
local function both(name, least, first, second)
  return {results = {first, second}, real = "features", fake = "features", least = least, value = function(self, fake)
    local _, p = metric[name] {real = self.real.features, fake = fake.features}:value()
    local a, b = p[first], p[second]
    p[first], p[second] = nil, nil
    return {result(first, a, p), result(second, b, p)}
  end}
end

measures.pr = both("precision_recall", 4, "precision", "recall")
measures.dc = both("density_coverage", 6, "density", "coverage")

measures.is = {results = {"is"}, fake = "logits", least = SPLITS, value = function(_, fake)
  local value, protocol = fake.score:value()
  return {result("is", value, protocol)}
end}

measures.accuracy = {results = {"accuracy"}, fake = "logits", labels = true, value = function(_, fake)
  local value, protocol = fake.accuracy:value()
  return {result("accuracy", value, protocol)}
end}

measures.nearest = {results = {"nearest"}, real = "features", fake = "features", value = function(self, fake)
  local k = math.min(NEIGHBOURS, self.real.n)
  local nearest = metric.nearest {real = self.real.features, fake = fake.features, k = k, authenticity = true}
  local value, protocol = nearest:value()
  self.neighbours = {
    fake = fake.source, real = self.real.source, distances = protocol.distances, rows = protocol.rows,
  }
  return {result("nearest", value, protocol)}
end}

measures.ppl = {results = {"ppl"}, generator = true, value = function(self, fake)
  local F, source = self.features, fake.source
  local ppl = metric.ppl {
    generator = source.draw, features = function(x) return F:smooth(x) end, z = source.z,
    classes = source.classes and #source.classes, n = PATHS, seed = self.seed,
  }
  local value, protocol = ppl:value()
  return {result("ppl", value, protocol)}
end}

measures.diversity = {results = {"diversity"}, real = "features", fake = "features", value = function(self, fake)
  local value, protocol = metric.diversity {fake = fake.features}:value()
  self.real.diversity = self.real.diversity or metric.diversity {fake = self.real.features}:value()
  return {result("diversity", value, protocol, {reference = self.real.diversity})}
end}

-- A real set in the fakes' place has what is to be reached; fair draws, which no set of pictures is, a little less.
measures.modes = {results = {"kl", "modes"}, real = "channels", fake = "channels", value = function(self, fake)
  local value, p = fake.modes:value()
  local _, real
  if self.real.modes then _, real = self.real.modes:value() end
  local reference = real and real.of == p.of and {modes = real.value, kl = real.kl} or {}
  p.n_real = reference.kl and real.n_fake
  local kl, fair, accuracy = p.kl, p.fair, self.features.accuracy
  p.kl, p.fair, p.counts = nil, nil, nil
  local function told(name, v)
    return result(name, v, p, {fair = fair[name], reference = reference[name], accuracy = accuracy})
  end
  return {told("modes", value), told("kl", kl)}
end}

--- Lists the words of `--metrics`, in the order in which they are told.
M.names = {"fid", "kid", "pr", "dc", "is", "accuracy", "nearest", "ppl", "diversity", "modes"}

--- Names the results that a word gives: pr gives precision and recall.
M.results = {}
for name, m in pairs(measures) do M.results[name] = m.results end

local function lower(a, b) return a < b end
local function higher(a, b) return a > b end

--- Tells a better result from a worse one: `better[name](a, b)`.
M.better = {
  fid = lower, kid = lower, precision = higher, recall = higher, density = higher, coverage = higher, is = higher,
  accuracy = higher, ppl = lower, diversity = higher, modes = higher, kl = lower,
}

--- Lists the results that `better` knows, in order.
M.judges = {}
for _, name in ipairs(M.names) do
  for _, r in ipairs(M.results[name]) do if M.better[r] then table.insert(M.judges, r) end end
end

--- Reads a text such as "fid,kid".
-- @tparam string words  separated by commas
-- @treturn table  list of them, in the order of `names`
-- @error naming a word that is unknown
function M.parse(words)
  local asked, list = {}, {}
  for word in (words .. ","):gmatch "([^,]*)," do
    word = word:match "^%s*(.-)%s*$"
    if not measures[word] then
      local near = check.nearest(word, M.names)
      return nil, ("metrics: unknown '%s'%s"):format(word, near and (" (did you mean '%s'?)"):format(near)
        or " (known: " .. table.concat(M.names, ", ") .. ")")
    end
    asked[word] = true
  end
  for _, name in ipairs(M.names) do if asked[name] then list[#list + 1] = name end end
  return list
end

--- Returns the result by which one generator is better than another.
-- @tparam table metrics  words, from `parse`
-- @tparam[opt] string name  of a result; default: the first that the metrics give
-- @treturn string
-- @error if it is none of `judges`, or the metrics do not give it
function M.judge(metrics, name)
  name = name or M.results[metrics[1]][1]
  if not M.better[name] then
    local near = check.nearest(name, M.judges)
    return nil, ("expected one of %s, got '%s'%s"):format(table.concat(M.judges, ", "), name,
      near and (" (did you mean '%s'?)"):format(near) or "")
  end
  for _, word in ipairs(metrics) do
    for _, r in ipairs(M.results[word]) do if r == name then return name end end
  end
  return nil, ("%s is not among --metrics %s"):format(name, table.concat(metrics, ","))
end

--- Returns results as a line of text, such as "fid 12.3  kid 0.01 ± 0.002  diversity 9.1 (real 9.8)". Cannot fail.
-- @tparam table results  of a session's `measure`
-- @treturn string
function M.text(results)
  local parts = {}
  for i, r in ipairs(results) do
    local deviation = r.deviation and (" ± %.2g"):format(r.deviation) or ""
    parts[i] = ("%s %.4g%s%s"):format(r.metric, r.value, deviation, r.reference and (" (real %.4g)"):format(r.reference)
      or "")
  end
  return table.concat(parts, "  ")
end
M.text = core.without_locale(M.text)

-- Tells whether any of the metrics wants this of a side ("real", "fake").
local function wants(metrics, side, what)
  for _, name in ipairs(metrics) do if measures[name][side] == what then return true end end
  return false
end

--- Tells whether metrics need real images although their mean and covariance are known.
-- @tparam table metrics  list of words
-- @treturn boolean
-- @raise if a word is unknown
function M.needs_real(metrics) return wants(metrics, "real", "features") end

--- Tells whether any of the metrics compares with real images: the Inception Score and the accuracy do not.
-- @tparam table metrics  list of words
-- @treturn boolean
-- @raise if a word is unknown
function M.compares(metrics) return wants(metrics, "real", "features") or wants(metrics, "real", "moments") end

-- Which label of the network each label of a source is: a list, label y at y + 1; or nil and a message.
local function labels_for(F, source)
  if F.class_names and #F.class_names > 0 then
    local map, message = class_names.map(source.classes, F.class_names)
    return map, message and ("the classes of %s are not those of %s: %s"):format(source.name, F.name, message)
  elseif #source.classes ~= F.classes then
    return nil, ("%s has %s, %s knows %d"):format(source.name, check.count(#source.classes, "class"), F.name, F.classes)
  end
  local map = {}
  for i = 1, F.classes do map[i] = i - 1 end
  return map
end

-- Tells whether a network can say what each channel of an image shows.
local function names_channels(F) return F.classes and F.channels == 1 end

-- Why a metric cannot be had, or nil. real may be nil where its statistics are enough.
local function impossible(F, name, real, fake)
  local m, fewest = measures[name], measures[name].least or 2
  if m.fake == "logits" and not F.classes then return ("needs a network with classes, %s has none"):format(F.name) end
  if m.generator and not fake.draw then return "needs a generator" end
  if m.generator and fake.labels and not fake.classes then return "knows classes alone, these nets are told more" end
  if m.fake == "channels" and not names_channels(F) then
    return ("needs a classifier of grey images, which sees one channel after the other, not %s"):format(F.name)
  end
  local sides = {m.real and real or fake, m.fake and fake or real}
  for _, side in ipairs(m.fake and sides or {}) do
    if (side.has or fewest) < fewest then
      return ("needs at least %s, %s has %d"):format(check.count(fewest, "image"), side.name, side.has)
    end
  end
  for _, side in ipairs(m.fake and sides or {}) do
    if side.n < fewest then
      return ("needs at least %s of each side, got n = %d"):format(check.count(fewest, "image"), side.n)
    end
  end
  if m.labels then
    if not (fake.labels and fake.classes) then return ("needs labels, %s has none"):format(fake.name) end
    local map, message = labels_for(F, fake)
    if not map then return message end
  end
end

--- Returns which metrics cannot be had, and why.
-- @tparam table F  feature network
-- @tparam table metrics  list of words
-- @tparam ?table real  source; nil where its statistics are enough
-- @tparam table fake  source
-- @treturn table  word -> text
-- @raise if a word is unknown
function M.impossible(F, metrics, real, fake)
  local out = {}
  for _, name in ipairs(metrics) do out[name] = impossible(F, name, real, fake) end
  return out
end

-- ---- warnings ----

-- Names without what their spelling adds: "Fashion-MNIST" and "data/fashion_mnist/" share "fashionmnist".
local plain = core.without_locale(function(s) return (s:lower():gsub("[^%w]", "")) end)

-- Tells whether a network that has learnt from its domain has any business with these images.
local function strange(F, real)
  local domain = F.domain
  if not domain or domain == "any" or not real then return nil end
  local fits
  if domain:find "ImageNet" then fits = real.channels == 3 and real.natural
  else fits = plain(real.name):find(plain(domain:match "([^/]*)/*$"), 1, true) end
  if fits then return nil end
  return ("%s has learnt from %s, the images are %s: the number says little about them"):format(
    F.name, domain, real.name)
end

-- The fewest images that a class has, and its number.
local function rarest(labels, classes)
  local counts, least = {}, 1
  for y = 1, classes do counts[y] = 0 end
  for _, y in ipairs(core.to_table(labels)) do counts[y + 1] = (counts[y + 1] or 0) + 1 end
  for y = 2, classes do if counts[y] < counts[least] then least = y end end
  return counts[least], least
end

local function warnings_of(self, name, r, fake)
  local list, F = {}, self.features
  local function add(fmt, ...) list[#list + 1] = fmt:format(...) end
  if name == "fid" then
    local n = math.min(r.n_real or math.huge, r.n_fake)
    if n <= r.dim then
      add("n = %d is not above the %d features: FID comes out far too large; use kid, or more images", n, r.dim)
    end
    if not r.n_real then add("the file of statistics does not say of how many images it is") end
    if self.real.foreign then
      add("%s does not say of which images its numbers are, of what size, and seen by which network", self.stats)
    end
  end
  local by_file = measures[name].real == "moments" and self.stats
  local twins = by_file and fake.among or measures[name].real and fake.twins or 0
  if twins > TWINS * fake.n then
    add("%d of the %d images are among the real ones: the number comes out too good", twins, fake.n)
  end
  if measures[name].real and r.n_real and r.n_fake and r.n_real ~= r.n_fake then
    add("%s, %d others: compare with numbers of the same two only", check.count(r.n_real, "real image"), r.n_fake)
  end
  if name == "is" and (F.classes - 1) * SPLITS > 0.4 * r.n_fake then
    add("%s in %d splits: too few for %s, the score comes out too large", check.count(r.n_fake, "image"), SPLITS,
      check.count(F.classes, "class"))
  elseif name == "accuracy" then
    local n, y = rarest(fake.source.labels, #fake.source.classes)
    if n < FEW then add("few images of some classes: class %s has %d", fake.source.classes[y], n) end
  end
  list[#list + 1] = strange(F, self.real.source)
  list[#list + 1] = F.notice
  return #list > 0 and list or json.list
end

-- ---- a session ----

local Session = {}
Session.__index = Session

local word = option.word {table.unpack(M.names)}

--- Opens a session: metrics of several sets (the steps of a run) against one real set, whose features are computed
-- once.
-- @tparam table opt
-- @tparam table opt.features  feature network, of gan.measure.features
-- @tparam table opt.metrics  list of words, of `parse`
-- @tparam[opt=0] integer opt.seed  of random subsets and paths
-- @tparam[opt=64] integer opt.batch  images in memory at a time
-- @tparam[opt] string opt.stats  path of an npz file with mu and sigma of the real features: read if it is there, else
--   written
-- @tparam[opt] function opt.progress  `f(what, done, total)`; default: tells nobody
-- @treturn table  the session
-- @raise if an option is unknown
function M.new(opt)
  local o = check.options("measure.evaluate.new", opt, {
    features = option.callable {required = true, expected = "a feature network (gan.measure.features.open)"},
    metrics = option.table {required = true, expected = "a list of " .. table.concat(M.names, ", ")},
    seed = option.integer {default = 0}, batch = option.integer {default = 64, lo = 1}, stats = option.string {},
    progress = option.callable {default = function() end},
  })
  for i, name in ipairs(o.metrics) do word:check("measure.evaluate.new", ("metrics[%d]"):format(i), name) end
  return setmetatable(o, Session)
end

-- Adds the kinds of images: what the classifier says of each channel, read as the digits of a number.
local function add_kinds(F, out, images)
  local count, channels, sum = core.size(images, 1), core.size(images, 4), nil
  for c = 1, channels do
    local _, logits = F(core.contiguous(core.narrow(images, 4, c, 1)))
    local digit = core.to(core.argmax(logits, 2), "real")
    sum = sum and core.add(core.mul(sum, F.classes), digit) or digit
  end
  out.modes = out.modes or metric.modes {modes = math.tointeger(F.classes ^ channels)}
  out.modes:add(core.to(core.reshape(sum, {count}), "i32"))
end

-- Passes a source through the network, into what its side of the metrics wants: {n, source, fid, features, score,
-- accuracy, modes}.
local function gather(self, source, side, known)
  local F, n = self.features, source.n
  local out = {n = n, source = source, fid = known}
  if wants(self.metrics, side, "features") then out.features = metric.rows {capacity = n} end
  local labels
  for _, name in ipairs(side == "fake" and self.metrics or {}) do
    if name == "is" then out.score = metric.inception_score {n = n, splits = SPLITS} end
    if name == "accuracy" then
      out.accuracy = metric.accuracy {classes = F.classes}
      labels = core.gather_rows(core.tensor(assert(labels_for(F, source)), "i32"), source.labels)
    end
  end
  local sets = {out.features}
  if not known and wants(self.metrics, side, "moments") then
    -- Few rows need no covariance, which would be larger than they are.
    out.fid = self.few and (out.features or metric.rows {capacity = n}) or metric.moments()
    if out.fid ~= out.features then sets[#sets + 1] = out.fid end
  end
  local whole = #sets > 0 or out.score or out.accuracy
  local channels = wants(self.metrics, side, "channels") and names_channels(F)
  if not whole and not channels then return out end
  for first = 1, n, self.batch do
    local count = math.min(self.batch, n - first + 1)
    local images = source.batch(first, count)
    if channels then add_kinds(F, out, images) end
    local f, logits, unbiased
    if whole then f, logits, unbiased = F(images) end
    for _, set in ipairs(sets) do set:add(f) end
    if out.score then out.score:add(nil, unbiased or logits) end
    if out.accuracy then out.accuracy:add(logits, core.narrow(labels, 1, first, count)) end
    self.progress(source.name, first + count - 1, n)
  end
  return out
end

--- Takes the real side.
-- @tparam ?table source  nil: the file of statistics is enough
-- @treturn boolean  true
-- @error if the file of statistics is damaged, was made with another network or of other images, or an image cannot be
--   had
function Session:set_real(source)
  local F = self.features
  local there = self.stats and text.exists(self.stats)
  local known, message, about, sums
  if source and not F.dim then -- known after the first image
    local seen, problem = check.try(function() return F(source.batch(1, 1)) end)
    if not seen then return nil, ("%s: %s"):format(source.name, problem) end
  end
  if there then
    known, about, sums = stats.load(self.stats, F, source)
    if not known then return nil, about end
  end
  self.few = source and not self.stats and source.n < F.dim
  if not source then
    self.real = {n = known and known.n, fid = known}
  else
    self.real, message = check.try(gather, self, source, "real", known)
    if not self.real then return nil, ("%s: %s"):format(source.name, message) end
  end
  self.real.about, self.real.checksums, self.real.foreign = about, sums, known and about == false
  if source and self.stats and not there and self.real.fid then
    return stats.save(self.stats, F, self.real.fid, source)
  end
  return true
end

--- Measures a source against the real side.
-- A result has `metric`, `value`, `deviation` where there is one, `n_real`, `n_fake`, and whatever else the metric's
-- number depends on (see gan.metric); `data`, `split`, `features`, `features_hash`, `resize`, `seed`, `run` (`path`,
-- `step`, `ema`, `standing`) of a generator, and `warnings`, a list of texts.
-- @tparam table source  the other side
-- @treturn table  list of results
-- @error naming the metric that cannot be had, or the source
function Session:measure(source)
  local F, real = self.features, self.real.source
  local why = M.impossible(F, self.metrics, real, source)
  for _, name in ipairs(self.metrics) do
    if why[name] then return nil, ("%s: %s"):format(name, why[name]) end
  end
  local among, message = stats.fits(self.stats, self.real, source)
  if not among then return nil, message end
  local fake
  fake, message = check.try(gather, self, source, "fake")
  if not fake then return nil, ("%s: %s"):format(source.name, message) end
  fake.among = among
  local own, others = source.checksums, real and real.checksums
  fake.twins = own and others and M.compares(self.metrics) and stats.shared(own(), others()) or 0
  local results = {}
  for _, name in ipairs(self.metrics) do
    self.progress(name, 0, 0)
    local list
    list, message = check.try(measures[name].value, self, fake)
    if not list then return nil, ("%s: %s"):format(name, message) end
    for _, r in ipairs(list) do
      if not measures[name].real then r.n_real = nil end
      r.n_fake = r.n_fake or source.n
      local about = measures[name].real == "moments" and self.real.about or real
      r.data, r.split = about and tostring(about.data or about.name), about and tostring(about.split)
      r.stats = measures[name].real == "moments" and self.stats or nil
      r.images, r.split_images = not source.run and source.name or nil, source.split
      r.features, r.features_hash, r.resize, r.seed, r.run = F.name, F.hash, F.resize, self.seed, source.run
      r.warnings = warnings_of(self, name, r, fake)
      results[#results + 1] = r
    end
  end
  return results
end

--- Makes a picture of the metric `nearest`: in each row a generated image, then the real ones that it is nearest to.
-- The nearest of all come first.
-- @tparam[opt=16] integer rows  at most
-- @treturn Tensor  images u8 (rows * columns,H,W,C)
-- @treturn integer  columns
-- @error where `nearest` was not measured
function Session:sheet(rows)
  local found = self.neighbours
  if not found then return nil, "nearest was not measured" end
  local order, distances, places = {}, core.to_table(found.distances), core.to_table(found.rows)
  for i = 1, #distances do order[i] = i end
  table.sort(order, function(a, b)
    local x, y = distances[a][1], distances[b][1]
    if x ~= y then return x < y end
    return a < b
  end)
  local function one(source, i)
    local image = source.batch(i, 1)
    return core.dtype(image) == "real" and core.image_quantise(image) or image
  end
  local parts = {}
  for i = 1, math.min(rows or 16, #order) do
    parts[#parts + 1] = one(found.fake, order[i])
    for _, row in ipairs(places[order[i]]) do parts[#parts + 1] = one(found.real, row + 1) end
  end
  local shape = core.shape(parts[1])
  local all = core.full({#parts, shape[2], shape[3], shape[4]}, 0, "u8")
  for i, image in ipairs(parts) do core.copy_(core.narrow(all, 1, i, 1), image) end
  return all, 1 + #places[1]
end

return M
