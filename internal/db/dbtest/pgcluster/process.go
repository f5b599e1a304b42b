//go:build unix

package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"time"
)

// account is the user that the server runs as.
type account struct {
	credential *syscall.Credential // nil: the caller's own
}

// serverAccount is the caller, or postgres or nobody when the caller is root.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
		}
	}
	return account{}, errors.New("pgcluster: running as root and there is no user postgres or nobody to run the server as")
}

func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	if err := os.Chown(path, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	return nil
}

// apply makes cmd run as the account, in a process group of its own so that a
// terminal's Ctrl-C leaves shutting down to us.
func (a account) apply(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential, Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
}

// process is a running postmaster.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed after the process was waited for
}

func (c *Cluster) launch() (*process, error) {
	log, err := os.OpenFile(c.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("pgcluster: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(c.bin.path("postgres"), c.arguments()...)
	c.user.apply(cmd)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.root, serverEnv(), log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("pgcluster: %w", err)
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// killTree stops the postmaster first, so that it cannot fork while its
// children are listed, then kills them all.
func (p *process) killTree() error {
	_ = p.signal(syscall.SIGSTOP)
	children := childrenOf(p.pid())
	err := p.signal(syscall.SIGKILL)
	for _, child := range children {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	<-p.exited
	return errors.Join(err, awaitGone(children))
}

func awaitGone(pids []int) error {
	tick, timeout := time.NewTicker(poll), time.NewTimer(20*time.Second)
	defer tick.Stop()
	defer timeout.Stop()
	for {
		left := 0
		for _, pid := range pids {
			if alive(pid) {
				left++
			}
		}
		if left == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-timeout.C:
			return fmt.Errorf("pgcluster: %d server processes survive SIGKILL", left)
		}
	}
}
