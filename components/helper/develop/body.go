package develop

import "io"

// answering is the body of an answer, which says when it has ended. One of an upgraded connection can be written to, too.
func answering(body io.ReadCloser, done func()) io.ReadCloser {
	tracked := trackedBody{ReadCloser: body, done: done}
	if upgraded, ok := body.(io.ReadWriteCloser); ok {
		return upgradedBody{trackedBody: tracked, Writer: upgraded}
	}
	return tracked
}

type trackedBody struct {
	io.ReadCloser
	done func()
}

func (b trackedBody) Close() error {
	b.done()
	return b.ReadCloser.Close()
}

type upgradedBody struct {
	trackedBody
	io.Writer
}
