package develop

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// programFile is the path of the program in the layer of an image that Slipway builds.
const programFile = "app"

// program is what a process runs: the program of the image, or one that was received.
type program struct {
	// digest of its layer; empty for the program of the image.
	digest string
	// file has no name, so it needs no writable folder; nil for the program of the image.
	file *os.File
	// isDebugged is whether it runs in the debugger.
	isDebugged bool
}

// path by which the program is executed, or the given one.
func (p program) path(ofImage string) string {
	if p.file == nil {
		return ofImage
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), p.file.Fd())
}

func (p program) close() {
	if p.file != nil {
		p.file.Close()
	}
}

// receiveFile keeps a program in memory that is no layer.
func receiveFile(content io.Reader) (*os.File, error) {
	file, err := memoryFile("dlv")
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(file, content); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// receive reads the layer of an image and keeps its program in memory.
func receive(layer io.Reader, digest string) (program, error) {
	hash := sha256.New()
	blob := bufio.NewReader(io.TeeReader(layer, hash))
	file, err := memoryFile("app")
	if err != nil {
		return program{}, fmt.Errorf("the program cannot be kept in memory: %w", err)
	}
	fail := func(err error) (program, error) {
		file.Close()
		return program{}, err
	}
	if err := extract(blob, file); err != nil {
		return fail(err)
	}
	// What follows the archive belongs to the digest, too.
	if _, err := io.Copy(io.Discard, blob); err != nil {
		return fail(err)
	}
	if got := "sha256:" + hex.EncodeToString(hash.Sum(nil)); got != digest {
		return fail(fmt.Errorf("the layer is damaged: its digest is %s, not %s", got, digest))
	}
	return program{digest: digest, file: file}, nil
}

func extract(blob *bufio.Reader, to io.Writer) error {
	var archive io.Reader = blob
	if magic, _ := blob.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(blob)
		if err != nil {
			return err
		}
		archive = unzipped
	}
	for entries := tar.NewReader(archive); ; {
		header, err := entries.Next()
		if err == io.EOF {
			return fmt.Errorf("the layer has no file %q", programFile)
		}
		if err != nil {
			return err
		}
		if strings.TrimPrefix(header.Name, "./") == programFile {
			_, err = io.Copy(to, entries)
			return err
		}
	}
}

// https://man7.org/linux/man-pages/man2/memfd_create.2.html
const (
	closeOnExec = 0x1
	executable  = 0x10 // since Linux 6.3
)

// memoryFile creates a file in memory that can be executed. Folders that a container may write to are often mounted without that right.
func memoryFile(name string) (*os.File, error) {
	call := uintptr(279) // arm64 and newer architectures
	if runtime.GOARCH == "amd64" {
		call = 319
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return nil, err
	}
	fd, _, errno := syscall.Syscall(call, uintptr(unsafe.Pointer(text)), closeOnExec|executable, 0)
	if errno == syscall.EINVAL {
		fd, _, errno = syscall.Syscall(call, uintptr(unsafe.Pointer(text)), closeOnExec, 0)
	}
	if errno != 0 {
		return nil, os.NewSyscallError("memfd_create", errno)
	}
	return os.NewFile(fd, name), nil
}
