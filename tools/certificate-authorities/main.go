// Command certificate-authorities prints Mozilla's root certificates as PEM, as the Go team publishes them
// (https://pkg.go.dev/golang.org/x/crypto/x509roots/fallback). Roots that Mozilla trusts within limits only, which a PEM
// file cannot say, are left out.
package main

import (
	"encoding/pem"
	"log"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			log.Fatal(err)
		}
	}
}
