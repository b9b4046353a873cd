// Command certificate-authorities prints a TypeScript module with Mozilla's root certificates, as the Go team publishes
// them (https://pkg.go.dev/golang.org/x/crypto/x509roots/fallback). Roots that Mozilla trusts within limits only, which a
// PEM file cannot say, are left out.
package main

import (
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	fmt.Println("// Made by `make certificate-authorities`; do not edit.")
	fmt.Println()
	fmt.Println("/** Mozilla's root certificates, for images made from nothing: programs in them can verify TLS. Pinned by being in this file. */")
	fmt.Print("export const certificateAuthorities = `")
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			fmt.Printf("%s", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	fmt.Println("`;")
}
