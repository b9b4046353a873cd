package main

import (
	"fmt"
	"strconv"
	"time"
)

// settings are read from environment variables; the comments give the name and the default.
type settings struct {
	port            string        // PORT, 8080
	greeting        string        // GREETING, "Hello World"
	shutdownTimeout time.Duration // SHUTDOWN_TIMEOUT, 20s: shorter than the grace period minus the preStop sleep
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{port: "8080", greeting: "Hello World", shutdownTimeout: 20 * time.Second}
	if v := getenv("PORT"); v != "" {
		if n, err := strconv.Atoi(v); err != nil || n < 0 || n > 65535 {
			return s, fmt.Errorf("PORT must be a port number (got %q)", v)
		}
		s.port = v
	}
	if v := getenv("GREETING"); v != "" {
		s.greeting = v
	}
	if v := getenv("SHUTDOWN_TIMEOUT"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			return s, fmt.Errorf("SHUTDOWN_TIMEOUT must be a duration such as 20s (got %q)", v)
		}
		s.shutdownTimeout = d
	}
	return s, nil
}
