--- gan.file: files of other programs, each format loaded on first use: gan.file.npz (NumPy), .pth (PyTorch), .zip, .pickle.
--
-- Nothing in a file is executed or believed: what is wrong with one comes back as nil and a message that names it. Own
-- checkpoints, and safetensors files of others, are gan.train.checkpoint's.
return setmetatable({}, {
  __index = function(formats, name)
    local module = type(name) == "string" and name:find "^[%w_]+$" and "gan.file." .. name
    if not (module and package.searchpath(module, package.path)) then return nil end
    formats[name] = require(module)
    return formats[name]
  end,
})
