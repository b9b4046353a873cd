package main

import (
	"context"
	"net/http"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

type loginRequest struct {
	Registry string `json:"registry"`
	Username string `json:"username"`
	Password string `json:"password"`
}

type loginAnswer struct {
	// Whether the registry has checked the credentials. One that asks for none does not.
	Checked bool `json:"checked,omitempty"`
	// The configuration file of Docker, or the program that Docker's credentials are stored with.
	StoredIn string `json:"storedIn,omitempty"`
	answer
}

// login checks credentials, and stores them where Docker does.
func login(asked loginRequest, known registries) loginAnswer {
	registry, err := name.NewRegistry(asked.Registry)
	if err == nil {
		registry, err = name.NewRegistry(asked.Registry, known.named(registry.RegistryStr())...)
	}
	if err != nil {
		return loginAnswer{answer: answer{Problem: "invalid", Message: err.Error()}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	checked, err := verify(ctx, registry, &authn.Basic{Username: asked.Username, Password: asked.Password}, known)
	if err != nil {
		return loginAnswer{answer: failed(err)}
	}
	storedIn, err := keep(registry, asked)
	if err != nil {
		return loginAnswer{answer: answer{Problem: "store", Message: err.Error()}}
	}
	return loginAnswer{Checked: checked, StoredIn: storedIn}
}

// verify asks the registry, and for bearer authentication its token server, whether it accepts credentials.
func verify(ctx context.Context, registry name.Registry, auth authn.Authenticator, known registries) (bool, error) {
	inner := known.transport(registry)
	challenge, err := transport.Ping(ctx, registry, inner)
	if err != nil {
		return false, err
	}
	if challenge.Scheme == "" {
		return false, nil
	}
	authorized, err := transport.NewWithContext(ctx, registry, auth, inner, nil)
	if err != nil {
		return false, err
	}
	scheme := "https"
	if challenge.Insecure {
		scheme = "http"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+registry.RegistryStr()+"/v2/", nil)
	if err != nil {
		return false, err
	}
	response, err := authorized.RoundTrip(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	return true, transport.CheckError(response, http.StatusOK)
}

// keep stores credentials in Docker's configuration file, or with the helper that it names.
func keep(registry name.Registry, asked loginRequest) (string, error) {
	stored, err := config.Load(config.Dir())
	if err != nil {
		return "", err
	}
	key := keyOf(registry.RegistryStr())
	helper := stored.CredentialsStore
	if own, ok := stored.CredentialHelpers[key]; ok {
		helper = own
	}
	credentials := types.AuthConfig{ServerAddress: key, Username: asked.Username, Password: asked.Password}
	if err := stored.GetCredentialsStore(key).Store(credentials); err != nil {
		return "", err
	}
	if helper != "" {
		return "docker-credential-" + helper, nil
	}
	return stored.Filename, nil
}
