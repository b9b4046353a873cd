package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// app holds the state of the request handlers.
type app struct {
	log      *slog.Logger
	greeting string
	ready    atomic.Bool // false before serving and while draining
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.hello)
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.HandleFunc("GET /version", a.version)
	return a.logged(mux)
}

func (a *app) hello(w http.ResponseWriter, _ *http.Request) {
	text(w, http.StatusOK, a.greeting)
}

// healthz reports whether the process works. It checks no dependencies, because a restart would not fix those.
func (a *app) healthz(w http.ResponseWriter, _ *http.Request) {
	text(w, http.StatusOK, "ok")
}

func (a *app) readyz(w http.ResponseWriter, _ *http.Request) {
	if !a.ready.Load() {
		text(w, http.StatusServiceUnavailable, "draining")
		return
	}
	text(w, http.StatusOK, "ready")
}

func (a *app) version(w http.ResponseWriter, _ *http.Request) {
	text(w, http.StatusOK, version)
}

func text(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, body)
}

// logged writes a log line for each request, except for the probes, which come every second.
func (a *app) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		began := time.Now()
		next.ServeHTTP(recorder, r)
		if !isProbe(r) {
			a.log.Info("request", "method", r.Method, "path", r.URL.Path, "status", recorder.status, "seconds", time.Since(began).Seconds())
		}
	})
}

func isProbe(r *http.Request) bool {
	return r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// newServer sets timeouts for everything that a slow client can delay.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       90 * time.Second, // longer than a load balancer's 60 s, so that the server never closes first
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
