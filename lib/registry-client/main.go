// Command registry-client asks registries: it looks images up, and users in images, downloads, pushes and copies images, attaches and lists
// what refers to them, reads what is in images, compares them with their digests, checks whether images may be pushed, and logs in. It reads a
// request as JSON from standard input, and prints the answer as JSON: to several images or repositories a list with an answer for each, in the
// same order.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// A registry that does not answer must not block a preview.
const timeout = 20 * time.Second

// Finding a user downloads layers of the image.
const userTimeout = 5 * time.Minute

// One of the requests, and what is known of registries.
type request struct {
	Images []wanted      `json:"images"`
	Pull   *pullRequest  `json:"pull"`
	Push   *pushRequest  `json:"push"`
	Login  *loginRequest `json:"login"`
	Copies []copyRequest `json:"copies"`
	// Pushes what refers to an image.
	Attach *attachRequest `json:"attach"`
	// An image that is compared with its digests.
	Check string `json:"check"`
	// Whether its layers are, too.
	Contents bool `json:"contents"`
	// Reads what is in an image.
	Read *contentsRequest `json:"read"`
	// Lists what refers to an image.
	Referrers *referrersRequest `json:"referrers"`
	// Repositories to which images are pushed later.
	Pushable []string `json:"pushable"`
	// By host. Credentials of others are those of Docker.
	Registries registries `json:"registries"`
}

type wanted struct {
	// By tag or by digest.
	Image string `json:"image"`
	// Name of a user in the image. Empty if there is nobody to find.
	User string `json:"user"`
}

type answer struct {
	// Of the image, or of its index if it has several platforms.
	Digest string `json:"digest,omitempty"`
	// Of the user and its group.
	User *identity `json:"user,omitempty"`
	// missing, unauthorized, unreachable, unknownHost, untrusted, plainHttp, invalid or noUser; store for a login that cannot be stored.
	Problem string `json:"problem,omitempty"`
	Message string `json:"message,omitempty"`
}

func main() {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var said any
	switch known := asked.Registries; {
	case asked.Pull != nil:
		said = pull(*asked.Pull, known)
	case asked.Push != nil:
		said = push(*asked.Push, known)
	case asked.Login != nil:
		said = login(*asked.Login, known)
	case asked.Check != "":
		said = check(asked.Check, asked.Contents, known)
	case asked.Read != nil:
		said = contents(*asked.Read, known)
	case asked.Attach != nil:
		said = attach(*asked.Attach, known)
	case asked.Referrers != nil:
		said = listReferrers(*asked.Referrers, known)
	case asked.Copies != nil:
		said = copyAll(asked.Copies, known)
	case asked.Pushable != nil:
		said = checkPushes(asked.Pushable, known)
	default:
		said = lookUpAll(asked.Images, known)
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func lookUpAll(images []wanted, known registries) []answer {
	answers := make([]answer, len(images))
	var all sync.WaitGroup
	for i, image := range images {
		all.Go(func() { answers[i] = lookUp(image, known) })
	}
	all.Wait()
	return answers
}

func lookUp(image wanted, known registries) answer {
	ref, err := known.reference(image.Image)
	if err != nil {
		return answer{Problem: "invalid", Message: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	options := known.options(ctx, ref.Context().Registry)
	digest, err := digestOf(ref, options)
	if err != nil {
		return failed(err)
	}
	found := answer{Digest: digest.String()}
	if image.User == "" {
		return found
	}
	ctx, cancel = context.WithTimeout(context.Background(), userTimeout)
	defer cancel()
	options = known.options(ctx, ref.Context().Registry)
	found.User, err = findUser(image.User, ref.Context().Digest(digest.String()), options)
	var missing noUserError
	switch {
	case errors.As(err, &missing):
		return answer{Problem: "noUser", Message: err.Error()}
	case err != nil:
		return failed(err)
	}
	return found
}

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
