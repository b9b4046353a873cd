package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/moby/sys/user"
)

type identity struct {
	Uid int `json:"uid"`
	Gid int `json:"gid"`
}

// noUserError says that an image does not have a user.
type noUserError struct{ error }

// findUser looks a user up in an image, as container runtimes do.
func findUser(username string, image name.Digest, options []remote.Option) (*identity, error) {
	content, err := imageAt(image, options)
	if err != nil {
		return nil, err
	}
	passwd, group, err := accounts(content)
	if err != nil {
		return nil, err
	}
	found, err := user.GetExecUser(username, nil, bytes.NewReader(passwd), bytes.NewReader(group))
	if err != nil {
		return nil, noUserError{err}
	}
	return &identity{found.Uid, found.Gid}, nil
}

// imageAt is the image, or the first one for Linux in an index: the images of an index have the same users.
func imageAt(image name.Digest, options []remote.Option) (v1.Image, error) {
	described, err := remote.Get(image, options...)
	if err != nil {
		return nil, err
	}
	if !described.MediaType.IsIndex() {
		return described.Image()
	}
	index, err := described.ImageIndex()
	if err != nil {
		return nil, err
	}
	all, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, one := range all.Manifests {
		if one.Platform != nil && one.Platform.OS == "linux" {
			return index.Image(one.Digest)
		}
	}
	return nil, fmt.Errorf("%s has no image for Linux", image)
}

// accounts reads the files of users and groups. It reads from the last layer on, and no further than necessary.
func accounts(image v1.Image) (passwd, group []byte, err error) {
	files := mutate.Extract(image)
	defer files.Close()
	for archive := tar.NewReader(files); passwd == nil || group == nil; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		into := map[string]*[]byte{"etc/passwd": &passwd, "etc/group": &group}[strings.TrimPrefix(header.Name, "/")]
		if into == nil {
			continue
		}
		if *into, err = io.ReadAll(archive); err != nil {
			return nil, nil, err
		}
	}
	return passwd, group, nil
}
