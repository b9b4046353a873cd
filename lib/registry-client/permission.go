package main

import (
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// The answer does not depend on the upload being cancelled: registries clean up by themselves.
const cancelTimeout = time.Second

// checkPushes asks registries whether images may be pushed to repositories: an upload is started, and cancelled.
func checkPushes(repositories []string, known registries) []answer {
	answers := make([]answer, len(repositories))
	var all sync.WaitGroup
	for i, repository := range repositories {
		all.Go(func() { answers[i] = checkPush(repository, known) })
	}
	all.Wait()
	return answers
}

func checkPush(repository string, known registries) answer {
	parsed, err := name.NewRepository(repository)
	if err == nil {
		parsed, err = name.NewRepository(repository, known.named(parsed.RegistryStr())...)
	}
	if err != nil {
		return answer{Problem: "invalid", Message: err.Error()}
	}
	transport := cancelling{known.transport(parsed.Registry), make(chan struct{}, 1)}
	asked := make(chan error, 1)
	go func() {
		err := remote.CheckPushPermission(parsed.Tag("latest"), known.keychain(), transport)
		// The library cancels the upload in the background, and this program ends after the answer.
		if err == nil {
			select {
			case <-transport.done:
			case <-time.After(cancelTimeout):
			}
		}
		asked <- err
	}()
	return within(asked)
}

// cancelling says when an upload has been cancelled.
type cancelling struct {
	http.RoundTripper
	done chan struct{}
}

func (c cancelling) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.RoundTripper.RoundTrip(request)
	if request.Method == http.MethodDelete {
		c.done <- struct{}{}
	}
	return response, err
}
