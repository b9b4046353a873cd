package main

import (
	"context"
	"net/http"
)

// telemetry sends traces and metrics of the requests, if the program is built with the tag otel (telemetry_otel.go).
type telemetry struct {
	wrap func(http.Handler) http.Handler
	// stop sends what is left.
	stop func(context.Context) error
}

// noTelemetry sends nothing.
var noTelemetry = telemetry{
	wrap: func(next http.Handler) http.Handler { return next },
	stop: func(context.Context) error { return nil },
}
