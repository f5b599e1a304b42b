package pgcluster

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// dieWithParent asks the kernel for an immediate shutdown of the server when
// the test process dies without cleaning up: prctl(2), PR_SET_PDEATHSIG.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }

// childrenOf reads /proc because ps is missing from slim containers.
func childrenOf(parent int) []int {
	var pids []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		if _, ppid := readStat(stat); ppid == parent {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// alive counts a zombie as dead: process 1 of a container often reaps nothing.
func alive(pid int) bool {
	state, _ := readStat(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return state != 0 && state != 'Z' && state != 'X'
}

// readStat reads state and parent; the command before them may hold spaces and
// brackets, hence the last bracket: proc_pid_stat(5).
func readStat(path string) (state byte, ppid int) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, 0
	}
	ppid, _ = strconv.Atoi(string(fields[1]))
	return fields[0][0], ppid
}
