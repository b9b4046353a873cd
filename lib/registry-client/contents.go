package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// A list of packages that is larger is none.
const maxRecordSize = 64 << 20

type contentsRequest struct {
	// By digest.
	Image string `json:"image"`
	// Files to return: their paths, or a folder with a slash at its end for the files in it. Without any, no layer is downloaded.
	Records []string `json:"records"`
}

type contentsAnswer struct {
	// The manifest or index.
	Top *descriptor `json:"top,omitempty"`
	// The images for the platforms. The image itself if it is no index.
	Images  []imageContents `json:"images,omitempty"`
	Problem string          `json:"problem,omitempty"`
	Message string          `json:"message,omitempty"`
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type imageContents struct {
	Descriptor descriptor  `json:"descriptor"`
	Platform   v1.Platform `json:"platform"`
	// Text of files, by path.
	Records map[string]string `json:"records,omitempty"`
	// Programs that Go has built, by path.
	Programs map[string]goProgram `json:"programs,omitempty"`
}

type goProgram struct {
	Sha256 string `json:"sha256"`
	// What Go recorded in it, as go version -m prints it.
	BuildInfo string `json:"buildInfo"`
}

// contents reads what is in an image from its layers in the registry: lists of packages, and what Go recorded in programs.
func contents(asked contentsRequest, known registries) contentsAnswer {
	answer, err := contentsOf(asked, known)
	if err != nil {
		return contentsAnswer{Problem: problemOf(err), Message: err.Error()}
	}
	return answer
}

func contentsOf(asked contentsRequest, known registries) (contentsAnswer, error) {
	ref, err := known.reference(asked.Image)
	if err != nil {
		return contentsAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), pullTimeout)
	defer cancel()
	found, err := remote.Get(ref, known.options(ctx, ref.Context().Registry)...)
	if err != nil {
		return contentsAnswer{}, err
	}
	answer := contentsAnswer{Top: &descriptor{string(found.MediaType), found.Digest.String(), found.Size}}
	if !found.MediaType.IsIndex() {
		image, err := found.Image()
		if err != nil {
			return answer, err
		}
		one, err := contentsOfImage(image, *answer.Top, asked.Records)
		answer.Images = []imageContents{one}
		return answer, err
	}
	index, err := found.ImageIndex()
	if err != nil {
		return answer, err
	}
	all, err := index.IndexManifest()
	if err != nil {
		return answer, err
	}
	for _, child := range all.Manifests {
		// BuildKit stores its own attestations in the index, as images for an unknown platform.
		if !child.MediaType.IsImage() || child.Platform != nil && child.Platform.OS == "unknown" {
			continue
		}
		image, err := index.Image(child.Digest)
		if err != nil {
			return answer, err
		}
		one, err := contentsOfImage(image, descriptor{string(child.MediaType), child.Digest.String(), child.Size}, asked.Records)
		if err != nil {
			return answer, err
		}
		answer.Images = append(answer.Images, one)
	}
	return answer, nil
}

func contentsOfImage(image v1.Image, described descriptor, records []string) (imageContents, error) {
	found := imageContents{Descriptor: described}
	config, err := image.ConfigFile()
	if err != nil {
		return found, err
	}
	found.Platform = v1.Platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}
	if len(records) == 0 {
		return found, nil
	}
	found.Records, found.Programs = map[string]string{}, map[string]goProgram{}
	// The files as a container sees them: without those that a later layer replaces or removes.
	files := mutate.Extract(image)
	defer files.Close()
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		path := strings.TrimPrefix(strings.TrimPrefix(header.Name, "."), "/")
		if isRecord(path, records) && header.Size <= maxRecordSize {
			text, err := io.ReadAll(archive)
			if err != nil {
				return found, err
			}
			found.Records[path] = string(text)
			continue
		}
		program, err := readProgram(archive)
		if err != nil {
			return found, err
		}
		if program != nil {
			found.Programs[path] = *program
		}
	}
}

func isRecord(path string, records []string) bool {
	for _, record := range records {
		if path == record || strings.HasSuffix(record, "/") && strings.HasPrefix(path, record) {
			return true
		}
	}
	return false
}

// readProgram returns nil for a file that is no program that Go has built.
func readProgram(file io.Reader) (*goProgram, error) {
	content := bufio.NewReader(file)
	if head, err := content.Peek(4); err != nil || !bytes.Equal(head, []byte("\x7fELF")) {
		return nil, nil
	}
	// On disk, because programs may be large and are read from several places.
	stored, err := os.CreateTemp("", "slipway-program-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(stored.Name())
	defer stored.Close()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(stored, hash), content); err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(stored)
	if err != nil {
		return nil, nil
	}
	// As go version -m prints it.
	version := info.GoVersion
	info.GoVersion = ""
	lines := strings.ReplaceAll(strings.TrimSuffix(info.String(), "\n"), "\n", "\n\t")
	return &goProgram{Sha256: hex.EncodeToString(hash.Sum(nil)), BuildInfo: "program: " + version + "\n\t" + lines + "\n"}, nil
}
