package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// An attestation that is larger is none that Slipway reads.
const maxReferrerSize = 64 << 20

type attachRequest struct {
	Repository string `json:"repository"`
	// Of the manifests to push. Each has a subject, which the registry has.
	Digests []string `json:"digests"`
	// Folder of the blobs. A blob's path in it is <algorithm>/<hex>.
	Blobs string `json:"blobs"`
}

// attach pushes manifests that refer to an image, one after the other: a registry without the referrers API lists them in one manifest with a tag,
// which each push reads and writes.
func attach(asked attachRequest, known registries) answer {
	ctx, cancel := context.WithTimeout(context.Background(), pushTimeout)
	defer cancel()
	for _, digest := range asked.Digests {
		ref, err := known.reference(asked.Repository + "@" + digest)
		if err != nil {
			return answer{Problem: "invalid", Message: err.Error()}
		}
		if err := (store{asked.Blobs}).push(ref, digest, known.options(ctx, ref.Context().Registry)); err != nil {
			return failed(err)
		}
	}
	return answer{}
}

type referrersRequest struct {
	// By digest.
	Image string `json:"image"`
	// Only those with one of these types.
	ArtifactTypes []string `json:"artifactTypes"`
	// Whether the answer has their contents.
	Contents bool `json:"contents"`
}

// A manifest that refers to an image.
type referrer struct {
	Digest       string            `json:"digest"`
	ArtifactType string            `json:"artifactType"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	// The first layer, in base64.
	Content string `json:"content,omitempty"`
	// Why the content could not be read, such as one that does not have its digest.
	Problem string `json:"problem,omitempty"`
}

type referrersAnswer struct {
	Referrers []referrer `json:"referrers"`
	Problem   string     `json:"problem,omitempty"`
	Message   string     `json:"message,omitempty"`
}

// listReferrers lists what refers to an image, with the referrers API or the tag that stands in for it.
func listReferrers(asked referrersRequest, known registries) referrersAnswer {
	ref, err := known.reference(asked.Image)
	if err != nil {
		return referrersAnswer{Problem: "invalid", Message: err.Error()}
	}
	digest, isDigest := ref.(name.Digest)
	if !isDigest {
		return referrersAnswer{Problem: "invalid", Message: asked.Image + " has no digest"}
	}
	ctx, cancel := context.WithTimeout(context.Background(), userTimeout)
	defer cancel()
	options := known.options(ctx, digest.Context().Registry)
	manifests, err := referrersOf(digest, options)
	if err != nil {
		problem := failed(err)
		return referrersAnswer{Problem: problem.Problem, Message: problem.Message}
	}
	found := []referrer{}
	for _, descriptor := range manifests {
		if err := described(&descriptor, digest.Context(), options); err != nil {
			problem := failed(err)
			return referrersAnswer{Problem: problem.Problem, Message: problem.Message}
		}
		if !slices.Contains(asked.ArtifactTypes, descriptor.ArtifactType) {
			continue
		}
		one := referrer{Digest: descriptor.Digest.String(), ArtifactType: descriptor.ArtifactType, Annotations: descriptor.Annotations}
		if asked.Contents {
			content, err := contentOf(digest.Context().Digest(one.Digest), digest.DigestStr(), options)
			if err != nil {
				one.Problem = err.Error()
			}
			one.Content = base64.StdEncoding.EncodeToString(content)
		}
		found = append(found, one)
	}
	return referrersAnswer{Referrers: found}
}

func referrersOf(image name.Digest, options []remote.Option) ([]v1.Descriptor, error) {
	index, err := remote.Referrers(image, options...)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return manifest.Manifests, nil
}

// The type of a configuration that says nothing, https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor.
const emptyConfig = "application/vnd.oci.empty.v1+json"

// described reads the type and the annotations of what refers to an image, if the registry lists the type of its configuration instead, as those for
// OCI 1.0 do.
func described(descriptor *v1.Descriptor, repository name.Repository, options []remote.Option) error {
	if descriptor.ArtifactType != emptyConfig && descriptor.ArtifactType != "" {
		return nil
	}
	found, err := remote.Get(repository.Digest(descriptor.Digest.String()), options...)
	if err != nil {
		return err
	}
	var manifest struct {
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(found.Manifest, &manifest); err != nil {
		return nil // something else, which Slipway did not attach
	}
	descriptor.ArtifactType, descriptor.Annotations = manifest.ArtifactType, manifest.Annotations
	return nil
}

// contentOf reads the layer of a manifest that refers to an image. The client compares both with their digests.
func contentOf(ref name.Digest, image string, options []remote.Option) ([]byte, error) {
	found, err := remote.Get(ref, options...)
	if err != nil {
		return nil, err
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return nil, err
	}
	if manifest.Subject == nil || manifest.Subject.Digest.String() != image {
		return nil, errors.New("it refers to another image")
	}
	if len(manifest.Layers) != 1 {
		return nil, fmt.Errorf("it has %d layers instead of one", len(manifest.Layers))
	}
	if manifest.Layers[0].Size > maxReferrerSize {
		return nil, fmt.Errorf("it is larger than %d bytes", maxReferrerSize)
	}
	layer, err := remote.Layer(ref.Context().Digest(manifest.Layers[0].Digest.String()), options...)
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(content)
}
