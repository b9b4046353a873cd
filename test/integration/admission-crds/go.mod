module dev.slipway/test/admission-crds

go 1.25.0

require (
	github.com/kyverno/api v0.0.1-alpha.3.0.20260723090831-fb2785727f98
	github.com/sigstore/policy-controller v0.13.1
)
