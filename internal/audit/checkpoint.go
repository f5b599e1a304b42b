package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/florin-gateway/florin/internal/db"
)

// origin names whose tree a checkpoint is of (C2SP tlog-checkpoint).
const origin = "florin-audit"

// Checkpoint is a signed statement of how many records there are and what their tree
// head is. Restored names the newest restore (Restore.ID) before it; 0 if there was none.
type Checkpoint struct {
	Size     int64
	Root     tlog.Hash
	Restored int64
}

// restoredLine names a restore, in a checkpoint's own line (C2SP tlog-checkpoint allows such).
const restoredLine = "restored "

// headText is what a head's signature covers: whose tree, its size, its root, and in
// extension lines when it was signed, in milliseconds (C2SP tlog-checkpoint), and the newest
// restore before it.
func headText(e edge, at, restored int64) string {
	text := fmt.Sprintf("%s\n%d\n%s\ntime %d\n", origin, e.size, e.root(), at)
	if restored != 0 {
		text += fmt.Sprintf("%s%d\n", restoredLine, restored)
	}
	return text
}

func signHead(signer note.Signer, e edge, at, restored int64) (string, error) {
	signed, err := note.Sign(&note.Note{Text: headText(e, at, restored)}, signer)
	return string(signed), err
}

// isHead reports whether a note is this tree's head as we sign it, to the last bit: base64
// has several spellings of one signature, and a note room for signatures that nobody checks.
func isHead(stored string, e edge, at, restored int64, verifier note.Verifier) bool {
	n, err := note.Open([]byte(stored), note.VerifierList(verifier))
	if err != nil || n.Text != headText(e, at, restored) {
		return false
	}
	_, err = base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	return err == nil && stored == n.Text+"\n— "+n.Sigs[0].Name+" "+n.Sigs[0].Base64+"\n"
}

var errCheckpoint = errors.New("the checkpoint is not signed by this installation's audit key")

// ParseCheckpoint checks a signed checkpoint.
func ParseCheckpoint(text string, verifier note.Verifier) (Checkpoint, error) {
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, errCheckpoint
	}
	lines := strings.Split(n.Text, "\n")
	var c Checkpoint
	if len(lines) < 3 || lines[0] != origin {
		return c, errCheckpoint
	}
	if _, err := fmt.Sscanf(lines[1], "%d", &c.Size); err != nil {
		return c, errCheckpoint
	}
	for _, line := range lines[3:] {
		if id, ok := strings.CutPrefix(line, restoredLine); ok {
			if _, err := fmt.Sscanf(id, "%d", &c.Restored); err != nil {
				return c, errCheckpoint
			}
		}
	}
	c.Root, err = tlog.ParseHash(lines[2])
	return c, err
}

// newer reports whether a checkpoint tells of a later state than another of the same
// installation: of a later restore, or of more records since the same one.
func (c Checkpoint) newer(than Checkpoint) bool {
	if c.Restored != than.Restored {
		return c.Restored > than.Restored
	}
	return c.Size >= than.Size
}

// FileSink appends checkpoints to a file.
type FileSink struct{ path string }

// NewFileSink makes a sink of a file; it is created when the first checkpoint comes.
func NewFileSink(path string) *FileSink { return &FileSink{path} }

// Publish appends one checkpoint and returns when it is on the disk.
func (s *FileSink) Publish(checkpoint string) error {
	_, missing := os.Stat(s.path)
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(checkpoint + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil || missing == nil {
		return err
	}
	return db.SyncFolders(filepath.Dir(s.path))
}

// LastCheckpoint reads the newest valid checkpoint out of a sink's file, or a file
// that holds a single one.
func LastCheckpoint(text string, verifier note.Verifier) (Checkpoint, error) {
	var last Checkpoint
	err := errCheckpoint
	for _, part := range strings.Split(text, origin+"\n") {
		if part = strings.TrimRight(part, "\n"); part == "" {
			continue
		}
		if c, parseErr := ParseCheckpoint(origin+"\n"+part+"\n", verifier); parseErr == nil && (err != nil || c.newer(last)) {
			last, err = c, nil
		}
	}
	return last, err
}
