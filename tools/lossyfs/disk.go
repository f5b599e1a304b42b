//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// disk keeps contents apart from names, as disks do: the durable content of
// inode n is DUR.inodes/n, and its durable names in DUR are hard links to that.
type disk struct {
	volume, durable, contents string

	mu     sync.Mutex
	inodes map[uint64]*inode // by inode number in VOL
	dirs   map[uint64]uint64 // VOL's folders: their inode number in DUR
	next   int
}

// inode is one file's changes since its last fsync.
type inode struct {
	mu       sync.Mutex
	content  string // path below DUR.inodes
	dirty    ranges
	shortest int64 // smallest length since the last fsync: older bytes beyond it are gone
}

// powerOn makes VOL what DUR kept and leaves no DUR.
func powerOn(volume, durable string) error {
	if _, err := os.Stat(durable); err != nil {
		return fmt.Errorf("nothing to recover: %w", err)
	}
	return errors.Join(os.RemoveAll(volume), os.RemoveAll(durable+".inodes"), os.Rename(durable, volume))
}

// newDisk starts with everything in volume durable. durable must not hold
// anything yet, lest a forgotten --recover destroys what a cut left.
func newDisk(volume, durable string) (*disk, error) {
	if left, _ := os.ReadDir(durable); len(left) > 0 {
		return nil, fmt.Errorf("%s is not empty: use --recover, or remove it", durable)
	}
	d := &disk{volume: volume, durable: durable, contents: durable + ".inodes", inodes: map[uint64]*inode{}, dirs: map[uint64]uint64{}}
	if err := errors.Join(os.RemoveAll(d.contents), os.MkdirAll(d.contents, 0o700), os.MkdirAll(durable, 0o755)); err != nil {
		return nil, err
	}
	return d, filepath.WalkDir(volume, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			rel, err := filepath.Rel(volume, name)
			return errors.Join(err, d.syncDir(rel))
		case e.Type().IsRegular():
			return d.adopt(name)
		}
		return nil
	})
}

// adopt carries a file that was in the volume at the start.
func (d *disk) adopt(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	n, size, err := d.open(int(f.Fd()))
	if err != nil {
		return err
	}
	n.wrote(0, size)
	return n.sync(int(f.Fd()))
}

// open finds the inode behind an open file, and its length.
func (d *disk) open(fd int) (*inode, int64, error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return nil, 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.find(&st)
	return n, st.Size, err
}

// find makes an inode, empty on the disk, at first sight. d.mu is held.
func (d *disk) find(st *syscall.Stat_t) (*inode, error) {
	if n := d.inodes[st.Ino]; n != nil {
		return n, nil
	}
	d.next++
	n := &inode{content: filepath.Join(d.contents, strconv.Itoa(d.next))}
	f, err := os.OpenFile(n.content, os.O_CREATE|os.O_EXCL, fs.FileMode(st.Mode&0o7777))
	if err != nil {
		return nil, err
	}
	d.inodes[st.Ino] = n
	return n, errors.Join(f.Close(), os.Chmod(n.content, fs.FileMode(st.Mode&0o777)), os.Chown(n.content, int(st.Uid), int(st.Gid)))
}

// removing runs a change that may take the last name of VOL's name away. VOL
// gives the number of a dead inode to the next file, so it is forgotten first;
// the durable names stay until their folder is synced.
func (d *disk) removing(name string, change func() syscall.Errno) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	var st syscall.Stat_t
	known := syscall.Lstat(filepath.Join(d.volume, name), &st) == nil
	errno := change()
	if known && errno == 0 {
		directory := st.Mode&syscall.S_IFMT == syscall.S_IFDIR
		if directory {
			delete(d.dirs, st.Ino)
		} else if st.Nlink == 1 {
			d.forget(st.Ino)
		}
	}
	return errno
}

func (d *disk) forget(number uint64) {
	n := d.inodes[number]
	delete(d.inodes, number)
	if n == nil {
		return
	}
	var st syscall.Stat_t
	if syscall.Lstat(n.content, &st) == nil && st.Nlink == 1 { // it never got a durable name
		_ = os.Remove(n.content)
	}
}

func (n *inode) wrote(from, to int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dirty = n.dirty.add(span{from, to})
}

func (n *inode) truncated(size int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shortest = min(n.shortest, size)
}

// sync copies the changed bytes of the open file fd.
func (n *inode) sync(fd int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	from, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd)) // fd may be write-only, the name may be gone
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(n.content, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) { // forgotten without a name: no cut can bring it back
		return nil
	}
	if err != nil {
		return err
	}
	defer to.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if err := n.copyTo(to, from, info.Size()); err != nil {
		return err
	}
	n.dirty, n.shortest = nil, info.Size()
	return nil
}

func (n *inode) copyTo(to, from *os.File, size int64) error {
	if kept, err := to.Stat(); err != nil || kept.Size() > n.shortest {
		if err := errors.Join(err, to.Truncate(n.shortest)); err != nil {
			return err
		}
	}
	for _, s := range n.dirty {
		part := io.NewSectionReader(from, s.from, min(s.to, size)-s.from)
		if s.from >= size {
			break
		}
		if _, err := io.Copy(io.NewOffsetWriter(to, s.from), part); err != nil {
			return err
		}
	}
	return to.Truncate(size)
}
