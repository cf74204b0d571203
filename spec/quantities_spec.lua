-- The recorded numbers: one entry each, read by the status line, the curves, the report and the metrics.
local q = require "gan.quantities"

describe("quantities", function()
  it("has each name once, with a kind and something to show", function()
    local seen = {}
    for _, entry in ipairs(q.list) do
      assert.is_nil(seen[entry.name], entry.name)
      seen[entry.name] = true
      assert.is_string(entry.kind)
      assert.is_true(entry.text == nil or type(entry.text) == "function" or pcall(string.format, entry.text, 1.5),
        entry.name)
    end
    for _, name in ipairs {"D", "G", "real", "lr_D", "lr_G", "health", "why", "epoch"} do
      assert.is_truthy(q.find(name), name)
    end
  end)

  it("tells kinds and labels", function()
    assert.same({"real", "fake", "fake_after", "wrong"}, q.names "logit")
    assert.same({"grad_D", "grad_G"}, q.names "gradient")
    assert.same({"diversity", "nearest"}, q.names "variety")
    assert.is_true(q.is("kimg", "counter"))
    assert.is_false(q.is("gp", "counter"))
    assert.same({"loss of D (nats)", "memory (bytes)", "FID", "gp", "epoch"},
      {q.label "D", q.label "memory", q.label "fid", q.label "gp", q.label "epoch"})
  end)

  it("shows step sizes: one where they are the same", function()
    local function line(lr_D, lr_G)
      return q.line {step = 1, total = 2, epoch = 0, seconds = 0, memory = 0, images_per_second = 9, sign = 0.5,
        lr_D = lr_D, lr_G = lr_G}
    end
    assert.equal("step 1/2  0:00:00  9 img/s  lr 0.0002  sign 0.50  epoch 0.00", line(2e-4, 2e-4))
    assert.equal("step 1/2  0:00:00  9 img/s  lr 0.0004/0.0001  sign 0.50  epoch 0.00", line(4e-4, 1e-4))
    assert.equal("step 1/2  0:00:00  9 img/s  lr 0.0004  sign 0.50  epoch 0.00", line(4e-4))
  end)

  it("shows differences alone where only they count", function()
    local r = {step = 1, total = 2, epoch = 0, seconds = 0, memory = 0, real = 0.9, fake = 0.8, fake_after = 0.7}
    assert.equal("step 1/2  0:00:00  D(x) 0.90  D(G(z)) 0.80/0.70  epoch 0.00", q.line(r))
    r.ahead = 0.6
    assert.equal("step 1/2  0:00:00  D(x) before D(G(z)) 0.60  epoch 0.00", q.line(r))
    assert.is_true(q.is_own "ahead" and q.is_own "move_G")
  end)

  it("shows NaN without a sign", function()
    assert.equal("step 1/2  0:00:00  D nan  mine nan  epoch 0.00", q.line {step = 1, total = 2, epoch = 0, seconds = 0,
      memory = 0, D = -(0 / 0), mine = 0 / 0})
  end)

  it("shows health first, and what it does not know after D's answers", function()
    assert.equal("step 1/2  ok  0:00:00  D 0.500  fid 12.35  gp 0.01235  epoch 0.00",
      q.line {step = 1, total = 2, epoch = 0, seconds = 0, memory = 0, D = 0.5, health = "ok", gp = 0.0123456,
        fid = 12.3456, kimg = 1})
  end)

  it("leaves out whole what there is no room for, of health the reason before the word", function()
    local r = {
      step = 1200, total = 40000, seconds = 192, eta = 6067, D = 0.71, G = 1.83, real = 0.74, fake = 0.22,
      fake_after = 0.19, health = "collapsed", why = "diversity 0.02 of the real pictures'", images_per_second = 85,
      lr_D = 2e-4, memory = 26e7, epoch = 1.5,
    }
    local full = q.line(r)
    for width, want in pairs {
      [1000] = full,
      [100] = "step 1200/40000  collapsed (diversity 0.02 of the real pictures')  0:03:12 eta 1:41:07  D 0.710",
      [79] = "step 1200/40000  collapsed (diversity 0.02 of the real pictures')  D 0.710",
      [60] = "step 1200/40000  collapsed  0:03:12 eta 1:41:07  D 0.710",
      [39] = "step 1200/40000  collapsed  D 0.710",
      [26] = "step 1200/40000  collapsed",
      [25] = "step 1200/40000  D 0.710", [15] = "step 1200/40000", [3] = "",
    } do
      local line = q.line(r, width)
      assert.equal(want, line)
      assert.is_true(utf8.len(line) <= width)
    end
  end)
end)
