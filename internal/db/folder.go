package db

import (
	"errors"
	"os"
	"path/filepath"
)

// SyncFolders makes the names in a folder durable, and then the names of the folders
// above it. fsync of a file does not keep its name (fsync(2)): without this a power cut
// soon after the first start may take the whole new data folder away. Folders above
// that can't be synced were not made by us and don't fail the call.
func SyncFolders(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	err = syncFolder(dir)
	for parent := filepath.Dir(dir); err == nil && parent != dir; parent = filepath.Dir(dir) {
		_ = syncFolder(parent)
		dir = parent
	}
	return err
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
