--- Augmentation in words: what `--aug` and its like say of a game against overfitting, and what sizes of data call for.
--
--     local parts = gan.game.augmented.of({aug = "ada,apa", augpipe = "bg"}, 64)
--     spec.augment, spec.deceive = parts.augment, parts.deceive           -- options of gan.game.loop
--
-- @module gan.game.augmented
local augment = require "gan.augment"
local check = require "gan.check"
local core = require "gan.core"
local schedule = require "gan.schedule"

local M = {}

local PIPES = {"blit", "geom", "color", "filter", "noise", "cutout", "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"}
local WORDS = {"none", "diffaug", "ada", "ramp", "fixed", "apa"}
local KIMG, KIMG_FROM = 500, 100 -- StyleGAN2-ADA's, for a run of its own and for one that begins with another's nets
local RAMP = 0.3 -- where --aug ramp ends: R3GAN's, whose games on more pictures go up to 0.55

--- Lists the options for gan.command.
M.options = {
  {"aug", "string", "none", arg = "LIST",
    help = "against overfitting, augment what D sees: none, diffaug, ada, ramp or fixed; and apa, alone or beside one: "
      .. "ada,apa"},
  {"augpipe", "string", "bgc", choices = PIPES,
    help = "transforms of ada, ramp and fixed, several by their first letters"},
  {"p", "schedule", nil, lo = 0, hi = 1,
    help = "how probable each is: of fixed; of ramp at its end (default: 0.3, up to 0.55 is usual)"},
  {"target", "number", nil, lo = -1, hi = 1,
    help = "p of ada and apa rises where the mean sign of D's answers to real images is above it (default: 0.6)"},
  {"ada-kimg", "number", nil, above = 0, hi = 1e9,
    help = "thousands of real images in which p can go from 0 to 1; that ramp takes (default: 500; with --from 100)"},
  {"ada-cap", "number", nil, lo = 0, hi = 1,
    help = "largest p of ada (default: 0.85; beyond, hardly an image is seen as it is, and G learns to draw augmented "
      .. "ones) and of apa (0.5; beyond, most real images would be G's)"},
  {"ada-by", "string", "r_t", choices = {"r_t", "r_v"},
    help = "what p follows: r_t, D's sign; r_v, D on images that it never learns from (its --target is 0.5)"},
  {"val-share", "number", 0.1, above = 0, hi = 0.5, help = "part of the data that --ada-by r_v keeps from D"},
  {"aug-test", "string", nil, arg = "FILE.png", free = true,
    help = "show the first picture under each transform, and under --augpipe at several p; and stop"},
}

--- Returns the options' names, for scripts whose data are no images. Cannot fail.
-- @treturn table  list
function M.names()
  local out = {}
  for i, d in ipairs(M.options) do out[i] = d[1] end
  return out
end

-- Which words of --aug an option is for.
local for_words = {
  augpipe = "ada, ramp or fixed", p = "ramp or fixed", target = "ada or apa", ada_kimg = "ada, ramp or apa",
  ada_cap = "ada or apa", ada_by = "ada or apa", val_share = "ada or apa",
}

local function has(list, word)
  for _, w in ipairs(list) do if w == word then return true end end
  return false
end

--- Reads the list that --aug is.
-- @tparam string text  "ada,apa"
-- @treturn table  `pipeline`: "diffaug", "ada", "ramp", "fixed" or nil; `apa`: boolean
-- @error naming a word that is none, with the nearest, or words that do not go together
function M.read(text)
  local out, words = {apa = false}, {}
  for word in text:gmatch "[^,%s]+" do
    if not has(WORDS, word) then
      return nil, ("--aug: expected any of %s, got '%s'%s"):format(table.concat(WORDS, ", "), word,
        check.hint(word, WORDS):match "^ %(did.*" or "")
    end
    words[#words + 1] = word
    if word == "apa" then out.apa = true elseif word ~= "none" then
      if out.pipeline and out.pipeline ~= word then
        return nil, ("--aug %s: %s and %s augment what D sees, take one of them"):format(text, out.pipeline, word)
      end
      out.pipeline = word
    end
  end
  if not words[1] then return nil, ("--aug: expected any of %s"):format(table.concat(WORDS, ", ")) end
  if has(words, "none") and (out.apa or out.pipeline) then
    return nil, ("--aug %s: 'none' stands alone"):format(text)
  end
  return out
end

--- Checks what the options say together.
-- @tparam table values  options, name -> value; where there is no `aug`, nothing is checked
-- @tparam[opt] table given  name -> true for what stood on the command line
-- @treturn boolean  true
-- @error if they do not go together
function M.check(values, given)
  if not values.aug then return true end
  local how, message = M.read(values.aug)
  if not how then return nil, message end
  for _, d in ipairs(M.options) do
    local name = d[1]:gsub("-", "_")
    local words, fits = for_words[name], name == "augpipe" and values.aug_test ~= nil
    for word in (words or ""):gmatch "%l+" do fits = fits or how.pipeline == word or word == "apa" and how.apa end
    if words and given and given[name] and not fits then
      return nil, ("--%s is for --aug %s, not %s"):format(d[1], words, values.aug)
    end
  end
  if how.pipeline == "fixed" and values.p == nil then return nil, "--aug fixed needs --p, such as --p 0.2" end
  if how.pipeline == "ramp" and type(values.p) == "string" then
    return nil, ("--p %s: --aug ramp takes the number at its end; --aug fixed takes a schedule"):format(values.p)
  end
  if given and given.val_share and values.ada_by ~= "r_v" then
    return nil, "--val-share is for --ada-by r_v"
  end
  return true
end

-- Tells whether a game holds images out.
local function holds_out(values)
  local how = values.aug and M.read(values.aug)
  return how and values.ada_by == "r_v" and (how.pipeline == "ada" or how.apa)
end

--- Takes images that D never learns from out of a data set, where the game needs some.
-- @tparam Set set  all
-- @tparam table values  `aug`, `ada_by`, `val_share`, `seed`, ...
-- @treturn Set  what D learns from; the same one where nothing is held out
-- @treturn Set  what is held out; or nil
-- @error if the set is too small, or cannot be parted
function M.hold_out(set, values)
  if not holds_out(values) then return set end
  local held = math.floor(set.n * values.val_share)
  if not check.callable(set.subset) then
    return nil, "--ada-by r_v: of these data no part can be kept from D; take r_t"
  elseif held < 1 then
    return nil, ("--ada-by r_v: --val-share %g of %s is none"):format(values.val_share, check.count(set.n, "image"))
  end
  local order = core.rng(values.seed, "held out"):permutation(set.n)
  return set:subset(core.narrow(order, 1, held + 1, set.n - held)), set:subset(core.narrow(order, 1, 1, held))
end

-- Draws n of the images that are held out, as D's own are drawn.
local function drawn(set, n, mirror, stream)
  local rng = stream "held out"
  local list, flips = rng:integer({n}, 0, set.n - 1), core.to_table(rng:uniform {n})
  local geometry = {}
  for i = 1, n do geometry[i] = {mirror and flips[i] < 0.5 and 1 or 0, 0, 0} end
  return core.batch(set:rows(list), core.tensor(geometry, "i32")), set.labels and core.gather_rows(set.labels, list)
end

--- Makes the parts of a game that options tell.
-- @tparam table config  options by name, those of `options`; p may be a function of the step
-- @tparam number images  real ones that D learns from in a step
-- @treturn table  `augment` and `deceive`, options of gan.game.loop, or nil
-- @raise if the options do not go together
function M.of(config, images)
  local ok, message = M.check(config)
  if not ok then return check.fail("game.augmented.of", "%s", message) end
  local how, kimg = M.read(config.aug or "none"), config.ada_kimg or config.from and KIMG_FROM or KIMG
  local function controlled() return {by = config.ada_by, target = config.target, kimg = kimg, cap = config.ada_cap} end
  local out = {deceive = how.apa and augment.apa(controlled()) or nil}
  if how.pipeline == "diffaug" then
    out.augment = augment.diffaug()
  elseif how.pipeline == "ada" then
    local opt = controlled()
    opt[1] = augment.preset(config.augpipe or "bgc")
    out.augment = augment.ada(opt)
  elseif how.pipeline then
    local p = config.p
    if how.pipeline == "ramp" then
      p = schedule.cosine {from = 0, to = p or RAMP, images = 1000 * kimg, batch = images, start = 1}
    end
    out.augment = augment.preset(config.augpipe or "bgc", {p = p})
  end
  return out
end

--- Puts what a run's options say into a game: its `augment`, `deceive` and `held_out`. Where they do not fit, it ends
-- the run.
-- @tparam table spec  options of gan.game.loop; changed
-- @tparam Run run  `varying` (options), `data`, `held_out`, `recorder`
-- @tparam number images  real images that D learns from in a step
-- @raise if the run's recorder does, in place of ending the program
function M.into(spec, run, images)
  local opt = run.varying
  local how = M.read(opt.aug or "none")
  if not (how.pipeline or how.apa) then return end
  for _, name in ipairs {"augment", "deceive"} do
    if spec[name] then
      return run.recorder:stop("--aug %s: this script has an augmentation of its own", opt.aug)
    end
  end
  local parts = M.of(opt, images)
  if how.pipeline then -- what these images are too small for, or have no colours for, is told before the first step
    local data, pipeline = run.data, parts.augment.pipeline or parts.augment
    local before = pipeline.p
    pipeline.p = 1
    local x = core.full({1, data.height, data.width, data.channels}, 0)
    local _, message = check.try(pipeline, x, core.rng(0, "try"))
    if message then return run.recorder:stop("--aug %s --augpipe %s: %s", opt.aug, opt.augpipe, message) end
    pipeline.p = before
  end
  if holds_out(opt) then
    local pack = opt.pack or 1
    if run.condition then
      return run.recorder:stop "--ada-by r_v: not where nets are told annotations; take r_t"
    end
    if pack > 1 and run.classes then
      return run.recorder:stop("--ada-by r_v: not with --pack %d and classes; take r_t", pack)
    end
    spec.held_out = function()
      return drawn(run.held_out, opt.batch * pack, opt.mirror, function(name) return run:stream(name) end)
    end
  end
  spec.augment, spec.deceive = parts.augment, parts.deceive
  spec.rng = spec.rng or run:stream(spec.noise and "noise" or "augment")
end

--- What numbers of images call for, the fewest first: up to so many the words of --aug, and why. More need none.
M.advice = {
  {images = 1000, aug = "diffaug", why = "D knows so few by heart before ada's p has risen"},
  {images = 20000, aug = "ada", why = "D comes to know them by heart, and p rises as far as it does"},
}

--- Returns what is to be said of a run's augmentation at its start. Cannot fail.
-- @tparam Run run  `options`, `data`, perhaps `game`, its loop
-- @treturn table  list of lines: at most one, where there are few images and no --aug
function M.notes(run)
  local opt, data = run.options, run.data
  local has_one = opt.aug ~= "none" or run.game and run.game.augment -- a script's own
  if has_one or not data.natural then return {} end
  for _, a in ipairs(M.advice) do
    if data.n <= a.images then
      return {("%s: few enough for --aug %s (%s)"):format(check.count(data.n, "image"), a.aug, a.why)}
    end
  end
  return {}
end

return M
