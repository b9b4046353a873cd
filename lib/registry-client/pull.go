package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const pullTimeout = 30 * time.Minute

type pullRequest struct {
	// By digest.
	Image string `json:"image"`
	// Folder of the blobs. A blob's path in it is <algorithm>/<hex>.
	Blobs string `json:"blobs"`
	// Of an index, such as linux/arm64. Without any, the whole index.
	Platforms []string `json:"platforms"`
}

type pullAnswer struct {
	// The manifest of the image for each platform.
	Manifests map[string]string `json:"manifests,omitempty"`
	// The platforms that the image has, if one is missing.
	Known   []string `json:"known,omitempty"`
	Problem string   `json:"problem,omitempty"`
	Message string   `json:"message,omitempty"`
}

// pull downloads an image into a folder of blobs, except what is there already.
func pull(asked pullRequest, known registries) pullAnswer {
	ref, err := name.NewDigest(asked.Image)
	if err == nil {
		ref, err = name.NewDigest(asked.Image, known.named(ref.RegistryStr())...)
	}
	if err != nil {
		return pullAnswer{Problem: "invalid", Message: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), pullTimeout)
	defer cancel()
	options := known.options(ctx, ref.Context().Registry)
	answer, err := store{asked.Blobs}.pull(ref, asked.Platforms, options)
	if err != nil {
		return pullAnswer{Problem: problemOf(err), Message: err.Error()}
	}
	return answer
}

// store is a folder of blobs.
type store struct{ folder string }

func (s store) pull(ref name.Digest, platforms []string, options []remote.Option) (pullAnswer, error) {
	described, err := remote.Get(ref, options...)
	if err != nil {
		return pullAnswer{}, err
	}
	if !described.MediaType.IsIndex() {
		return s.pullSingle(described, platforms)
	}
	index, err := described.ImageIndex()
	if err != nil {
		return pullAnswer{}, err
	}
	all, err := index.IndexManifest()
	if err != nil {
		return pullAnswer{}, err
	}
	if len(platforms) == 0 {
		return pullAnswer{}, s.pullAll(ref, index, all.Manifests)
	}
	manifests := map[string]string{}
	for _, platform := range platforms {
		found := -1
		var known []string
		for i, one := range all.Manifests {
			known = append(known, platformOf(one.Platform))
			if found < 0 && satisfies(one.Platform, platform) {
				found = i
			}
		}
		if found < 0 {
			return pullAnswer{Problem: "platform", Message: platform, Known: known}, nil
		}
		digest := all.Manifests[found].Digest
		if err := s.writeOf(index, digest); err != nil {
			return pullAnswer{}, err
		}
		manifests[platform] = digest.String()
	}
	return pullAnswer{Manifests: manifests}, nil
}

func (s store) pullAll(ref name.Digest, index v1.ImageIndex, manifests []v1.Descriptor) error {
	for _, one := range manifests {
		if err := s.writeOf(index, one.Digest); err != nil {
			return err
		}
	}
	raw, err := index.RawManifest()
	if err != nil {
		return err
	}
	return s.write(ref.Identifier(), bytes.NewReader(raw))
}

func (s store) writeOf(index v1.ImageIndex, digest v1.Hash) error {
	image, err := index.Image(digest)
	if err != nil {
		return err
	}
	return s.writeImage(image)
}

func (s store) pullSingle(described *remote.Descriptor, platforms []string) (pullAnswer, error) {
	image, err := described.Image()
	if err != nil {
		return pullAnswer{}, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return pullAnswer{}, err
	}
	manifests := map[string]string{}
	for _, platform := range platforms {
		if !satisfies(config.Platform(), platform) {
			return pullAnswer{Problem: "platform", Message: platform, Known: []string{platformOf(config.Platform())}}, nil
		}
		manifests[platform] = described.Digest.String()
	}
	return pullAnswer{Manifests: manifests}, s.writeImage(image)
}

// satisfies says whether an image is for a platform. One without a variant accepts any: arm64 is arm64/v8.
func satisfies(of *v1.Platform, platform string) bool {
	wanted, err := v1.ParsePlatform(platform)
	return err == nil && of != nil && of.Satisfies(*wanted)
}

func platformOf(platform *v1.Platform) string {
	if platform == nil {
		return "unknown"
	}
	return (&v1.Platform{OS: platform.OS, Architecture: platform.Architecture, Variant: platform.Variant}).String()
}

func (s store) writeImage(image v1.Image) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return err
		}
		if s.has(digest.String()) {
			continue
		}
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		// The content is verified against the digest while it is read.
		if err := s.write(digest.String(), content); err != nil {
			return err
		}
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	configName, err := image.ConfigName()
	if err != nil {
		return err
	}
	if err := s.write(configName.String(), bytes.NewReader(config)); err != nil {
		return err
	}
	manifest, err := image.RawManifest()
	if err != nil {
		return err
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	// Last, so that an image with a manifest is complete.
	return s.write(digest.String(), bytes.NewReader(manifest))
}

func (s store) path(digest string) string {
	return filepath.Join(s.folder, filepath.FromSlash(strings.Replace(digest, ":", "/", 1)))
}

func (s store) has(digest string) bool {
	_, err := os.Stat(s.path(digest))
	return err == nil
}

// write is atomic: another process may write the same blob.
func (s store) write(digest string, content io.Reader) error {
	target := s.path(digest)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	partial, err := os.CreateTemp(filepath.Dir(target), ".partial-*")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	if _, err := io.Copy(partial, content); err != nil {
		partial.Close()
		return fmt.Errorf("%s: %w", digest, err)
	}
	if err := partial.Close(); err != nil {
		return err
	}
	return os.Rename(partial.Name(), target)
}
