--- gan.model: architectures, each loaded on first use: gan.model.dcgan, .classifier (lenet, resnet: small nets whose features measure generators).
-- @module gan.model
return require("gan.check").room("gan.model", {})
