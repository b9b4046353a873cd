package develop

import "sync"

const (
	eventLog       = "log"
	eventCrashed   = "crashed"
	eventRestarted = "restarted"
	eventTelemetry = "telemetry"
	eventLost      = "lost"
)

// event is a line of GET /events.
type event struct {
	Type string `json:"type"`
	// Text is a line of the log, or why the program ended.
	Text string `json:"text,omitempty"`
	// Output has the last lines before a crash.
	Output string `json:"output,omitempty"`
	// Signal is traces, metrics or logs.
	Signal      string `json:"signal,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	// Encoding of the body, such as gzip.
	Encoding string `json:"encoding,omitempty"`
	Body     []byte `json:"body,omitempty"`
	// Count of the events that were lost, because the reader was too slow.
	Count int `json:"count,omitempty"`
}

const (
	// waitingEvents per reader. More are lost, so that a slow reader costs no memory.
	waitingEvents = 1024
	// waitingBytes of telemetry per reader.
	waitingBytes = 8 << 20
)

// hub passes events on to all readers.
type hub struct {
	mu      sync.Mutex
	readers map[*reader]struct{}
}

type reader struct {
	events chan event
	lost   int
	bytes  int
}

func newHub() *hub { return &hub{readers: map[*reader]struct{}{}} }

func (h *hub) send(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range h.readers {
		if r.bytes+len(e.Body) > waitingBytes {
			r.lost++
			continue
		}
		select {
		case r.events <- e:
			r.bytes += len(e.Body)
		default:
			r.lost++
		}
	}
}

func (h *hub) subscribe() *reader {
	r := &reader{events: make(chan event, waitingEvents)}
	h.mu.Lock()
	h.readers[r] = struct{}{}
	h.mu.Unlock()
	return r
}

func (h *hub) unsubscribe(r *reader) {
	h.mu.Lock()
	delete(h.readers, r)
	h.mu.Unlock()
}

// taken says that an event was read, and how many were lost before it.
func (h *hub) taken(r *reader, e event) (lost int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.bytes -= len(e.Body)
	lost, r.lost = r.lost, 0
	return lost
}
