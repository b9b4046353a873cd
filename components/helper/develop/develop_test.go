package develop

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// behaviour of the program of a test. It is appended to the test binary, which then is that program.
type behaviour struct {
	Answer string
	// Crash before it listens.
	Crash string
	// IgnoresPort and listens on Own.
	IgnoresPort bool
	Own         int
	// Further port that it listens on.
	Further int
	// Echo port, on which it returns what it gets.
	Echo int
	// Speaks first, and no HTTP, on the port in PORT.
	Speaks bool
	// NeverReady answers HTTP 503 on /readyz.
	NeverReady bool
}

const mark = "\n#behaviour="

func TestMain(m *testing.M) {
	self, err := os.ReadFile("/proc/self/exe")
	if at := bytes.LastIndex(self, []byte(mark)); err == nil && at > 0 {
		var b behaviour
		if json.Unmarshal(self[at+len(mark):], &b) == nil {
			b.run()
			return
		}
	}
	restartPauses = []time.Duration{10 * time.Millisecond}
	os.Exit(m.Run())
}

func (b behaviour) run() {
	fmt.Println("starting", b.Answer)
	if b.Crash != "" {
		panic(b.Crash)
	}
	port := os.Getenv("PORT")
	if b.IgnoresPort {
		port = fmt.Sprint(b.Own)
	}
	if b.Further != 0 {
		if _, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", b.Further)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	if b.Echo != 0 {
		if err := serveEcho(fmt.Sprintf("127.0.0.1:%d", b.Echo), ""); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	if b.Speaks {
		fmt.Println(serveEcho("127.0.0.1:"+port, b.Answer))
		select {}
	}
	http.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if b.NeverReady {
			w.WriteHeader(503)
		}
	})
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, b.Answer) })
	http.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	http.HandleFunc("POST /crash", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	http.HandleFunc("POST /stream", stream)
	http.HandleFunc("GET /socket", socket)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := http.Server{Addr: "127.0.0.1:" + port, Protocols: protocols}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Println(err)
		os.Exit(1)
	}
}

func (b behaviour) binary(t *testing.T) []byte {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	trailer, _ := json.Marshal(b)
	return append(append(self, mark...), trailer...)
}

// layer with the program, and its digest.
func (b behaviour) layer(t *testing.T) ([]byte, string) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	content := b.binary(t)
	w.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(content))})
	w.Write(content)
	w.Close()
	return archive.Bytes(), fmt.Sprintf("sha256:%x", sha256.Sum256(archive.Bytes()))
}

type running struct {
	t    *testing.T
	s    *supervisor
	url  string
	port int
}

func begin(t *testing.T, b behaviour, o options) *running {
	t.Helper()
	file := filepath.Join(t.TempDir(), "app")
	o.port, _ = freePort()
	b.Own = o.port
	if err := os.WriteFile(file, b.binary(t), 0o755); err != nil {
		t.Fatal(err)
	}
	o.command = []string{file}
	if !b.Speaks {
		o.readyPath = "/readyz"
	}
	if o.deadline == 0 {
		o.deadline = 10 * time.Second
	}
	hub := newHub()
	s := newSupervisor(o, hub)
	server := httptest.NewServer(controlHandler(s, hub))
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(func() { s.end(syscall.SIGTERM) })
	if err := s.begin(); err != nil {
		t.Fatal(err)
	}
	return &running{t, s, server.URL, o.port}
}

func (d *running) events(by string) *json.Decoder {
	d.t.Helper()
	response, err := http.Get(d.url + "/events?by=" + by)
	if err != nil || response.StatusCode != 200 {
		d.t.Fatal(err, response)
	}
	d.t.Cleanup(func() { response.Body.Close() })
	return json.NewDecoder(response.Body)
}

// next event of a type.
func next(t *testing.T, events *json.Decoder, of string) event {
	t.Helper()
	for {
		var e event
		if err := events.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if e.Type == of {
			return e
		}
	}
}

func (d *running) put(by string, layer []byte, digest string) (int, string) {
	d.t.Helper()
	request, _ := http.NewRequest("PUT", d.url+"/program?by="+by+"&digest="+digest, bytes.NewReader(layer))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

func (d *running) replace(b behaviour) outcome {
	d.t.Helper()
	b.Own = d.port
	code, body := d.put("ada", first(b.layer(d.t)), second(b.layer(d.t)))
	var o outcome
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		d.t.Fatal(code, body)
	}
	return o
}

func first[A, B any](a A, _ B) A  { return a }
func second[A, B any](_ A, b B) B { return b }

func (d *running) get() string {
	d.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", d.port))
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return string(body)
}

func (d *running) expect(want string) {
	d.t.Helper()
	if got := d.get(); got != want {
		d.t.Errorf("answer: %q, not %q", got, want)
	}
}

func TestProgramsAreReplacedUnderLoadWithoutAFailedRequest(t *testing.T) {
	for _, alone := range []bool{false, true} {
		d := begin(t, behaviour{Answer: "v1"}, options{alone: alone})
		d.events("ada")
		stop := make(chan struct{})
		var clients sync.WaitGroup
		var failures sync.Map
		for range 4 {
			clients.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if answer := d.get(); !strings.HasPrefix(answer, "v") {
						failures.Store(answer, true)
					}
					response, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/echo", d.port), "text/plain", strings.NewReader("vim"))
					if err != nil {
						failures.Store(err.Error(), true)
						continue
					}
					if body, _ := io.ReadAll(response.Body); string(body) != "vim" {
						failures.Store("echo: "+string(body), true)
					}
					response.Body.Close()
				}
			})
		}
		for i := 2; i < 6; i++ {
			answer := fmt.Sprintf("v%d", i)
			if o := d.replace(behaviour{Answer: answer}); o != (outcome{Result: resultReady, Serving: true}) {
				t.Errorf("%+v", o)
			}
			d.expect(answer)
		}
		close(stop)
		clients.Wait()
		failures.Range(func(what, _ any) bool { t.Errorf("alone %v: %v", alone, what); return true })
	}
}

func TestAProgramThatIgnoresPORTIsReplacedOnItsOwnPort(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1", IgnoresPort: true}, options{})
	d.events("ada")
	d.expect("v1")
	if o := d.replace(behaviour{Answer: "v2", IgnoresPort: true}); o.Result != resultReady {
		t.Errorf("%+v", o)
	}
	d.expect("v2")
	if o := d.replace(behaviour{Answer: "v3", IgnoresPort: true, Crash: "no"}); o.Result != resultCrashed || !o.Serving {
		t.Errorf("%+v", o)
	}
	d.expect("v2")
}

func TestAProgramThatCrashesAtStartLeavesThePreviousOneRunning(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1"}, options{})
	d.events("ada")
	o := d.replace(behaviour{Answer: "v2", Crash: "REGION must be set"})
	if o.Result != resultCrashed || o.Reason != "the program ended with exit code 2" || !o.Serving {
		t.Errorf("%+v", o)
	}
	if !strings.HasPrefix(o.Output, "starting v2\npanic: REGION must be set\n") || !strings.Contains(o.Output, "develop_test.go:") {
		t.Errorf("output: %s", o.Output)
	}
	d.expect("v1")
}

func TestAProgramThatIsNeverReadyLeavesThePreviousOneRunning(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1"}, options{deadline: time.Second})
	d.events("ada")
	o := d.replace(behaviour{Answer: "v2", NeverReady: true})
	if o.Reason != "the program is not ready after 1s: /readyz answers HTTP 503" {
		t.Errorf("%+v", o)
	}
	d.expect("v1")
}

func TestAProgramWithAFurtherPortIsStoppedBeforeTheNextOneStarts(t *testing.T) {
	port, _ := freePort()
	d := begin(t, behaviour{Answer: "v1", Further: port}, options{})
	d.events("ada")
	if o := d.replace(behaviour{Answer: "v2", Further: port}); o.Result != resultReady {
		t.Errorf("%+v", o)
	}
	d.expect("v2")
}

func TestAProgramThatEndsByItselfIsReportedAndStartedAgain(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1"}, options{})
	events := d.events("ada")
	d.replace(behaviour{Answer: "v2"})
	http.Post(fmt.Sprintf("http://127.0.0.1:%d/crash", d.port), "", nil)
	crashed := next(t, events, eventCrashed)
	if crashed.Text != "the program ended with exit code 3" || crashed.Output != "starting v2" {
		t.Errorf("%+v", crashed)
	}
	d.expect("v2") // the request waits until then
	next(t, events, eventRestarted)
}

func TestAProgramOfTheImageThatEndsBeforeItIsReadyEndsTheContainer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app")
	os.WriteFile(file, behaviour{Crash: "no"}.binary(t), 0o755)
	s := newSupervisor(options{command: []string{file}, port: 1}, newHub())
	if err := s.begin(); err == nil || err.Error() != "the program ended with exit code 2" {
		t.Error(err)
	}
}

func TestOnlyOneSessionMayReplaceTheProgram(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1"}, options{})
	d.events("ada")
	response, _ := http.Get(d.url + "/events?by=grace")
	var holder session
	json.NewDecoder(response.Body).Decode(&holder)
	if response.StatusCode != 409 || holder.By != "ada" {
		t.Error(response.Status, holder)
	}
	layer, digest := behaviour{Answer: "v2"}.layer(t)
	if code, _ := d.put("grace", layer, digest); code != 409 {
		t.Error(code)
	}
	d.expect("v1")
}

func TestADamagedLayerIsRejected(t *testing.T) {
	d := begin(t, behaviour{Answer: "v1"}, options{})
	d.events("ada")
	layer, _ := behaviour{Answer: "v2"}.layer(t)
	code, text := d.put("ada", layer, "sha256:0")
	if code != 400 || !strings.HasPrefix(text, "the layer is damaged: its digest is sha256:") {
		t.Error(code, text)
	}
	if code, text := d.put("ada", make([]byte, 1024), "sha256:0"); code != 400 || text != "the layer has no file \"app\"\n" {
		t.Error(code, text)
	}
	d.expect("v1")
}

func TestTelemetryIsPassedOnAndALateReaderLosesSome(t *testing.T) {
	hub := newHub()
	reader := hub.subscribe()
	server := httptest.NewServer(telemetryHandler(hub))
	defer server.Close()
	send := func(body string) int {
		response, err := http.Post(server.URL+"/v1/traces", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	if code := send(`{"resourceSpans":[]}`); code != 200 {
		t.Error(code)
	}
	e := <-reader.events
	if e.Signal != "traces" || string(e.Body) != `{"resourceSpans":[]}` || hub.taken(reader, e) != 0 {
		t.Errorf("%+v", e)
	}
	if code := send(strings.Repeat("x", largestExport+1)); code != 413 {
		t.Error(code)
	}
	for range 3 {
		send(strings.Repeat("x", largestExport))
	}
	if kept, lost := len(reader.events), hub.taken(reader, <-reader.events); kept != 2 || lost != 1 {
		t.Error(kept, lost)
	}
}
