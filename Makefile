# Slipway. Every target takes STACK=…, one of stacks/Pulumi.<stack>.yaml.
STACK ?= local

.PHONY: setup up preview outputs down check test fix bench certificate-authorities
setup up preview outputs down check test fix: ## see `tools/slipway`
	@tools/slipway $@ --stack $(STACK)
