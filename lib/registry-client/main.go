// Command registry-client looks images up in their registries, and users in images, or downloads an image. It reads a request as JSON from
// standard input, and prints the answer as JSON: to several images a list with an answer for each, in the same order.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A registry that does not answer must not block a preview.
const timeout = 20 * time.Second

// Finding a user downloads layers of the image.
const userTimeout = 5 * time.Minute

type request struct {
	Images []wanted `json:"images"`
	// To download. If it is missing, images are looked up.
	Pull *pullRequest `json:"pull"`
	// By registry. Others are those of docker login.
	Credentials map[string]credentials `json:"credentials"`
}

type wanted struct {
	// By tag or by digest.
	Image string `json:"image"`
	// Name of a user in the image. Empty if there is nobody to find.
	User string `json:"user"`
}

type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type answer struct {
	// Of the image, or of its index if it has several platforms.
	Digest string `json:"digest,omitempty"`
	// Of the user and its group.
	User *identity `json:"user,omitempty"`
	// missing, unauthorized, unreachable, invalid or noUser.
	Problem string `json:"problem,omitempty"`
	Message string `json:"message,omitempty"`
}

func main() {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	keychain := authn.NewMultiKeychain(given(asked.Credentials), authn.DefaultKeychain)
	var said any
	if asked.Pull != nil {
		said = pull(*asked.Pull, keychain)
	} else {
		said = lookUpAll(asked.Images, keychain)
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func lookUpAll(images []wanted, keychain authn.Keychain) []answer {
	answers := make([]answer, len(images))
	var all sync.WaitGroup
	for i, image := range images {
		all.Go(func() { answers[i] = lookUp(image, keychain) })
	}
	all.Wait()
	return answers
}

func lookUp(image wanted, keychain authn.Keychain) answer {
	ref, err := name.ParseReference(image.Image)
	if err != nil {
		return answer{Problem: "invalid", Message: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain)}
	digest, err := digestOf(ref, options)
	if err != nil {
		return answer{Problem: problemOf(err), Message: err.Error()}
	}
	found := answer{Digest: digest.String()}
	if image.User == "" {
		return found
	}
	ctx, cancel = context.WithTimeout(context.Background(), userTimeout)
	defer cancel()
	options = []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain)}
	found.User, err = findUser(image.User, ref.Context().Digest(digest.String()), options)
	var missing noUserError
	switch {
	case errors.As(err, &missing):
		return answer{Problem: "noUser", Message: err.Error()}
	case err != nil:
		return answer{Problem: problemOf(err), Message: err.Error()}
	}
	return found
}

func problemOf(err error) string {
	var rejected *transport.Error
	if !errors.As(err, &rejected) {
		return unreachable
	}
	switch rejected.StatusCode {
	case http.StatusNotFound:
		return "missing"
	case http.StatusUnauthorized, http.StatusForbidden:
		return "unauthorized"
	}
	return unreachable
}

const unreachable = "unreachable"

// digestOf falls back to GET, because not every registry answers HEAD requests, or with a digest.
func digestOf(ref name.Reference, options []remote.Option) (v1.Hash, error) {
	head, err := remote.Head(ref, options...)
	if err == nil {
		return head.Digest, nil
	}
	if problemOf(err) != unreachable {
		return v1.Hash{}, err
	}
	manifest, err := remote.Get(ref, options...)
	if err != nil {
		return v1.Hash{}, err
	}
	return manifest.Digest, nil
}

// given has the credentials of the request.
type given map[string]credentials

func (g given) Resolve(target authn.Resource) (authn.Authenticator, error) {
	for registry, found := range g {
		// Docker Hub has several names.
		if parsed, err := name.NewRegistry(registry); err == nil && parsed.RegistryStr() == target.RegistryStr() {
			return &authn.Basic{Username: found.Username, Password: found.Password}, nil
		}
	}
	return authn.Anonymous, nil
}
