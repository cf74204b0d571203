-- core.folder: names of what lies in a folder, and which of them may be no plain file.
local core = require "gan.core"
local lfs = require "lfs"
local temp = require "spec.support.temp"

describe("core.folder", function()
  after_each(temp.clean)

  it("names what there is, and what may be no plain file", function()
    local dir = temp.dir()
    assert.same({{}, {}}, {core.folder(dir)})
    temp.write(dir .. "/b\nc", "x")
    temp.write(dir .. "/.a", "")
    lfs.mkdir(dir .. "/folder")
    lfs.link(dir .. "/b\nc", dir .. "/link", true)
    lfs.link(dir .. "/none", dir .. "/dangling", true)
    local names, special = core.folder(dir)
    table.sort(names)
    assert.same({".a", "b\nc", "dangling", "folder", "link"}, names)
    for _, name in ipairs {"dangling", "folder", "link"} do assert.is_true(special[name]) end
    if special[".a"] == nil then -- the file system tells
      assert.same({dangling = true, folder = true, link = true}, special)
    end
  end)

  it("says why there is nothing to name", function()
    local dir = temp.dir()
    assert.same({nil, "No such file or directory"}, {core.folder(dir .. "/none")})
    assert.same({nil, "Not a directory"}, {core.folder(temp.write(dir .. "/file", "x"))})
    for _, path in ipairs {7, "", "a\0b", ("x"):rep(5000)} do
      assert.error_matches(function() core.folder(path) end, "folder: bad argument #1 'path'")
    end
    for _ = 1, 2000 do core.folder(dir) end -- more than a process may keep open
  end)
end)
