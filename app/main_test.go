package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func newTestApp(ready bool) *app {
	a := &app{log: slog.New(slog.DiscardHandler), greeting: "Hello World"}
	a.ready.Store(ready)
	return a
}

func TestRoutes(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		ready              bool
		status             int
		body               string
	}{
		{"root greets", "GET", "/", true, 200, "Hello World\n"},
		{"root answers HEAD", "HEAD", "/", true, 200, ""},
		{"other paths are not found", "GET", "/nothing", true, 404, "404 page not found\n"},
		{"other methods are rejected", "POST", "/", true, 405, "Method Not Allowed\n"},
		{"healthz is ok while ready", "GET", "/healthz", true, 200, "ok\n"},
		{"healthz is ok while draining", "GET", "/healthz", false, 200, "ok\n"},
		{"readyz is ready", "GET", "/readyz", true, 200, "ready\n"},
		{"readyz is not ready while draining", "GET", "/readyz", false, 503, "draining\n"},
		{"version returns the version", "GET", "/version", true, 200, "dev\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(newTestApp(c.ready).routes())
			defer server.Close()
			request, _ := http.NewRequest(c.method, server.URL+c.path, nil)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != c.status || string(body) != c.body {
				t.Errorf("got %d %q, want %d %q", response.StatusCode, body, c.status, c.body)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct{ name, variable, value, want string }{
		{"a port that is not a number", "PORT", "http", `PORT must be a port number (got "http")`},
		{"a port that is too high", "PORT", "70000", `PORT must be a port number (got "70000")`},
		{"a timeout without a unit", "SHUTDOWN_TIMEOUT", "20", `SHUTDOWN_TIMEOUT must be a duration such as 20s (got "20")`},
		{"a timeout of zero", "SHUTDOWN_TIMEOUT", "0s", `SHUTDOWN_TIMEOUT must be a duration such as 20s (got "0s")`},
	} {
		t.Run(c.name+" is rejected", func(t *testing.T) {
			_, err := readSettings(func(name string) string { return map[string]string{c.variable: c.value}[name] })
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("defaults", func(t *testing.T) {
		got, err := readSettings(func(string) string { return "" })
		if want := (settings{"8080", "Hello World", 20 * time.Second}); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

// serving starts serve with a handler that blocks until release is called, and sends it a request.
func serving(t *testing.T, timeout time.Duration) (address string, stop, release func(), ready *atomic.Bool, answered <-chan string, ended <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered, released := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-released
		io.WriteString(w, "done")
	})
	log := slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.Background())
	ready = new(atomic.Bool)
	answers, ends := make(chan string, 1), make(chan error, 1)
	go func() { ends <- serve(ctx, log, listener, newServer(handler, log), ready, timeout) }()
	go func() {
		response, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			answers <- err.Error()
			return
		}
		body, _ := io.ReadAll(response.Body)
		answers <- string(body)
	}()
	<-entered
	return listener.Addr().String(), cancel, sync.OnceFunc(func() { close(released) }), ready, answers, ends
}

func TestServeDrainsBeforeItReturns(t *testing.T) {
	address, stop, release, ready, answered, ended := serving(t, 5*time.Second)
	if !ready.Load() {
		t.Error("not ready while serving")
	}
	stop()
	select {
	case err := <-ended:
		t.Fatalf("serve returned %v with a request in flight", err)
	case <-time.After(200 * time.Millisecond):
	}
	if ready.Load() {
		t.Error("ready while draining")
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("accepted a new connection while draining")
	}
	release()
	if got := <-answered; got != "done" {
		t.Errorf("the request in flight got %q, want %q", got, "done")
	}
	if err := <-ended; err != nil {
		t.Errorf("serve returned %v, want nil", err)
	}
}

func TestServeFailsIfRequestsOutlastTheTimeout(t *testing.T) {
	_, stop, release, _, _, ended := serving(t, 50*time.Millisecond)
	defer release()
	stop()
	if err := <-ended; err == nil || !strings.HasPrefix(err.Error(), "requests still in flight after 50ms") {
		t.Errorf("serve returned %v, want requests still in flight", err)
	}
}

func TestRequestsAreLoggedAsJSONExceptProbes(t *testing.T) {
	var out lockedBuffer
	a := &app{log: slog.New(slog.NewJSONHandler(&out, nil)), greeting: "Hello World"}
	server := httptest.NewServer(a.routes())
	defer server.Close()
	for _, path := range []string{"/", "/healthz", "/readyz"} {
		if _, err := http.Get(server.URL + path); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1 {
		t.Fatalf("got %d log lines, want 1: %q", len(lines), lines)
	}
	var line struct {
		Msg, Method, Path string
		Status            int
	}
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	if line.Msg != "request" || line.Method != "GET" || line.Path != "/" || line.Status != 200 {
		t.Errorf("got %+v", line)
	}
}

func TestServerHasATimeoutForEachPhase(t *testing.T) {
	s := newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	for name, timeout := range map[string]time.Duration{
		"ReadHeaderTimeout": s.ReadHeaderTimeout, "ReadTimeout": s.ReadTimeout, "WriteTimeout": s.WriteTimeout, "IdleTimeout": s.IdleTimeout,
	} {
		if timeout <= 0 {
			t.Errorf("%s is not set", name)
		}
	}
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
