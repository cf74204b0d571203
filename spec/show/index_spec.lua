-- The page of all runs: what is in it, that nobody else's page is written over, that several processes may write it.
local browser = require "spec.support.browser"
local index = require "gan.show.index"
local lfs = require "lfs"
local markup = require "spec.support.markup"
local report = require "gan.show.report"
local reported = require "spec.support.reported"
local script = require "spec.support.script"
local temp = require "spec.support.temp"

local dir

-- Writes a run's page, beginning with its card.
local function publish(path) temp.write(path .. "/report.html", assert(report.page(path))) end

describe("show.index", function()
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  it("shows all runs of a folder, whatever they are called, by what their own pages begin with", function()
    local nasty = reported.run(dir, reported.NASTY, {pictures = {10}, log = "done: 20 steps\n"})
    publish(nasty)
    local other = reported.run(dir, "other 2", {pictures = {}})
    assert.is_false(index.has_card(other))
    lfs.mkdir(dir .. "/no run")
    assert.equal(dir .. "/index.html", index.write(dir))
    local text = temp.read(dir .. "/index.html")
    local all = markup.read(text)
    for _, words in ipairs {
      ">a&lt;b&gt;&amp;&#39;q&quot;</a>", '<a href="other%202/">other 2</a>', "compare.lua --index reads it",
      'src="a%3Cb%3E%26%27q%22/fakes_000010.png"', ">200 of 1,000<", ">KID 0.25<", "state done", "D too strong",
      ">dcgan<",
    } do assert.is_truthy(text:find(words, 1, true), words) end
    assert.is_nil(text:find("no run", 1, true))
    assert.is_nil(text:find("data-refresh", 1, true)) -- nothing trains
    local pictures = 0
    for _, e in ipairs(all) do
      if e.tag == "img" then pictures = pictures + 1 end
    end
    assert.equal(1, pictures)
    -- Once it is made, nothing but beginnings of pages is read: a run's history may be gone.
    temp.write(nasty .. "/stats.jsonl", "")
    os.remove(nasty .. "/options.json")
    assert.is_truthy(index.write(dir))
    assert.is_truthy(temp.read(dir .. "/index.html"):find(">200 of 1,000<", 1, true))
  end)

  it("says when a run that trains has not been heard of", function()
    local path = reported.run(dir, "a", {pictures = {}})
    publish(path)
    index.write(dir)
    local text = temp.read(dir .. "/index.html")
    assert.is_truthy(text:find('<span class="state running">running</span>', 1, true) and text:find "data%-refresh")
    local old = temp.read(path .. "/report.html"):gsub('"at":%d+', '"at":1000000000')
    temp.write(path .. "/report.html", old)
    index.write(dir)
    text = temp.read(dir .. "/index.html")
    assert.is_truthy(text:find('<span class="state running">may have ended</span>', 1, true))
    assert.is_nil(text:find "data%-refresh")
  end)

  it("is made whatever cards say, and leaves somebody else's index.html as it is", function()
    local path = reported.run(dir, "a", {pictures = {}})
    for _, card in ipairs {"", "[1", "7", "{}", '{"step":"x","numbers":7,"at":-1,"state":[1],"picture":"../../x"}',
      '{"numbers":[1,{},"k"],"total":1e300,"recipe":"<b>","at":9223372036854775807}'} do
      temp.write(path .. "/report.html", '<script type="application/json" id="card">' .. card .. "</script>")
      assert.is_truthy(index.write(dir))
      markup.read(temp.read(dir .. "/index.html"))
    end
    temp.write(dir .. "/index.html", "<title>mine</title>")
    assert.same({nil, dir .. "/index.html is not a page of runs: it stays as it is"}, {index.write(dir)})
    assert.equal("<title>mine</title>", temp.read(dir .. "/index.html"))
    local said = report.writer(path):update(true)
    assert.equal(dir .. "/index.html is not a page of runs: it stays as it is", said)
  end)

  it("knows in the end what each of several processes wrote", function()
    local writing, count = {}, 3
    for k = 1, count do
      local path = reported.run(dir, "run" .. k, {pictures = {}, records = 3})
      temp.write(dir .. "/write" .. k .. ".lua", ([[
        package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
        package.cpath = (os.getenv "GAN_BUILD" or "build") .. "/?.so;" .. package.cpath
        require "gan.wait"
        local writer = require "gan.show.report".writer(%q)
        for n = 1, 12 do
          if n == 12 then
            local f = io.open(%q, "a")
            f:write "done: 30 steps\n"
            f:close()
          end
          assert(not writer:update(true))
        end]]):format(path, path .. "/log.txt"))
      writing[k] = script.start(dir .. "/write" .. k .. ".lua", "")
    end
    local whole, alive = 0, true
    while alive do
      alive = false
      for _, p in ipairs(writing) do alive = p.alive() or alive end
      local file = io.open(dir .. "/index.html", "rb")
      if file then
        assert.is_truthy(file:read "a":find "</html>\n$")
        file:close()
        whole = whole + 1
      end
    end
    for _, p in ipairs(writing) do assert.equal(0, (p.wait())) end
    assert.is_true(whole > 0)
    local _, done = temp.read(dir .. "/index.html"):gsub('class="state done"', "")
    assert.equal(count, done)
  end)

  it("opens in a browser, with the pictures beside it", function()
    local b, why = browser.open()
    if not b then return pending(why) end
    publish(reported.run(dir, "a 'b' #1", {pictures = {10}}))
    index.write(dir)
    local p = b:page(dir .. "/index.html")
    p:wait("document.body.dataset.ready !== undefined && document.images[0].naturalWidth > 0", 60)
    assert.same({}, p.errors)
    p:click "tbody a"
    p:wait("document.title.endsWith('running') && document.querySelector('#shot') !== null", 60)
    b:close()
  end)
end)
