package develop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// holdTime is how long a request waits for a program.
const holdTime = 30 * time.Second

// proxy listens on the service's port and passes requests on to the program.
func (s *supervisor) proxy() error {
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(s.port))
	if err != nil {
		return err
	}
	s.isProxying.Store(true)
	if s.readyPath == "" {
		// It may be any protocol.
		listener = s.splitHTTP(listener)
	}
	// HTTP/2 without TLS, for gRPC.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: s.proxyHandler(), Protocols: protocols, ReadHeaderTimeout: time.Minute}
	go server.Serve(listener)
	return nil
}

func (s *supervisor) proxyHandler() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", r.In.Host
			// The program sees what it would see without the proxy.
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if values := r.In.Header.Values(name); len(values) > 0 {
					r.Out.Header[name] = values
				}
			}
		},
		Transport:     &holding{supervisor: s, http1: transport(false), http2: transport(true)},
		FlushInterval: -1, // streams
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				http.Error(w, "slipway dev: "+err.Error(), http.StatusBadGateway)
			}
		},
	}
}

type portKey struct{}

func transport(isHTTP2 bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!isHTTP2)
	protocols.SetUnencryptedHTTP2(isHTTP2)
	return &http.Transport{
		Protocols:           protocols,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 100,
		IdleConnTimeout:     30 * time.Second,
	}
}

// holding is a transport that waits while there is no program.
type holding struct {
	supervisor   *supervisor
	http1, http2 *http.Transport
}

func (h *holding) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), holdTime)
	defer cancel()
	if r.Body != nil && r.Body != http.NoBody {
		// The transport closes it, also if nothing was sent. The server closes it in any case.
		r.Body = io.NopCloser(r.Body)
	}
	for {
		p, err := h.supervisor.acquire(ctx)
		if err != nil {
			return nil, errors.New("no program answers")
		}
		response, err := h.roundTrip(r, p)
		if err == nil {
			return response, nil
		}
		// Without a connection, nothing was sent: the program has just ended.
		if !errors.Is(err, syscall.ECONNREFUSED) || ctx.Err() != nil {
			return nil, err
		}
		time.Sleep(pollPause)
	}
}

func (h *holding) roundTrip(r *http.Request, p *process) (*http.Response, error) {
	host := r.URL.Host
	// Idle connections are found by this host, so each program has its own.
	r.URL.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port))
	defer func() { r.URL.Host = host }()
	transport := h.http1
	if r.ProtoMajor == 2 {
		transport = h.http2
	}
	done := sync.OnceFunc(func() { p.requests.Add(-1) })
	response, err := transport.RoundTrip(r)
	if err != nil {
		done()
		return nil, err
	}
	response.Body = answering(response.Body, done)
	return response, nil
}
