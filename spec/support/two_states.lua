-- The chunk of two_states.c: trains a small net on pictures that a loader's thread makes ready, all over the core:
-- convolutions of each engine, batch norm, linear layers, Adam, the collector, pictures read and written.
local kernel_threads = ...
local gan = require "gan"
local core = require "gan.core"

core.threads(kernel_threads)
local data = gan.data.open("shapes", {size = 16, count = 64})
local G = gan.model.dcgan.generator {size = 16, z = 8, ngf = 8, rng = gan.rng(1)}
local D = gan.model.dcgan.discriminator {size = 16, ndf = 8, rng = gan.rng(2)}
local optG, optD = gan.optim.adam(G:params(), {lr = 1e-3}), gan.optim.adam(D:params(), {lr = 1e-3})
local loss = gan.loss.logistic {}
local batches = gan.data.batches(data, {batch = 8, seed = 1, mirror = true, crop = 1})
local rng = gan.rng(1)

local function bytes(net)
  local list = {}
  for _, p in ipairs(net:params()) do list[#list + 1] = core.to_bytes(p) end
  return table.concat(list)
end

local done = 0
return function(n)
  for _ = 1, n do
    done = done + 1
    local real = batches()
    local fake = G(rng:normal {8, 8})
    local lossD = loss.critic(D(real), D(fake:detach()))
    optD:step(gan.grad(lossD, optD.params))
    optG:step(gan.grad(loss.generator(D(fake)), optG.params))
    if done % 8 == 0 then
      gan.no_grad(function() for _ = 1, 6 do G(rng:normal {4, 8}) end end) -- kernels are cached
    end
    if done % 16 == 0 then
      core.memory_trim()
      local other = gan.data.batches(data, {batch = 4, seed = done})
      other()
      if done % 32 == 0 then other:close() end
    end
  end
  return bytes(G) .. bytes(D)
end
