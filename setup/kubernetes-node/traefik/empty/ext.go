// Package ext stands in for Traefik's own module of this path, which holds two empty types where Traefik's commercial
// product has its extensions, and which the Go module proxy does not serve.
package ext

type (
	HTTP   struct{}
	Router struct{}
)
