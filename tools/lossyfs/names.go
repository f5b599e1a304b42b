//go:build linux

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// syncDir makes the names of one folder durable: what VOL/rel holds now, DUR/rel
// holds after. A folder that has no durable name itself has nowhere to keep
// them, as on a disk.
func (d *disk) syncDir(rel string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := filepath.Join(d.durable, rel)
	if _, err := os.Lstat(kept); err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(d.volume, rel))
	if err != nil {
		return err
	}
	present := map[string]bool{}
	for _, e := range entries {
		present[e.Name()] = true
		if err := d.place(filepath.Join(rel, e.Name())); err != nil {
			return err
		}
	}
	return d.sweep(kept, present) // after placing, so that a renamed folder was moved
}

func (d *disk) sweep(kept string, present map[string]bool) error {
	entries, err := os.ReadDir(kept)
	for _, e := range entries {
		if !present[e.Name()] {
			err = errors.Join(err, os.RemoveAll(filepath.Join(kept, e.Name())))
		}
	}
	return err
}

// place gives one name of VOL its durable twin.
func (d *disk) place(name string) error {
	var st syscall.Stat_t
	if err := syscall.Lstat(filepath.Join(d.volume, name), &st); err != nil {
		return nil // renamed meanwhile
	}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		return d.placeDir(name, &st)
	case syscall.S_IFREG:
		n, err := d.find(&st)
		if err != nil {
			return err
		}
		return d.swap(name, func(fresh string) error { return os.Link(n.content, fresh) }, n.content)
	case syscall.S_IFLNK:
		target, err := os.Readlink(filepath.Join(d.volume, name))
		if err != nil {
			return nil
		}
		return d.swap(name, func(fresh string) error { return os.Symlink(target, fresh) }, "")
	}
	return nil // sockets and pipes mean nothing after a cut
}

// swap replaces a durable name in one step, unless it already is content.
func (d *disk) swap(name string, create func(fresh string) error, content string) error {
	kept := filepath.Join(d.durable, name)
	have, err := os.Lstat(kept)
	if err == nil && content != "" {
		if want, err := os.Lstat(content); err == nil && os.SameFile(have, want) {
			return nil
		}
	}
	if err == nil && have.IsDir() {
		if err := os.RemoveAll(kept); err != nil {
			return err
		}
	}
	fresh := filepath.Join(d.contents, "new")
	return errors.Join(create(fresh), os.Rename(fresh, kept))
}

// placeDir moves a folder that was renamed together with its durable content.
func (d *disk) placeDir(name string, st *syscall.Stat_t) error {
	kept := filepath.Join(d.durable, name)
	number, known := d.dirs[st.Ino]
	if known && inodeOf(kept) == number {
		return nil
	}
	old := ""
	if known {
		old = d.locate(number)
	}
	if err := os.RemoveAll(kept); err != nil {
		return err
	}
	var err error
	if old != "" {
		err = os.Rename(old, kept)
	} else {
		err = errors.Join(os.Mkdir(kept, 0o755), os.Chmod(kept, fs.FileMode(st.Mode&0o777)), os.Chown(kept, int(st.Uid), int(st.Gid)))
	}
	d.dirs[st.Ino] = inodeOf(kept)
	return err
}

// locate walks: renames of folders are rare.
func (d *disk) locate(number uint64) string {
	found := ""
	_ = filepath.WalkDir(d.durable, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && inodeOf(name) == number {
			found = name
			return fs.SkipAll
		}
		return nil
	})
	return found
}

func inodeOf(name string) uint64 {
	var st syscall.Stat_t
	if syscall.Lstat(name, &st) != nil {
		return 0
	}
	return st.Ino
}
