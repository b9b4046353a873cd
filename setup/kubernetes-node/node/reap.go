package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// reap does the duties of process 1: it runs this program again as a child, forwards signals to it, and reaps orphaned
// processes, such as container shims. It returns the child's exit code.
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
