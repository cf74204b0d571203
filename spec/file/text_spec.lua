-- Text files: folders made, whole files and lines; link and rewind are in train/directory_spec.
local text = require "gan.file.text"
local lfs = require "lfs"
local temp = require "spec.support.temp"

describe("file.text", function()
  local dir
  before_each(function() dir = temp.dir() end)
  after_each(temp.clean)

  it("makes folders, with those above them", function()
    assert.is_true(text.make_folder(dir .. "/a/b//c/"))
    assert.equal("directory", lfs.attributes(dir .. "/a/b/c", "mode"))
    assert.is_true(text.make_folder(dir .. "/a/b/c")) -- it is there
    assert.is_true(text.make_folder "/")
    local here = lfs.currentdir()
    lfs.chdir(dir)
    local ok = text.make_folder "d/e"
    lfs.chdir(here)
    assert.is_true(ok)
    assert.same({"a", "d"}, temp.list(dir))
    assert.equal("directory", lfs.attributes(dir .. "/d/e", "mode"))
  end)

  it("knows the folder of a file, also of a bare name", function()
    for path, folder in pairs {["a/b.x"] = "a", ["/a/b/c"] = "/a/b", ["/a"] = "/", ["a"] = ".", ["./a"] = "."} do
      assert.equal(folder, text.folder_of(path), path)
    end
  end)

  it("says where no folder can be made", function()
    temp.write(dir .. "/file", "x")
    assert.same({nil, dir .. "/file: expected a directory, found a file"}, {text.make_folder(dir .. "/file/a")})
    assert.same({nil, dir .. "/file: expected a directory, found a file"}, {text.make_folder(dir .. "/file")})
    local ok, message = text.make_folder "/proc/nothing/here"
    assert.is_nil(ok)
    assert.is_truthy(message:find("/proc/nothing: cannot make the directory: ", 1, true), message)
  end)

  it("knows what a name says of its file", function()
    for path, extension in pairs {["a/b.PNG"] = "png", ["x.tar.gz"] = "gz", ["a.b/c"] = "none", ["lr0.001"] = "none",
      [".hidden"] = "none", ["x."] = "none", ["m.mp3"] = "mp3"} do
      assert.equal(extension, text.extension(path) or "none", path)
    end
    assert.is_true(text.says("x.Svg", "svg", "plots are written as SVG"))
    assert.is_true(text.says("x", "svg", "plots are written as SVG"))
    assert.same({nil, "x.png: plots are written as SVG: give a name that ends in .svg"},
      {text.says("x.png", "svg", "plots are written as SVG")})
  end)

  it("lists the sub-folders that have a file", function()
    for _, name in ipairs {"b", "a", "c", ".d"} do text.make_folder(dir .. "/" .. name) end
    for _, name in ipairs {"a", "b", ".d"} do temp.write(("%s/%s/x"):format(dir, name), "") end
    lfs.mkdir(dir .. "/c/x")
    assert.same({"a", "b"}, text.folders_with(dir, "x"))
    assert.same({}, text.folders_with(dir .. "/none", "x"))
  end)

  it("asks once what a file is: a second question may have no answer", function()
    local path, asked, attributes = dir .. "/a", 0, lfs.attributes
    temp.write(path, "abc")
    rawset(lfs, "attributes", function(...)
      asked = asked + 1
      if asked == 1 then return attributes(...) end
      return nil, "input/output error", 5
    end)
    local ok, content = pcall(text.read, path)
    rawset(lfs, "attributes", attributes)
    assert.is_true(ok)
    assert.equal("abc", content)
  end)

  it("reads, writes and lists", function()
    local path = dir .. "/b"
    assert.is_true(text.write(path, "one\n\0two"))
    assert.equal("one\n\0two", text.read(path))
    temp.write(dir .. "/.hidden", "")
    temp.write(dir .. "/a", "")
    assert.same({"a", "b"}, text.names(dir))
    assert.is_true(text.exists(path))
    assert.is_false(text.exists(dir .. "/c"))
    assert.is_false(text.exists(path .. "/c")) -- a file is no folder
    assert.is_false(text.exists(dir .. "/" .. ("c"):rep(300)))
    local open = io.open
    for code, there in pairs {[2] = false, [5] = true, [13] = true, [20] = false, [24] = true, [28] = true} do
      io.open = function() return nil, path .. ": why", code end -- luacheck: ignore
      local ok, found = pcall(text.exists, path)
      io.open = open -- luacheck: ignore
      assert.is_true(ok)
      assert.equal(there, found, code)
    end
    assert.same({nil, dir .. "/c: no such folder"}, {text.names(dir .. "/c")})
    assert.same({nil, dir .. ": cannot read"}, {text.read(dir)})
    for _, f in ipairs {text.read, text.json_lines} do
      local ok, message = f(dir .. "/c")
      assert.is_nil(ok)
      assert.is_truthy(message:find(dir .. "/c: ", 1, true), message)
    end
    assert.is_nil((text.write(dir .. "/c/d", "x")))
  end)

  it("appends lines, and reads those that are JSON objects", function()
    local path = dir .. "/x.jsonl"
    for _, line in ipairs {'{"a":1}', "half {", "3", '{"a":2}'} do assert.is_true(text.append_to(path, line)) end
    assert.same({{value = {a = 1}, line = '{"a":1}'}, {value = {a = 2}, line = '{"a":2}'}}, text.json_lines(path))
    assert.same({nil, dir .. "/c/d: No such file or directory"}, {text.append_to(dir .. "/c/d", "x")})
  end)
end)
