package develop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serveEcho greets each client, and returns what it gets.
func serveEcho(address, greeting string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go accept(listener, func(client net.Conn) {
		defer client.Close()
		io.WriteString(client, greeting)
		io.Copy(client, client)
	})
	return nil
}

// stream answers each line at once, as a stream of gRPC does, and has a trailer.
func stream(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	flusher := http.NewResponseController(w)
	flusher.Flush()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); flusher.Flush() {
		fmt.Fprintf(w, "%s\n", lines.Text())
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
}

// socket upgrades the connection, as for WebSocket.
func socket(w http.ResponseWriter, _ *http.Request) {
	connection, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	io.Copy(connection, both)
}

// connect to a port; the connection is closed at the end of the test.
func connect(t *testing.T, port int) (net.Conn, *bufio.Reader) {
	t.Helper()
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	connection.SetDeadline(time.Now().Add(20 * time.Second))
	return connection, bufio.NewReader(connection)
}

func TestConnectionsToAPublishedPortWaitWhileTheProgramIsReplaced(t *testing.T) {
	port, _ := freePort()
	listen, _ := freePort()
	d := begin(t, behaviour{Answer: "v1", Echo: port}, options{alone: true, held: []held{{listen, port}}})
	d.events("ada")
	stop, failures, rounds := make(chan struct{}), make(chan string, 1000), 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ; ; rounds++ {
			select {
			case <-stop:
				return
			default:
			}
			if got := echoed(listen, "ping"); got != "ping" {
				failures <- got
			}
		}
	}()
	for i := 2; i < 5; i++ {
		if o := d.replace(behaviour{Answer: fmt.Sprintf("v%d", i), Echo: port}); o.Result != resultReady {
			t.Errorf("%+v", o)
		}
	}
	close(stop)
	<-done
	close(failures)
	lost := 0
	for got := range failures {
		lost++
		t.Log(got)
	}
	// One that is in progress ends with its program.
	if rounds < 20 || lost > 3 {
		t.Errorf("%d of %d connections failed", lost, rounds)
	}
}

// echoed is what a client gets back that ends its side first.
func echoed(port int, text string) string {
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err.Error()
	}
	defer connection.Close()
	io.WriteString(connection, text)
	connection.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(connection)
	if err != nil {
		return err.Error()
	}
	return string(got)
}

func TestAProtocolThatIsNotHTTPIsPassedOnAndWaits(t *testing.T) {
	d := begin(t, behaviour{Answer: "hello from v1\n", Speaks: true}, options{alone: true})
	d.events("ada")
	_, reader := connect(t, d.port)
	if line, err := reader.ReadString('\n'); line != "hello from v1\n" {
		t.Error(line, err)
	}
	connection, reader := connect(t, d.port)
	io.WriteString(connection, "SET key 1\r\n")
	reader.ReadString('\n')
	if line, err := reader.ReadString('\n'); line != "SET key 1\r\n" {
		t.Error(line, err)
	}
	if o := d.replace(behaviour{Answer: "hello from v2\n", Speaks: true}); o.Result != resultReady {
		t.Errorf("%+v", o)
	}
	_, reader = connect(t, d.port)
	if line, err := reader.ReadString('\n'); line != "hello from v2\n" {
		t.Error(line, err)
	}
}

func TestAPortWithoutAProbeOverHTTPTakesHTTPToo(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1"}, options{})
	d.s.readyPath = ""
	split, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { split.Close() })
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	go (&http.Server{Handler: d.s.proxyHandler(), Protocols: protocols}).Serve(d.s.splitHTTP(split))
	for _, isHTTP2 := range []bool{false, true} {
		client := http.Client{Transport: transport(isHTTP2)}
		response, err := client.Get("http://" + split.Addr().String() + "/")
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(response.Body); string(body) != "v1" {
			t.Errorf("%s", body)
		}
		client.CloseIdleConnections()
	}
}

func TestStreamsOfHTTP2EndAfterTheOnesOfThePreviousProgram(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1"}, options{})
	d.events("ada")
	client := http.Client{Transport: transport(true)}
	t.Cleanup(client.CloseIdleConnections)
	body, input := io.Pipe()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, "POST", fmt.Sprintf("http://127.0.0.1:%d/stream", d.port), body)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	say := func(text string) {
		t.Helper()
		io.WriteString(input, text)
		if line, err := lines.ReadString('\n'); line != text {
			t.Error(line, err)
		}
	}
	say("one\n")
	if o := d.replace(behaviour{Answer: "v2"}); o.Result != resultReady {
		t.Errorf("%+v", o)
	}
	d.expect("v2")
	say("two\n") // by the previous program, which has a few seconds for it
	input.Close()
	if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
		t.Error(string(rest), err)
	}
	if status := response.Trailer.Get("Grpc-Status"); status != "0" {
		t.Errorf("trailer: %v", response.Trailer)
	}
}

func TestUpgradedConnectionsArePassedOn(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1"}, options{})
	connection, reader := connect(t, d.port)
	io.WriteString(connection, "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(line) == "" {
			break
		}
	}
	io.WriteString(connection, "ping\n")
	if line, err := reader.ReadString('\n'); line != "ping\n" {
		t.Error(line, err)
	}
}
