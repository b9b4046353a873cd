// Command helper runs probes on Docker and Swarm the way Kubernetes does. `helper serve` installs this program into a
// volume that every service mounts, and sets the owner of service volumes. `helper check` is the health check of a
// service's container, so images need neither a shell nor curl. `helper wait` runs on Kubernetes before a job. `helper install`
// copies this program on Kubernetes, and `helper dev` runs the service's program for slipway dev.
package main

import (
	"fmt"
	"os"

	"dev.slipway/helper/develop"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: helper serve|ready|check|wait|install|dev|connect …"))
	}
	commands := map[string]func([]string) error{"serve": serve, "ready": ready, "check": check, "wait": wait, "install": install, "dev": develop.Run, "connect": develop.Connect}
	command, ok := commands[os.Args[1]]
	if !ok {
		fail(fmt.Errorf("unknown command %q", os.Args[1]))
	}
	if err := command(os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
