package main

import (
	"context"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// damage is a part of an image that does not have its digest, or that the registry does not have.
type damage struct {
	// index, manifest, config or layer.
	Part    string `json:"part"`
	Digest  string `json:"digest"`
	Message string `json:"message"`
}

type checkAnswer struct {
	// Of the manifest or index.
	Digest string `json:"digest"`
	// Digests of the images for the platforms, without attestations of BuildKit. The image itself if it is no index.
	Images  []string `json:"images"`
	Damages []damage `json:"damages"`
	Problem string   `json:"problem,omitempty"`
	Message string   `json:"message,omitempty"`
}

// check reads the manifests of an image, and compares them with their digests; with contents also each layer, which downloads the image.
func check(image string, contents bool, known registries) checkAnswer {
	ref, err := known.reference(image)
	if err != nil {
		return checkAnswer{Problem: "invalid", Message: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), pushTimeout)
	defer cancel()
	options := known.options(ctx, ref.Context().Registry)
	digest, err := digestOf(ref, options)
	if err != nil {
		problem := failed(err)
		return checkAnswer{Problem: problem.Problem, Message: problem.Message}
	}
	checked := checker{options: options, contents: contents, answer: checkAnswer{Digest: digest.String(), Images: []string{}, Damages: []damage{}}}
	checked.all(ref.Context().Digest(digest.String()))
	return checked.answer
}

type checker struct {
	options  []remote.Option
	contents bool
	answer   checkAnswer
}

func (c *checker) add(part, digest string, err error) {
	c.answer.Damages = append(c.answer.Damages, damage{part, digest, err.Error()})
}

func (c *checker) all(ref name.Digest) {
	found, err := remote.Get(ref, c.options...)
	if err != nil {
		// Its media type is not known then.
		c.add("manifest", ref.DigestStr(), err)
		return
	}
	if !found.MediaType.IsIndex() {
		image, err := found.Image()
		c.image(ref.DigestStr(), image, err)
		return
	}
	index, err := found.ImageIndex()
	if err != nil {
		c.add("index", ref.DigestStr(), err)
		return
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		c.add("index", ref.DigestStr(), err)
		return
	}
	for _, child := range manifest.Manifests {
		image, err := index.Image(child.Digest)
		c.image(child.Digest.String(), image, err)
		if isAttestation(child) {
			c.answer.Images = c.answer.Images[:len(c.answer.Images)-1]
		}
	}
}

// isAttestation says whether an image in an index is one that nobody runs: BuildKit stores its own attestations as images for an unknown platform,
// https://docs.docker.com/build/metadata/attestations/attestation-storage/.
func isAttestation(child v1.Descriptor) bool {
	return child.Platform != nil && child.Platform.OS == "unknown"
}

func (c *checker) image(digest string, image v1.Image, err error) {
	c.answer.Images = append(c.answer.Images, digest)
	if err != nil {
		c.add("manifest", digest, err)
		return
	}
	manifest, err := image.Manifest()
	if err != nil {
		c.add("manifest", digest, err)
		return
	}
	if _, err := image.RawConfigFile(); err != nil {
		c.add("config", manifest.Config.Digest.String(), err)
	}
	if !c.contents {
		return
	}
	for _, descriptor := range manifest.Layers {
		layer, err := image.LayerByDigest(descriptor.Digest)
		if err == nil {
			err = read(layer)
		}
		if err != nil {
			c.add("layer", descriptor.Digest.String(), err)
		}
	}
}

// read downloads a layer. The client compares it with its digest.
func read(layer v1.Layer) error {
	content, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(io.Discard, content)
	return err
}
