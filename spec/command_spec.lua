-- Command lines: values, defaults, aliases, and one line for everything that is wrong.
local core = require "gan.core"
local check = require "gan.check"
local command = require "gan.command"
local inside = require "spec.support.inside"

local declared = command.declare({
  {"data", "string", "shapes", arg = "PATH", help = "images"},
  {"size", "integer", 32, lo = 1, hi = 16384, alias = {"image-size"}, help = "side"},
  {"batch", "integer", 64, lo = 1, hi = 65536, alias = {"batch-size"}, help = "images in a batch"},
  {"steps", "integer", nil, lo = 1, help = "length"},
  {"lr", "number", 2e-4, above = 0, hi = 1e3, help = "step size"},
  {"beta1", "number", 0.5, lo = 0, below = 1, help = "decay"},
  {"form", "string", "a", choices = {"a", "b"}, help = "which"},
  {"mirror", "flag", false, help = "flip"},
  {"ema", "flag", true, negatable = true, help = "averaged"},
  {"dry-run", "flag", false, short = "n", help = "stop"},
  {"cache", "bytes", 1 << 31, help = "memory"},
  {"ground", "string", nil, option = check.option.where {
    expected = "a colour", accept = function(s) return s ~= "mauve" and s or nil end,
  }, help = "colour"},
}, {lr = 1e-3}, {size = {16, 32, 64, 128}})

local function parse(line)
  local words = {}
  for w in line:gmatch "%S+" do words[#words + 1] = w end
  return command.parse(declared, words, {name = "test.lua", summary = "a test"})
end

describe("command", function()
  it("reads values, defaults and aliases", function()
    local o, given = parse ""
    assert.same({data = "shapes", size = 32, batch = 64, lr = 1e-3, beta1 = 0.5, form = "a", mirror = false, ema = true,
      dry_run = false, cache = 1 << 31}, o)
    assert.same({}, given)
    o, given = parse("--image-size 64 --batch-size=8 --lr .5 --beta1 1e-1 -n --mirror --no-ema --data /a/b=c "
      .. "--batch 16 --form=b")
    assert.same({data = "/a/b=c", size = 64, batch = 16, lr = .5, beta1 = 0.1, form = "b", mirror = true, ema = false,
      dry_run = true, cache = 1 << 31}, o)
    assert.equal("integer", math.type(o.size))
    assert.is_true(given.size and given.batch and given.dry_run and given.ema)
    assert.is_nil(given.steps)
  end)

  it("says in one line what is wrong", function()
    for line, message in pairs {
      ["--batch -4"] = "--batch: expected an integer in 1..65536, got '-4'",
      ["--batch=0"] = "--batch: expected an integer in 1..65536, got '0'",
      ["--batch ten"] = "got 'ten'",
      ["--batch 1.5"] = "got '1.5'",
      ["--batch 0x10"] = "got '0x10'",
      ["--steps 0"] = "--steps: expected an integer >= 1, got '0'",
      ["--steps 99999999999999999999"] = "--steps:",
      ["--lr -1"] = "--lr: expected a number > 0 and <= 1000, got '-1'",
      ["--lr nan"] = "got 'nan'",
      ["--lr inf"] = "got 'inf'",
      ["--lr 1e999"] = "got '1e999'",
      ["--lr=-.5"] = "got '-.5'",
      ["--beta1 1"] = "--beta1: expected a number >= 0 and < 1, got '1'",
      ["--size 48"] = "--size: expected 16, 32, 64 or 128, got '48'",
      ["--form c"] = "--form: expected a or b, got 'c'",
      ["--sice 32"] = "unknown option '--sice' (did you mean '--size'?)",
      ["--bach_size=3"] = "did you mean '--batch-size'?",
      ["--what-ever"] = "unknown option '--what-ever'; --help lists them",
      ["-q"] = "unknown option '-q'",
      ["--batch"] = "'--batch' requires an argument",
      ["32"] = "unexpected '32'",
      ["--mirror=yes"] = "'--mirror' does not take arguments",
      ["--data="] = "--data: expected some text",
      ["--cache much"] = "--cache: expected bytes such as 1000000, 500M or 2G, got 'much'",
      ["--cache -1"] = "--cache: expected bytes", ["--cache 2X"] = "got '2X'", ["--cache 9999999T"] = "--cache:",
      ["--ground mauve"] = "--ground: expected a colour, got 'mauve'",
    } do
      local o, err = parse(line)
      assert.is_nil(o, line)
      assert.is_truthy(err:find(message, 1, true), line .. ": " .. err)
      assert.is_nil(err:find "\n", line)
    end
  end)

  local planned = command.declare {
    {"lr", "schedule", 2e-4, above = 0, hi = 1e3, also = 0, change = true, help = "step size"},
    {"beta2", "schedule", nil, lo = 0, below = 1, help = "decay"},
    {"batch", "integer", 64, lo = 1, help = "images"},
  }
  local function plan(line)
    local words = {}
    for w in line:gmatch "%S+" do words[#words + 1] = w end
    return command.parse(planned, words, {name = "test.lua"})
  end

  it("tells in --help what may be written", function()
    local list = command.declare {
      {"few", "string", "a", choices = {"a", "b"}, help = "which"},
      {"n", "integer", nil, choices = {1, 3}, help = "count"},
      {"many", "string", "discrimination", help = "the kind", choices = {"discrimination", "stddev", "none"}},
      {"plan", "schedule", 0.5, lo = 0, help = "weight"}, {"x", "number", 1, help = "number"},
    }
    local code, out = inside.call("test.lua", "--help", command.parse, list, {"--help"}, {name = "test.lua"})
    assert.equal(0, code)
    for _, line in ipairs {
      "--few a|b ", "which (default: a)", "--n 1|3 ", "--many NAME ",
      "the kind: discrimination, stddev or none (default: discrimination)", "--plan X|SCHEDULE ", "--x X ",
      "SCHEDULE is one of cosine:FROM:TO[:KIMG], half_life:FROM:KIMG, linear:FROM:TO[:KIMG];",
    } do
      assert.is_truthy(out:find(line, 1, true), line .. "\n" .. out)
    end
    local plain = {inside.call("test.lua", "--help", command.parse, declared, {"--help"}, {name = "test.lua"})}
    assert.is_nil(plain[2]:find("SCHEDULE", 1, true))
  end)

  it("reads schedules, and makes functions of them", function()
    local o = plan "--lr cosine:2e-4:5e-05 --beta2=.9"
    assert.same({lr = "cosine:0.0002:5e-05", beta2 = 0.9, batch = 64}, o)
    assert.equal("cosine:0.0002:5e-05", plan "--lr cosine:0.0002:.5e-4".lr) -- however it is spelt
    assert.equal("linear:0:1:2.5", plan "--lr linear:0:1:2.50".lr)
    local v = command.varying(planned, o, 200, 64)
    assert.is_true(math.abs(v.lr(51) - 1.7803300858899106e-4) < 1e-15)
    assert.same({0.9, 64}, {v.beta2, v.batch})
    assert.is_nil(command.varying(planned, plan "", 200, 64).beta2)
    for line, message in pairs {
      ["--lr -1"] = "--lr: expected a number > 0 and <= 1000, got '-1'",
      ["--lr 0"] = "--lr: expected a number > 0 and <= 1000, got '0'",
      ["--lr fast"] = "--lr: expected a number > 0 and <= 1000, or a schedule (cosine:FROM:TO[:KIMG], "
        .. "half_life:FROM:KIMG, linear:FROM:TO[:KIMG]), got 'fast'",
      ["--lr cosin:1:2"] = "linear:FROM:TO[:KIMG]; did you mean 'cosine'?), got 'cosin:1:2'",
      ["--lr cosine:1"] = "--lr: expected cosine:FROM:TO[:KIMG], got 'cosine:1'",
      ["--lr linear:2e3:1"] = "--lr: expected a number > 0 and <= 1000 as FROM of linear:FROM:TO[:KIMG], got",
      ["--lr linear:1:-1"] = "--lr: expected a number > 0 and <= 1000 as TO of linear:FROM:TO[:KIMG], got 'li",
      ["--lr linear:1:2:0"] = "--lr: expected a number > 0 and <= 1e9 as KIMG of linear:FROM:TO[:KIMG]",
      ["--beta2 cosine:.9:1"] = "--beta2: expected a number >= 0 and < 1 as TO of cosine:FROM:TO[:KIMG]",
      ["--beta2 linear:x:.9"] = "--beta2: expected a number >= 0 and < 1 as FROM of",
    } do
      local ok, err = plan(line)
      assert.is_nil(ok, line)
      assert.is_truthy(err:find(message, 1, true), line .. ": " .. err)
    end
  end)

  it("spells a default as a value", function()
    local list = command.declare({{"lr", "schedule", 1, lo = 0, help = "x"}}, {lr = "cosine:4e-3:0"})
    assert.equal("cosine:0.004:0", list[1].default)
    local o = command.parse(list, {}, {name = "test.lua"})
    assert.is_nil((command.difference(list, {lr = "cosine:0.004:0"}, o)))
    assert.error_matches(function() command.declare {{"lr", "schedule", "cosine:1:-1", lo = 0, help = "x"}} end,
      "default of 'lr': expected a number >= 0 as TO of cosine:FROM:TO%[:KIMG%], got string 'cosine:1:%-1'")
  end)

  it("checks schedules of before, and says which go over another length now", function()
    local old = {lr = "linear:1e-3:0.", beta2 = 0.5}
    assert.is_nil(command.check(planned, old))
    assert.equal("linear:0.001:0", old.lr)
    assert.equal("option 'lr': expected a number > 0 and <= 1000 as TO of cosine:FROM:TO[:KIMG], got \"cosine:1:1e4\"",
      command.check(planned, {lr = "cosine:1:1e4"}))
    assert.equal("option 'beta2': expected a number >= 0 and < 1, got true", command.check(planned, {beta2 = true}))
    local now = plan "--lr cosine:1:0 --change lr"
    assert.is_nil(now) -- there is no such option here
    assert.equal("was started with --lr 0.0002, now cosine:1:0 (--change lr lets it change)",
      (command.difference(planned, {lr = 2e-4}, (plan "--lr cosine:1:0"))))
    local told = {}
    command.stretched(planned, {lr = "cosine:1:0", beta2 = "linear:0:0.5:2"}, 10, 20, told)
    assert.same({{"lr", "cosine:1:0 over 10 steps", "cosine:1:0 over 20 steps"}},
      {{told[1].option.name, told[1].was, told[1].is}, told[2]})
    for _, case in ipairs {{10, 10}, {nil, 20}} do
      command.stretched(planned, {lr = "cosine:1:0"}, case[1], case[2], told)
    end
    assert.equal(1, #told)
  end)

  it("reads sizes in bytes, and shows them as they are written", function()
    for text, n in pairs {
      ["0"] = 0, ["1000000"] = 1000000, ["64k"] = 65536, ["500M"] = 500 << 20, ["2G"] = 2 << 30, ["1.5GiB"] = 3 << 29,
      ["1tb"] = 1 << 40,
    } do
      local o = parse("--cache " .. text)
      assert.equal(n, o.cache)
      assert.equal("integer", math.type(o.cache))
    end
    for text, shown in pairs {
      ["1536M"] = "*cache 1536M", ["2048M"] = " cache 2G", ["1000"] = "*cache 1000\n", ["0"] = "*cache 0\n",
    } do
      local s = command.describe(declared, (parse("--cache " .. text))) .. "\n"
      assert.is_truthy(s:find(shown, 1, true), s)
    end
    assert.equal("#123456", parse "--ground #123456".ground)
  end)

  it("takes words that are no options where there may be some", function()
    local list = command.declare {{"out", "string", nil, help = "x"}}
    local about = {name = "x", summary = "x", rest = {arg = "RUN", help = "runs"}}
    local values = command.parse(list, {"a", "--out", "b", "c"}, about)
    assert.same({{"a", "c"}, "b"}, {values.rest, values.out})
    assert.same({}, command.parse(list, {}, about).rest)
    about.rest = nil
    assert.same({nil, "unexpected 'a': options begin with --, see --help"}, {command.parse(list, {"a"}, about)})
    assert.is_nil(command.parse(list, {}, about).rest)
  end)

  it("sets other options' defaults by a flag, and names the nearest choice", function()
    local list = command.declare {
      {"lr", "number", 1, help = "x"}, {"loss", "string", "hinge", choices = {"hinge", "wgan"}, help = "x"},
      {"old", "flag", false, sets = {lr = 0.5, loss = "wgan"}, help = "x"},
    }
    local function values(...)
      local v, given = command.parse(list, {...}, {name = "x", summary = "x"})
      return v and {v.lr, v.loss, given.lr or false} or given
    end
    assert.same({1, "hinge", false}, values())
    assert.same({0.5, "wgan", false}, values "--old")
    assert.same({2, "wgan", true}, values("--old", "--lr", "2"))
    assert.equal("--loss: expected hinge or wgan, got 'hinje' (did you mean 'hinge'?)", values("--loss", "hinje"))
    assert.error_matches(function()
      command.declare {{"lr", "number", 1, help = "x"}, {"old", "flag", false, sets = {lt = 1}, help = "x"}}
    end, "command.declare: sets of %-%-old: there is no option 'lt'")
  end)

  it("takes out what turned out to have no meaning", function()
    local list = command.declare {{"a-b", "flag", false, help = "x"}, {"c", "flag", true, help = "x"}}
    local values = {a_b = true, c = true}
    command.drop(list, values, {a_b = true, d = true})
    assert.same({c = true}, values)
    assert.equal(1, #list)
    assert.equal("c", list[1].name)
  end)

  it("puts a list after another, and leaves some out", function()
    local base = {{"size", "integer", 1, alias = {"side"}, help = "x"}, {"lr", "number", 1, help = "x"}}
    local list = command.extend(base, {{"gp", "number", 10, lo = 0, help = "weight"}}, {"size"})
    assert.same({base[2], {"gp", "number", 10, lo = 0, help = "weight"}}, list)
    for what, f in pairs {
      ["command.extend: option '--side' is there already"] = function()
        command.extend(base, {{"side", "integer", 1, help = "x"}})
      end,
      ["option '--help' is there already"] = function() command.extend({}, {{"help", "flag", false, help = "x"}}) end,
      ["entry 2: expected"] = function() command.extend({}, {{"a", "flag", false, help = "x"}, {"b", "flag"}}) end,
      ["without: there is no option '--sise'"] = function() command.extend(base, nil, {"sise"}) end,
    } do
      local ok, message = pcall(f)
      assert.is_false(ok)
      assert.is_truthy(message:find(what, 1, true), message)
    end
  end)

  -- f's result where a line has so many characters.
  local function at(width, f, ...)
    local columns = core.columns
    core.columns = function() return width end
    local text = f(...)
    core.columns = columns
    return text
  end

  it("folds lists, texts and tables into the terminal's width, 100 characters where that is not known", function()
    for width, most in pairs {[0] = 100, [40] = 40, [80] = 80, [200] = 200} do
      local s, longest = at(width, command.describe, declared, (parse "--size 16")), 0
      for line in s:gmatch "[^\n]+" do longest = math.max(longest, #line) end
      assert.is_true(longest <= most and longest > math.min(most, 150) - 40, s)
    end
    assert.equal("one two\nthree four five six seven\n  eight", at(30, command.fold,
      "one two\nthree four five six seven eight"))
    assert.equal("a\n\nb", command.fold "a\n\nb")
    local long = ("x"):rep(40)
    assert.equal(long .. "\n  y", at(30, command.fold, long .. " y"))
  end)

  it("aligns tables, and takes up columns below that there is no room for", function()
    local rows = {{"name", "value", "±", "count"}, {"fid", "12.5", "0.1 ± 0.2", "64"}, {"a longer one", "1", "", "5"}}
    assert.equal("name          value          ±  count\n"
      .. "fid            12.5  0.1 ± 0.2     64\n"
      .. "a longer one      1                 5", at(80, command.table, rows))
    assert.equal("name          value          ±\nfid            12.5  0.1 ± 0.2\na longer one      1\n\n"
      .. "name          count\nfid              64\na longer one      5", at(31, command.table, rows))
    assert.equal("x", command.table {{"x"}})
  end)

  it("marks what is not the default", function()
    local s = command.describe(declared, (parse "--size 16 --steps 5"))
    assert.is_truthy(s:find("*size 16", 1, true))
    assert.is_truthy(s:find("*steps 5", 1, true))
    assert.is_truthy(s:find(" batch 64", 1, true))
    assert.is_nil(s:find("*batch", 1, true))
    for line in s:gmatch "[^\n]+" do assert.is_true(#line <= 120, line) end
    assert.same({"unset", "a", "0.5", "64", "true"}, {command.text(nil), command.text "a", command.text(0.5),
      command.text(64.0), command.text(true)})
    assert.equal("dry_run", command.field "dry-run")
  end)

  it("writes words as a shell reads them", function()
    local words = {"lua5.4", "a b", "it's", "$(false)", "x\\y", "*", "-n", "runs/00000-shapes-dcgan-32", "", "\xff;"}
    local pipe <close> = io.popen("printf '[%s]' " .. command.shell(words))
    assert.equal("[" .. table.concat(words, "][") .. "]", pipe:read "a")
    assert.equal("lua5.4 experiments/dcgan.lua", command.shell {"lua5.4", "experiments/dcgan.lua"})
  end)
end)
