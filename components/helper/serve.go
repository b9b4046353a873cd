package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// readyMark exists once serve is set up. Docker gives every container a writable /dev/shm.
const readyMark = "/dev/shm/slipway-helper"

// reportedMark exists once a health check has reported it.
const reportedMark = "/dev/shm/slipway-helper-told"

// serve installs this program into -install, sets the owners of folders, given as `folder=uid:gid`, and waits for SIGTERM.
func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	install := flags.String("install", "", "folder to install the program into")
	flags.Parse(args)
	for _, owned := range flags.Args() {
		folder, owner, _ := strings.Cut(owned, "=")
		var uid, gid int
		if _, err := fmt.Sscanf(owner, "%d:%d", &uid, &gid); err != nil {
			return fmt.Errorf("%s: %w", owned, err)
		}
		// Not recursive: files in the folder keep their owner.
		if err := os.Chown(folder, uid, gid); err != nil {
			return err
		}
	}
	if err := copyTo(*install); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	if err := os.WriteFile(readyMark, nil, 0o644); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	return nil
}

// ready is the health check of serve itself. It succeeds once serve is set up. Later checks sleep for a minute first,
// because their result cannot change and starting one is costly.
func ready([]string) error {
	if _, err := os.Stat(readyMark); err != nil {
		return err
	}
	if _, err := os.Stat(reportedMark); err == nil {
		time.Sleep(time.Minute)
	}
	return os.WriteFile(reportedMark, nil, 0o644)
}

// install copies this program into a folder.
func install(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: helper install <folder>")
	}
	return copyTo(args[0])
}

// copyTo copies this program into folder. It renames the copy into place, so that no check runs a partial file.
func copyTo(folder string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	next, err := os.OpenFile(filepath.Join(folder, ".helper"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(next, self); err != nil {
		return err
	}
	if err := next.Close(); err != nil {
		return err
	}
	return os.Rename(next.Name(), filepath.Join(folder, "helper"))
}
