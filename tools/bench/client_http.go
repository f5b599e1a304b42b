package main

import (
	"bufio"
	"bytes"
	"net/http"
)

// asker sends one request after another over one connection.
type asker interface {
	do(request []byte) (status int, body []byte, err error)
	close()
}

const (
	clientSocket = "socket"
	clientHTTP   = "http"
)

// httpAsker is Go's own client, which takes its share of the cores from both sides of a
// comparison and so brings their ratio nearer to one. It has the bytes that the other
// client would send and reads them first: a few microseconds on either side.
type httpAsker struct {
	address string
	client  http.Client
	in      *bufio.Reader
	body    bytes.Buffer
}

func newHTTPAsker(address string) *httpAsker {
	return &httpAsker{address: address, in: bufio.NewReader(nil),
		client: http.Client{Timeout: answerTimeout, Transport: &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}}}
}

func (c *httpAsker) do(request []byte) (int, []byte, error) {
	c.in.Reset(bytes.NewReader(request))
	r, err := http.ReadRequest(c.in)
	if err != nil {
		return 0, nil, err
	}
	r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", c.address
	answer, err := c.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	c.body.Reset()
	_, err = c.body.ReadFrom(answer.Body)
	return answer.StatusCode, c.body.Bytes(), err
}

func (c *httpAsker) close() { c.client.CloseIdleConnections() }
