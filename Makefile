# Slipway. Every target takes STACK=…, one of stacks/Pulumi.<stack>.yaml.
STACK ?= local

.PHONY: setup up preview outputs down
setup up preview outputs down: ## bring a stack up, see what would change, read its outputs, take it down
	@tools/slipway $@ --stack $(STACK)
