package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// followGoRun ends us with `go run`, which passes no SIGTERM on
// (golang.org/issue/40467): without it a stopped CI job leaves a server. Only
// for that parent: a shell may well end before a job that it started.
func followGoRun() {
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", os.Getppid()))
	if err == nil && strings.TrimSpace(string(comm)) == "go" {
		_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0)
	}
}
