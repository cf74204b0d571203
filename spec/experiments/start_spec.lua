-- What start.lua and stacked_mnist.lua say of choices that do not go together, and how kinds of stacks are counted.
local gan = require "gan"
local core = require "gan.core"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

describe("start.lua", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function refused(script, words, what)
    local code, _, err = inside.run("experiments/" .. script, ("%s --outdir %s"):format(words, dir))
    assert.equal(1, code)
    assert.equal(script .. ": " .. what .. "\n", err)
  end

  it("says which choices there are, and what does not go together", function()
    local words = "--data fake --limit 32 --steps 1 --ngf 2 --ndf 2 "
    refused("start.lua", "--loss hinje",
      "--loss: expected auto, ns, minimax, ls, hinge, wgan, ra or rp, got 'hinje' (did you mean 'hinge'?)")
    refused("start.lua", words .. "--size 24", "--size 24: --net dcgan makes 16, 32, 64 or 128")
    refused("start.lua", words .. "--size 16 --gamma 1",
      "--gamma: there is no --penalty that it could be the weight of")
    refused("start.lua", words .. "--net sngan_resnet --norm layer",
      "--norm layer: of --net sngan_resnet expected spectral, none")
    assert.same({}, temp.list(dir)) -- nothing was begun
    local code, out = inside.run("experiments/start.lua", "--help")
    assert.equal(0, code)
    for _, word in ipairs {"--net", "--penalty", "--pack", "--conditional"} do
      assert.is_truthy(out:find(word, 1, true), word)
    end
  end)

  it("says how the classifier of digits is made, and counts what it sees", function()
    refused("stacked_mnist.lua", "--data fake --classifier " .. dir .. "/none.safetensors",
      ("there is no classifier %s/none.safetensors; make it, a minute's work: lua5.4 experiments/classifier.lua "
        .. "--data fake --size 32 --width 16 --epochs 4 --out %s/none.safetensors"):format(dir, dir))
    refused("stacked_mnist.lua", "--data shapes --metrics none", "shapes: drawn in colour only (channels = 3)")
    local net = gan.model.classifier.lenet {size = 28, channels = 1, classes = 10, width = 2, rng = gan.rng(1)}
    assert(gan.measure.features.save(dir .. "/c.safetensors", net, {data = "fake", accuracy = 0.5}))
    local words = ("--data fake --limit 20 --size 32 --ngf 2 --ndf 2 --z 4 --batch 4 --steps 2 --name s --outdir %s "
      .. "--classifier %s/c.safetensors --metrics-every 2 --metrics-n 30"):format(dir, dir)
    local code, out, err = inside.run("experiments/stacked_mnist.lua", words)
    assert.same({0, ""}, {code, err})
    assert.is_truthy(out:find "\nstep 2: modes %d+ %(real %d+%)  kl [%d.]+ %(real [%d.]+%)", out)
    local record = gan.file.json.decode(temp.read(dir .. "/s/metric-kl.jsonl"))
    assert.same({1000, 30, 30, 0.5, "lenet"},
      {record.of, record.n_fake, record.n_real, record.accuracy, record.features})
    assert.is_true(record.fair > 3 and record.reference > record.fair) -- 30 of 1,000
    local h, w, c = core.image_info(temp.read(dir .. "/s/reals.png"))
    assert.same({8 * 34 + 2, 8 * 34 + 2, 3}, {h, w, c})
  end)
end)
