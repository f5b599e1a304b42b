// Command lossyfs is a file system that forgets what was not fsynced, for
// power-cut tests. kill -9 of a database proves nothing about fsync, because
// the kernel keeps its page cache; this does.
//
//	lossyfs [--recover] --volume VOL --durable DUR MOUNTPOINT
//
// It mounts VOL at MOUNTPOINT (Linux, root, /dev/fuse) and prints "ready".
// At that moment DUR is a copy of VOL: all that is there is on the disk. Then
//
//	write, truncate        ──> VOL
//	fsync(file)            ──> the changed bytes and the length, to DUR
//	fsync(folder)          ──> names created, removed, renamed in it, to DUR
//
// It is as harsh as POSIX allows: a synced file whose folder was never synced
// has no name after the cut, a name whose file was never synced is an empty
// file. A real disk keeps more, never less. Nothing is carried on a clean unmount
// either.
//
// To cut the power: kill -9 the program, kill -9 lossyfs, umount -l MOUNTPOINT.
// DUR holds what a disk would have kept; DUR.inodes beside it belongs to
// lossyfs. Start it again with --recover to boot from that. It does not model
// torn sectors, nor writes that reach the disk early and out of order; owner and
// mode are those of the first sync.
package main
