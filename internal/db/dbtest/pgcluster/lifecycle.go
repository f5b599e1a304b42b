//go:build unix

package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const poll = 25 * time.Millisecond

// Resume starts the server of a stopped or killed cluster and returns once it
// answers SQL; recovery after a kill happens in here. It keeps the port; only
// the first start picks one.
func (c *Cluster) Resume(ctx context.Context) error {
	if c.server != nil {
		return errors.New("pgcluster: the server already runs")
	}
	first := c.port == 0
	for attempt := 0; ; attempt++ {
		if first {
			if err := c.pickPort(ctx); err != nil {
				return err
			}
		}
		err := c.boot(ctx)
		// Between picking a port and using it somebody else may take it.
		if err == nil || !first || attempt == 4 || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
}

func (c *Cluster) pickPort(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("pgcluster: free port: %w", err)
	}
	c.port = l.Addr().(*net.TCPAddr).Port
	return l.Close()
}

func (c *Cluster) boot(ctx context.Context) error {
	p, err := c.launch()
	if err != nil {
		return err
	}
	c.server = p
	if err := c.awaitSQL(ctx); err != nil {
		_ = c.Kill()
		return fmt.Errorf("pgcluster: %w\n%s", err, tail(c.Log(), 3000))
	}
	return nil
}

// awaitSQL waits until a session works, until the server dies, or for ctx.
func (c *Cluster) awaitSQL(ctx context.Context) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		last := c.ping(ctx)
		if last == nil {
			return nil
		}
		select {
		case <-c.server.exited:
			return errors.New("the server ended before it answered")
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server: %w", errors.Join(ctx.Err(), last))
		case <-tick.C:
		}
	}
}

func (c *Cluster) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Stop is PostgreSQL's fast shutdown: sessions are ended, a checkpoint is
// written. When ctx ends first the server is killed and the error says so.
// Stopping a server that is down does nothing.
func (c *Cluster) Stop(ctx context.Context) error {
	if c.server == nil {
		return nil
	}
	if err := c.server.signal(syscall.SIGINT); err != nil {
		return errors.Join(fmt.Errorf("pgcluster: stop: %w", err), c.Kill())
	}
	select {
	case <-c.server.exited:
		c.server = nil
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("pgcluster: stop: %w", ctx.Err()), c.Kill())
	}
}

// Kill ends postmaster and all its children with SIGKILL, as a crash of the
// machine's processes would (the page cache survives: a power cut needs a file
// system that forgets). It returns when they are gone, so that Resume finds no
// process on the old shared memory.
func (c *Cluster) Kill() error {
	if c.server == nil {
		return nil
	}
	p := c.server
	c.server = nil
	return p.killTree()
}

// Restart is Stop and Resume.
func (c *Cluster) Restart(ctx context.Context) error {
	if err := c.Stop(ctx); err != nil {
		return err
	}
	return c.Resume(ctx)
}

// Standby starts a streaming replica of c from a base backup. name is its
// application_name, the value that the primary's synchronous_standby_names
// takes. The replica's superuser has the same password.
func (c *Cluster) Standby(ctx context.Context, name string, o Options) (*Cluster, error) {
	o.Binaries = c.bin
	s, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	s.password = c.password
	settings := map[string]string{"primary_conninfo": fmt.Sprintf(
		"host=127.0.0.1 port=%d user=%s password=%s application_name=%s sslmode=disable", c.port, superuser, c.password, name)}
	maps.Copy(settings, s.settings)
	s.settings = settings
	err = s.run(ctx, "pg_basebackup", "-D", s.DataDir(), "-d", c.URL(), "-X", "stream", "-c", "fast")
	if err == nil {
		// What -R would write, minus a connection string with the password in
		// a file: https://www.postgresql.org/docs/current/warm-standby.html
		err = os.WriteFile(filepath.Join(s.DataDir(), "standby.signal"), nil, 0o600)
	}
	if err == nil {
		err = s.user.own(filepath.Join(s.DataDir(), "standby.signal"))
	}
	if err == nil {
		err = s.Resume(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

func tail(text string, n int) string {
	if len(text) > n {
		return "…" + text[len(text)-n:]
	}
	return text
}
