-- A page of several runs: valid and whole by itself, what is said of runs that differ, and in a browser one slider for
-- all of them.
local compare = require "gan.show.compare"
local core = require "gan.core"
local lfs = require "lfs"
local markup = require "spec.support.markup"
local report = require "gan.show.report"
local reported = require "spec.support.reported"
local temp = require "spec.support.temp"

local dir, a, b

describe("show.compare", function()
  setup(function()
    dir = temp.dir()
    lfs.mkdir(dir .. "/other")
    a = reported.run(dir, "first" .. reported.NASTY, {log = "done: 1000 steps\n", version = core.version_string})
    b = reported.run(dir, "second", {records = 30, lr = 0.125, pictures = {100, 300}})
    temp.write(b .. "/metric-kid.jsonl", '{"metric":"kid","step":300,"value":0.75,"n_fake":32}\n')
  end)
  teardown(temp.clean)

  it("is a valid page that asks for nothing, with the curves of all runs in one picture", function()
    local text, told = compare.page {a, b}
    local all = markup.read(text)
    assert.same({}, markup.outside(text, all))
    assert.same({b .. " is not finished: compared up to step 200",
      b .. " is a run of version 1, this is " .. core.version_string}, told)
    local groups, charts = 0, {}
    for _, e in ipairs(all) do
      if e.class == "shots" then groups = groups + 1 end
      if e["data-chart"] then charts[e["data-chart"]] = true end
    end
    assert.equal(2, groups)
    assert.is_true(charts.loss and charts.belief)
    for _, words in ipairs {
      ">--lr</th><td>0.5</td><td>0.125</td>", ">version</th>", "first" .. "a&lt;b&gt;&amp;&#39;q&quot;: loss of D",
      "second: loss of D", ">state</th><td>done</td><td>running</td>",
      "KID, last (n_fake 64)</th><td>0.25 ± 0.05 at step 200</td><td></td>",
      "KID, last (n_fake 32)</th><td></td><td>0.75 at step 300</td>",
      "KID, greatest</th><td>0.5 ± 0.1 at step 100</td>", "data-steps=\"[0,10,50,100,200,300]\"",
    } do assert.is_truthy(text:find(words, 1, true), words) end
    assert.is_nil(text:find(">--batch</th>", 1, true)) -- the same in both
    assert.is_nil(text:find("a<b", 1, true))
  end)

  it("runs over images, or passes, as well", function()
    local last = {step = '"hi":300', kimg = '"hi":3'}
    for axis, hi in pairs(last) do
      local text = compare.page({a, b}, {x = axis})
      assert.equal(axis, text:match 'data%-axis="(%a+)"')
      assert.is_truthy(text:match('"loss":{[^[]*'):find(hi, 1, true), text:match('"loss":{[^[]*'))
    end
    assert.has_error(function() compare.page({a, b}, {x = "seconds"}) end,
      "show.compare.page: option 'x': expected 'step', 'kimg' or 'epoch', got string 'seconds'")
    assert.has_error(function() compare.page {a} end)
  end)

  it("is made of what there is", function()
    local bare = dir .. "/other/second"
    lfs.mkdir(bare)
    assert.same({nil, bare .. ": no run (it has no stats.jsonl)"}, {compare.page {a, bare}})
    temp.write(bare .. "/stats.jsonl", "")
    local text = compare.page {b, bare, a}
    markup.read(text)
    assert.is_truthy(text:find(">" .. bare:gsub("&", "&amp;"), 1, true)) -- of two names that are alike, the paths
    assert.is_truthy(text:find("There are no pictures yet.", 1, true))
  end)

  it("is made whatever stands in a run's files", function()
    local odd = dir .. "/odd"
    lfs.mkdir(odd)
    temp.write(odd .. "/fakes_000010.png", temp.read(b .. "/fakes_000100.png"))
    for _, settings in ipairs {
      '{"options":[1,2],"networks":7,"data":{"classes":3,"height":"x","images":1.5},"version":[1],"total_steps":"x"}',
      '{"options":{"size":1e300,"lr":[[]]},"data":{"classes":["a",[1]],"height":-3},"conditional":true,"defaults":[1]}',
      '{"options":{"size":8},"data":[1],"conditional":7,"total_steps":1e300,"recipe":null,"networks":{"G":{}}}',
    } do
      for _, stats in ipairs {
        '{"step":0.5,"total":{},"D":1,"kimg":null,"seconds":null,"health":7,"eta":"x"}',
        '{"step":1e300,"D":1e308}\n{"step":2,"total":0.5,"kimg":1e300,"seconds":-1,"images_per_second":null,"why":[]}',
        '{"step":-5,"change":[],"from":{},"to":1}\n{"step":3,"rollback":1,"D":2}\n{"step":3,"notice":{}}',
      } do
        temp.write(odd .. "/options.json", settings)
        temp.write(odd .. "/stats.jsonl", stats)
        temp.write(odd .. "/metric-kid.jsonl", '{"step":2,"value":"x"}\n{"step":3,"value":null,"deviation":[]}')
        markup.read((compare.page {odd, b}))
        markup.read((report.page(odd)))
      end
    end
  end)

  it("moves all runs' pictures by one slider", function()
    local browser = require "spec.support.browser"
    local open, why = browser.open()
    if not open then return pending(why) end
    temp.write(dir .. "/page.html", (compare.page {a, b}))
    local p = open:page(dir .. "/page.html")
    p:wait("document.body.dataset.ready !== undefined", 60)
    local function on()
      return p:eval "[...document.querySelectorAll('.shot.on')].map(f => f.dataset.step).join(' ')"
    end
    assert.equal("200 300", on())
    p:eval "document.querySelector('#shot').focus()"
    p:press "ArrowLeft"
    p:press "ArrowLeft"
    assert.equal("50 100", (on()))
    p:press "Home"
    assert.equal("0 0", on())
    p:eval "document.querySelector('[data-chart=loss]').focus()"
    p:press "End"
    assert.equal("step 300", p:eval "document.querySelector('#cursor').textContent")
    assert.same({}, p.errors)
    open:close()
  end)
end)
