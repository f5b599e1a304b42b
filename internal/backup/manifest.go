package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/vault"
)

// Kind is which of the two databases a backup is of.
type Kind string

// Kinds of backups.
const (
	Data     Kind = "data"
	Keystore Kind = "keystore"
)

// File is what the manifest holds a file to.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest says what a backup is of.
type Manifest struct {
	Kind    Kind             `json:"kind"`
	Engine  string           `json:"engine"` // "sqlite" or "postgres"
	Schema  int64            `json:"schema"` // number of the newest migration
	At      time.Time        `json:"at"`     // all that was committed before is in it
	File    File             `json:"file"`
	Content File             `json:"content"` // of the file, decrypted
	Rows    map[string]int64 `json:"rows"`
	Head    string           `json:"head,omitempty"`  // the newest signed checkpoint of the audit trail, of data
	Locks   *vault.Locks     `json:"locks,omitempty"` // what opens it, of a keystore
}

const (
	manifestName = "manifest"
	// manifestHead is the first line of the signed note: what the audit trail's key signs
	// besides begins otherwise.
	manifestHead = "florin-backup/1"
	mostManifest = 1 << 20
	nameFormat   = "20060102T150405.000Z"
)

// name of a backup's folder: kind and time, so that they sort.
func (m Manifest) name() string { return string(m.Kind) + "-" + m.At.Format(nameFormat) }

func (m Manifest) sign(signer note.Signer) ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: manifestHead + "\n" + string(text) + "\n"}, signer)
}

// ErrRefused is what every refusal of a damaged or forged backup wraps.
var ErrRefused = errors.New("the backup is refused")

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// Backup is one whose manifest is genuine. What it says of the other file is yet to be seen.
type Backup struct {
	Manifest
	Path string
	text []byte
}

// Open reads a backup's manifest and looks whether its folder holds what it should.
func Open(path string, verifier note.Verifier) (Backup, error) {
	b := Backup{Path: path}
	info, err := os.Stat(filepath.Join(path, manifestName))
	if err != nil {
		return b, fmt.Errorf("%s is no backup: %w", path, err)
	}
	if info.Size() > mostManifest {
		return b, refused("%s is too large for a manifest", filepath.Join(path, manifestName))
	}
	if b.text, err = os.ReadFile(filepath.Join(path, manifestName)); err != nil {
		return b, err
	}
	n, err := note.Open(b.text, note.VerifierList(verifier))
	if err != nil {
		return b, refused("the manifest of %s is not signed by this installation, or was changed", path)
	}
	body, ok := strings.CutPrefix(n.Text, manifestHead+"\n")
	if !ok || json.Unmarshal([]byte(body), &b.Manifest) != nil {
		return b, refused("the manifest of %s is no backup's, or of another version of Florin", path)
	}
	return b, b.checkFolder()
}

func (b Backup) checkFolder() error {
	files, err := os.ReadDir(b.Path)
	if err != nil {
		return err
	}
	for _, f := range files {
		if !slices.Contains([]string{manifestName, b.File.Name}, f.Name()) {
			return refused("%s does not belong to this backup", filepath.Join(b.Path, f.Name()))
		}
	}
	info, err := os.Stat(filepath.Join(b.Path, b.File.Name))
	if err != nil {
		return refused("%s is missing", filepath.Join(b.Path, b.File.Name))
	}
	if info.Size() != b.File.Size {
		return refused("%s has %d bytes, and the manifest is of one with %d", filepath.Join(b.Path, b.File.Name), info.Size(), b.File.Size)
	}
	return nil
}

// list finds the backups of a kind in a folder, by their names, the oldest first.
func list(dir string, kind Kind) (names []string, err error) {
	files, err := os.ReadDir(dir)
	for _, f := range files {
		stamp, ok := strings.CutPrefix(f.Name(), string(kind)+"-")
		if _, parseErr := time.Parse(nameFormat, stamp); ok && parseErr == nil && f.IsDir() {
			names = append(names, f.Name())
		}
	}
	return names, err
}
