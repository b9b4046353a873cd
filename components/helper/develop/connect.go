package develop

import (
	"errors"
	"io"
	"net"
	"os"
)

// Connect is `helper connect <port>`: it connects its standard input and output to a port of the loopback address. Docker runs it in the
// container for `slipway dev`, which then needs no published port.
func Connect(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: helper connect <port>")
	}
	connection, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", args[0]))
	if err != nil {
		return err
	}
	defer connection.Close()
	go func() {
		io.Copy(connection, os.Stdin)
		connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(os.Stdout, connection)
	return err
}
