package main

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		named       string
		here        []string
		brings      string
		fails       error
		code, calls int
	}{
		"on PATH":               {here: []string{"google-chrome"}},
		"named":                 {named: "/opt/browser", here: []string{"/opt/browser"}},
		"named wrongly":         {named: "/opt/browser", here: []string{"chromium"}, code: 1},
		"installed":             {brings: "chromium", calls: 1},
		"nothing to install":    {calls: 1},
		"installing goes wrong": {fails: errors.New("apt-get: no network"), calls: 1},
	} {
		here, calls := map[string]bool{}, 0
		for _, program := range row.here {
			here[program] = true
		}
		look := func(program string) (string, error) {
			if here[program] {
				return program, nil
			}
			return "", errors.New("not found")
		}
		code := run(t.Context(), row.named, look, func(context.Context) error {
			calls++
			here[row.brings] = true
			return row.fails
		})
		require.Equal(t, []int{row.code, row.calls}, []int{code, calls}, name)
	}
}
