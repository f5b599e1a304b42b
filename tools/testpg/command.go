package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// grace is what CMD gets between SIGTERM and SIGKILL.
const grace = 10 * time.Second

// runCommand returns CMD's exit code; a CMD ended by signal n gives 128+n, as
// in a shell.
func runCommand(ctx context.Context, command, env []string) int {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, env
	group := !interactive(os.Stdin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: group}
	cmd.Cancel = func() error { return signalCommand(cmd.Process.Pid, group, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	err := cmd.Run()
	if group && ctx.Err() != nil && cmd.Process != nil {
		// `go test` leaves its test binaries behind when it is ended.
		_ = signalCommand(cmd.Process.Pid, true, syscall.SIGKILL)
	}
	return exitCode(err, cmd.ProcessState)
}

func exitCode(err error, state *os.ProcessState) int {
	if state == nil {
		say("%v", err)
		return 127
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	if code := state.ExitCode(); code != 0 || err == nil {
		return code
	}
	// CMD ended well but a grandchild held our pipes, or we were interrupted.
	if errors.Is(err, context.Canceled) {
		return 128 + int(syscall.SIGTERM)
	}
	say("%v", err)
	return 1
}

func signalCommand(pid int, group bool, s syscall.Signal) error {
	if group {
		pid = -pid
	}
	return syscall.Kill(pid, s)
}

// interactive reports whether a person may be typing. Then CMD stays in the
// terminal's foreground group, so that `testpg -- psql` can read.
func interactive(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && !os.SameFile(info, null)
}
