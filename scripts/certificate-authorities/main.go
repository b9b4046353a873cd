// Command certificate-authorities prints Mozilla's root certificates as PEM, as the Go team publishes them
// (https://pkg.go.dev/golang.org/x/crypto/x509roots/fallback). Roots that Mozilla trusts only with constraints are left out, because a PEM
// file cannot express the constraints.
package main

import (
	"encoding/pem"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			panic(err)
		}
	}
}
