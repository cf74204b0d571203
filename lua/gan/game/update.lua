--- One player's update: a batch in, the mean gradients and the numbers of the loss out, in blocks where the game is cut
-- into them.
--
-- A batch is a table: n, real, y (labels or nil), wrong (others, or nil), z, fake_y (labels or nil), and fake, the
-- generated images with G's graph where G is to learn from them. All of it is image by image; packs are made where D is
-- asked. `game` is the loop (gan.game.loop), whose fields say how it is played; this file changes none of them.
-- @internal gan.game.update
local core = require "gan.core"
local check = require "gan.check"
local autograd = require "gan.autograd"
local losses = require "gan.loss"
local ops = require "gan.ops"
local optim = require "gan.optim"

local M = {}

local OP = "game.loop.new" -- in errors

-- ---- what scripts' functions return ----

local function returned(game, name, what, v)
  return check.fail(OP, "option '%s' must return %s, returned %s (step %d)", name, what, check.found(v), game.now)
end

-- Calls one of the game's functions that must return samples (N,...); of n of them, if n is given.
local function samples(game, name, n, ...)
  local x, y, other = game[name](...)
  if not core.is_tensor(x) or core.dim(x) < 1 or n and core.size(x, 1) ~= n then
    return returned(game, name, n and ("a tensor of %s"):format(check.count(n, "sample")) or "a tensor of samples", x)
  end
  return x, y, other
end

-- ---- penalties ----

-- The penalties that weigh something in this update: {f, weight, name}, told the step. A lazy one counts the update.
local function due(game, list)
  local out = {}
  for _, p in ipairs(list) do
    local f, weight = p.f, p.weight and p.weight(game.now) or 1
    if type(f) == "table" and f.at then f:at(game.now) end
    if weight ~= 0 and type(f) == "table" and f.turn then
      f, weight = f:turn(), weight * f.every
    end
    if f and weight ~= 0 then out[#out + 1] = {f = f, weight = weight, name = p.name} end
  end
  return out
end

-- Which of D's passes, made for the loss anyway, are all that a penalty needs: "real", "fake" or "both"; nil of one
-- that asks D itself.
local function pass_of(p) return type(p.f) == "table" and p.f.of ~= nil and p.f.kind or nil end

local function any_on_both(list)
  for _, p in ipairs(list) do if pass_of(p) == "both" then return true end end
  return false
end

-- Tells whether some penalty asks D itself: it may ask parts of D that the loss does not.
local function any_on_its_own(list)
  for _, p in ipairs(list) do if not pass_of(p) then return true end end
  return false
end

local function record(values, name, v) values[name] = values[name] and core.add(values[name], v) or v end

-- Weighs a penalty's value, and records it under its name.
local function weighed(p, v, values)
  if not core.is_tensor(v) or core.numel(v) ~= 1 then
    return check.fail(OP, "penalty '%s' must return a scalar tensor, returned %s%s", p.name, check.found(v),
      core.is_tensor(v) and "; take its mean: x:mean()" or "")
  end
  if p.weight ~= 1 then v = ops.mul(v, p.weight) end
  record(values, p.name, v)
  return v
end

-- ---- what D sees ----

-- Images with instance noise, augmented.
local function view(game, x)
  local std = game.noise and game.noise(game.now) or 0
  if std < 0 then
    return check.fail(OP, "option 'noise': expected a deviation >= 0, got %g at step %d", std, game.now)
  end
  if std ~= 0 then x = ops.add(x, core.mul(game.rng:normal(core.shape(x)), std)) end
  if not game.augment then return x end
  local changed = game.augment(x, game.rng)
  if not core.is_tensor(changed) or check.shape_string(core.shape(changed)) ~= check.shape_string(core.shape(x)) then
    return returned(game, "augment", "images of " .. check.shape_string(core.shape(x)), changed)
  end
  return changed
end

-- Packs of images, and the label of each pack, which is that of its first image.
local function packed(game, x) return game.pack == 1 and x or ops.pack(x, game.pack) end
local function label_of_packs(game, y)
  if game.pack == 1 or not y then return y end
  return core.contiguous(core.narrow(y, 1, 1, core.size(y, 1) // game.pack, game.pack))
end

-- Images as D sees them.
local function seen_by_D(game, x) return packed(game, view(game, x)) end

-- One kind of images as D sees them; and the images in packs, where penalties share D's pass over them: tracked if one
-- of them asks for the slope there, which is that at the images as they are before noise and augmentation (Karras et
-- al. 2020, arXiv:2006.06676).
local function tracked_view(game, kind, x, list)
  local leaf
  for _, p in ipairs(list) do
    if pass_of(p) == kind or pass_of(p) == "both" then
      leaf = leaf or core.alias(packed(game, x))
      if not p.f.untracked and not core.node(leaf) then leaf = autograd.requires_grad_(leaf) end
    end
  end
  if not (leaf and core.node(leaf)) then return seen_by_D(game, x), leaf end
  return seen_by_D(game, game.pack == 1 and leaf or ops.unpack(leaf, game.pack)), leaf
end

-- net(x, y) for whom nobody learns through.
local function without_graph(net, x, y) return autograd.no_grad(function() return (net(x, y)) end) end

local function check_classes(classes)
  if not core.is_tensor(classes) then
    return check.fail(OP,
      "option 'auxiliary': D returns no class logits beside its logits (it must return two tensors)")
  end
  return classes
end

-- A term of the loss, which must be a scalar.
local function term(name, v)
  if not core.is_tensor(v) or core.numel(v) ~= 1 then
    return check.fail(OP, "option 'loss': %s must return a scalar tensor, returned %s%s", name, check.found(v),
      core.is_tensor(v) and "; take its mean: x:mean()" or "")
  end
  return v
end

-- The sum of the terms that there are.
local function total(first, ...)
  for i = 1, select("#", ...) do
    local t = select(i, ...)
    if t then first = first and ops.add(first, t) or t end
  end
  return first
end

-- D's pass over one kind of images: logits, classes, the sum of the penalties that share it (or nil).
local function forward_D(game, kind, seen, x, y, list, values)
  local logits, classes = game.D(seen, y)
  local sum
  for _, p in ipairs(list) do
    if pass_of(p) == kind then sum = total(sum, weighed(p, p.f:of(logits, x), values)) end
  end
  return logits, classes, sum
end

-- ---- gradients of a block ----

local function narrow(t, first, n) return t and core.narrow(t, 1, first, n) end

-- The rows of a batch that make a block; with one block the batch itself.
local function block_of(batch, first, size)
  if size == batch.n then return batch end
  local block = {n = size}
  for _, name in ipairs {"real", "y", "wrong", "z", "fake", "fake_y"} do
    block[name] = narrow(batch[name], first, size)
  end
  return block
end

-- D's gradients on a block, whose fakes have no graph; values; logits.
local function d_gradients(game, block, list)
  local loss, auxiliary, params, lists, values, logits = game.loss, game.auxiliary, game.optD.params, {}, {}, {}
  local y, fake_y = label_of_packs(game, block.y), label_of_packs(game, block.fake_y)
  local real_view, real = tracked_view(game, "real", block.real, list)
  local fake_view, fake = tracked_view(game, "fake", block.fake, list)
  local how = any_on_its_own(game.penalties) and {allow_unused = true} or nil

  -- Learns one kind's term, the other kind's graph not in memory.
  local function learn(name, kind, weight, seen, x, labels, shared)
    local on, classes, extra = forward_D(game, kind, seen, x, labels, shared, values)
    local part = term(kind, loss[kind](on))
    local class = auxiliary and auxiliary[kind](check_classes(classes), labels)
    if weight ~= 1 then part = ops.mul(part, weight) end
    lists[#lists + 1] = autograd.grad(total(part, class, extra), params, how)
    logits[name] = on
    record(values, "D", part)
    if class then record(values, "class", class) end
  end

  -- Learns both kinds' terms at once, where the loss or a penalty needs the logits of both.
  local function learn_both()
    local on_real, real_classes, extra = forward_D(game, "real", real_view, real, y, list, values)
    local on_fake, fake_classes, extra2 = forward_D(game, "fake", fake_view, fake, fake_y, list, values)
    logits.real, logits.fake = on_real, on_fake
    if loss.real then
      local part, share = term("fake", loss.fake(on_fake)), 1 - game.mismatch
      values.D = ops.add(term("real", loss.real(on_real)), share == 1 and part or ops.mul(part, share))
    else
      values.D = term("critic", loss.critic(on_real, on_fake))
    end
    values.class = auxiliary
      and auxiliary.critic(check_classes(real_classes), y, check_classes(fake_classes), fake_y)
    local sum = total(values.D, values.class, extra, extra2)
    for _, p in ipairs(list) do
      if pass_of(p) == "both" then sum = total(sum, weighed(p, p.f:of(on_real, real, on_fake, fake), values)) end
    end
    lists[1] = autograd.grad(sum, params, how)
  end

  if not loss.real or any_on_both(list) then
    learn_both()
  else
    learn("real", "real", 1, real_view, real, y, list)
    learn("fake", "fake", 1 - game.mismatch, fake_view, fake, fake_y, list)
  end
  local wrong = game.wrong_labels == true and block.wrong
  if game.mismatch > 0 and game.wrong_labels ~= true then
    wrong = samples(game, "wrong_labels", block.n // game.pack, y)
  end
  if game.mismatch > 0 and wrong then
    learn("wrong", "fake", game.mismatch, core.alias(real_view), nil, wrong, {})
  end
  for _, p in ipairs(list) do
    if not pass_of(p) then
      local v = weighed(p, p.f(game.D, core.alias(real_view), core.alias(fake_view), y), values)
      if core.node(v) then lists[#lists + 1] = autograd.grad(v, params, {allow_unused = true}) end
    end
  end
  return #lists == 1 and lists[1] or autograd.sum_grads(table.unpack(lists)), values, logits
end

-- G's gradients on a block, whose fakes have G's graph; values; logits.
local function g_gradients(game, block, list)
  local fake_y = label_of_packs(game, block.fake_y)
  local logits, classes = game.D(seen_by_D(game, block.fake), fake_y)
  local on_real = not game.loss.real
    and without_graph(game.D, seen_by_D(game, block.real), label_of_packs(game, block.y)) or nil
  local values = {G = term("generator", game.loss.generator(logits, on_real)),
    class_G = game.auxiliary and game.auxiliary.generator(check_classes(classes), fake_y)}
  local sum = total(values.G, values.class_G)
  for _, p in ipairs(list) do
    sum = ops.add(sum, weighed(p, p.f(game.D, packed(game, block.real), packed(game, block.fake), fake_y), values))
  end
  return autograd.grad(sum, game.optG.params), values, {fake_after = logits}
end

-- Means over the blocks of a batch: gradients; values as numbers; and the logits of all.
local function over_blocks(game, batch, gradients)
  local logits = {}
  local mean = game.blocks:mean(batch.n, function(first, size, k)
    local grads, values, on = gradients(block_of(batch, first, size))
    for name, v in pairs(values) do values[name] = core.item(v) + 0.0 end
    for name, v in pairs(on) do
      logits[name] = logits[name] or {}
      logits[name][k] = core.alias(v)
    end
    return {grads = grads, values = values}
  end)
  local values = mean.values
  for name, list in pairs(logits) do values[name] = #list == 1 and list[1] or core.cat(list, 1) end
  return mean.grads, values
end

-- The player's gradients as its optimiser gets them: watched, clipped.
local function finished(game, player, grads)
  if game.watch then grads = game.watch(player, grads) or returned(game, "watch", "the gradients", nil) end
  local max = game.clip[player]
  return max and optim.clip.norm(grads, max) or grads
end

-- ---- updates ----

-- Repeats each label for the images of its pack.
local function for_images(game, y)
  local n, m = core.size(y, 1), game.pack
  return m == 1 and y or core.reshape(core.expand(core.reshape(y, {n, 1}), {n, m}), {n * m})
end

local function draw_latent(game, batch)
  local packs = batch.n // game.pack
  batch.z = samples(game, "latent", batch.n, batch.n)
  batch.fake_y = game.labels and for_images(game, (samples(game, "labels", packs, packs, batch.y))) or nil
  batch.fake = nil
end

-- Checks that a batch is whole packs, each of one class, and a block whole packs, too.
local function check_packs(game, n, y)
  local m, count = game.pack, game.blocks.count
  if m == 1 then return end
  if n % m ~= 0 then return check.fail(OP, "option 'pack': packs of %d do not divide a batch of %d", m, n) end
  if n // m % count ~= 0 then
    return check.fail(OP, "option 'blocks': %d blocks do not divide %s of %d: a pack lies in one block", count,
      check.count(n // m, "pack"), m)
  end
  local list = y and core.to_table(y) or {}
  for i = 1, #list do
    local first = list[(i - 1) // m * m + 1]
    if list[i] ~= first then
      return check.fail(OP, "option 'batch': pack %d has labels %d and %d: with labels a pack is of one class "
        .. "(gan.data.batches {pack = %d})", (i - 1) // m + 1, first, list[i], m)
    end
  end
end

--- Draws a batch: real images with their labels, latent vectors, labels of the fakes.
function M.draw(game)
  local real, y, wrong = samples(game, "batch")
  if not game.labels then
    y = nil
  elseif not y then
    return check.fail(OP, "the data has no labels, and the game is conditional")
  end
  local batch = {n = core.size(real, 1), real = real, y = y, wrong = wrong}
  check_packs(game, batch.n, y)
  if game.deceive then
    batch.real, batch.y = game.deceive(real, y, game.rng, game.pack)
    local shape = core.is_tensor(batch.real) and check.shape_string(core.shape(batch.real))
    if shape ~= check.shape_string(core.shape(real)) then
      return returned(game, "deceive", "images of " .. check.shape_string(core.shape(real)), batch.real)
    end
  end
  draw_latent(game, batch)
  return batch
end

-- Makes a batch's fakes. They keep G's graph if G is to learn from them and there is one block; else G makes them
-- again, a block at a time.
local function generate(game, batch, keep_graph)
  if game.blocks.count == 1 then
    if keep_graph then
      batch.fake = (game.G(batch.z, batch.fake_y))
      return batch.fake
    end
    return without_graph(game.G, batch.z, batch.fake_y)
  end
  local list = {}
  game.blocks:mean(batch.n, function(first, size, k)
    list[k] = without_graph(game.G, narrow(batch.z, first, size), narrow(batch.fake_y, first, size))
    return {}
  end)
  return core.cat(list, 1)
end

-- D's logits of held-out images, as it sees them; what the pass changes in D is put back.
local function on_held_out(game)
  local x, y = samples(game, "held_out")
  if not game.labels then y = nil end
  check_packs(game, core.size(x, 1), y)
  local list = {}
  game.blocks:aside(core.size(x, 1), function(first, size, k)
    local seen = seen_by_D(game, narrow(x, first, size))
    list[k] = without_graph(game.D, seen, label_of_packs(game, narrow(y, first, size)))
  end)
  return #list == 1 and list[1] or core.cat(list, 1)
end

-- Tells what follows D what it said in an update: to n real images, and to G's.
local function tell(game, n, values)
  local seen
  for _, name in ipairs {"augment", "deceive"} do
    local o = game[name]
    if type(o) == "table" and o.see then
      seen = seen or {
        real = values.real, fake = values.fake, margin = losses.margin(game.loss, values.real, values.fake), images = n,
      }
      if o.asks and o:asks() then seen.held_out = seen.held_out or on_held_out(game) end
      o:see(seen)
    end
  end
end

--- Makes the fakes of a batch, and computes D's update.
-- @tparam table game
-- @tparam table batch  from draw
-- @tparam boolean keep_graph  batch.fake gets G's graph, for M.g
-- @treturn table  gradients
-- @treturn table  values: numbers, and logits real, fake, wrong
function M.d(game, batch, keep_graph)
  local fake, fake_y, list = generate(game, batch, keep_graph), batch.fake_y, due(game, game.penalties)
  fake = core.alias(fake)
  if game.deceive then game.deceive:remember(fake, fake_y) end
  if game.replay then
    fake, fake_y = game.replay(fake, fake_y)
    if not core.is_tensor(fake) then return returned(game, "replay", "images, labels", fake) end
  end
  local own = {n = batch.n, real = batch.real, y = batch.y, wrong = batch.wrong, fake = fake, fake_y = fake_y}
  local grads, values = over_blocks(game, own, function(block) return d_gradients(game, block, list) end)
  tell(game, batch.n, values)
  return finished(game, "D", grads), values
end

--- Computes G's update.
-- @tparam table game
-- @tparam table batch  that D learnt from
-- @tparam boolean again  D or G has learnt from it: G learns from new fakes, with `fresh` of the game from a new batch
-- @treturn table  gradients
-- @treturn table  values: numbers, and logits fake_after
function M.g(game, batch, again)
  local reads_real = not game.loss.real or #game.g_penalties > 0
  if again and game.fresh and reads_real then
    batch = M.draw(game)
  elseif again then
    draw_latent(game, batch)
  end
  local list = due(game, game.g_penalties)
  local grads, values = over_blocks(game, batch, function(block)
    if not block.fake then block.fake = (game.G(block.z, block.fake_y)) end
    return g_gradients(game, block, list)
  end)
  batch.fake = nil
  return finished(game, "G", grads), values
end

return M
