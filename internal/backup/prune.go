package backup

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/db"
)

// Prune removes the backups of a kind below dir that were made before a time, and names
// them; with dryRun it only names them. What Create did not name is left alone.
func Prune(dir string, kind Kind, before time.Time, dryRun bool) ([]string, error) {
	names, err := list(dir, kind)
	if err != nil {
		return nil, err
	}
	var pruned []string
	for _, name := range names {
		at, err := time.Parse(nameFormat, strings.TrimPrefix(name, string(kind)+"-"))
		if err != nil || !at.Before(before) {
			continue
		}
		pruned = append(pruned, filepath.Join(dir, name))
		if dryRun {
			continue
		}
		// First a name that nobody takes for a backup: removing takes more than one step.
		gone := filepath.Join(dir, partial+name)
		if err := errors.Join(os.Rename(filepath.Join(dir, name), gone), os.RemoveAll(gone)); err != nil {
			return pruned, err
		}
	}
	if dryRun || pruned == nil {
		return pruned, nil
	}
	return pruned, db.SyncFolders(dir)
}
