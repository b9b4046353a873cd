package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// reap does what process 1 owes the kernel: it runs this program once more as its child, passes signals on, and waits
// for every process that the kernel hands to it (container shims whose parent ended). It returns the child's exit code.
func reap() int {
	child := exec.Command("/proc/self/exe", os.Args[1:]...)
	child.Args[0] = os.Args[0]
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := child.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	go func() {
		for s := range signals {
			_ = child.Process.Signal(s)
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "node:", err)
			return 1
		}
		if pid == child.Process.Pid && status.Exited() {
			return status.ExitStatus()
		}
		if pid == child.Process.Pid && status.Signaled() {
			return 128 + int(status.Signal())
		}
	}
}
