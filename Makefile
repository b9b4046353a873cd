# Slipway. Every target takes STACK=…, one of stacks/Pulumi.<stack>.yaml.
STACK ?= local

# `make rollback SERVICE=…` takes back one service.
SERVICE ?=

.PHONY: setup up preview outputs down rollback check test fix bench certificate-authorities
setup up preview outputs down check test fix: ## see `tools/slipway`
	@tools/slipway $@ --stack $(STACK)

rollback: ## deploy the last good images again
	@tools/slipway rollback --stack $(STACK) --service "$(SERVICE)"

bench: ## how fast and how small, as a table
	@tools/slipway exec node bench/main.ts
	@tools/slipway exec node bench/reliability.ts

certificate-authorities: ## take over Mozilla's root certificates as of tools/certificate-authorities/go.mod
	cd tools/certificate-authorities && go run . > ../../.certificate-authorities
	mv .certificate-authorities components/internal/certificate-authorities.ts
