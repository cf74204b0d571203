-- Work in small: what a program does with the library, each time to the same bytes. Specs upset it in the middle, and
-- do it in several threads at once.
local gan = require "gan"
local autograd = require "gan.autograd"
local core = require "gan.core"
local files = require "spec.support.files"
local lfs = require "lfs"
local safetensors = require "gan.file.safetensors"
local text = require "gan.file.text"

local M = {
  pause = function() end, -- is called in callbacks, where a coroutine may yield
}

local function bytes(...)
  local out = {}
  for i, t in ipairs {...} do out[i] = core.is_tensor(t) and core.to_bytes(t) or tostring(t) end
  return table.concat(out)
end

-- An op and a layer of a user's, which pause: in the pass forward and in the rule.
local resting = gan.op {
  name = "resting", private = true,
  forward = function(x)
    M.pause()
    return x * 2
  end,
  grad = {function(g)
    M.pause()
    return g * 2
  end},
}

--- Returns name -> a function that makes objects anew: `work`, which gives the same bytes when it is called first;
-- `close`, functions that end them. dir: an empty folder to work in.
function M.scenes(dir)
  local shapes = gan.data.shapes {size = 16, count = 12}
  local folder = dir .. "/pictures"
  assert(lfs.mkdir(folder))
  for i = 1, 6 do files.write(("%s/%d.png"):format(folder, i), files.plain(8, i, 2 * i, 3 * i)) end
  local archive = {}
  for i = 1, 4 do archive[i] = {name = i .. ".png", data = files.plain(8, i, 20 * i, 3 * i)} end
  files.write(dir .. "/a.zip", files.zip(archive))

  local scenes = {}

  function scenes.training()
    local rng = core.rng(3)
    local G = gan.model.dcgan.generator {size = 16, z = 4, ngf = 1, rng = rng}
    local D = gan.model.dcgan.discriminator {size = 16, ndf = 1, rng = rng}
    local optG, optD = gan.optim.adam(G:params(), {lr = 1e-3}), gan.optim.adam(D:params(), {lr = 1e-3})
    local ema = gan.optim.ema(G)
    local loss, penalty = gan.loss.hinge(), gan.penalty.r1 {batch_norm = true}
    local batches = gan.data.batches(shapes, {batch = 4, seed = 1})
    return {
      work = function()
        for _ = 1, 2 do
          local real = batches()
          local fake = G(rng:normal {4, 4})
          M.pause()
          local lossD = loss.critic(resting(D(real)), D(fake:detach())) + penalty(D, real, fake)
          optD:step(gan.grad(lossD, optD.params))
          optG:step(gan.grad(loss.generator(D(fake)), optG.params), ema)
        end
        local shown = gan.nn.evaluate(G, core.full({1, 4}, 0.5))
        return bytes(shown, table.unpack(optD.params))
      end,
      close = {function() batches:close() end},
    }
  end

  function scenes.gradients()
    local w = core.rng(1):normal {3, 3}
    autograd.requires_grad_(w)
    return {
      work = function()
        local y = w
        for _ = 1, 3 do y = resting(y):tanh() * 0.5 + w end
        local g = gan.grad(y:sum(), {w}, {create_graph = true})[1]
        local h = gan.grad((g * g):sum(), {w})[1]
        local without = gan.no_grad(function()
          M.pause()
          return resting(w):sum()
        end)
        assert(not core.node(without), "no_grad recorded")
        return bytes(g, h, without)
      end,
      close = {},
    }
  end

  local function drawing(set, options)
    return function()
      local batches = gan.data.batches(set, options)
      return {
        work = function()
          local out = {}
          for i = 1, 4 do
            local x, y = batches:next()
            M.pause()
            out[i] = bytes(x, y)
            if i == 2 then batches:load(batches:state()) end
          end
          return table.concat(out)
        end,
        close = {function() batches:close() end, function() batches.core:close() end},
      }
    end
  end
  scenes.loader = drawing(shapes, {batch = 4, seed = 2, mirror = true, crop = 1})
  scenes.loader_alone = drawing(shapes, {batch = 4, seed = 2, prefetch = false})
  scenes.pictures = drawing(assert(gan.data.open(folder, {cache = 0})), {batch = 2, seed = 3})
  scenes.rows = drawing({n = 6, height = 2, width = 2, channels = 1, rows = function(_, list)
    M.pause()
    return core.full({core.size(list, 1), 2, 2, 1}, 7, "u8")
  end}, {batch = 2, seed = 3})

  function scenes.reading()
    return {
      work = function()
        local set = assert(gan.data.open(folder, {size = 4}))
        local zip = assert(gan.data.open(dir .. "/a.zip", {cache = 0}))
        return bytes(set:rows {0, 1}, zip:rows {2, 1}, gan.data.image.read(folder .. "/1.png"))
      end,
      close = {},
    }
  end

  function scenes.files()
    local path = dir .. "/out"
    local tree = {a = core.rng(1):normal {20, 20}, b = {core.full({3}, 1, "u8"), n = 3}}
    return {
      work = function()
        assert(safetensors.save(path .. ".safetensors", tree))
        local back = assert(safetensors.load(path .. ".safetensors", function()
          M.pause()
          return true
        end))
        assert(gan.file.npz.save(path .. ".npz", {x = tree.a}))
        local arrays = assert(gan.file.npz.load(path .. ".npz"))
        assert(text.write(path .. ".txt", "text"))
        assert(gan.data.image.write(path .. ".png", core.full({4, 4, 3}, 9, "u8")))
        local reader = core.reader(path .. ".txt")
        local said = reader:read(4)
        reader:close()
        return bytes(back.a, back.b[1], arrays.x, said, gan.data.image.read(path .. ".png"))
      end,
      close = {},
    }
  end

  function scenes.metrics()
    local rng = core.rng(5)
    local real = rng:normal {12, 3}
    return {
      work = function()
        local fid, kid = gan.metric.fid {real = real}, gan.metric.kid {real = real, size = 4, subsets = 2}
        for _ = 1, 2 do
          local x = core.rng(7):normal {6, 3}
          fid:add(x)
          kid:add(x)
          M.pause()
        end
        return bytes((fid:value()), (kid:value()))
      end,
      close = {},
    }
  end

  return scenes
end

return M
