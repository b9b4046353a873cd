package develop

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// restartPauses before a program that has crashed starts again. The last one is repeated.
var restartPauses = []time.Duration{200 * time.Millisecond, time.Second, 3 * time.Second, 10 * time.Second}

// drainAlone is how long requests may take before the previous program is stopped while others wait.
const drainAlone = time.Second

// supervisor runs one program at a time, and replaces it.
type supervisor struct {
	options
	hub *hub
	// isProxying is set once the proxy listens on the service's port.
	isProxying atomic.Bool
	// replacing is held by whoever starts and stops programs.
	replacing sync.Mutex

	mu sync.Mutex
	// current gets the requests; nil while they wait.
	current *process
	// changed is closed when current changes.
	changed chan struct{}
	// wanted is what runs after a crash.
	wanted program
	// debugger runs the programs that are debugged; nil if it was not received.
	debugger *os.File
}

func newSupervisor(o options, hub *hub) *supervisor {
	return &supervisor{options: o, hub: hub, changed: make(chan struct{})}
}

// Results of a replacement.
const (
	resultReady   = "ready"
	resultCrashed = "crashed"
)

// outcome answers PUT /program.
type outcome struct {
	Result string `json:"result"`
	// Reason why the new program does not run.
	Reason string `json:"reason,omitempty"`
	// Output of the new program.
	Output string `json:"output,omitempty"`
	// Serving is whether a program answers now: the new one, or the previous one.
	Serving bool `json:"serving"`
}

// begin starts the program of the image.
func (s *supervisor) begin() error {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	started, err := s.start(program{})
	if err != nil {
		return err
	}
	// Whether it ever becomes ready is for the probes of the container to say.
	o := s.options
	o.deadline = 24 * time.Hour
	if err := started.awaitReady(o, false); err != nil {
		return err
	}
	if started.port != 0 && started.port == started.offered && started.port != s.port {
		if err := s.proxy(); err != nil {
			return err
		}
	}
	s.serve(started)
	for _, h := range s.held {
		if err := s.hold(h); err != nil {
			return err
		}
	}
	return nil
}

// start runs a program on a free port, or on the service's own if the program of the image has not used the free one.
func (s *supervisor) start(p program) (*process, error) {
	port := s.port
	if s.port != 0 && (s.isProxying.Load() || p.file == nil) {
		free, err := freePort()
		if err != nil {
			return nil, err
		}
		port = free
	}
	return startProcess(p, s.debugger, s.command, port, s.hub)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// serve lets a program have the requests, and returns the one that had them.
func (s *supervisor) serve(next *process) (previous *process) {
	s.mu.Lock()
	previous, s.current = s.current, next
	if next != nil {
		s.wanted = next.program
	}
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	if next != nil {
		go s.watch(next)
	}
	return previous
}

// acquire waits for a program that takes requests.
func (s *supervisor) acquire(ctx context.Context) (*process, error) {
	for {
		s.mu.Lock()
		current, changed := s.current, s.changed
		if current != nil {
			current.requests.Add(1)
		}
		s.mu.Unlock()
		if current != nil {
			return current, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// replace runs another program. If that fails, the previous one serves.
func (s *supervisor) replace(next program) outcome {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	// Without a port of its own, two programs would do the same work twice, and the debugger has one port.
	if !s.alone && s.isProxying.Load() && !next.isDebugged && !s.wanted.isDebugged {
		started, err := s.attempt(next)
		if err == nil {
			s.retire(s.serve(started))
			return outcome{Result: resultReady, Serving: true}
		}
		if started == nil || !strings.Contains(started.output.text(), "address already in use") {
			return s.failed(next, started, err)
		}
		// It has further ports than the one in PORT.
		s.alone = true
	}
	previous := s.serve(nil)
	if previous != nil {
		for deadline := time.Now().Add(drainAlone); previous.requests.Load() > 0 && time.Now().Before(deadline); {
			time.Sleep(pollPause)
		}
		previous.stop()
	}
	started, err := s.attempt(next)
	if err == nil {
		s.serve(started)
		if previous != nil {
			s.forget(previous.program)
		}
		return outcome{Result: resultReady, Serving: true}
	}
	again, againErr := s.attempt(s.wanted)
	if againErr == nil {
		s.serve(again)
	} else {
		s.hub.send(event{Type: eventCrashed, Text: "the previous program does not start again: " + againErr.Error()})
		go s.restart(s.wanted)
	}
	return s.failed(next, started, err)
}

// attempt starts a program. If it does not become ready, it is stopped, and its process is returned with the error.
func (s *supervisor) attempt(p program) (*process, error) {
	started, err := s.start(p)
	if err != nil {
		return nil, err
	}
	if err := started.awaitReady(s.options, s.isProxying.Load()); err != nil {
		started.stop()
		return started, err
	}
	return started, nil
}

func (s *supervisor) failed(next program, started *process, err error) outcome {
	s.forget(next)
	o := outcome{Result: resultCrashed, Reason: err.Error()}
	if started != nil {
		o.Output = started.output.text()
	}
	s.mu.Lock()
	o.Serving = s.current != nil
	s.mu.Unlock()
	return o
}

func (s *supervisor) retire(previous *process) {
	if previous == nil {
		return
	}
	go func() {
		previous.retire()
		s.forget(previous.program)
	}()
}

// forget frees the memory of a program that is not needed any more.
func (s *supervisor) forget(p program) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.file != nil && p.file != s.wanted.file {
		p.close()
	}
}

// watch starts a program again that ends by itself.
func (s *supervisor) watch(p *process) {
	<-p.ended
	s.mu.Lock()
	isCurrent := s.current == p && !p.stopping.Load()
	if isCurrent {
		s.current = nil
		close(s.changed)
		s.changed = make(chan struct{})
	}
	s.mu.Unlock()
	if !isCurrent {
		return
	}
	s.hub.send(event{Type: eventCrashed, Text: p.exitError().Error(), Output: p.output.text()})
	s.restart(p.program)
}

func (s *supervisor) restart(p program) {
	for i := 0; ; i++ {
		time.Sleep(restartPauses[min(i, len(restartPauses)-1)])
		if s.tryRestart(p) {
			return
		}
	}
}

// tryRestart is true if a program runs, or another one is to run.
func (s *supervisor) tryRestart(p program) bool {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	s.mu.Lock()
	isOver := s.current != nil || s.wanted != p
	s.mu.Unlock()
	if isOver {
		return true
	}
	started, err := s.attempt(p)
	if err != nil {
		return false
	}
	s.serve(started)
	s.hub.send(event{Type: eventRestarted})
	return true
}

// end passes on the signal that ends the container, and waits for the program.
func (s *supervisor) end(received syscall.Signal) error {
	s.mu.Lock()
	current := s.current
	s.mu.Unlock()
	if current == nil {
		return nil
	}
	current.stopping.Store(true)
	current.cmd.Process.Signal(received)
	// Docker and the kubelet send SIGKILL to the container when its time is over.
	<-current.ended
	if current.err != nil {
		return fmt.Errorf("%w", current.exitError())
	}
	return nil
}
