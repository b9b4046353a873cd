// Command helper does on a Docker engine what Kubernetes does by itself. `helper serve` puts this program where every
// service finds it, gives volumes to the user that services run as, and stays. `helper check`, as the health check of a
// service's container, asks it by HTTP: images need no shell and no curl for it.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: helper serve|ready|check …"))
	}
	commands := map[string]func([]string) error{"serve": serve, "ready": ready, "check": check}
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
