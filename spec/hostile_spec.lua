-- options.json, and what a checkpoint tells of its run, may be anybody's: whatever stands there, every program that
-- reads it goes on, or ends with one line and exit code 1.
local command = require "gan.command"
local directory = require "gan.train.directory"
local files = require "spec.support.files"
local gan = require "gan"
local inside = require "spec.support.inside"
local json = require "gan.file.json"
local lfs = require "lfs"
local options = require "gan.train.options"
local temp = require "spec.support.temp"

local checkpoint = gan.file.safetensors
local declared = command.declare(options.training, nil, {size = {16, 32, 64, 128}})

local WORDS = "--data fake --limit 8 --size 16 --ngf 2 --ndf 2 --z 4 --batch 4 --threads 1 --snap 0 "

-- JSON texts. Few options can have any of them.
local HOSTILE = {
  "null", '"x"', '""', "-1", "1e300", "0.5", "9223372036854775807", "true", '{"a":[1,2]}', "[3,4]", '"\\u0000"',
  '"a\\nb\\u009b"', ('"%s"'):format(("y"):rep(20000)), "1e999", "NaN",
}

-- Programs that look at a run, with its path and a folder for what they write.
local LOOK = {
  explore = "--threads 1 --run %s --out %s/x.html",
  atlas = "--steps 1 --features pixels --threads 1 --run %s --out %s/x.png",
}

describe("hostile options", function()
  local dir, path, last, words, text, tree, own_options
  setup(function()
    dir = temp.dir()
    path = dir .. "/00000-fake-dcgan-16"
    last = path .. "/checkpoint_last.safetensors"
    words = WORDS .. "--steps 1 --name 00000-fake-dcgan-16 --outdir " .. dir
    assert.equal(0, (inside.run("experiments/dcgan.lua", words)))
    text, tree = temp.read(path .. "/options.json"), assert(checkpoint.load(last))
    own_options = tree.run.options
  end)
  teardown(temp.clean)

  -- Runs a program, which must end well, or with one line: its exit code, that line.
  local function survives(program, typed, what)
    local code, _, err = inside.run(("experiments/%s.lua"):format(program), typed)
    local one_line = code == 1 and err:find "^[^\n]+\n$" and not err:find("traceback", 1, true)
    assert.is_true(code == 0 or one_line and true,
      ("%s %s of %s: %s %s"):format(program, typed, what:sub(1, 99), code, err:sub(1, 400)))
    return code, err
  end

  -- The same command, and that which names the run.
  local function goes_on(what)
    local same = survives("dcgan", words, what)
    return same, (survives("dcgan", "--resume " .. path, what))
  end

  local function told(message, file)
    assert.equal(file .. ": ", message:sub(1, #file + 2))
    assert.is_true(not message:find "[%c\x7f]" and #message < 400, message)
  end

  -- The run's options as JSON, with another value of one.
  local function with(all, field, value)
    local t = {}
    for k, v in pairs(all) do t[k] = v end
    t[field] = "@"
    return (json.encode(t):gsub('"@"', function() return value end))
  end

  -- Calls f(JSON of options with a hostile value, what it is).
  local function each(all, f)
    for _, d in ipairs(declared) do
      for _, value in ipairs(HOSTILE) do f(with(all, d.field, value), ("%s = %s"):format(d.name, value)) end
    end
  end

  it("in options.json end in one line, or change nothing", function()
    local refused, went_on, whole = 0, 0, json.decode(text)
    each(whole.options, function(own, what)
      temp.write(path .. "/options.json", (with(whole, "options", own)))
      local run, message = directory.read_options(path, declared)
      refused = refused + (run and 0 or 1)
      if run then
        went_on = went_on + (survives("dcgan", "--resume " .. path, what) == 0 and 1 or 0)
      else
        told(message, path .. "/options.json")
        if refused % 40 == 0 then assert.same({1, 1}, {goes_on(what)}) end -- refused here is refused everywhere
      end
    end)
    assert.is_true(refused > 300 and went_on > 20, ("%d %d"):format(refused, went_on))
  end)

  it("in a checkpoint end in one line, too", function()
    temp.write(path .. "/options.json", text)
    local refused, opened = 0, 0
    each(json.decode(tree.run.options), function(own, what)
      tree.run.options = own
      assert(checkpoint.save(last, tree))
      local trained, message = gan.train.trained.open(last)
      refused, opened = refused + (trained and 0 or 1), opened + (trained and 1 or 0)
      if not trained then told(message, last) end
      if trained and opened % 8 == 0 or refused % 40 == 0 then
        survives("generate", ("--run %s --seeds 1 --out %s/x.png --threads 1"):format(path, dir), what)
        survives("evaluate", ("--run %s --n 4 --metrics kid --features pixels --threads 1"):format(path), what)
        survives("dcgan", ("--resume %s --name new --outdir %s --steps 2"):format(last, dir), what)
        for program, more in pairs(LOOK) do survives(program, more:format(path, dir), what) end
        temp.remove(dir .. "/new")
      end
    end)
    assert.is_true(refused > 300 and opened > 20, ("%d %d"):format(refused, opened))
  end)

  it("in files of a run that are broken end in one line, which names the file", function()
    temp.write(path .. "/options.json", text)
    tree.run.options = own_options
    assert(checkpoint.save(last, tree))
    local whole = temp.read(last)
    local function looked_at(what, expected, file)
      for program, more in pairs(LOOK) do
        local code, err = survives(program, more:format(path, dir), what)
        assert.equal(expected, code, err)
        if expected == 1 then assert.is_truthy(err:find(file, 1, true), err) end
      end
    end
    for _, bytes in ipairs {"", "x", whole:sub(1, 7), whole:sub(1, #whole // 2), whole:sub(1, -2), whole .. "x",
      whole:gsub("dcgan", "dcgaN"), whole:gsub('"F32"', '"F33"'), ("\0"):rep(4096), ("\255"):rep(4096)} do
      temp.write(last, bytes)
      looked_at(bytes:sub(1, 20), 1, last)
    end
    temp.write(last, whole)
    for _, bytes in ipairs {"", "x", whole} do -- directions that are none; the map does not look at them
      temp.write(path .. "/directions.safetensors", bytes)
      local code, err = survives("explore", LOOK.explore:format(path, dir), bytes:sub(1, 20))
      assert.equal(1, code)
      assert.is_truthy(err:find("directions.safetensors", 1, true), err)
    end
    temp.remove(path .. "/directions.safetensors")
    looked_at("a whole one", 0)
  end)

  it("of any other shape end in one line", function()
    temp.write(last, "")
    local data = '"data":{"images":8,"height":16,"width":16,"channels":3,"checksum":"x"'
    for i, own in ipairs {
      "", "{", "[]", "7", "null", '{"options":7}', '{"options":[]}', '{"options":null}', ("["):rep(3000), "\0\255",
      '{"options":{"z":4,"z":"x"}}', '{"options":{"":1,"a\\nb":[{}]}}', '{"recipe":[],"total_steps":"x","options":{}}',
      '{"options":{},"data":7}', '{"options":{},"data":[]}', '{"options":{},"data":null}', '{"options":{},"data":{}}',
      '{"options":{},"data":{"images":"8"}}', ('{"options":{},%s,"classes":7}}'):format(data),
      ('{"options":{},%s,"classes":[1,[2]]}}'):format(data), ('{"options":{},%s,"classes":{"a":1}}}'):format(data),
      ('{"options":{},%s}}'):format(data), ('{"options":{"blocks":3},%s}}'):format(data),
      ('{"options":{"batch":6,"blocks":4},%s}}'):format(data), ('{"options":{"nz":"x"},%s}}'):format(data),
    } do
      temp.write(path .. "/options.json", own)
      assert.same({1, 1}, {goes_on(own)})
      if i % 12 == 0 then -- who looks for a run among all, and those who do not train
        survives("dcgan", WORDS .. "--dry-run --outdir " .. dir, own)
        survives("generate", "--run " .. path, own)
        survives("evaluate", "--run " .. path, own)
        survives("compare", ("%s %s/other --out %s/x.html"):format(path, dir, dir), own)
        survives("plot", ("--run %s --out %s/x.svg"):format(path, dir), own)
      end
    end
  end)
end)

-- Annotations may be anybody's, too: what is wrong in them is listed, and nothing is raised, waited for or believed.
describe("hostile annotations", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local bomb = {'<!DOCTYPE a [<!ENTITY x0 "ha">'}
  for k = 1, 40 do bomb[#bomb + 1] = ('<!ENTITY x%d "%s">'):format(k, ("&x%d;"):format(k - 1):rep(20)) end
  local box = "<annotation><filename>a.png</filename><object><name>c</name><bndbox><xmin>%s</xmin><ymin>1</ymin>"
    .. "<xmax>%s</xmax><ymax>2</ymax></bndbox></object></annotation>"
  local coco = '{"images":[{"id":1,"file_name":"a.png","width":%s,"height":2}],"categories":[{"id":1,"name":"c"}],'
    .. '"annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[0,0,%s,1],"segmentation":%s}]}'
  local function mask(w) return files.png {h = 2, w = w, colour = 0, value = function() return 7 end} end
  local huge = ("0,"):rep(100) .. "0"

  -- Files beside a.png (2x2), and what is said of them; false: they are taken.
  local cases = {
    {{["a.xml"] = table.concat(bomb) .. "]><annotation>&x40;</annotation>"}, "it defines entities, which are not read"},
    {{["a.xml"] = ("<annotation>"):rep(5000)}, "more than 100 elements in each other"},
    {{["a.xml"] = '<!DOCTYPE a SYSTEM "http://localhost:1/a.dtd">' .. box:format("&gone;", 2)}, "1 problem"},
    {{["a.xml"] = box:format("1e999", "nan")}, "has no number"},
    {{["a.xml"] = box:format("-1e308", "1e308")}, false},
    {{["a.xml"] = "<annotation><filename>../../../../etc/passwd</filename></annotation>"}, false},
    {{["coco.json"] = "[1]"}, "expected an object"},
    {{["coco.json"] = '{"images":' .. ("["):rep(100000)}, "more than 64 lists and objects in each other"},
    {{["coco.json"] = coco:format(2, 1, '[[0,0,1e308,0,1e308,1e308]]')}, false},
    {{["coco.json"] = coco:format(2, 1, '{"size":[2,2],"counts":"' .. ("o"):rep(1000) .. '"}')}, "go wrong at"},
    {{["coco.json"] = coco:format(2, 1, '{"size":[2,2],"counts":[4294967295,4294967295]}')}, "no whole number"},
    {{["coco.json"] = coco:format("9007199254740993", 1, "[[0,0,1,0,1,1]]")}, "said to be"},
    {{["coco.json"] = coco:format(2, "1e999", "[]")}, false},
    {{["coco.json"] = '{"images":[{"id":1,"file_name":"/etc/passwd"}],"annotations":[]}'}, "is no path below"},
    {{["labels.csv"] = "file\n../a.png\n/etc/passwd\n"}, "is no path below the table"},
    {{["labels.csv"] = 'file,label\na.png,"' .. ("x\n"):rep(100000)}, "line 2: a quote that is not closed"},
    {{["labels.csv"] = "file," .. huge .. "\na.png," .. huge .. "\n"}, false},
    {{["metadata.jsonl"] = '{"file_name":"a.png","objects":{"bbox":[[1e999,-1e999,0,0]]}}'}, false},
    {{["metadata.jsonl"] = ("["):rep(100000)}, "problem"},
    {{["list_attr_celeba.txt"] = "99999999999999999999\nx\na.png 1\n"}, "expected how many"},
    {{["list_attr_celeba.txt"] = "1\nx\n../a.png 1\n"}, "a path, no name"},
    {{["a.txt"] = ("a\xff"):rep(1000)}, "no UTF-8"},
    {{["images/a.png"] = files.plain(2, 0, 0, 0), ["masks/a.png"] = mask(3)}, "its mask a.png is 2x3, the picture 2x2"},
    {{["images/a.png"] = files.plain(2, 0, 0, 0), ["masks/a.png"] = mask(2):sub(1, 40)}, "truncated PNG"},
  }

  it("are told in a list, soon", function()
    for k, case in ipairs(cases) do
      local home = ("%s/%d"):format(dir, k)
      lfs.mkdir(home)
      temp.write(home .. "/a.png", files.plain(2, 9, 9, 9))
      for name, bytes in pairs(case[1]) do
        local folder = name:match "^(.*)/"
        if folder then lfs.mkdir(home .. "/" .. folder) end
        temp.write(home .. "/" .. name, bytes)
      end
      local began = os.clock()
      local code, out, err = inside.run("experiments/inspect.lua", ("%s --sheet %s/s.svg"):format(home, home))
      local what = ("case %d: %s %s %s"):format(k, code, out:sub(1, 300), err:sub(1, 300))
      assert.equal(case[2] and 1 or 0, code, what)
      assert.is_nil(err:find("traceback", 1, true), what)
      assert.is_true(os.clock() - began < 5, what)
      assert.is_true(#err < 4000, what)
      if case[2] then assert.is_truthy(err:find(case[2], 1, true), what) end
    end
  end)
end)
