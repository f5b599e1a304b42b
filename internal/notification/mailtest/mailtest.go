package mailtest

import (
	"io"
	"net"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// Box has the letters that arrived, whole, in order.
type Box chan string

// New starts a server and gives its letters and its --smtp-url.
func New(t *testing.T) (Box, string) {
	t.Helper()
	box := make(Box, 20)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := smtp.NewServer(session(box))
	server.Domain = "localhost"
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return box, "smtp://" + listener.Addr().String()
}

// session takes every letter.
type session Box

// NewSession implements smtp.Backend.
func (s session) NewSession(*smtp.Conn) (smtp.Session, error) { return s, nil }

// Mail implements smtp.Session.
func (session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Reset implements smtp.Session.
func (session) Reset() {}

// Logout implements smtp.Session.
func (session) Logout() error { return nil }

// Data implements smtp.Session.
func (s session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s <- string(text)
	return err
}
