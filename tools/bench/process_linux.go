package main

import (
	"os/exec"
	"syscall"
)

// endWithUs ends the child when we are killed and can't end it ourselves.
func endWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
