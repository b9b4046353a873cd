package main

import (
	"flag"
	"fmt"
	"net"
	"time"
)

const (
	dialTimeout = 2 * time.Second
	dialPause   = 200 * time.Millisecond
)

// wait returns once it could connect to every address. It runs in a job's pod before the program: until a network policy knows the new
// pod, calls are rejected.
func wait(args []string) error {
	flags := flag.NewFlagSet("wait", flag.ExitOnError)
	timeout := flags.Duration("timeout", time.Minute, "how long to try")
	flags.Parse(args)
	deadline := time.Now().Add(*timeout)
	for _, address := range flags.Args() {
		for {
			connection, err := net.DialTimeout("tcp", address, dialTimeout)
			if err == nil {
				connection.Close()
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s cannot be reached after %s: %w", address, *timeout, err)
			}
			time.Sleep(dialPause)
		}
	}
	return nil
}
