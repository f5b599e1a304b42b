package campaign

import (
	"os/exec"
	"syscall"
)

// endWithUs keeps a timed-out test run from leaving programs behind.
func endWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
