package main

import (
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const unreachable = "unreachable"

func failed(err error) answer {
	return answer{Problem: problemOf(err), Message: err.Error()}
}

// problemOf is the kind of an error, for a message in plain words.
func problemOf(err error) string {
	var rejected *transport.Error
	if errors.As(err, &rejected) {
		switch rejected.StatusCode {
		case http.StatusNotFound:
			return "missing"
		case http.StatusUnauthorized, http.StatusForbidden:
			return "unauthorized"
		}
		return unreachable
	}
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var dns *net.DNSError
	switch {
	case errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &invalid):
		return "untrusted"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "unknownHost"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "plainHttp"
	}
	return unreachable
}

// within waits for an answer of a function without a timeout of its own.
func within(asked <-chan error) answer {
	select {
	case err := <-asked:
		if err != nil {
			return failed(err)
		}
		return answer{}
	case <-time.After(timeout):
		return answer{Problem: unreachable, Message: "no answer within " + timeout.String()}
	}
}
