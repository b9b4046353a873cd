package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// readyMark says that serve has done its work. Docker gives every container a /dev/shm that can be written to.
const readyMark = "/dev/shm/slipway-helper"

// toldMark says that a check has told so.
const toldMark = "/dev/shm/slipway-helper-told"

// serve installs the program into -install, makes -uid and -gid the owners of the folders that follow, and waits for SIGTERM.
func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	install := flags.String("install", "", "folder that the program is put into")
	uid := flags.Int("uid", 65532, "owner of the folders")
	gid := flags.Int("gid", 65532, "group of the folders")
	flags.Parse(args)
	for _, folder := range flags.Args() {
		// Only the folder itself: what is in it belongs to whoever wrote it.
		if err := os.Chown(folder, *uid, *gid); err != nil {
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

// ready succeeds once serve has done its work: the first time at once; from then on there is nothing more to learn, and
// starting the next check would take the engine more than it tells.
func ready([]string) error {
	if _, err := os.Stat(readyMark); err != nil {
		return err
	}
	if _, err := os.Stat(toldMark); err == nil {
		time.Sleep(time.Minute)
	}
	return os.WriteFile(toldMark, nil, 0o644)
}

// copyTo renames the copy into place, so that no check ever meets half of it.
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
