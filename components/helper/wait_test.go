package main

import (
	"net"
	"strings"
	"testing"
	"time"
)

func TestWaitReturnsOnceAllAddressesAcceptConnections(t *testing.T) {
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	later := first.Addr().String()
	first.Close()
	go func() {
		time.Sleep(300 * time.Millisecond)
		again, err := net.Listen("tcp", later)
		if err == nil {
			defer again.Close()
			time.Sleep(5 * time.Second)
		}
	}()
	if err := wait([]string{"-timeout=5s", later}); err != nil {
		t.Errorf("wait: %v", err)
	}
}

func TestWaitNamesTheAddressThatCannotBeReached(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	closed.Close()
	err = wait([]string{"-timeout=0s", address})
	if err == nil || !strings.HasPrefix(err.Error(), address+" cannot be reached after 0s: ") {
		t.Errorf("wait: %v", err)
	}
}
