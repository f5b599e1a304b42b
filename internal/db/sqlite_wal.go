package db

import (
	"errors"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// joiningFiles names SQLite's own file layer with one difference: the frames of a write-ahead log
// that follow each other are joined and written at once. SQLite writes two pieces a page, 24 bytes and
// the page, and every system call of the one writer is time that everybody waits for.
//
// What SQLite has been told is written may lie in memory until the next of: the frame that
// commits, a sync, a look at the file, a write elsewhere. So nothing is told to a reader
// (the wal-index names a transaction after its last frame and its sync), and nothing is
// answered as durable, before the kernel has it. A failed write is heard of at the latest
// from the commit that needs it.
const joiningFiles = "florin-joining"

const (
	// frameHeader is the length of what stands before each page in the log
	// (https://sqlite.org/fileformat2.html#walformat).
	frameHeader = 24
	// mostHeld is how much is joined. SQLite hands at most 0x1ffff bytes to one pwrite.
	mostHeld = 127 << 10
)

// joiningVFS is a copy of the default file layer with another xOpen. It lives in C memory
// as long as the process, as SQLite's own do.
type joiningVFS struct {
	sqlite3.Tsqlite3_vfs
	plain uintptr // the default
}

// heldLog is an open write-ahead log. SQLite finds it as the file's methods.
type heldLog struct {
	sqlite3.Tsqlite3_io_methods
	plain  uintptr // the methods of the default file layer
	buffer uintptr // of mostHeld bytes, from the first use
	held   int32   // bytes in the buffer
	at     int64   // where in the file they belong
	ending bool    // the frame that is being written commits
}

// at sees C memory as a T.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// pointer is a function as translated C has it. It must be a function of a package: one
// that Go collects would leave C with nothing.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

func call[F any](f uintptr) F { return *(*F)(unsafe.Pointer(&f)) }

type (
	openFile  = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	moveBytes = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	closeFile = func(*libc.TLS, uintptr) int32
	sizeFile  = func(*libc.TLS, uintptr, uintptr) int32
	cutFile   = func(*libc.TLS, uintptr, int64) int32
	syncFile  = func(*libc.TLS, uintptr, int32) int32
)

// registerJoining makes joiningFiles known to SQLite, whose list is the process's. Two at
// once may both add it: SQLite takes either.
func registerJoining() error {
	tls := libc.NewTLS()
	defer tls.Close()
	name, err := libc.CString(joiningFiles)
	if err != nil {
		return err
	}
	if sqlite3.Xsqlite3_vfs_find(tls, name) != 0 {
		libc.Xfree(tls, name)
		return nil
	}
	plain := sqlite3.Xsqlite3_vfs_find(tls, 0)
	own := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(joiningVFS{})))
	if plain == 0 || own == 0 {
		return errors.New("db: SQLite has no file layer to build on")
	}
	v := at[joiningVFS](own)
	v.Tsqlite3_vfs, v.plain = *at[sqlite3.Tsqlite3_vfs](plain), plain
	v.FpNext, v.FzName, v.FxOpen = 0, name, pointer[openFile](openJoining)
	if code := sqlite3.Xsqlite3_vfs_register(tls, own, 0); code != sqlite3.SQLITE_OK {
		return errors.New("db: SQLite refuses our file layer")
	}
	return nil
}

// openJoining opens any file as usual and puts itself before the methods of a log.
func openJoining(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	plain := at[joiningVFS](vfs).plain
	code := call[openFile](at[sqlite3.Tsqlite3_vfs](plain).FxOpen)(tls, plain, name, file, flags, out)
	if code != sqlite3.SQLITE_OK || flags&sqlite3.SQLITE_OPEN_WAL == 0 {
		return code
	}
	own := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(heldLog{})))
	if own == 0 {
		return sqlite3.SQLITE_OK // the plain methods do as well
	}
	l, methods := at[heldLog](own), &at[sqlite3.Tsqlite3_file](file).FpMethods
	l.plain = *methods
	l.Tsqlite3_io_methods = *at[sqlite3.Tsqlite3_io_methods](l.plain)
	l.FxWrite, l.FxRead = pointer[moveBytes](writeLog), pointer[moveBytes](readLog)
	l.FxSync, l.FxTruncate = pointer[syncFile](syncLog), pointer[cutFile](truncateLog)
	l.FxFileSize, l.FxClose = pointer[sizeFile](sizeLog), pointer[closeFile](closeLog)
	*methods = own
	return sqlite3.SQLITE_OK
}

func logOf(file uintptr) (*heldLog, *sqlite3.Tsqlite3_io_methods) {
	l := at[heldLog](at[sqlite3.Tsqlite3_file](file).FpMethods)
	return l, at[sqlite3.Tsqlite3_io_methods](l.plain)
}

// writeLog holds frames back from the first that does not commit to the one that does.
// Whatever else is written goes through, after what is held.
func writeLog(tls *libc.TLS, file, from uintptr, n int32, to int64) int32 {
	l, plain := logOf(file)
	begins := n == frameHeader
	commits := begins && [4]byte(unsafe.Slice(at[byte](from), frameHeader)[4:8]) != [4]byte{}
	if l.held > 0 && (to != l.at+int64(l.held) || l.held+n > mostHeld) {
		if code := l.write(tls, file); code != sqlite3.SQLITE_OK {
			return code
		}
	}
	if l.held == 0 && (!begins || commits || !l.ready(tls)) {
		return call[moveBytes](plain.FxWrite)(tls, file, from, n, to)
	}
	l.hold(from, n, to)
	if l.ending && !begins {
		return l.write(tls, file)
	}
	l.ending = commits
	return sqlite3.SQLITE_OK
}

// ready has a buffer, or none can be had and everything is written at once.
func (l *heldLog) ready(tls *libc.TLS) bool {
	if l.buffer == 0 {
		l.buffer = libc.Xmalloc(tls, mostHeld)
	}
	return l.buffer != 0
}

func (l *heldLog) hold(from uintptr, n int32, to int64) {
	if l.held == 0 {
		l.at = to
	}
	copy(unsafe.Slice(at[byte](l.buffer), mostHeld)[l.held:], unsafe.Slice(at[byte](from), n))
	l.held += n
}

// write hands what is held to the kernel. What fails is forgotten: SQLite undoes the
// transaction that it was of.
func (l *heldLog) write(tls *libc.TLS, file uintptr) int32 {
	n := l.held
	l.held, l.ending = 0, false
	if n == 0 {
		return sqlite3.SQLITE_OK
	}
	return call[moveBytes](at[sqlite3.Tsqlite3_io_methods](l.plain).FxWrite)(tls, file, l.buffer, n, l.at)
}

func readLog(tls *libc.TLS, file, to uintptr, n int32, from int64) int32 {
	l, plain := logOf(file)
	if code := l.write(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return call[moveBytes](plain.FxRead)(tls, file, to, n, from)
}

func syncLog(tls *libc.TLS, file uintptr, flags int32) int32 {
	l, plain := logOf(file)
	if code := l.write(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return call[syncFile](plain.FxSync)(tls, file, flags)
}

func truncateLog(tls *libc.TLS, file uintptr, size int64) int32 {
	l, plain := logOf(file)
	if code := l.write(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return call[cutFile](plain.FxTruncate)(tls, file, size)
}

func sizeLog(tls *libc.TLS, file, size uintptr) int32 {
	l, plain := logOf(file)
	if code := l.write(tls, file); code != sqlite3.SQLITE_OK {
		return code
	}
	return call[sizeFile](plain.FxFileSize)(tls, file, size)
}

// closeLog writes what an undone transaction left, which nobody reads, and closes.
func closeLog(tls *libc.TLS, file uintptr) int32 {
	l, plain := logOf(file)
	written := l.write(tls, file)
	closed := call[closeFile](plain.FxClose)(tls, file)
	own := uintptr(unsafe.Pointer(l))
	libc.Xfree(tls, l.buffer)
	libc.Xfree(tls, own)
	if closed == sqlite3.SQLITE_OK {
		return written
	}
	return closed
}
