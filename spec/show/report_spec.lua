-- A run's page: what is in it, that it asks for nothing, that it is valid whatever a run is called, how large it is;
-- and in a browser, that it moves and keeps its place.
local chart = require "gan.show.chart"
local gallery = require "gan.show.gallery"
local html = require "gan.show.html"
local json = require "gan.file.json"
local lfs = require "lfs"
local markup = require "spec.support.markup"
local page = require "gan.show.page"
local report = require "gan.show.report"
local reported = require "spec.support.reported"
local temp = require "spec.support.temp"

local NASTY = reported.NASTY
local dir

local function run(name, o) return reported.run(dir, name, o) end

-- Relative luminance of #rrggbb. Source: WCAG 2.1.
local function luminance(colour)
  local sum = 0
  for k, weight in ipairs {0.2126, 0.7152, 0.0722} do
    local v = tonumber(colour:sub(2 * k, 2 * k + 1), 16) / 255
    sum = sum + weight * (v <= 0.03928 and v / 12.92 or ((v + 0.055) / 1.055) ^ 2.4)
  end
  return sum
end

local function contrast(a, b)
  local x, y = luminance(a), luminance(b)
  return (math.max(x, y) + 0.05) / (math.min(x, y) + 0.05)
end

describe("show.report", function()
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  it("writes base64 and escapes as their standards say", function()
    for s, expected in pairs {[""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=",
      foobar = "Zm9vYmFy", ["\0\255\254"] = "AP/+"} do assert.equal(expected, html.base64(s)) end
    for _, n in ipairs {8192, 8193, 16384} do -- at the joints of its chunks
      local long = ("foobar"):rep(n // 2) .. "fo"
      assert.is_true(html.base64(long) == ("Zm9vYmFy"):rep(n // 2) .. "Zm8=", n)
    end
    assert.equal("&lt;a&gt;&amp;&quot;&#39;\\x00\\xff\\u{202e}", html.text "<a>&\"'\0\xff\u{202e}")
    assert.equal("50% &lt; <b> 1.5", html.format("%d%% %s %h %.1f", 50, "<", "<b>", 1.5))
    assert.equal('{"a":"\\u003c/script>"}', html.json '{"a":"</script>"}')
  end)

  it("thins pictures by the logarithm of their steps", function()
    local list = {}
    for _, s in ipairs {0, 10, 50, 200} do list[#list + 1] = {step = s} end
    for s = 500, 10000, 500 do list[#list + 1] = {step = s} end
    local steps = {}
    for i, e in ipairs(gallery.thin(list, 12)) do steps[i] = e.step end
    assert.same({0, 10, 50, 200, 500, 1000, 1500, 2000, 3000, 4000, 6000, 10000}, steps)
    assert.equal(24, #gallery.thin(list, 24))
  end)

  it("can be read on light and dark", function()
    for name, theme in pairs(page.themes) do
      for _, word in ipairs {"ink", "soft", "link", "bad", "good", "mark"} do
        for _, ground in ipairs {"back", "panel"} do
          local c = contrast(theme[word], theme[ground])
          assert.is_true(c >= 4.5, ("%s: %s on %s: %.2f"):format(name, word, ground, c))
        end
      end
      for k, pair in ipairs(chart.colours) do
        local c = contrast(pair[name == "light" and 1 or 2], theme.back)
        assert.is_true(c >= 3, ("%s: line %d: %.2f"):format(name, k, c))
      end
    end
  end)

  it("is a valid page that asks for nothing, whatever a run and its classes are called", function()
    local path = run(NASTY, {})
    local text = assert(report.page(path))
    local all = markup.read(text) -- raises where tags do not match
    assert.same({}, markup.outside(text, all))
    local ids = {}
    for _, e in ipairs(all) do
      if e.tag == "img" then
        assert.is_truthy(e.alt and e.alt ~= "" and tonumber(e.width) and tonumber(e.height))
      end
      if e.id then
        assert.is_nil(ids[e.id], "twice: " .. e.id)
        ids[e.id] = true
      end
    end
    for _, e in ipairs(all) do
      for word in (e["aria-labelledby"] or ""):gmatch "%S+" do assert.is_true(ids[word], word) end
    end
    for _, words in ipairs {
      "a&lt;b&gt;&amp;&#39;q&quot;", "rows: cat &lt;1&gt;, dog &quot;2&quot;", "G &lt;net&gt;",
      "--lr: 0.2, before 0.1", "checkpoint &lt;damaged&gt;", "health: D too strong (D(x) 1.000 &lt;x&gt;)",
      "own&lt;i&gt;", "n_fake 64", "4 samples at step 200, 2 rows", "4 real images, 2 rows", "1 not finite",
      "experiments/generate.lua --run", "--resume", ">--lr</th><td>0.5</td><td>0.25</td>", "step <b>200</b> of 1,000",
    } do assert.is_truthy(text:find(words, 1, true), words) end
    assert.is_nil(text:find("a<b", 1, true))
    assert.is_table(json.decode(text:match '<script type="application/json" id="data">(.-)</script>'))
  end)

  it("tells how the run stands", function()
    for name, case in pairs {
      running = {"", "running"}, done = {"done: 1000 steps; pictures: x\n", "done"},
      stopped = {"stopped after step 20 of 1000, all is saved\n", "stopped"},
      again = {"stopped after step 20 of 1000\nruns/x: goes on from step 20\n", "running"},
    } do
      local text = assert(report.page(run(name, {log = case[1], pictures = {}, records = 2})))
      assert.is_truthy(text:find(('class="state %s"'):format(case[2]), 1, true), name)
      assert.equal(case[2] == "running", text:find("data-refresh=", 1, true) ~= nil, name)
    end
    local text = assert(report.page(dir .. "/running", {ended = "step 3: D is <NaN>"}))
    assert.is_truthy(text:find('class="state failed"', 1, true) and text:find("D is &lt;NaN&gt;", 1, true))
    assert.is_nil(text:find("data-refresh=", 1, true))
  end)

  it("is made of what there is", function()
    local path = dir .. "/bare"
    lfs.mkdir(path)
    assert.same({nil, path .. ": no run (it has no stats.jsonl)"}, {report.page(path)})
    temp.write(path .. "/stats.jsonl", "")
    temp.write(path .. "/options.json", "[1,")
    temp.write(path .. "/fakes_000010.png", "no picture")
    temp.write(path .. "/reals.png", "")
    markup.read(assert(report.page(path)))
    temp.write(path .. "/stats.jsonl", '{"step":1,"D":2}')
    local alone = report.page(path):match '<path class="raw" d="(M[%d.]+ [%d.]+h6)"/>'
    assert.is_truthy(alone) -- one record can be seen
    temp.write(path .. "/stats.jsonl", '{"step":1,"D":null}\n{"step":1,"D":1e308}\n{"step":"x","D":1}\n{"D":2}\n')
    markup.read(assert(report.page(path)))
    assert.has_error(function() report.page(path, {other = 1}) end,
      "show.report.page: unknown option 'other' (known: ended)")
  end)

  it("stays small, and keeps extremes and the newest picture, however long a run is", function()
    local pictures = {10, 50, 200}
    for s = 1000, 10000, 1000 do pictures[#pictures + 1] = s end
    local path = run("long", {records = 2500, every = 4, size = 64, tiles = 64, columns = 8, pictures = pictures,
      total = 10000})
    local lines = temp.read(path .. "/stats.jsonl"):gsub('"D":[%d.]+(,[^\n]*"step":6664,)', '"D":987%1')
    temp.write(path .. "/stats.jsonl", lines)
    local began = os.clock()
    local text = assert(report.page(path))
    local seconds = os.clock() - began
    assert.is_true(#text < 5e6, #text .. " bytes")
    assert.is_true(seconds < 20, seconds .. " s")
    assert.is_truthy(text:find("greatest 987", 1, true))
    assert.is_truthy(text:match('"n":"D","x":[^%]]*%],"y":[^%]]*'):find("987", 1, true))
    local all, shown = markup.read(text), {}
    for _, e in ipairs(all) do
      if e["data-step"] and e.tag == "figure" then shown[#shown + 1] = tonumber(e["data-step"]) end
    end
    assert.is_true(#shown >= 4 and shown[1] == 0 and shown[#shown] == 10000, table.concat(shown, " "))
    assert.is_truthy(text:find("64 samples at step 10,000, 8 rows", 1, true))
  end)

  it("costs a hundredth of the time, and stops no run", function()
    local path, now = run("writer", {}), 0
    local writer = report.writer(path, function() return now end)
    assert.is_nil(writer:update())
    assert.is_true(lfs.attributes(path .. "/report.html", "size") > 1e4)
    assert.is_truthy(temp.read(dir .. "/index.html"):find('href="writer/report.html"', 1, true))
    local function changes(seconds)
      os.remove(path .. "/report.html")
      now = now + seconds
      assert.is_nil(writer:update())
      return lfs.attributes(path .. "/report.html") ~= nil
    end
    assert.is_false(changes(4.9))
    assert.is_true(changes(3600))
    local wait, clock, at = writer.wait, os.clock, 0
    assert.is_true(wait >= 5)
    rawset(os, "clock", function() at = at + 2 return at end)
    local ok = pcall(changes, 3600)
    rawset(os, "clock", clock)
    assert.same({true, 200}, {ok, writer.wait}) -- 2 s of the processor
    temp.remove(path)
    assert.matches("no such run", writer:update(true))
    assert.is_nil(writer:update(true)) -- said once
  end)

  describe("in a browser", function()
    local browser = require "spec.support.browser"
    local b, why
    before_each(function() b, why = browser.open() end)
    after_each(function() if b then b:close() end end)

    local function open(path, opt)
      local shown = b:page(path .. "/report.html", opt or {width = 1000, height = 700})
      assert.is_true(shown:wait("document.body.dataset.ready !== undefined", 60))
      return shown
    end

    it("moves by keys, tells values, and keeps its place when it is loaded anew", function()
      if not b then return pending(why) end
      local path = run("browsed " .. NASTY:gsub("[\"]", ""), {})
      report.writer(path):update(true)
      local p = open(path)
      local function on() return p:eval "document.querySelector('.shot.on').dataset.step" end
      local function hash() return p:eval "location.hash" end
      assert.equal("200", on())
      p:eval "document.querySelector('#shot').focus()"
      p:press "ArrowLeft"
      assert.same({"50", "#step=50"}, {on(), hash()})
      p:press "Home"
      assert.equal("0", on())
      p:press "End"
      assert.same({"200", ""}, {on(), (hash():gsub("^#", ""))}) -- the newest, whichever it is
      p:press "Home"
      p:eval "document.querySelector('[data-chart=loss]').focus()"
      p:press "End"
      p:press "ArrowLeft"
      assert.equal("step 190", p:eval "document.querySelector('#cursor').textContent")
      local d = tonumber(p:eval "document.querySelector('output[data-of=loss][data-k=\"0\"]').textContent")
      assert.is_true(math.abs(d - (1 + math.sin(19))) < 1e-3, d)
      p:eval "document.querySelector('#networks').open = true"
      p:eval "const w = document.querySelector('#w'); w.value = '9'; w.onchange()"
      p:eval "scrollTo(0, 300)"
      assert.is_true(p:wait("location.hash.includes('networks')", 10))
      p:reload()
      assert.is_true(p:wait("document.body.dataset.ready !== undefined", 60))
      assert.same({"0", "step 190", "9", true}, {on(), p:eval "document.querySelector('#cursor').textContent",
        p:eval "document.body.dataset.w", p:eval "document.querySelector('#networks').open"})
      assert.is_true(p:wait("scrollY === 300", 10), tostring(p:eval "scrollY"))
      assert.is_true(p:eval "document.querySelector('#refresh').textContent === 'refresh: 10 s'")
      assert.same({}, p.errors)
      for _, address in ipairs(p.requests) do
        assert.is_truthy(address:find "^file://" or address:find "^data:", address)
      end
    end)

    it("opens in a second, reaches everything by Tab, and reads in light and dark", function()
      if not b then return pending(why) end
      local path = run("tabs", {records = 10000, every = 1, total = 10000, size = 32, tiles = 64, columns = 8})
      report.writer(path):update(true)
      for _, dark in ipairs {false, true} do
        local p = open(path, {width = 1000, height = 700, dark = dark})
        assert.is_true(p:thread_time() < 1, p:thread_time() .. " s of the processor")
        assert.equal(0, p:eval [[(() => { let bad = 0;
          document.querySelectorAll("button, select, input, summary, a[href], svg[data-chart], pre").forEach(e => {
            if (e.tabIndex < 0) bad++; });
          return bad; })()]])
        local theme = page.themes[dark and "dark" or "light"]
        local r, g, bl = p:eval("getComputedStyle(document.body).backgroundColor"):match "(%d+), (%d+), (%d+)"
        assert.equal(theme.back, ("#%02x%02x%02x"):format(r, g, bl))
        assert.same({}, p.errors)
        p:close()
      end
    end)
  end)
end)
