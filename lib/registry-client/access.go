package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// access is how one registry is reached.
type access struct {
	Username string `json:"username"`
	Password string `json:"password"`
	// Certificates of authorities in PEM form, trusted besides those of the system.
	CA string `json:"ca"`
	// Without TLS.
	PlainHTTP bool `json:"plainHttp"`
}

// registries has what is known of registries, by host.
type registries map[string]access

func (r registries) of(host string) access {
	for registry, found := range r {
		// Docker Hub has several names.
		if parsed, err := name.NewRegistry(registry); err == nil && parsed.RegistryStr() == host {
			return found
		}
	}
	return access{}
}

// Resolve makes registries a keychain with the credentials of the request.
func (r registries) Resolve(target authn.Resource) (authn.Authenticator, error) {
	if found := r.of(target.RegistryStr()); found.Username != "" {
		return &authn.Basic{Username: found.Username, Password: found.Password}, nil
	}
	return authn.Anonymous, nil
}

func (r registries) keychain() authn.Keychain {
	return authn.NewMultiKeychain(r, environment{}, authn.DefaultKeychain)
}

// environment has the credentials in DOCKER_AUTH_CONFIG. authn.DefaultKeychain only looks there if Docker's configuration file exists.
type environment struct{}

func (environment) Resolve(target authn.Resource) (authn.Authenticator, error) {
	if os.Getenv(configfile.DockerEnvConfigKey) == "" {
		return authn.Anonymous, nil
	}
	stored, err := config.Load(config.Dir())
	if err != nil {
		return nil, err
	}
	found, err := stored.GetAuthConfig(keyOf(target.RegistryStr()))
	if err != nil || (found.Username == "" && found.IdentityToken == "" && found.RegistryToken == "") {
		return authn.Anonymous, err
	}
	return authn.FromConfig(authn.AuthConfig{
		Username:      found.Username,
		Password:      found.Password,
		IdentityToken: found.IdentityToken,
		RegistryToken: found.RegistryToken,
	}), nil
}

// keyOf is the name of a registry in Docker's configuration.
func keyOf(host string) string {
	if host == name.DefaultRegistry {
		return authn.DefaultAuthKey
	}
	return host
}

// options are those of requests about images of a registry.
func (r registries) options(ctx context.Context, registry name.Registry) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithAuthFromKeychain(r.keychain()),
		remote.WithTransport(r.transport(registry)),
	}
}

// named says how references in a registry are parsed.
func (r registries) named(host string) []name.Option {
	if r.of(host).PlainHTTP {
		return []name.Option{name.Insecure}
	}
	return nil
}

// reference parses an image, by tag or by digest.
func (r registries) reference(image string) (name.Reference, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, err
	}
	return name.ParseReference(image, r.named(ref.Context().RegistryStr())...)
}

// transport trusts the authorities of the registry, and sends nothing without TLS, unless the settings or the loopback address allow it. The
// library itself would also do that for private addresses.
func (r registries) transport(registry name.Registry) http.RoundTripper {
	host := registry.RegistryStr()
	found := r.of(host)
	transport := remote.DefaultTransport.(*http.Transport).Clone()
	authorities := append(dockerAuthorities(host), found.CA)
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, certificates := range authorities {
		pool.AppendCertsFromPEM([]byte(certificates))
	}
	// Without a list, Go uses the verifier of the system, which knows more on macOS.
	if len(strings.Join(authorities, "")) > 0 {
		transport.TLSClientConfig.RootCAs = pool
	}
	return guard{transport, found.PlainHTTP}
}

type guard struct {
	inner     http.RoundTripper
	plainHTTP bool
}

func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "http" && !g.plainHTTP && !isLoopback(request.URL.Hostname()) {
		return nil, fmt.Errorf("%s without TLS is not allowed", request.URL.Host)
	}
	return g.inner.RoundTrip(request)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// dockerAuthorities are those that the Docker Engine trusts for a registry:
// https://docs.docker.com/engine/security/certificates/
func dockerAuthorities(host string) []string {
	var found []string
	files, _ := filepath.Glob(filepath.Join("/etc/docker/certs.d", host, "*.crt"))
	for _, file := range files {
		if content, err := os.ReadFile(file); err == nil {
			found = append(found, string(content))
		}
	}
	return found
}
