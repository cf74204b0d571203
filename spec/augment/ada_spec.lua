-- Controllers of p: worked numbers of Karras et al. 2020, arXiv:2006.06676, and of their program.
local gan = require "gan"

-- A pipeline that adds its p to images.
local function pipeline() return setmetatable({p = 1}, {__call = function(self, x) return x + self.p end}) end

-- n updates of D on `batch` real images, of which it takes the part `up` for real.
local function show(o, n, batch, up)
  local list = {}
  for i = 1, batch do list[i] = i <= up * batch and 1 or -1 end
  local t = gan.tensor(list)
  for _ = 1, n do o:see {margin = t, real = t, fake = t, images = batch} end
end

local function near(want, got) assert.is_true(math.abs(want - got) < 1e-12, ("%.15g %.15g"):format(want, got)) end

describe("ada", function()
  it("moves p by the images that were seen, after every fourth update", function()
    for batch, step in pairs {[64] = 0.000512, [16] = 0.000128} do
      local ada = gan.augment.ada {pipeline()}
      show(ada, 3, batch, 1)
      assert.equal(0, ada.p)
      assert.same({p_augment = 0}, ada:numbers())
      show(ada, 1, batch, 1)
      near(step, ada.p)
      assert.same({p_augment = ada.p, r_t = 1}, ada:numbers())
      show(ada, 4, batch, 0.75) -- r_t = 0.5
      near(0, ada.p)
      assert.equal(0.5, ada:numbers().r_t)
    end
  end)

  it("counts a last, smaller batch as it is", function()
    local ada = gan.augment.ada {pipeline(), kimg = 1}
    for _, n in ipairs {64, 64, 64, 10} do show(ada, 1, n, 1) end
    near(0.202, ada.p)
    local third = gan.augment.ada {pipeline(), every = 3, kimg = 1}
    show(third, 3, 10, 1)
    near(0.03, third.p)
  end)

  it("comes to 1 in 500,000 images: 1953.125 adjustments", function()
    local ada = gan.augment.ada {pipeline(), cap = 1}
    show(ada, 500000 // 64, 64, 1)
    near(0.999936, ada.p)
    show(ada, 4, 64, 1)
    assert.equal(1, ada.p)
  end)

  it("ends at its cap, 0.85 by itself, and at 0", function()
    local ada = gan.augment.ada {pipeline(), kimg = 1}
    show(ada, 40, 64, 1)
    assert.equal(0.85, ada.p)
    show(ada, 40, 64, 0)
    assert.equal(0, ada.p)
    show(ada, 4, 64, 0.5) -- below the target
    assert.equal(0, ada.p)
    assert.equal(0.25, gan.augment.ada({pipeline(), p = 0.5, cap = 0.25}).p)
  end)

  it("swings by one step about the target, and stays where it is met", function()
    local ada = gan.augment.ada {pipeline(), p = 0.5}
    local seen = {}
    for i = 1, 6 do
      show(ada, 4, 64, i % 2)
      seen[i] = ("%.6f"):format(ada.p)
    end
    assert.same({"0.500512", "0.500000", "0.500512", "0.500000", "0.500512", "0.500000"}, seen)
    local met = gan.augment.ada {pipeline(), p = 0.5, target = 0.5}
    show(met, 4, 8, 0.75)
    assert.equal(0.5, met.p)
    local zero = gan.tensor {0, 0} -- the sign of 0 is 0
    for _ = 1, 4 do met:see {margin = zero, real = zero, fake = zero, images = 2} end
    assert.equal(0, met:numbers().r_t)
    local broken = gan.tensor {0 / 0, 1}
    local before = met.p
    for _ = 1, 4 do met:see {margin = broken, real = broken, fake = broken, images = 2} end
    assert.equal(before, met.p)
  end)

  it("weighs all answers since the last adjustment alike", function()
    local ada = gan.augment.ada {pipeline()}
    show(ada, 1, 60, 1)
    show(ada, 3, 10, 0)
    near((60 - 30) / 90, ada:numbers().r_t)
  end)

  it("goes by images that D never learns from", function()
    local ada = gan.augment.ada {pipeline(), by = "r_v", kimg = 1}
    local function see(held)
      local asked = ada:asks()
      ada:see {margin = gan.tensor {1}, real = gan.tensor {3, 1}, fake = gan.tensor {-2, 0, -1}, images = 2,
        held_out = held and gan.tensor {held} or nil}
      return asked
    end
    assert.same({false, false, false, true}, {see(), see(), see(), see(1.25)})
    assert.same({p_augment = 0, r_v = 0.25}, ada:numbers()) -- (2 - 1.25) / (2 + 1), below the target, 0.5
    for _ = 1, 3 do see() end
    assert.error_matches(function() see() end,
      "augment.ada: option 'by': r_v needs D's logits of held%-out images %(option 'held_out' of the game%)")
    see(-1)
    assert.equal(1, ada:numbers().r_v)
    near(0.008, ada.p)
    local even = gan.augment.ada {pipeline(), by = "r_v", kimg = 1} -- D puts nothing above G's: 1e-8 in the place of 0
    local t = gan.tensor {0.5}
    for _ = 1, 4 do even:see {margin = t, real = t, fake = t, images = 1, held_out = gan.tensor {0.25}} end
    near(0.25e8, even:numbers().r_v)
  end)

  it("sets the pipeline's p, and is the identity at 0", function()
    local own = pipeline()
    local ada, x = gan.augment.ada {own, p = 0}, gan.ones(2, 2)
    assert.equal(x, ada(x, gan.rng(1)))
    ada = gan.augment.ada {own, p = 0.25}
    assert.equal(1.25, ada(x, gan.rng(1)):select(1):select(1):item())
    assert.equal(0.25, own.p)
  end)

  it("goes on from a state, in the middle of an interval", function()
    local a = gan.augment.ada {pipeline(), kimg = 1}
    show(a, 10, 16, 1)
    local b = gan.augment.ada {pipeline(), kimg = 1}
    b:load(a:state())
    show(a, 7, 16, 0.5)
    show(b, 7, 16, 0.5)
    assert.same(a:state(), b:state())
    assert.same(a:numbers(), b:numbers())
    local low, state = gan.augment.ada {pipeline(), cap = 0.01}, a:state()
    state.p = 0.5
    low:load(state)
    assert.equal(0.01, low.p)
  end)

  it("refuses a state that is none, and is not changed by it", function()
    local ada = gan.augment.ada {pipeline()}
    show(ada, 2, 4, 1)
    for text, change in pairs {
      ["augment.ada: state: 'p': expected a number in [0,1], got 1.5"] = {p = 1.5},
      ["augment.ada: state: 'p': expected a number in [0,1], got nan"] = {p = 0 / 0},
      ["augment.ada: state: 'p': expected a number, got string 'x'"] = {p = "x"},
      ["augment.ada: state: 'updates': expected less than 4, got 4"] = {updates = 4},
      ["augment.ada: state: unknown entry 'q'"] = {q = 1},
    } do
      local state, before = ada:state(), ada:state()
      for k, v in pairs(change) do state[k] = v end
      local ok, message = pcall(ada.load, ada, state)
      assert.is_false(ok)
      assert.is_truthy(message:gsub("%-nan", "nan"):find(text, 1, true), message)
      assert.same(before, ada:state())
    end
  end)

  -- A margin for every loss: which of D's answers to real images count as right.
  it("hears of every loss by its own point of decision", function()
    local real, fake = gan.tensor {0.4, 0.6, 0.9, -2}, gan.tensor {0.1, 0.3, -3, 0}
    local function signs(loss)
      local out = {}
      for i, v in ipairs(gan.loss.margin(loss, real, fake):to_table()) do
        out[i] = v > 0 and "+" or v < 0 and "-" or "0"
      end
      return table.concat(out)
    end
    for name, want in pairs {
      ns = "+++-", minimax = "+++-", hinge = "+++-", ls = "-++-", -- at 0; half-way between 0 and 1
      wgan = "+++-", -- the means are -0.025 and -0.65: from -0.3375 on
      ra = "+++-", rp = "+++-", -- -0.65; 0.3, 0.3, 3.9, -2
    } do assert.equal(want, signs(gan.loss.open(name)), name) end
    assert.equal("+++0", signs(gan.loss.least_squares {a = -3, b = -1}))
    assert.equal("---0", signs(gan.loss.least_squares {a = -1, b = -3})) -- real images are to lie below
    real, fake = gan.tensor {5, 1}, gan.tensor {4, 0, 9}
    for name, want in pairs {ns = "++", wgan = "+-", ra = "+-", rp = "++"} do -- 11/3; 4.33; in pairs what has a partner
      assert.equal(want, signs(gan.loss.open(name)), name)
    end
    local function none() end
    assert.equal("++", signs {critic = none, generator = none}) -- of one's own: in pairs
    real = gan.tensor {-5, 1}
    assert.equal("-+", signs {critic = none, generator = none, real = none, fake = none})
    assert.equal("+-", signs {margin = function(r) return r * -1 end})
    assert.error_matches(function() signs {margin = none} end,
      "loss.margin: the loss's margin must return a real tensor, returned nil")
  end)

  it("says what is wrong with its options", function()
    for text, opt in pairs {
      ["augment.ada: expected a pipeline, whose p is set, first in the options: augment.ada {gan.augment.preset "
        .. '"bgc"}, got nil'] = {},
      ['first in the options: augment.ada {gan.augment.preset "bgc"}, got function'] = {print},
      ["augment.ada: option 'p': expected a number in [0,1], got 1.5"] = {pipeline(), p = 1.5},
      ["augment.ada: option 'cap': expected a number in [0,1], got -1"] = {pipeline(), cap = -1},
      ["augment.ada: option 'by': expected"] = {pipeline(), by = "r"},
      ["augment.ada: unknown option 'targe' (did you mean 'target'?)"] = {pipeline(), targe = 1},
    } do
      local ok, message = pcall(gan.augment.ada, opt)
      assert.is_false(ok)
      assert.is_truthy(message:find(text, 1, true), message)
      assert.is_truthy(message:find("ada_spec.lua", 1, true) or message:find("^augment"), message)
    end
  end)
end)
