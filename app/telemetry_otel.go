//go:build otel

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
)

// startTelemetry sends traces and metrics over OTLP/HTTP if OTEL_EXPORTER_OTLP_ENDPOINT is set. OpenTelemetry reads that variable and the others of
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/, such as OTEL_SERVICE_NAME, itself.
func startTelemetry(ctx context.Context, getenv func(string) string) (telemetry, error) {
	if getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		return noTelemetry, nil
	}
	spans, err := otlptracehttp.New(ctx)
	if err != nil {
		return telemetry{}, fmt.Errorf("traces (OTEL_EXPORTER_OTLP_ENDPOINT): %w", err)
	}
	points, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return telemetry{}, fmt.Errorf("metrics (OTEL_EXPORTER_OTLP_ENDPOINT): %w", err)
	}
	tracers := trace.NewTracerProvider(trace.WithBatcher(spans))
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(points)))
	wrap := otelhttp.NewMiddleware("request",
		otelhttp.WithTracerProvider(tracers),
		otelhttp.WithMeterProvider(meters),
		otelhttp.WithFilter(func(r *http.Request) bool { return !isProbe(r) }),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }),
	)
	stop := func(ctx context.Context) error { return errors.Join(tracers.Shutdown(ctx), meters.Shutdown(ctx)) }
	return telemetry{wrap: wrap, stop: stop}, nil
}
