//go:build linux

package main

import (
	"context"
	"path/filepath"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// node is a loopback node that tells the disk what changes.
type node struct {
	*fs.LoopbackNode
	disk *disk
}

func (n *node) WrapChild(_ context.Context, ops fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{LoopbackNode: ops.(*fs.LoopbackNode), disk: n.disk}
}

func (n *node) rel(name string) string {
	return filepath.Join(n.Path(n.Root()), name)
}

func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	child, fh, _, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	if errno != 0 {
		return nil, nil, 0, errno
	}
	h, errno := n.handle(fh, flags)
	return child, h, fuse.FOPEN_KEEP_CACHE, errno
}

// Open keeps the kernel's cache: all changes come through this mount.
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	fh, _, errno := n.LoopbackNode.Open(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	h, errno := n.handle(fh, flags)
	return h, fuse.FOPEN_KEEP_CACHE, errno
}

func (n *node) handle(fh fs.FileHandle, flags uint32) (fs.FileHandle, syscall.Errno) {
	f := fh.(*fs.LoopbackFile)
	fd, _ := f.PassthroughFd()
	inode, _, err := n.disk.open(fd)
	if err != nil {
		return nil, fs.ToErrno(err)
	}
	if flags&syscall.O_TRUNC != 0 {
		inode.truncated(0)
	}
	return &handle{LoopbackFile: f, inode: inode}, 0
}

// Setattr sees truncate(2), with or without an open file.
func (n *node) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	size, resized := in.GetSize()
	if resized && f == nil {
		fh, _, errno := n.Open(ctx, syscall.O_WRONLY)
		if errno != 0 {
			return errno
		}
		h := fh.(*handle)
		defer h.Release(ctx)
		h.inode.truncated(int64(size))
	}
	return n.LoopbackNode.Setattr(ctx, f, in, out)
}

func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	return n.disk.removing(n.rel(name), func() syscall.Errno { return n.LoopbackNode.Unlink(ctx, name) })
}

func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	return n.disk.removing(n.rel(name), func() syscall.Errno { return n.LoopbackNode.Rmdir(ctx, name) })
}

const renameExchange = 2 // RENAME_EXCHANGE of renameat2(2): both names live on

func (n *node) Rename(ctx context.Context, name string, parent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	rename := func() syscall.Errno { return n.LoopbackNode.Rename(ctx, name, parent, newName, flags) }
	to := filepath.Join(parent.EmbeddedInode().Path(n.Root()), newName)
	if flags&renameExchange != 0 || to == n.rel(name) || n.disk.same(to, n.rel(name)) {
		return rename()
	}
	return n.disk.removing(to, rename)
}

// same: rename(2) does nothing when both names are one file.
func (d *disk) same(a, b string) bool {
	x := inodeOf(filepath.Join(d.volume, a))
	return x != 0 && x == inodeOf(filepath.Join(d.volume, b))
}

// CopyFileRange makes the kernel read and write instead, which the handles see.
func (n *node) CopyFileRange(context.Context, fs.FileHandle, uint64, *fs.Inode, fs.FileHandle, uint64, uint64, uint64) (uint32, syscall.Errno) {
	return 0, syscall.ENOSYS
}

// OpendirHandle: the kernel syncs a folder through its handle, and without
// Fsyncdir a deleted journal would come back and look like lost data.
func (n *node) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	fh, _, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &folder{fh.(fs.FileReaddirenter), fh.(fs.FileSeekdirer), fh.(fs.FileReleasedirer), n}, 0, 0
}

type folder struct {
	fs.FileReaddirenter
	fs.FileSeekdirer
	fs.FileReleasedirer
	node *node
}

func (f *folder) Fsyncdir(context.Context, uint32) syscall.Errno {
	return fs.ToErrno(f.node.disk.syncDir(f.node.rel("")))
}

// handle is an open file.
type handle struct {
	*fs.LoopbackFile
	inode *inode
}

// PassthroughFd keeps the kernel from going round us.
func (h *handle) PassthroughFd() (int, bool) { return 0, false }

func (h *handle) Write(ctx context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	n, errno := h.LoopbackFile.Write(ctx, data, off)
	h.inode.wrote(off, off+int64(n))
	return n, errno
}

func (h *handle) Allocate(ctx context.Context, off, size uint64, mode uint32) syscall.Errno {
	errno := h.LoopbackFile.Allocate(ctx, off, size, mode)
	h.inode.wrote(int64(off), int64(off+size))
	return errno
}

func (h *handle) Setattr(ctx context.Context, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		h.inode.truncated(int64(size))
	}
	return h.LoopbackFile.Setattr(ctx, in, out)
}

func (h *handle) Fsync(context.Context, uint32) syscall.Errno {
	fd, ok := h.LoopbackFile.PassthroughFd()
	if !ok {
		return syscall.EBADF
	}
	return fs.ToErrno(h.inode.sync(fd))
}
