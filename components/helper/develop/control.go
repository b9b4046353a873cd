package develop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"time"
)

// controlHandler is what `slipway dev` talks to.
//
//	GET /status          which program runs
//	GET /events          what happens, a JSON object per line; with ?by=<who>, the reader is the session that may replace the program
//	PUT /program         runs the program of a layer; the query has its digest and the session, and debug=1 to run it in the debugger
//	PUT /debugger        takes the debugger
func controlHandler(s *supervisor, hub *hub) http.Handler {
	c := &control{supervisor: s, hub: hub}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", c.status)
	mux.HandleFunc("GET /events", c.events)
	mux.HandleFunc("PUT /program", c.program)
	mux.HandleFunc("PUT /debugger", c.debugger)
	return mux
}

type control struct {
	supervisor *supervisor
	hub        *hub
	mu         sync.Mutex
	session    *session
}

// session is who may replace the program.
type session struct {
	By    string    `json:"by"`
	Since time.Time `json:"since"`
}

type status struct {
	// Digest of the layer with the program; empty for the one of the image.
	Digest  string `json:"digest"`
	Serving bool   `json:"serving"`
	// Architecture of the machine, as Go names it.
	Architecture string `json:"architecture"`
	// Holds is whether requests wait while the program is replaced.
	Holds   bool     `json:"holds"`
	Session *session `json:"session,omitempty"`
}

func (c *control) status(w http.ResponseWriter, _ *http.Request) {
	s := c.supervisor
	s.mu.Lock()
	answer := status{Digest: s.wanted.digest, Serving: s.current != nil, Architecture: runtime.GOARCH, Holds: s.isProxying.Load()}
	s.mu.Unlock()
	c.mu.Lock()
	answer.Session = c.session
	c.mu.Unlock()
	writeJSON(w, http.StatusOK, answer)
}

func (c *control) events(w http.ResponseWriter, r *http.Request) {
	if by := r.URL.Query().Get("by"); by != "" {
		own := &session{By: by, Since: time.Now().UTC().Truncate(time.Second)}
		if other := c.enter(own); other != nil {
			writeJSON(w, http.StatusConflict, other)
			return
		}
		defer c.leave(own)
	}
	reader := c.hub.subscribe()
	defer c.hub.unsubscribe(reader)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	lines, flusher := json.NewEncoder(w), http.NewResponseController(w)
	flusher.Flush()
	// A reader that is gone is noticed, although nothing happens.
	beat := time.NewTicker(5 * time.Second)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			_, err = io.WriteString(w, "{}\n")
		case e := <-reader.events:
			if lost := c.hub.taken(reader, e); lost > 0 {
				err = lines.Encode(event{Type: eventLost, Count: lost})
			}
			if err == nil {
				err = lines.Encode(e)
			}
		}
		if err != nil || flusher.Flush() != nil {
			return
		}
	}
}

// enter makes a session the one that may replace the program, and returns the one that already may.
func (c *control) enter(own *session) (other *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil {
		return c.session
	}
	c.session = own
	return nil
}

func (c *control) leave(own *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == own {
		c.session = nil
	}
}

// largestLayer in bytes.
const largestLayer = 1 << 30

func (c *control) program(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	c.mu.Lock()
	holder := c.session
	c.mu.Unlock()
	if holder == nil || holder.By != query.Get("by") {
		writeJSON(w, http.StatusConflict, holder)
		return
	}
	next, err := receive(http.MaxBytesReader(w, r.Body, largestLayer), query.Get("digest"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	next.isDebugged = query.Get("debug") == "1"
	if next.isDebugged && c.supervisor.debugger == nil {
		next.close()
		http.Error(w, "there is no debugger", http.StatusBadRequest)
		return
	}
	writeJSON(w, http.StatusOK, c.supervisor.replace(next))
}

func (c *control) debugger(w http.ResponseWriter, r *http.Request) {
	s := c.supervisor
	s.replacing.Lock()
	defer s.replacing.Unlock()
	file, err := receiveFile(http.MaxBytesReader(w, r.Body, largestLayer))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.debugger != nil {
		s.debugger.Close()
	}
	s.debugger = file
	writeJSON(w, http.StatusOK, struct{}{})
}

func writeJSON(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(value)
}

// largestExport in bytes, before it is decompressed.
const largestExport = 4 << 20

// telemetryHandler receives OTLP over HTTP from the program, and passes it on: https://opentelemetry.io/docs/specs/otlp/#otlphttp
func telemetryHandler(hub *hub) http.Handler {
	mux := http.NewServeMux()
	for _, signal := range []string{"traces", "metrics", "logs"} {
		mux.HandleFunc("POST /v1/"+signal, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestExport))
			if err != nil {
				http.Error(w, fmt.Sprintf("must be at most %d bytes", largestExport), http.StatusRequestEntityTooLarge)
				return
			}
			contentType := r.Header.Get("Content-Type")
			hub.send(event{Type: eventTelemetry, Signal: signal, ContentType: contentType, Encoding: r.Header.Get("Content-Encoding"), Body: body})
			w.Header().Set("Content-Type", contentType)
			// An answer without fields, which is empty in the binary form.
			if contentType == "application/json" {
				io.WriteString(w, "{}")
			}
		})
	}
	return mux
}
