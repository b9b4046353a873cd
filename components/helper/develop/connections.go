package develop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Connections that are not HTTP are passed on byte by byte. Those that arrive while the program is replaced wait for the next one.

const (
	// maxConnections that are passed on at a time for each port. Further ones wait in the queue of the kernel.
	maxConnections = 1000
	// firstBytes is how long a client may be silent before its protocol counts as one in which the server speaks first.
	firstBytes = 200 * time.Millisecond
	// longestRequestLine in bytes of what can be HTTP.
	longestRequestLine = 8 << 10
)

// held is a port of the helper that leads to a port of the program.
type held struct{ listen, port int }

// parseHeld reads <port of the helper>:<port of the program>.
func parseHeld(text string) (h held, err error) {
	if _, err := fmt.Sscanf(text, "%d:%d", &h.listen, &h.port); err != nil {
		return h, fmt.Errorf("must be <port>:<port of the program>, got %q", text)
	}
	return h, nil
}

// hold passes on the connections to a port of the helper.
func (s *supervisor) hold(h held) error {
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(h.listen))
	if err != nil {
		return err
	}
	go accept(listener, func(client net.Conn) {
		s.pass(client, func(*process) int { return h.port })
	})
	return nil
}

func accept(listener net.Listener, handle func(net.Conn)) {
	places := make(chan struct{}, maxConnections)
	for {
		places <- struct{}{}
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(pollPause) // such as too many open files
			<-places
			continue
		}
		go func() {
			defer func() { <-places }()
			handle(client)
		}()
	}
}

// pass connects a client to the program, once there is one.
func (s *supervisor) pass(client net.Conn, portOf func(*process) int) {
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), holdTime)
	program, err := s.dial(ctx, portOf)
	cancel()
	if err != nil {
		return
	}
	defer program.Close()
	var directions sync.WaitGroup
	directions.Go(func() { copyAndClose(program, client) })
	directions.Go(func() { copyAndClose(client, program) })
	directions.Wait()
}

// copyAndClose ends one direction of a connection, and both if that failed.
func copyAndClose(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		from.Close()
		return
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

func (s *supervisor) dial(ctx context.Context, portOf func(*process) int) (net.Conn, error) {
	for {
		p, err := s.acquire(ctx)
		if err != nil {
			return nil, err
		}
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(portOf(p))))
		// It ends with the program, as it would without the helper, so the program is not kept for it.
		p.requests.Add(-1)
		if err == nil || !errors.Is(err, syscall.ECONNREFUSED) || ctx.Err() != nil {
			return connection, err
		}
		time.Sleep(pollPause)
	}
}

// httpOnly is the listener of a port whose protocol is not known: its connections are those that begin with a request of HTTP.
type httpOnly struct {
	net.Listener
	connections chan net.Conn
}

// splitHTTP passes the other connections on to the program.
func (s *supervisor) splitHTTP(listener net.Listener) net.Listener {
	split := &httpOnly{listener, make(chan net.Conn)}
	go accept(listener, func(client net.Conn) {
		begun := &begunConnection{Conn: client, reader: bufio.NewReaderSize(client, longestRequestLine)}
		if begun.isHTTP() {
			split.connections <- begun
			return
		}
		s.pass(begun, func(p *process) int { return p.port })
	})
	return split
}

func (l *httpOnly) Accept() (net.Conn, error) { return <-l.connections, nil }

// begunConnection is one of which the first bytes were looked at.
type begunConnection struct {
	net.Conn
	reader *bufio.Reader
}

func (c *begunConnection) Read(p []byte) (int, error) { return c.reader.Read(p) }

func (c *begunConnection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// isHTTP is whether the first line is that of a request: https://www.rfc-editor.org/rfc/rfc9112#section-3 or of HTTP/2 without TLS
func (c *begunConnection) isHTTP() bool {
	c.SetReadDeadline(time.Now().Add(firstBytes))
	defer c.SetReadDeadline(time.Time{})
	for known := 1; known <= longestRequestLine; known = c.reader.Buffered() + 1 {
		if _, err := c.reader.Peek(known); err != nil {
			return false
		}
		begin, _ := c.reader.Peek(c.reader.Buffered())
		if begin[0] < 'A' || begin[0] > 'Z' {
			return false
		}
		if line, _, isWhole := strings.Cut(string(begin), "\r\n"); isWhole {
			return strings.HasSuffix(line, " HTTP/1.1") || strings.HasSuffix(line, " HTTP/1.0") || line == "PRI * HTTP/2.0"
		}
	}
	return false
}
