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

// startedMark exists once the service has been ready. It is deleted with the container.
const startedMark = "/dev/shm/slipway-started"

// minWatch is the minimum duration of a check once the service has been ready. Starting a check costs Docker more than
// probing does, so each check probes several times.
const minWatch = 10 * time.Second

// startPause and startWait are the interval and the duration of probing before the service is ready. Docker then starts
// the next check at once.
const (
	startPause = 100 * time.Millisecond
	startWait  = 2 * time.Second
)

// check probes a service the way Kubernetes does. Until the service is ready for the first time, it succeeds as soon as the
// startup and readiness probes do. After that it keeps probing: it fails if readiness is lost (unless -live is set), and if
// the liveness probe fails. With -end, a failed liveness probe also makes the service print its stacks and exit.
func check(args []string) error {
	var startup, readiness, liveness probe
	flags := flag.NewFlagSet("check", flag.ExitOnError)
	flags.Var(&startup, "startup", "<target>,<timeout>")
	flags.Var(&readiness, "readiness", "<target>,<timeout>,<period>,<failures>")
	flags.Var(&liveness, "liveness", "<target>,<timeout>,<period>,<failures>")
	settled := flags.Duration("settled", 0, "how long the service must stay ready before it counts as started")
	live := flags.Bool("live", false, "ignore readiness once the service has been ready")
	end := flags.Bool("end", false, "end the service if its liveness probe fails")
	flags.Parse(args)

	if _, err := os.Stat(startedMark); err != nil {
		for _, p := range []probe{startup, readiness} {
			if err := p.await(startPause, startWait); err != nil {
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
	window := max(minWatch, liveness.period*time.Duration(liveness.failures))
	ctx, stop := context.WithTimeout(context.Background(), window)
	defer stop()
	failures := make(chan error, 2)
	watches := 1
	go func() { failures <- liveness.watch(ctx) }()
	if !*live {
		watches++
		go func() {
			err := readiness.watch(ctx)
			if err != nil {
				os.Remove(startedMark) // the next check succeeds as soon as the service is ready again
				err = notReady{err}
			}
			failures <- err
		}()
	}
	for range watches {
		err := <-failures
		if _, isReadiness := err.(notReady); err != nil && !isReadiness && *end {
			// On SIGQUIT, Go programs print the stacks of all goroutines and exit.
			syscall.Kill(1, syscall.SIGQUIT)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// notReady is a failure of the readiness probe.
type notReady struct{ error }

// probe is an HTTP request, a TCP connection, a command, or nothing, which always succeeds.
type probe struct {
	url      string
	address  string
	command  []string
	timeout  time.Duration
	period   time.Duration
	failures int
}

func (p *probe) String() string { return p.url }

// Set parses `http:8080/readyz,2s,2s,3`, `tcp:6379,…`, `exec:<JSON list of strings in base64url>,…` or `none:,…`.
func (p *probe) Set(text string) error {
	parts := strings.Split(text, ",")
	kind, target, _ := strings.Cut(parts[0], ":")
	switch kind {
	case "none":
	case "http":
		p.url = "http://127.0.0.1:" + target
	case "tcp":
		p.address = "127.0.0.1:" + target
	case "exec":
		list, err := base64.RawURLEncoding.DecodeString(target)
		if err == nil {
			err = json.Unmarshal(list, &p.command)
		}
		if err != nil {
			return err
		}
	default:
		return fmt.Errorf("kind must be http, tcp, exec or none (got %q)", kind)
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

// await repeats the probe until it succeeds. After wait it returns the last error.
func (p probe) await(pause, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for {
		err := p.run()
		if err == nil || time.Now().Add(pause).After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

// run executes the probe once.
func (p probe) run() error {
	if p.command != nil {
		ctx, stop := context.WithTimeout(context.Background(), p.timeout)
		defer stop()
		if output, err := exec.CommandContext(ctx, p.command[0], p.command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(p.command, " "), err, output)
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
	if p.url == "" {
		return nil
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
	// The same range as in Kubernetes.
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("%s answers HTTP %d", p.url, response.StatusCode)
	}
	return nil
}

// watch repeats the probe every period until ctx is done. It fails after p.failures failures in a row.
func (p probe) watch(ctx context.Context) error {
	failed := 0
	for {
		err := p.run()
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
			ctx = context.Background() // keep probing until the failures are resolved or reach the threshold
		case <-time.After(p.period):
		}
	}
}
