--- gan.train: what a training script needs besides the game itself; each part is loaded on first use: gan.train.run, .checkpoint,
-- .features, .grid, .options, .sample.
return setmetatable({}, {
  __index = function(parts, name)
    local module = type(name) == "string" and name:find "^[%w_]+$" and "gan.train." .. name
    if not (module and package.searchpath(module, package.path)) then return nil end
    parts[name] = require(module)
    return parts[name]
  end,
})
