package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const pushTimeout = 30 * time.Minute

type pushRequest struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	// Of the manifest or index to push.
	Digest string `json:"digest"`
	// Folder of the blobs. A blob's path in it is <algorithm>/<hex>.
	Blobs string `json:"blobs"`
	// Whether nothing is pushed if the tag has the same layers, even with other annotations, such as another commit.
	KeepSameLayers bool `json:"keepSameLayers"`
}

// push uploads an image from a folder of blobs, unless its tag exists with the same digest.
func push(asked pushRequest, known registries) answer {
	ref, err := known.reference(asked.Repository + ":" + asked.Tag)
	if err != nil {
		return answer{Problem: "invalid", Message: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), pushTimeout)
	defer cancel()
	options := known.options(ctx, ref.Context().Registry)
	// Registries with immutable tags reject a push of an existing tag, even with the same digest.
	if head, err := remote.Head(ref, options...); err == nil && head.Digest.String() == asked.Digest {
		return answer{Digest: asked.Digest}
	}
	if asked.KeepSameLayers {
		if known := digestWithSameLayers(ref, asked, options); known != "" {
			return answer{Digest: known}
		}
	}
	if err := (store{asked.Blobs}).push(ref, asked.Digest, options); err != nil {
		return failed(err)
	}
	return answer{Digest: asked.Digest}
}

// digestWithSameLayers is the digest of what a tag has, if its layers are those that are pushed; otherwise empty.
func digestWithSameLayers(ref name.Reference, asked pushRequest, options []remote.Option) string {
	found, err := remote.Get(ref, options...)
	if err != nil {
		return ""
	}
	pushed, err := (store{asked.Blobs}).manifest(asked.Digest)
	if err != nil {
		return ""
	}
	theirs, err := v1.ParseManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return ""
	}
	ours, err := v1.ParseManifest(bytes.NewReader(pushed.raw))
	if err != nil {
		return ""
	}
	same := func(a, b v1.Descriptor) bool { return a.Digest == b.Digest && a.MediaType == b.MediaType }
	if theirs.Config.MediaType != ours.Config.MediaType || !slices.EqualFunc(theirs.Layers, ours.Layers, same) {
		return ""
	}
	return found.Digest.String()
}

func (s store) push(ref name.Reference, digest string, options []remote.Option) error {
	manifest, err := s.manifest(digest)
	if err != nil {
		return err
	}
	if manifest.mediaType.IsIndex() {
		return remote.WriteIndex(ref, storedIndex{manifest}, options...)
	}
	image, err := partial.CompressedToImage(storedImage{manifest})
	if err != nil {
		return err
	}
	return remote.Write(ref, image, options...)
}

// storedManifest is a manifest or an index in a folder of blobs.
type storedManifest struct {
	store     store
	digest    v1.Hash
	mediaType types.MediaType
	raw       []byte
}

func (s store) manifest(digest string) (storedManifest, error) {
	hash, err := v1.NewHash(digest)
	if err != nil {
		return storedManifest{}, err
	}
	raw, err := os.ReadFile(s.path(digest))
	if err != nil {
		return storedManifest{}, err
	}
	var content struct {
		MediaType types.MediaType `json:"mediaType"`
	}
	if err := json.Unmarshal(raw, &content); err != nil {
		return storedManifest{}, err
	}
	return storedManifest{s, hash, content.MediaType, raw}, nil
}

func (m storedManifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }
func (m storedManifest) Digest() (v1.Hash, error)            { return m.digest, nil }
func (m storedManifest) Size() (int64, error)                { return int64(len(m.raw)), nil }
func (m storedManifest) RawManifest() ([]byte, error)        { return m.raw, nil }

type storedIndex struct{ storedManifest }

func (i storedIndex) IndexManifest() (*v1.IndexManifest, error) {
	return v1.ParseIndexManifest(bytes.NewReader(i.raw))
}

func (i storedIndex) Image(digest v1.Hash) (v1.Image, error) {
	manifest, err := i.store.manifest(digest.String())
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(storedImage{manifest})
}

func (i storedIndex) ImageIndex(digest v1.Hash) (v1.ImageIndex, error) {
	manifest, err := i.store.manifest(digest.String())
	return storedIndex{manifest}, err
}

type storedImage struct{ storedManifest }

func (i storedImage) RawConfigFile() ([]byte, error) {
	manifest, err := v1.ParseManifest(bytes.NewReader(i.raw))
	if err != nil {
		return nil, err
	}
	return os.ReadFile(i.store.path(manifest.Config.Digest.String()))
}

func (i storedImage) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	manifest, err := v1.ParseManifest(bytes.NewReader(i.raw))
	if err != nil {
		return nil, err
	}
	for _, descriptor := range append(manifest.Layers, manifest.Config) {
		if descriptor.Digest == digest {
			return storedLayer{i.store, descriptor}, nil
		}
	}
	return nil, os.ErrNotExist
}

type storedLayer struct {
	store      store
	descriptor v1.Descriptor
}

func (l storedLayer) Digest() (v1.Hash, error)            { return l.descriptor.Digest, nil }
func (l storedLayer) Size() (int64, error)                { return l.descriptor.Size, nil }
func (l storedLayer) MediaType() (types.MediaType, error) { return l.descriptor.MediaType, nil }
func (l storedLayer) Compressed() (io.ReadCloser, error) {
	return os.Open(l.store.path(l.descriptor.Digest.String()))
}
