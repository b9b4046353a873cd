package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startedMark says that the service has been ready since its container started; it goes with the container.
const startedMark = "/dev/shm/slipway-started"

// leastWatch is how long a check goes on at least once the service has been ready: starting one takes the engine more than
// asking does.
const leastWatch = 10 * time.Second

// firstPause and firstWait say how often and for how long one check asks a service that is not ready yet: the engine starts another at once.
const (
	firstPause = 100 * time.Millisecond
	firstWait  = 2 * time.Second
)

// check asks a service how it is, in the way of Kubernetes. Until it has first been ready, it succeeds as soon as startup and
// readiness do. From then on it keeps watch: readiness that is lost fails it (where -live is not given), and a
// service that is no longer alive is made to write down where it hangs and end (with -end), or fails it.
func check(args []string) error {
	var startup, readiness, liveness probe
	flags := flag.NewFlagSet("check", flag.ExitOnError)
	flags.Var(&startup, "startup", "<what>,<timeout>")
	flags.Var(&readiness, "readiness", "<what>,<timeout>,<period>,<failures>")
	flags.Var(&liveness, "liveness", "<what>,<timeout>,<period>,<failures>")
	settled := flags.Duration("settled", 0, "how long it is ready before that counts")
	live := flags.Bool("live", false, "whether it is only liveness that counts once the service has been ready")
	end := flags.Bool("end", false, "whether a service that is not alive is ended")
	flags.Parse(args)

	if _, err := os.Stat(startedMark); err != nil {
		for _, p := range []probe{startup, readiness} {
			if err := p.await(firstPause, firstWait); err != nil {
				return err
			}
		}
		if *settled > 0 {
			ctx, stop := context.WithTimeout(context.Background(), *settled)
			defer stop()
			readiness.failures = 1
			if err := readiness.watch(ctx); err != nil {
				return err
			}
		}
		return os.WriteFile(startedMark, nil, 0o644)
	}
	window := max(leastWatch, liveness.period*time.Duration(liveness.failures))
	ctx, stop := context.WithTimeout(context.Background(), window)
	defer stop()
	trouble := make(chan error, 2)
	watches := 1
	go func() { trouble <- liveness.watch(ctx) }()
	if !*live {
		watches++
		go func() {
			err := readiness.watch(ctx)
			if err != nil {
				os.Remove(startedMark) // the next one succeeds as soon as it is ready again
				err = notReady{err}
			}
			trouble <- err
		}()
	}
	for range watches {
		err := <-trouble
		if _, only := err.(notReady); err != nil && !only && *end {
			// Go programs write the stacks of all goroutines on SIGQUIT, and exit.
			syscall.Kill(1, syscall.SIGQUIT)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type notReady struct{ error }

// probe is what tells how a service is: an HTTP request, a connection, or a command.
type probe struct {
	url      string
	address  string
	command  []string
	timeout  time.Duration
	period   time.Duration
	failures int
}

func (p *probe) String() string { return p.url }

// Set reads `http:8080/readyz,2s,2s,3`, `tcp:6379,…` or `exec:<a list in JSON, as base64url>,…`.
func (p *probe) Set(text string) error {
	parts := strings.Split(text, ",")
	kind, what, _ := strings.Cut(parts[0], ":")
	switch kind {
	case "http":
		p.url = "http://127.0.0.1:" + what
	case "tcp":
		p.address = "127.0.0.1:" + what
	case "exec":
		list, err := base64.RawURLEncoding.DecodeString(what)
		if err == nil {
			err = json.Unmarshal(list, &p.command)
		}
		if err != nil {
			return err
		}
	default:
		return fmt.Errorf("%q is neither http, tcp nor exec", kind)
	}
	for i, d := range []*time.Duration{&p.timeout, &p.period} {
		if len(parts) > i+1 {
			v, err := time.ParseDuration(parts[i+1])
			if err != nil {
				return err
			}
			*d = v
		}
	}
	if len(parts) > 3 {
		n, err := strconv.Atoi(parts[3])
		if err != nil {
			return err
		}
		p.failures = n
	}
	return nil
}

// await asks until it succeeds, and fails as it last did.
func (p probe) await(pause, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for {
		err := p.ask()
		if err == nil || time.Now().Add(pause).After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

func (p probe) ask() error {
	if p.command != nil {
		ctx, stop := context.WithTimeout(context.Background(), p.timeout)
		defer stop()
		if said, err := exec.CommandContext(ctx, p.command[0], p.command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(p.command, " "), err, said)
		}
		return nil
	}
	if p.address != "" {
		connection, err := net.DialTimeout("tcp", p.address, p.timeout)
		if err != nil {
			return err
		}
		return connection.Close()
	}
	client := http.Client{
		Timeout:       p.timeout,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Get(p.url)
	if err != nil {
		return err
	}
	response.Body.Close()
	// What Kubernetes takes for success.
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("%s answers HTTP %d", p.url, response.StatusCode)
	}
	return nil
}

// watch asks every period, and fails after that many failures in a row.
func (p probe) watch(ctx context.Context) error {
	failed := 0
	for {
		err := p.ask()
		if err == nil {
			failed = 0
		} else if failed++; failed >= p.failures {
			return err
		}
		select {
		case <-ctx.Done():
			if failed == 0 {
				return nil
			}
			ctx = context.Background() // what has begun to fail is watched to its end
		case <-time.After(p.period):
		}
	}
}
