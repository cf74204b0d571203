--- gan.model: architectures, each loaded on first use: gan.model.dcgan, .classifier (lenet, resnet: small nets whose features measure generators).
return setmetatable({}, {
  __index = function(models, name)
    local module = type(name) == "string" and name:find "^[%w_]+$" and "gan.model." .. name
    if not (module and package.searchpath(module, package.path)) then return nil end
    models[name] = require(module)
    return models[name]
  end,
})
