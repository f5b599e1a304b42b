//go:build unix

package pgcluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Options of Start. The zero value is a durable cluster in the system's
// temporary folder.
type Options struct {
	Binaries Binaries          // empty: Find
	Parent   string            // folder that receives the cluster's folder; empty: os.TempDir. As root it must let the server's user in: testing.T.TempDir does not
	Settings map[string]string // postgresql.conf settings that win over the defaults here, such as "wal_level": "logical"
	Fast     bool              // fsync off and no sync in initdb: for tests that never cut the power
	Entropy  io.Reader         // source of the superuser's password; nil: crypto/rand.Reader
}

// Cluster is one private server and its folder. Its methods are for one
// goroutine at a time.
type Cluster struct {
	bin      Binaries
	root     string // everything of the cluster except perhaps the sockets
	sockets  string
	password string
	port     int
	settings map[string]string
	fast     bool
	user     account
	server   *process // nil while the server is down
}

// Start makes a cluster and returns once it answers SQL. On an error nothing
// is left behind.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := c.initialise(ctx); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	if err := c.Resume(ctx); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

func prepare(ctx context.Context, o Options) (*Cluster, error) {
	if o.Binaries.Dir == "" {
		found, err := Find(ctx)
		if err != nil {
			return nil, err
		}
		o.Binaries = found
	}
	user, err := serverAccount()
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 16)
	if _, err := io.ReadFull(cmp.Or[io.Reader](o.Entropy, rand.Reader), secret); err != nil {
		return nil, fmt.Errorf("pgcluster: password: %w", err)
	}
	c := &Cluster{bin: o.Binaries, password: hex.EncodeToString(secret), fast: o.Fast, user: user, settings: maps.Clone(o.Settings)}
	return c, c.makeFolders(o.Parent)
}

// makeFolders gives the server's user two private folders. Unix socket paths
// hold about 100 bytes (sockaddr_un), hence a folder of their own when the
// parent's path is long.
func (c *Cluster) makeFolders(parent string) error {
	root, err := os.MkdirTemp(parent, "florin-pg-")
	if err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	c.root, c.sockets = root, root
	if len(root) > 60 {
		if c.sockets, err = os.MkdirTemp("/tmp", "florin-pg-"); err != nil {
			return errors.Join(fmt.Errorf("pgcluster: %w", err), os.RemoveAll(root))
		}
	}
	for _, dir := range []string{c.root, c.sockets} {
		if err := c.user.own(dir); err != nil {
			return errors.Join(err, c.remove())
		}
	}
	return nil
}

func (c *Cluster) initialise(ctx context.Context) error {
	pwfile := filepath.Join(c.root, "password")
	if err := os.WriteFile(pwfile, []byte(c.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	defer os.Remove(pwfile)
	if err := c.user.own(pwfile); err != nil {
		return err
	}
	// The C collation orders text by bytes, which is how SQLite's BINARY does.
	args := []string{"-D", c.DataDir(), "-U", superuser, "-E", "UTF8", "--no-locale", "-A", "scram-sha-256", "--pwfile=" + pwfile}
	if c.fast {
		args = append(args, "--no-sync")
	}
	return c.run(ctx, "initdb", args...)
}

// run executes a program of the server as the server's user; its output is
// part of the error.
func (c *Cluster) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, c.bin.path(program), args...)
	c.user.apply(cmd)
	cmd.Dir = c.root
	cmd.Env = append(serverEnv(), "PGPASSWORD="+c.password)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgcluster: %s: %w\n%s", program, err, out)
	}
	return nil
}

const superuser = "postgres"

// URL opens the database "postgres" as superuser over TCP, without TLS.
func (c *Cluster) URL() string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(superuser, c.password),
		Host: fmt.Sprintf("127.0.0.1:%d", c.port), Path: "/postgres", RawQuery: "sslmode=disable"}
	return u.String()
}

// DataDir is the server's data folder.
func (c *Cluster) DataDir() string { return filepath.Join(c.root, "data") }

// Socket is the folder of the unix socket, for libpq's host parameter.
func (c *Cluster) Socket() string { return c.sockets }

// Port is the TCP port on 127.0.0.1. Resume keeps it, so that a client's URL
// outlives a crash.
func (c *Cluster) Port() int { return c.port }

// Binaries is where the server's programs are.
func (c *Cluster) Binaries() Binaries { return c.bin }

// PID is the postmaster's process id, 0 while the server is down.
func (c *Cluster) PID() int {
	if c.server == nil {
		return 0
	}
	return c.server.pid()
}

// Log is the server's log so far, of all its lives.
func (c *Cluster) Log() string {
	text, _ := os.ReadFile(c.logPath())
	return string(text)
}

func (c *Cluster) logPath() string { return filepath.Join(c.root, "server.log") }

// Close stops the server and removes the folders. It may be called twice.
func (c *Cluster) Close(ctx context.Context) error {
	return errors.Join(c.Stop(ctx), c.remove())
}

func (c *Cluster) remove() error {
	return errors.Join(os.RemoveAll(c.root), os.RemoveAll(c.sockets))
}

// arguments sets everything on the command line, so that a data folder that
// came from elsewhere (a base backup) runs under the same settings.
func (c *Cluster) arguments() []string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    fmt.Sprint(c.port),
		"unix_socket_directories": c.sockets,
		"max_connections":         "300",
		"fsync":                   onOff(!c.fast),
		"logging_collector":       "off",
	}
	maps.Copy(settings, c.settings)
	args := []string{"-D", c.DataDir()}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// serverEnv drops every PG variable: PGPORT or PGDATA of the caller's shell
// would steer our server.
func serverEnv() []string {
	return append(slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "PG") || strings.HasPrefix(kv, "LC_") || strings.HasPrefix(kv, "LANG")
	}), "LC_ALL=C")
}
