package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// copyRequest is an image that another repository is to have too.
type copyRequest struct {
	// By digest.
	Image      string `json:"image"`
	Repository string `json:"repository"`
	// Keeps the image from being deleted as one without a tag.
	Tag string `json:"tag"`
}

// copyAll copies images with what refers to them, such as signatures and SBOMs. Nothing is copied that the target has already.
func copyAll(asked []copyRequest, known registries) []answer {
	answers := make([]answer, len(asked))
	var all sync.WaitGroup
	for i, image := range asked {
		all.Go(func() { answers[i] = copyOne(image, known) })
	}
	all.Wait()
	return answers
}

func copyOne(asked copyRequest, known registries) answer {
	from, err := known.reference(asked.Image)
	if err != nil {
		return answer{Problem: "invalid", Message: err.Error()}
	}
	digest, isDigest := from.(name.Digest)
	if !isDigest {
		return answer{Problem: "invalid", Message: asked.Image + " has no digest"}
	}
	to, err := known.reference(asked.Repository + ":" + asked.Tag)
	if err != nil {
		return answer{Problem: "invalid", Message: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), pushTimeout)
	defer cancel()
	c := copier{
		source: known.options(ctx, from.Context().Registry),
		target: known.options(ctx, to.Context().Registry),
	}
	if head, err := remote.Head(to, c.target...); err != nil || head.Digest.String() != digest.DigestStr() {
		if err := c.copy(digest, to); err != nil {
			return failed(err)
		}
	}
	for _, image := range append(c.childrenOf(digest), digest) {
		if err := c.copyReferrers(image, to.Context()); err != nil {
			return failed(err)
		}
	}
	return answer{Digest: digest.DigestStr()}
}

type copier struct {
	source, target []remote.Option
}

func (c copier) copy(from name.Digest, to name.Reference) error {
	found, err := remote.Get(from, c.source...)
	if err != nil {
		return err
	}
	if found.MediaType.IsIndex() {
		index, err := found.ImageIndex()
		if err != nil {
			return err
		}
		return remote.WriteIndex(to, index, c.target...)
	}
	image, err := found.Image()
	if err != nil {
		return err
	}
	return remote.Write(to, image, c.target...)
}

// childrenOf are the images of an index, which have attestations of their own. None if it is no index.
func (c copier) childrenOf(image name.Digest) []name.Digest {
	index, err := remote.Index(image, c.source...)
	if err != nil {
		return nil
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil
	}
	children := []name.Digest{}
	for _, child := range manifest.Manifests {
		children = append(children, image.Context().Digest(child.Digest.String()))
	}
	return children
}

// copyReferrers copies what refers to an image. Writing it also updates the tag that stands in for a registry's missing referrers API.
func (c copier) copyReferrers(image name.Digest, target name.Repository) error {
	manifests, err := referrersOf(image, c.source)
	if err != nil {
		return err
	}
	for _, descriptor := range manifests {
		to := target.Digest(descriptor.Digest.String())
		if _, err := remote.Head(to, c.target...); err == nil {
			continue
		}
		if err := c.copy(image.Context().Digest(descriptor.Digest.String()), to); err != nil {
			return fmt.Errorf("%s, which refers to the image: %w", descriptor.Digest, err)
		}
	}
	return nil
}

func ignoreMissing(err error) error {
	var response *transport.Error
	if errors.As(err, &response) && response.StatusCode == http.StatusNotFound {
		return nil
	}
	return err
}
