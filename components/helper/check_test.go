package main

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// probeOf parses a probe from the flag value of a container's health check.
func probeOf(t *testing.T, text string) probe {
	t.Helper()
	var p probe
	if err := p.Set(text); err != nil {
		t.Fatal(err)
	}
	return p
}

// answering starts a server that answers with the current status, and returns its port.
func answering(t *testing.T, status *atomic.Int32) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(server.Close)
	return server.URL[strings.LastIndex(server.URL, ":")+1:]
}

func TestHTTPSucceedsFrom200To399AndFollowsNoRedirect(t *testing.T) {
	var status atomic.Int32
	port := answering(t, &status)
	for code, succeeds := range map[int32]bool{200: true, 204: true, 302: true, 399: true, 400: false, 404: false, 503: false} {
		status.Store(code)
		if err := probeOf(t, "http:"+port+"/readyz,1s").run(); (err == nil) != succeeds {
			t.Errorf("HTTP %d: %v", code, err)
		}
	}
}

func TestTCPSucceedsIfThePortAcceptsAConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := probeOf(t, "tcp:"+port+",1s").run(); err != nil {
		t.Error(err)
	}
	listener.Close()
	if probeOf(t, "tcp:"+port+",1s").run() == nil {
		t.Error("succeeded although nothing listens")
	}
}

func TestExecFailsWithTheExitCodeAndTheOutput(t *testing.T) {
	exec := func(list string) error {
		return probeOf(t, "exec:"+base64.RawURLEncoding.EncodeToString([]byte(list))+",1s").run()
	}
	if err := exec(`["true"]`); err != nil {
		t.Error(err)
	}
	if err := exec(`["sh", "-c", "echo no, not yet; exit 3"]`); err == nil || !strings.Contains(err.Error(), "exit status 3: no, not yet") {
		t.Error(err)
	}
	if exec(`["sleep", "5"]`) == nil {
		t.Error("a command that exceeds its timeout succeeded")
	}
}

func TestAwaitRetriesUntilSuccessAndReturnsTheLastErrorOnTimeout(t *testing.T) {
	var status atomic.Int32
	status.Store(503)
	probe := probeOf(t, "http:"+answering(t, &status)+"/readyz,1s")
	if err := probe.await(time.Millisecond, 20*time.Millisecond); err == nil || !strings.Contains(err.Error(), "503") {
		t.Error(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { status.Store(200) })
	if err := probe.await(time.Millisecond, 10*time.Second); err != nil {
		t.Error(err)
	}
}

func TestWatchFailsAfterTheThresholdOfConsecutiveFailures(t *testing.T) {
	var requests atomic.Int32
	fails := func(n int32) bool { return n == 2 || n == 3 || n >= 6 }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if fails(requests.Add(1)) {
			w.WriteHeader(503)
		}
	}))
	defer server.Close()
	p := probeOf(t, "http:"+server.URL[strings.LastIndex(server.URL, ":")+1:]+"/,1s,1ms,3")
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if p.watch(ctx) == nil || requests.Load() != 8 {
		t.Errorf("ended after %d requests, want 8", requests.Load())
	}
}

func TestWatchEndsWithItsContextUnlessTheProbeIsFailing(t *testing.T) {
	var status atomic.Int32
	status.Store(200)
	p := probeOf(t, "http:"+answering(t, &status)+"/,1s,10ms,3")
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	if err := p.watch(ctx); err != nil {
		t.Error(err)
	}
	status.Store(500)
	if p.watch(ctx) == nil { // ctx is already done
		t.Error("succeeded after three failures in a row")
	}
}
