// Package develop runs the program of a service for `slipway dev`: as the first process of the container, it replaces the program in
// place. Requests wait meanwhile, and a new program that fails leaves the previous one running.
package develop

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// Run is `helper dev <flags> -- <command>`. It returns when the container is to stop, or when the image's own program ends before it
// was ready: then the container fails, as it would without this program.
func Run(args []string) error {
	var o options
	flags := flag.NewFlagSet("dev", flag.ExitOnError)
	flags.IntVar(&o.port, "port", 0, "port of the service; 0 if it has none")
	flags.StringVar(&o.readyPath, "ready", "", "path that answers once the program is ready; empty: as soon as it listens")
	flags.BoolVar(&o.alone, "alone", false, "stop the previous program before the next one starts")
	flags.DurationVar(&o.deadline, "deadline", 30*time.Second, "how long a new program may take to become ready")
	flags.Func("hold", "`port:port of the program`: a port whose connections wait while the program is replaced; may be repeated", func(text string) error {
		h, err := parseHeld(text)
		o.held = append(o.held, h)
		return err
	})
	control := flags.Int("control", 0, "port on the loopback address that slipway dev connects to")
	telemetry := flags.Int("telemetry", 0, "port on the loopback address that receives OTLP; 0: none")
	flags.Parse(args)
	o.command = flags.Args()
	if len(o.command) == 0 {
		return errors.New("dev: the command is missing")
	}

	hub := newHub()
	s := newSupervisor(o, hub)
	if err := listen(*control, controlHandler(s, hub)); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	if *telemetry != 0 {
		if err := listen(*telemetry, telemetryHandler(hub)); err != nil {
			fmt.Fprintf(os.Stderr, "slipway: no telemetry is received: %v\n", err)
		}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	first := make(chan error, 1)
	go func() { first <- s.begin() }()
	for {
		select {
		case err := <-first:
			if err != nil {
				return err
			}
		case received := <-signals:
			return s.end(received.(syscall.Signal))
		}
	}
}

// listen serves on the loopback address only: what is here may replace the program.
func listen(port int, handler http.Handler) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	go (&http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}).Serve(listener)
	return nil
}

type options struct {
	port      int
	readyPath string
	alone     bool
	deadline  time.Duration
	held      []held
	command   []string
}
