// Command referrers-registry is a registry in memory with the API for referrers, on 127.0.0.1 at the port of its argument.
package main

import (
	"io"
	"log"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	handler := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], handler))
}
