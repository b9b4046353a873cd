package develop

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

const (
	// keptLines of a program's output explain its end.
	keptLines = 200
	// longestLine in bytes; the rest of a longer one is another line.
	longestLine = 16 << 10
)

// output passes on what a program prints, and keeps the last lines.
type output struct {
	hub  *hub
	mu   sync.Mutex
	last []string
}

func newOutput(hub *hub) *output { return &output{hub: hub} }

// to returns a writer for one of the program's streams.
func (o *output) to(w io.Writer) io.Writer { return &lineWriter{output: o, to: w} }

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.last, "\n")
}

func (o *output) add(line string) {
	o.mu.Lock()
	o.last = append(o.last, line)
	if len(o.last) > keptLines {
		o.last = o.last[1:]
	}
	o.mu.Unlock()
	o.hub.send(event{Type: eventLog, Text: line})
}

type lineWriter struct {
	output *output
	to     io.Writer
	rest   []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.to.Write(p)
	w.rest = append(w.rest, p...)
	for {
		end := bytes.IndexByte(w.rest, '\n')
		if end < 0 && len(w.rest) < longestLine {
			return len(p), nil
		}
		if end < 0 || end > longestLine {
			w.output.add(string(w.rest[:longestLine]))
			w.rest = w.rest[longestLine:]
			continue
		}
		w.output.add(string(w.rest[:end]))
		w.rest = w.rest[end+1:]
	}
}
