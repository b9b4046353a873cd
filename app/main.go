// Command app is a small production-ready web service, with health endpoints, JSON logs and a graceful shutdown.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// version is set at link time: -ldflags "-X main.version=1.2.3".
var version = "dev"

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("version", version)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, log, os.Getenv); err != nil {
		log.Error("stopped", "error", err)
		os.Exit(1)
	}
}

// run serves until ctx is done, then drains.
func run(ctx context.Context, log *slog.Logger, getenv func(string) string) error {
	settings, err := readSettings(getenv)
	if err != nil {
		return err
	}
	telemetry, err := startTelemetry(ctx, getenv)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", ":"+settings.port)
	if err != nil {
		return fmt.Errorf("listen (PORT sets the port): %w", err)
	}
	a := &app{log: log, greeting: settings.greeting}
	err = serve(ctx, log, listener, newServer(telemetry.wrap(a.routes()), log), &a.ready, settings.shutdownTimeout)
	bounded, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := telemetry.stop(bounded); err != nil {
		log.Warn("telemetry is lost", "error", err)
	}
	return err
}

// serve accepts connections and reports ready until ctx is done. It then reports not ready, refuses new connections, and
// returns when all requests in flight are answered. It fails if that takes longer than the timeout.
func serve(ctx context.Context, log *slog.Logger, listener net.Listener, server *http.Server, ready *atomic.Bool, timeout time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	ready.Store(true)
	log.Info("serving", "address", listener.Addr().String())

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ready.Store(false)
	log.Info("draining", "timeout", timeout.String())
	bounded, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		return fmt.Errorf("requests still in flight after %s: %w", timeout, err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	log.Info("stopped")
	return nil
}
