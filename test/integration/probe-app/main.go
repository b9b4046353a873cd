// Command probe-app runs in a container. Tests use its HTTP API to act from inside the container.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// echo returns what it gets on UDP and TCP.
func echo(address string) error {
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	go func() {
		buffer := make([]byte, 1500)
		for {
			if n, from, err := packets.ReadFrom(buffer); err == nil {
				packets.WriteTo(buffer[:n], from)
			}
		}
	}()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() {
		for {
			if connection, err := listener.Accept(); err == nil {
				go func() {
					defer connection.Close()
					io.Copy(connection, connection)
				}()
			}
		}
	}()
	return nil
}

func main() {
	if err := echo(":7000"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var hangs atomic.Bool
	answer := func(w http.ResponseWriter, text string, err error) {
		if err != nil {
			text = "error: " + err.Error()
		}
		fmt.Fprint(w, text)
	}
	alive := func(http.ResponseWriter, *http.Request) {
		for hangs.Load() {
			time.Sleep(time.Second)
		}
	}
	http.HandleFunc("GET /healthz", alive)
	http.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("POST /hang", func(http.ResponseWriter, *http.Request) { hangs.Store(true) })
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { answer(w, os.Getenv("GREETING"), nil) })
	http.HandleFunc("GET /env/{name}", func(w http.ResponseWriter, r *http.Request) { answer(w, os.Getenv(r.PathValue("name")), nil) })
	http.HandleFunc("GET /hostname", func(w http.ResponseWriter, _ *http.Request) {
		name, err := os.Hostname()
		answer(w, name, err)
	})
	http.HandleFunc("GET /file/{path...}", func(w http.ResponseWriter, r *http.Request) {
		path := "/" + r.PathValue("path")
		content, err := os.ReadFile(path)
		info, statErr := os.Stat(path)
		if err == nil && statErr == nil {
			content = fmt.Appendf(nil, "%o %s", info.Mode().Perm(), content)
		}
		answer(w, string(content), err)
	})
	http.HandleFunc("POST /file/{path...}", func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		answer(w, "written", os.WriteFile("/"+r.PathValue("path"), content, 0o644))
	})
	http.HandleFunc("GET /fetch", func(w http.ResponseWriter, r *http.Request) {
		client := http.Client{Timeout: 2 * time.Second}
		response, err := client.Get(r.URL.Query().Get("url"))
		if err != nil {
			answer(w, "", err)
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		answer(w, string(body), err)
	})
	server := &http.Server{Addr: ":" + os.Getenv("PORT")}
	stop, drained := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		// Requests in progress may end; one that hangs does not keep the program running.
		drain, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(drain)
		close(drained)
	}()
	fmt.Println("listening")
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-drained
}
