package develop

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// debuggerAddress is where the debugger listens, on the loopback address of the container.
const debuggerAddress = "127.0.0.1:2345"

const (
	// pollPause is the time between two looks at a program that starts.
	pollPause = 5 * time.Millisecond
	// settled is how long a program without a port must run to count as ready.
	settled = 300 * time.Millisecond
	// drainTime is how long requests may take that the previous program has accepted.
	drainTime = 5 * time.Second
	// stopTime is the time from SIGTERM to SIGKILL.
	stopTime = 2 * time.Second
)

// process is a running program.
type process struct {
	program program
	cmd     *exec.Cmd
	output  *output
	// offered is the value of PORT.
	offered int
	// port that it listens on; 0 until it does.
	port int
	// requests that the proxy has passed on and that have no answer yet.
	requests atomic.Int64
	// ended is closed when the program has ended; err says how.
	ended chan struct{}
	err   error
	// stopping is set before the program is told to end.
	stopping atomic.Bool
}

func startProcess(p program, debugger *os.File, command []string, port int, hub *hub) (*process, error) {
	cmd := exec.Command(p.path(command[0]), command[1:]...)
	cmd.Args[0] = command[0]
	if p.isDebugged {
		// The kubelet, which forwards the connection of the editor, is another user.
		args := append([]string{"exec", "--only-same-user=false", "--headless", "--accept-multiclient", "--continue", "--api-version=2", "--check-go-version=false",
			"--log-dest=/dev/null", "--listen=" + debuggerAddress, p.path(command[0]), "--"}, command[1:]...)
		cmd = exec.Command(program{file: debugger}.path(""), args...)
		// Delve keeps its settings in the home folder, which the container may not have.
		cmd.Env = append(cmd.Environ(), "HOME=/nonexistent")
	}
	cmd.Env = append(slices.DeleteFunc(cmd.Environ(), func(v string) bool { return strings.HasPrefix(v, "PORT=") }), "PORT="+strconv.Itoa(port))
	out := newOutput(hub)
	cmd.Stdout, cmd.Stderr = out.to(os.Stdout), out.to(os.Stderr)
	cmd.WaitDelay = time.Second // a program that it has started may keep its output open
	started := &process{program: p, cmd: cmd, output: out, offered: port, ended: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		err := cmd.Wait()
		if errors.Is(err, exec.ErrWaitDelay) {
			err = nil
		}
		started.err = err
		close(started.ended)
	}()
	return started, nil
}

// exitError says how a program ended that was not told to.
func (p *process) exitError() error {
	if p.err == nil {
		return errors.New("the program ended with exit code 0")
	}
	var exit *exec.ExitError
	if errors.As(p.err, &exit) && exit.Exited() {
		return fmt.Errorf("the program ended with exit code %d", exit.ExitCode())
	}
	return fmt.Errorf("the program ended: %w", p.err)
}

// awaitReady returns once the program answers. It finds out which port the program listens on: the one in PORT, or the service's own, unless
// the proxy has that one.
func (p *process) awaitReady(o options, isProxying bool) error {
	if o.port == 0 {
		return p.awaitSettled()
	}
	last := fmt.Errorf("it does not listen on port %d, nor on the port in the variable PORT", o.port)
	for deadline := time.Now().Add(o.deadline); time.Now().Before(deadline); time.Sleep(pollPause) {
		select {
		case <-p.ended:
			return p.exitError()
		default:
		}
		if p.port == 0 && !p.findPort(o.port, isProxying) {
			continue
		}
		if last = probe(p.port, o.readyPath); last == nil {
			return nil
		}
	}
	return fmt.Errorf("the program is not ready after %s: %w", o.deadline, last)
}

func (p *process) awaitSettled() error {
	select {
	case <-p.ended:
		return p.exitError()
	case <-time.After(settled):
		return nil
	}
}

func (p *process) findPort(own int, isProxying bool) bool {
	for _, port := range []int{p.offered, own} {
		if isListening(port) && (port == p.offered || !isProxying) {
			p.port = port
			return true
		}
	}
	return false
}

// isListening looks into the kernel's tables, so that the program sees no connection.
func isListening(port int) bool {
	suffix := fmt.Sprintf(":%04X", port)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) > 3 && strings.HasSuffix(fields[1], suffix) && fields[3] == "0A" {
				return true
			}
		}
	}
	return false
}

var probeClient = http.Client{
	Timeout:       2 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// probe succeeds as the readiness probe of Kubernetes does: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes
func probe(port int, path string) error {
	if path == "" {
		return nil
	}
	response, err := probeClient.Get("http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + path)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("%s answers HTTP %d", path, response.StatusCode)
	}
	return nil
}

// retire ends a program that gets no new requests, after those that it has.
func (p *process) retire() {
	for deadline := time.Now().Add(drainTime); p.requests.Load() > 0 && time.Now().Before(deadline); {
		time.Sleep(pollPause)
	}
	p.stop()
}

// stop ends the program and waits for its end.
func (p *process) stop() {
	p.stopping.Store(true)
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopTime):
		p.cmd.Process.Kill()
		<-p.ended
	}
}
