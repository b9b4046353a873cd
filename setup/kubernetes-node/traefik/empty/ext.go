// Package ext replaces Traefik's module of the same path, which the Go module proxy does not serve. Traefik's commercial
// product has its extensions there; in the open source version both types are empty.
package ext

type (
	HTTP   struct{}
	Router struct{}
)
