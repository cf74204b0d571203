-- Command-line options: values, defaults, aliases, and one line for everything that is wrong.
local options = require "gan.train.options"

local declared = options.declare(options.training, {lr = 1e-3}, {size = {16, 32, 64, 128}})
local function parse(line)
  local words = {}
  for w in line:gmatch "%S+" do words[#words + 1] = w end
  return options.parse(declared, words, {name = "test.lua", summary = "a test"})
end

describe("train.options", function()
  it("reads values, defaults and aliases", function()
    local o, given = parse ""
    assert.equal("shapes", o.data)
    assert.equal(1e-3, o.lr)
    assert.is_false(o.mirror)
    assert.is_nil(o.steps)
    assert.same({}, given)
    o, given = parse("--image-size 64 --batch-size=8 --nz 7 --lr .5 --kimg 1e3 -n --mirror --ema=0 --data /a/b=c "
      .. "--batch 16")
    assert.same({64, 16, 7, .5, 1000.0, true, true, 0, "/a/b=c"},
      {o.size, o.batch, o.z, o.lr, o.kimg, o.dry_run, o.mirror, o.ema, o.data})
    assert.equal("integer", math.type(o.size))
    assert.is_true(given.size and given.z and given.dry_run and not given.beta1)
  end)

  it("says in one line what is wrong", function()
    for line, message in pairs {
      ["--batch -4"] = "--batch: expected an integer in 1..65536, got '-4'",
      ["--batch=0"] = "--batch: expected an integer in 1..65536, got '0'",
      ["--batch ten"] = "got 'ten'",
      ["--batch 1.5"] = "got '1.5'",
      ["--batch 0x10"] = "got '0x10'",
      ["--lr -1"] = "--lr: expected a number > 0 and <= 1000, got '-1'",
      ["--lr nan"] = "got 'nan'",
      ["--lr inf"] = "got 'inf'",
      ["--lr 1e999"] = "got '1e999'",
      ["--lr=-.5"] = "got '-.5'",
      ["--beta1 1"] = "--beta1: expected a number >= 0 and < 1, got '1'",
      ["--ema 1"] = "--ema:",
      ["--seed -1"] = "--seed:",
      ["--threads 65"] = "--threads:",
      ["--size 48"] = "--size: expected 16, 32, 64 or 128, got '48'",
      ["--steps 99999999999999999999"] = "--steps:",
      ["--snap -1"] = "--snap:",
      ["--sice 32"] = "unknown option '--sice' (did you mean '--size'?)",
      ["--bach_size=3"] = "did you mean '--batch-size'?",
      ["--what-ever"] = "unknown option '--what-ever'; --help lists them",
      ["-q"] = "unknown option '-q'",
      ["--batch"] = "'--batch' requires an argument",
      ["32"] = "unexpected '32'",
      ["--mirror=yes"] = "'--mirror' does not take arguments",
      ["--data="] = "--data: expected some text",
    } do
      local o, err = parse(line)
      assert.is_nil(o, line)
      assert.is_truthy(err:find(message, 1, true), line .. ": " .. err)
      assert.is_nil(err:find "\n", line)
    end
  end)

  it("counts steps", function()
    local function steps(line, n)
      local o, given = parse(line)
      return assert(options.check_length(given)) and options.total_steps(o, n)
    end
    assert.equal(3906, steps("", 10000))
    assert.equal(7, steps("--steps 7", 10000))
    assert.equal(157, steps("--epochs 1", 10032))
    assert.equal(1, steps("--epochs 0.0001", 100))
    assert.equal(63, steps("--kimg 8 --dsteps 2", 10))
    local _, given = parse "--steps 3 --kimg 4"
    assert.same({nil, "--steps and --kimg: give one of them"}, {options.check_length(given)})
  end)

  it("tells what may not change", function()
    local old, new = parse "--lr 1e-4", parse "--lr 1e-4 --steps 9 --threads 1 --snap 3 --keep 1 --outdir x --name y"
    assert.is_nil(options.difference(declared, old, new))
    assert.equal("was started with --lr 0.0001, now 0.001", options.difference(declared, old, (parse "")))
    old.batch = 64.0 -- as JSON gives it back
    assert.is_nil(options.difference(declared, old, new))
    assert.equal("was started with --limit unset, now 5",
      options.difference(declared, old, (parse "--lr 1e-4 --limit 5")))
    local packed = options.unpack({run = {options = options.pack(declared, new)}}, "x")
    assert.is_nil(packed.steps)
    assert.equal(1e-4, packed.lr)
    assert.equal("integer", math.type(packed.batch))
    assert.same({nil, "x: expected the checkpoint of a run"}, {options.unpack({run = {options = "]"}}, "x")})
  end)

  it("takes a recipe's own options, and leaves some out", function()
    local list = options.extend(options.training, {
      {"gp", "number", 10, lo = 0, help = "weight"},
      {"form", "string", "a", choices = {"a", "b"}, help = "x"},
    }, {"size", "limit"})
    local own = options.declare(list, {lr = 1})
    local function words(...) return options.parse(own, {...}, {name = "t", summary = ""}) end
    local o = words("--gp", "3", "--form=b")
    assert.same({3, "b", 1, nil}, {o.gp, o.form, o.lr, o.size})
    assert.same({nil, "--form: expected a or b, got 'c'"}, {words("--form", "c")})
    assert.same({nil, "--on-collapse: expected warn, stop or rollback, got 'cry'"}, {words("--on-collapse", "cry")})
    assert.is_truthy(select(2, words("--size", "3")):find("unknown option '--size'", 1, true))
    for what, f in pairs {
      ["option '--nz' is there already"] = function()
        options.extend(options.training, {{"nz", "integer", 1, help = "x"}})
      end,
      ["entry 2: expected"] = function() options.extend({}, {{"a", "flag", false, help = "x"}, {"b", "flag"}}) end,
      ["without: there is no option '--sise'"] = function() options.extend(options.training, nil, {"sise"}) end,
    } do
      local ok, message = pcall(f)
      assert.is_false(ok)
      assert.is_truthy(message:find(what, 1, true), message)
    end
  end)

  it("marks what is not the default", function()
    local s = options.describe(declared, (parse "--size 16 --steps 5"))
    assert.is_truthy(s:find("*size 16", 1, true))
    assert.is_truthy(s:find("*steps 5", 1, true))
    assert.is_truthy(s:find(" batch 64", 1, true))
    assert.is_nil(s:find("*batch", 1, true))
    for line in s:gmatch "[^\n]+" do assert.is_true(#line <= 120, line) end
  end)

  it("cuts batches into blocks that divide them", function()
    assert.is_true(options.check_blocks {batch = 24, blocks = 8})
    assert.is_true(options.check_blocks {batch = 24}) -- a script without the option
    assert.same({nil, "--blocks: expected a power of two, got 6"}, {options.check_blocks {batch = 24, blocks = 6}})
    assert.same({nil, "--blocks: 16 does not divide --batch 24"}, {options.check_blocks {batch = 24, blocks = 16}})
  end)

  it("lets a run go on that did not know an option yet", function()
    local known = options.declare(options.training)
    local old, new = {}, {}
    for _, d in ipairs(known) do old[d.field], new[d.field] = d.default, d.default end
    old.blocks = nil
    assert.is_nil(options.difference(known, old, new))
    new.blocks = 2
    assert.equal("was started with --blocks 1, now 2", options.difference(known, old, new))
  end)
end)
