package main

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"--fast", "--conf", "work_mem=7MB", "--conf", "log_line_prefix=a=b", "--", "go", "test", "-race"})
	require.NoError(t, err)
	require.Equal(t, options{fast: true, settings: settings{"work_mem": "7MB", "log_line_prefix": "a=b"}, command: []string{"go", "test", "-race"}}, o)
	for _, args := range [][]string{{}, {"--"}, {"--conf", "work_mem", "--", "true"}, {"--conf", "=1", "--", "true"}, {"--slow", "--", "true"}} {
		_, err := parse(args)
		require.Error(t, err, args)
	}
}

func TestExitCodeIsTheCommands(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137} {
		require.Equal(t, want, runCommand(t.Context(), []string{"sh", "-c", script}, os.Environ()), script)
	}
	require.Equal(t, 127, runCommand(t.Context(), []string{"/nonexistent/program"}, nil))
}

func TestInterruptEndsTheCommand(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NotZero(t, runCommand(ctx, []string{"sleep", "3600"}, os.Environ()))
}
