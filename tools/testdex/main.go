// Command testdex serves dex, an OpenID Connect provider that others publish
// (github.com/dexidp/dex), on loopback, for the tests of sign-in by OpenID Connect.
//
//	testdex CLIENT-ID CLIENT-SECRET REDIRECT-URI EMAIL PASSWORD
//
// It keeps everything in memory, knows one user, writes its issuer as the only line on
// stdout, and ends when its stdin does. It is a module of its own, so that what dex needs
// is in no go.mod of the program. dex's own command wants SQLite by cgo; what runs here is
// the same server package with the storage that it calls memory.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
)

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: testdex CLIENT-ID CLIENT-SECRET REDIRECT-URI EMAIL PASSWORD")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "testdex:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + listener.Addr().String() + "/dex"
	log := slog.New(slog.DiscardHandler)                          // wrong passwords are what tests try
	hash, err := bcrypt.GenerateFromPassword([]byte(args[4]), 10) // the least that dex takes
	if err != nil {
		return err
	}
	handler, err := server.NewServer(context.Background(), server.Config{Issuer: issuer, Storage: known(args, hash, log), SkipApprovalScreen: true,
		IDTokensValidFor: 10 * time.Minute, Logger: log, PrometheusRegistry: prometheus.NewRegistry()})
	if err != nil {
		return err
	}
	fmt.Println(issuer)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, handler)
}

// known is a storage with one client and one user.
func known(args []string, hash []byte, log *slog.Logger) storage.Storage {
	s := storage.WithStaticClients(memory.New(log), []storage.Client{{ID: args[0], Secret: args[1], RedirectURIs: []string{args[2]}, Name: "Florin"}})
	s = storage.WithStaticPasswords(s, []storage.Password{{Email: args[3], Hash: hash, Username: "Ana Ruiz", UserID: "08a8684b-db88-4b73-90a9-3cd1661f5466"}}, log)
	return storage.WithStaticConnectors(s, []storage.Connector{{ID: server.LocalConnector, Type: server.LocalConnector, Name: "Email"}})
}
