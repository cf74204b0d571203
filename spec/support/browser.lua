-- Opens pages in a headless Chromium and looks at them, by its DevTools protocol: messages of JSON through two named
-- pipes, so that neither a network nor another language is needed.
--
--   local b, why = browser.open()                   nil and why where there is no Chromium: return pending(why)
--   local page = b:page("/tmp/a.html", {width = 900, height = 600, dark = true})
--   page:go "/tmp/b.html"                           the same, without a new process: four times as fast
--   page:eval "document.title"                      a string, number, boolean, list or table; promises are waited for
--   page:wait("window.ready", 5)                    until it is true, seconds
--   page:press "ArrowRight"                         a key, or text to type with page:type
--   page:screenshot "/tmp/a.png"
--   page.errors, page.requests                      what the console and the page complained of; addresses asked for
--   page:thread_time()                              processor seconds of the page's main thread
--   b:close()
local core = require "gan.core"
local json = require "gan.file.json"
local temp = require "spec.support.temp"

local M = {}

local LIMIT = 300 -- seconds that a browser lives at most: then its pipe ends, and whoever reads gets an error
local NAMES = {"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} -- the first starts fastest
local FLAGS = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-sync "
  .. "--disable-background-networking --disable-component-update --disable-extensions --force-color-profile=srgb "
  .. "--remote-debugging-pipe"

local function found()
  for _, name in ipairs(NAMES) do
    local pipe = io.popen("command -v " .. name .. " 2>/dev/null")
    local path = pipe:read "l"
    pipe:close()
    if path then return path end
  end
end

local Browser, Page = {}, {}
Browser.__index, Page.__index = Browser, Page

--- Starts a browser of its own. Returns nil and a reason where there is none.
function M.open()
  local program = found()
  if not program then return nil, "there is no Chromium (make deps installs it)" end
  local dir = temp.folder()
  local to, from = dir .. "/to", dir .. "/from"
  if not os.execute(("mkfifo '%s' '%s' 2>/dev/null"):format(to, from)) then
    temp.remove(dir)
    return nil, "there is no mkfifo"
  end
  local command = ("env -u LD_PRELOAD HOME='%s' timeout -k 5 %d '%s' %s --user-data-dir='%s/data' about:blank "
    .. "3<'%s' 4>'%s' >'%s/log' 2>&1 </dev/null &"):format(dir, LIMIT, program, FLAGS, dir, to, from, dir)
  os.execute(command)
  -- Opened for both: writing to a browser that died is then no signal that kills this process, too.
  local self = setmetatable({dir = dir, to = assert(io.open(to, "r+b")), from = assert(io.open(from, "rb")), last = 0,
    pages = {}}, Browser)
  self.to:setvbuf "no"
  return self
end

-- One message: what stands before the next zero byte.
function Browser:read()
  local bytes = {}
  for c in function() return self.from:read(1) end do
    if c == "\0" then return assert(json.decode(table.concat(bytes))) end
    bytes[#bytes + 1] = c
  end
  error(("the browser ended, or did not answer within %d seconds: %s"):format(LIMIT,
    temp.read(self.dir .. "/log"):sub(-2000)), 0)
end

-- What happens in a page beside the answers.
local events = {}

events["Runtime.exceptionThrown"] = function(page, p)
  local d = p.exceptionDetails
  table.insert(page.errors, d.exception and d.exception.description or d.text)
end

events["Runtime.consoleAPICalled"] = function(page, p)
  if p.type ~= "error" and p.type ~= "assert" and p.type ~= "warning" then return end
  local words = {}
  for i, a in ipairs(p.args) do words[i] = tostring(a.value or a.description) end
  table.insert(page.errors, p.type .. ": " .. table.concat(words, " "))
end

events["Log.entryAdded"] = function(page, p)
  if p.entry.level == "error" then table.insert(page.errors, p.entry.text .. " " .. (p.entry.url or "")) end
end

events["Network.requestWillBeSent"] = function(page, p) table.insert(page.requests, p.request.url:sub(1, 200)) end

-- A dialog would stop the page until somebody answers.
events["Page.javascriptDialogOpening"] = function(page, p)
  table.insert(page.errors, p.type .. ": " .. p.message)
  page.browser:post("Page.handleJavaScriptDialog", {accept = false}, page.session)
end

events["Page.loadEventFired"] = function(page) page.loads = page.loads + 1 end

function Browser:step()
  local message = self:read()
  local page = self.pages[message.sessionId]
  if page and events[message.method] then events[message.method](page, message.params) end
  return message
end

--- Sends a command, and returns its number.
function Browser:post(method, params, session)
  self.last = self.last + 1
  self.to:write(json.encode {id = self.last, method = method, params = params or {}, sessionId = session}, "\0")
  return self.last
end

--- Sends a command and returns its result; raises where the browser refuses it.
function Browser:send(method, params, session)
  local id = self:post(method, params, session)
  repeat
    local m = self:step()
    if m.id == id then
      if m.error then error(("%s: %s"):format(method, m.error.message), 0) end
      return m.result
    end
  until false
end

function Browser:close()
  if not self.dir then return end
  pcall(self.send, self, "Browser.close")
  while self.from:read(4096) do end -- to its end
  self.to:close()
  self.from:close()
  temp.remove(self.dir)
  self.dir = nil
end

--- Opens a file or an address and waits until it is loaded.
-- opt: width, height, scale (pixels of a screenshot for one of the page); dark, still (prefers reduced motion), print:
-- booleans
function Browser:page(where, opt)
  opt = opt or {}
  local target = self:send("Target.createTarget", {url = "about:blank"}).targetId
  local session = self:send("Target.attachToTarget", {targetId = target, flatten = true}).sessionId
  local page = setmetatable({browser = self, session = session, target = target, errors = {}, requests = {}, loads = 0},
    Page)
  self.pages[session] = page
  for _, domain in ipairs {"Page", "Runtime", "Log", "Network", "Performance"} do page:send(domain .. ".enable") end
  page:send("Emulation.setDeviceMetricsOverride", {width = opt.width or 1000, height = opt.height or 700,
    deviceScaleFactor = opt.scale or 1, mobile = false})
  page:media(opt)
  page:go(where)
  return page
end

function Page:send(method, params) return self.browser:send(method, params, self.session) end

--- Sets how the page is seen. opt: as for `page`.
function Page:media(opt)
  self:send("Emulation.setEmulatedMedia", {media = opt.print and "print" or "screen", features = {
    {name = "prefers-color-scheme", value = opt.dark and "dark" or "light"},
    {name = "prefers-reduced-motion", value = opt.still and "reduce" or "no-preference"}}})
end

--- Goes to a file or an address (file:, data:, about:) and waits until it is loaded; `#...` alone changes the fragment.
function Page:go(where)
  if where:find "^#" then return self:eval("location.hash = " .. json.encode(where)) end
  if not where:find "^%a+:" then
    local pipe = assert(io.popen "pwd")
    if where:sub(1, 1) ~= "/" then where = pipe:read "l" .. "/" .. where end
    pipe:close()
    where = "file://" .. where
  end
  local loads = self.loads
  local result = self:send("Page.navigate", {url = where})
  if result.errorText then error(where .. ": " .. result.errorText, 0) end
  if not result.loaderId then return end -- the same document
  while self.loads == loads do self.browser:step() end
end

--- Loads the page anew, as the browser's button does.
function Page:reload()
  local loads = self.loads
  self:send "Page.reload"
  while self.loads == loads do self.browser:step() end
end

-- A value of JSON with nothing in the place of null.
local function without_null(v)
  if type(v) == "userdata" then return nil end
  if type(v) == "table" then
    for k, e in pairs(v) do v[k] = without_null(e) end
  end
  return v
end

--- Returns the value of an expression; raises what it throws.
function Page:eval(expression)
  local r = self:send("Runtime.evaluate", {expression = expression, returnByValue = true, awaitPromise = true,
    userGesture = true})
  local e = r.exceptionDetails
  if e then error(("%s: %s"):format(expression:sub(1, 200), e.exception and e.exception.description or e.text), 2) end
  return without_null(r.result.value)
end

--- Waits until an expression is true. Raises after so many seconds (10).
function Page:wait(expression, seconds)
  local till = core.clock() + (seconds or 10)
  repeat
    local v = self:eval(expression)
    if v then return v end
    os.execute "sleep 0.02"
  until core.clock() > till
  error("in vain waited for " .. expression, 2)
end

--- Waits until what was asked for is drawn.
function Page:drawn()
  self:eval "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))"
end

local codes = {
  ArrowLeft = 37, ArrowUp = 38, ArrowRight = 39, ArrowDown = 40, Tab = 9, Enter = 13, Escape = 27, Home = 36, End = 35,
  PageUp = 33, PageDown = 34, [" "] = 32,
}
local texts = {Enter = "\r"}

--- Presses a key by its name ("ArrowRight", "Tab", "n"), and lets it go. shift: with the shift key.
function Page:press(key, shift)
  local text = texts[key] or #key == 1 and key or nil
  local p = {key = key, text = text, windowsVirtualKeyCode = codes[key] or #key == 1 and key:upper():byte() or 0,
    modifiers = shift and 8 or 0}
  p.type = text and "keyDown" or "rawKeyDown"
  self:send("Input.dispatchKeyEvent", p)
  p.type, p.text = "keyUp", nil
  self:send("Input.dispatchKeyEvent", p)
end

--- Types a text where the focus is.
function Page:type(text) self:send("Input.insertText", {text = text}) end

--- Presses the mouse's button at a place, moves it to others, lets go.
-- ...: x, y, x, y, ..., in pixels of the page
function Page:drag(...)
  local at = {...}
  for i = 1, #at, 2 do
    self:send("Input.dispatchMouseEvent", {type = i == 1 and "mousePressed" or "mouseMoved", x = at[i], y = at[i + 1],
      button = "left", buttons = 1, clickCount = 1})
  end
  self:send("Input.dispatchMouseEvent", {type = "mouseReleased", x = at[#at - 1], y = at[#at], button = "left",
    buttons = 0, clickCount = 1})
end

--- Clicks on the middle of the first element that a selector finds.
function Page:click(selector)
  local at = self:eval(([[(() => {
    const e = document.querySelector(%s);
    e.scrollIntoView({block: "center"});
    const r = e.getBoundingClientRect();
    return [r.x + r.width / 2, r.y + r.height / 2];
  })()]]):format(json.encode(selector)))
  self:drag(at[1], at[2])
end

--- Writes a PNG of the window; whole: of the page, however long.
function Page:screenshot(path, whole)
  local data = self:send("Page.captureScreenshot", {format = "png", captureBeyondViewport = whole or false,
    fromSurface = true, clip = whole and self:whole() or nil}).data
  local text = temp.write(self.browser.dir .. "/shot", data)
  assert(os.execute(("base64 -d '%s' >'%s'"):format(text, path)))
end

function Page:whole()
  local size = self:eval "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
  return {x = 0, y = 0, width = size[1], height = size[2], scale = 1}
end

--- Returns the processor seconds that the page's main thread has taken.
function Page:thread_time()
  for _, m in ipairs(self:send "Performance.getMetrics".metrics) do
    if m.name == "ThreadTime" then return m.value end
  end
end

function Page:close()
  self.browser.pages[self.session] = nil
  self.browser:send("Target.closeTarget", {targetId = self.target})
end

return M
