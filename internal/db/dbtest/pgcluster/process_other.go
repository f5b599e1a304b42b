//go:build unix && !linux

package pgcluster

import (
	"bytes"
	"os/exec"
	"strconv"
	"syscall"
)

func dieWithParent(*syscall.SysProcAttr) {}

func childrenOf(parent int) []int {
	var pids []int
	out, _ := exec.Command("ps", "-axo", "pid=,ppid=").Output()
	for line := range bytes.Lines(out) {
		fields := bytes.Fields(line)
		if len(fields) == 2 && string(fields[1]) == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(string(fields[0]))
			pids = append(pids, pid)
		}
	}
	return pids
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
