--- Reads and writes small text files, whole or a line at a time: all or nothing, appended to, JSON lines.
-- @module gan.file.text
local core = require "gan.core"
local budget = require "gan.file.budget"
local json = require "gan.file.json"
local lfs = require "lfs"

local M = {}

local LISTED = 5 -- folders that an error names
local TEMPORARY = "^%..*%.gan%-[0-9a-v]+%.tmp$" -- csrc/bind/b_file.c makes these names

--- Formats as string.format does, but with a decimal point in every locale.
-- @function gan.file.text.format
-- @tparam string fmt  as string.format takes it
-- @tparam any ...  its values
-- @treturn string
-- @raise as string.format does
M.format = core.without_locale(string.format)

--- Reads a whole file. What is none, as a pipe, is not waited for.
-- @tparam string path  of the file
-- @tparam[opt] integer most  bytes that are read; default: 256 MiB
-- @treturn string  its bytes
-- @error if it cannot be read, or has more
function M.read(path, most)
  local is = lfs.attributes(path) or {} -- once: a second question may have another answer, or none
  most = most or budget.TEXT
  if is.mode and is.mode ~= "file" and is.mode ~= "directory" then
    return nil, ("%s: cannot read: not a file (%s)"):format(path, is.mode)
  elseif is.mode == "file" and is.size > most then
    return nil, ("%s: %d bytes are too many (at most %d are read)"):format(path, is.size, most)
  end
  local f, message = io.open(path, "rb")
  if not f then return nil, message end
  local s = f:read "a"
  f:close()
  if not s then return nil, path .. ": cannot read" end
  return s
end

-- Why nothing can be of a name: ENOENT, ENOTDIR; ENAMETOOLONG and ELOOP, on Linux and on macOS. With any other error
-- there is a file that may not be opened.
local ABSENT = {[2] = true, [20] = true, [36] = true, [40] = true, [62] = true, [63] = true}

--- Tells whether there is a file. One that cannot be opened, for want of a right or on a failing disk, is there, too:
-- whoever reads it then says why it cannot. Cannot fail.
-- @tparam string path  of the file
-- @treturn boolean
function M.exists(path)
  local f, _, code = io.open(path, "rb")
  if f then f:close() end
  return f ~= nil or not ABSENT[code]
end

--- Returns the extension that a path's name has. Cannot fail.
-- @tparam string path  of a file
-- @treturn string  in small letters, "png" of "a/b.PNG"; nil where there is none: that of "lr0.001" is a number's end
function M.extension(path)
  local e = path:match "[^/]*$":match "^.+%.(%a%w*)$"
  return e and e:lower()
end
M.extension = core.without_locale(M.extension)

--- Returns words as a command line that a shell takes apart into them again. Cannot fail.
-- @tparam table words  list of strings
-- @treturn string
function M.shell(words)
  local out = {}
  for i, word in ipairs(words) do
    out[i] = word:find "^[%w/._+:@%%,=-]+$" and word or "'" .. word:gsub("'", [['\'']]) .. "'"
  end
  return table.concat(out, " ")
end

--- Tells whether what is written into a file is what its name says. A name without an extension says nothing.
-- @tparam string path  of the file
-- @tparam string extension  that of what is written: "png"
-- @tparam string what  the same in words, "pictures are written as PNG"
-- @treturn boolean  true
-- @error if the name ends otherwise
function M.says(path, extension, what)
  local found = M.extension(path)
  if not found or found == extension then return true end
  return nil, ("%s: %s: give a name that ends in .%s"):format(path, what, extension)
end

--- Returns the path of a file that a script names: from the script's place, or from that of the file that it links to.
-- Cannot fail.
-- @tparam ?string script  the script's path; nil: from the working directory
-- @tparam string name  a path
-- @treturn string
function M.beside(script, name)
  if name:sub(1, 1) == "/" or not script then return name end
  local path = (script:match "^.*/" or "") .. name
  local target = not M.exists(path) and lfs.symlinkattributes(script, "target")
  if not target then return path end
  return M.beside(target:sub(1, 1) == "/" and target or (script:match "^.*/" or "") .. target, name)
end

--- Lists the sub-folders in which a file lies. Cannot fail.
-- @tparam string path  of the folder
-- @tparam string file  its name
-- @treturn table  sorted list of the sub-folders' names; empty where there is no such folder
function M.folders_with(path, file)
  local list = {}
  for _, name in ipairs(M.names(path) or {}) do
    if lfs.attributes(("%s/%s/%s"):format(path, name, file), "mode") == "file" then list[#list + 1] = name end
  end
  return list
end

--- Returns the folder that a path lies in: "." where it has no slash. Cannot fail.
-- @tparam string path  of a file or folder
-- @treturn string
function M.folder_of(path)
  local folder = path:match "^(.*)/[^/]*$"
  return folder == "" and "/" or folder or "."
end

--- Says what a folder is in which a file is missing. Cannot fail.
-- @tparam string dir  the folder
-- @tparam string file  the file's name
-- @tparam string what  a folder is that has it: "run"
-- @treturn string  "a: no run (it has no FILE)", or which of its sub-folders have the file; nil where it is there
function M.lacks(dir, file, what)
  if M.exists(("%s/%s"):format(dir, file)) then return nil end
  local list = M.folders_with(dir, file)
  if not list[1] then return ("%s: no %s (it has no %s)"):format(dir, what, file) end
  local names = {}
  for i = #list, math.max(1, #list - LISTED + 1), -1 do names[#names + 1] = ("%s/%s"):format(dir, list[i]) end
  return ("%s: not a %s, but a folder of them: name one, such as %s%s"):format(dir, what, table.concat(names, ", "),
    #list > LISTED and ", ..." or "")
end

--- Lists the names in a folder, sorted, without those that begin with a dot.
-- @tparam string path  of the folder
-- @treturn table  list of names
-- @error if there is no such folder
function M.names(path)
  local names = path ~= "" and core.folder(path)
  if not names then return nil, path .. ": no such folder" end
  local list = {}
  for _, name in ipairs(names) do if name:sub(1, 1) ~= "." then list[#list + 1] = name end end
  return list
end

--- Makes a folder, and those above it, where they are missing.
-- @tparam string path  of the folder
-- @treturn boolean true
-- @error if a part of the path is there and is no folder, or cannot be made
function M.make_folder(path)
  local at = path:sub(1, 1) == "/" and "/" or ""
  for part in path:gmatch "[^/]+" do
    at = at .. part
    local mode = lfs.attributes(at, "mode")
    if mode == nil then
      local ok, message = lfs.mkdir(at)
      if not ok and lfs.attributes(at, "mode") ~= "directory" then
        return nil, ("%s: cannot make the directory: %s"):format(at, message)
      end
    elseif mode ~= "directory" then
      return nil, ("%s: expected a directory, found a %s"):format(at, mode)
    end
    at = at .. "/"
  end
  return true
end

--- Writes a file, all or nothing: after a crash the old one is there, or the new one. A link is replaced by the file;
-- what it points to stays as it is.
-- @tparam string path  of the file
-- @tparam string text  all of it
-- @treturn boolean  true
-- @error if it cannot be written
function M.write(path, text)
  local file, message = core.file_create(path)
  if not file then return nil, message end
  local ok
  ok, message = file:write(text)
  if not ok then return nil, message end
  return file:commit()
end

--- Opens a file of lines to append to; where a process ended in a line, that line ends. It is made where it is missing.
-- @tparam string path  of the file
-- @treturn file  for `append`
-- @error if it cannot be opened
function M.open_lines(path)
  local f, message = io.open(path, "a+")
  if not f then return nil, message end
  local last = f:seek("end", -1) and f:read(1)
  f:seek "end"
  if last and last ~= "\n" then f:write "\n" end
  return f
end

--- Appends a line to an open file: it is in the file when this returns.
-- @tparam file file  from io.open
-- @tparam string path  its name, for messages
-- @tparam string line  without a line break
-- @treturn boolean  true
-- @error if it cannot be written, as on a full disk
function M.append(file, path, line)
  local ok, message = file:write(line, "\n")
  if ok then ok, message = file:flush() end
  if not ok then return nil, ("%s: cannot write: %s"):format(path, message) end
  return true
end

--- Appends a line to the file of a name, which is made where it is missing.
-- @tparam string path  of the file
-- @tparam string line  without a line break
-- @treturn boolean  true
-- @error if it cannot be written
function M.append_to(path, line)
  local f, message = io.open(path, "a")
  if not f then return nil, message end
  local ok
  ok, message = M.append(f, path, line)
  f:close()
  return ok, message
end

--- Reads JSON lines. What is no object (half a line of a run that was killed) is passed over.
-- @tparam string path  of the file
-- @treturn table  list of `{value = table, line = string}`
-- @error if it cannot be read, or has more than budget.LINES lines
function M.json_lines(path)
  local s, message = M.read(path)
  if not s then return nil, message end
  local list, count = {}, 0
  for line in s:gmatch "[^\n]+" do
    count = count + 1
    if count > budget.LINES then return nil, ("%s: more than %d lines"):format(path, budget.LINES) end
    local t = line:find "^%s*{" and json.decode(line)
    if type(t) == "table" then list[#list + 1] = {value = t, line = line} end
  end
  return list
end

--- Drops the JSON lines of a file that are later than a step. Where there is no file, nothing is made.
-- @tparam string path  of the file
-- @tparam integer step  lines whose field `step` is at most this stay
-- @treturn boolean true
-- @error if the file cannot be read or written
function M.rewind(path, step)
  if not M.exists(path) then return true end
  local lines, message = M.json_lines(path)
  if not lines then return nil, message end
  local stay = {}
  for _, l in ipairs(lines) do
    if type(l.value.step) == "number" and l.value.step <= step then stay[#stay + 1] = l.line .. "\n" end
  end
  return M.write(path, table.concat(stay))
end

--- Gives a file a second name, in the place of what had it, which is there until then. It is copied only where the file
-- system has no links.
-- @tparam string from  path of a file
-- @tparam string to  the other path
-- @treturn boolean true
-- @error if the file is missing or the other cannot be written
function M.link(from, to)
  local ok, message = core.file_link(from, to)
  if ok ~= false then return ok, message end
  local bytes
  bytes, message = M.read(from)
  if not bytes then return nil, message end
  return M.write(to, bytes)
end

--- Lists the temporary files in a folder that nobody is writing: what was killed left them. A file's writer holds a
-- lock on it, so that one on another machine counts, too. Where the file system has no locks, none is listed.
-- Cannot fail.
-- @tparam string dir  the folder
-- @tparam[opt=false] boolean remove  they are removed
-- @treturn table  sorted list of their names
function M.leftovers(dir, remove)
  local list = {}
  for _, name in ipairs(core.folder(dir) or {}) do
    if name:find(TEMPORARY) and core.file_left(("%s/%s"):format(dir, name), remove) then list[#list + 1] = name end
  end
  return list
end

--- Removes files, but for the last few by name. Cannot fail.
-- @tparam string dir  a folder
-- @tparam string pattern  names that match it are meant
-- @tparam integer count  so many of the last stay
function M.prune(dir, pattern, count)
  local names = {}
  for _, name in ipairs(M.names(dir) or {}) do
    if name:find(pattern) then names[#names + 1] = name end
  end
  for i = 1, #names - count do os.remove(dir .. "/" .. names[i]) end
end

return M
