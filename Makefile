# Aliases. ./slipway --help lists all commands, package.json all scripts.
STACK ?= local

.PHONY: up preview down check test fix
up preview down:
	@./slipway $@ --stack $(STACK)
check test fix:
	@setup/with-node.sh npm run --silent $@
