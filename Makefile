# Slipway. Every target takes STACK=…, one of stacks/Pulumi.<stack>.yaml.
STACK ?= local

# `make rollback SERVICE=…` takes back one service.
SERVICE ?=

# `make import COMPOSE=compose.yaml STACK=shop`, with `PROFILE=…` the services of profiles, too.
COMPOSE ?= compose.yaml
PROFILE ?=

# `make impact PREVIEW=preview.json`; without it a preview is made.
PREVIEW ?=
OUT ?=

.PHONY: setup up preview outputs down rollback images import impact gate report report-pictures score render parity check test fix bench certificate-authorities
setup up preview outputs down check test fix: ## see `./slipway`
	@./slipway $@ --stack $(STACK)

rollback: ## deploy the last good images again
	@./slipway rollback --stack $(STACK) --service "$(SERVICE)"

images: ## what the stack has in its registry, and who uses it; PRUNE=1 removes what nobody does, YES=1 without asking
	@./slipway images --stack $(STACK) $(if $(PRUNE),--prune) $(if $(YES),--yes)

import: ## make a stack file of a Compose file
	@./slipway import --stack $(STACK) --compose "$(COMPOSE)" --profile "$(PROFILE)"

impact: ## what up would do to users; of PREVIEW=…, a file of `pulumi preview --json`, or of a preview made now
	@./slipway impact --stack $(STACK) $(if $(PREVIEW),--preview "$(PREVIEW)")

gate: ## the same, and whether the stack lets it through (slipway:gate); exit code 2 of make where it does not
	@./slipway gate --stack $(STACK) $(if $(PREVIEW),--preview "$(PREVIEW)")

report: ## the same for people: report.md for a pull request and report.html, into OUT=…, a folder
	@./slipway report --stack $(STACK) $(if $(PREVIEW),--preview "$(PREVIEW)") $(if $(OUT),--out "$(OUT)")

score: ## how the stack keeps to the policy
	@./slipway score --stack $(STACK)

render: ## write the stack's Kubernetes objects into OUT=…, a folder, for Argo CD, Flux or a scanner
	@./slipway render --stack $(STACK) --out "$(OUT)"

parity: ## what differs between the stacks A=… and B=…, and why
	@./slipway parity --stack "$(A)" --with "$(B)"

report-pictures: ## the pictures in docs/REVIEW.md
	@./slipway exec node scripts/report-pictures.ts

bench: ## how fast and how small, as a table
	@./slipway exec node scripts/bench/main.ts
	@./slipway exec node scripts/bench/reliability.ts
	@./slipway exec node scripts/bench/review.ts

certificate-authorities: ## take over Mozilla's root certificates as of scripts/certificate-authorities/go.mod
	cd scripts/certificate-authorities && go run . > ../../.certificate-authorities
	mv .certificate-authorities lib/certificate-authorities.ts
