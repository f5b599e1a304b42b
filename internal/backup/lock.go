package backup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/florin-gateway/florin/internal/db"
)

// identityName is the file in the key folder that opens backups, if nothing else is said.
const identityName = "backup.agekey"

// Recipients are who can open a backup.
type Recipients struct{ all []age.Recipient }

// Identities are what opens one.
type Identities struct{ all []age.Identity }

// ParseRecipients reads public keys of age, each as it is or in a file, a line each.
func ParseRecipients(given []string) (Recipients, error) {
	var r Recipients
	for _, text := range given {
		if !strings.HasPrefix(text, "age1") {
			content, err := os.ReadFile(text)
			if err != nil {
				return r, fmt.Errorf("%q is no public key of age (age1…) and no file with some: %w", text, err)
			}
			text = string(content)
		}
		some, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return r, fmt.Errorf("a recipient is not understood: %w", err)
		}
		r.all = append(r.all, some...)
	}
	return r, nil
}

// OwnRecipients are those of the key that lies in the key folder. It is made the first time;
// made says so.
func OwnRecipients(keyDir string) (r Recipients, made bool, err error) {
	path := filepath.Join(keyDir, identityName)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		made = true
		text, err = makeIdentity(path)
	}
	if err != nil {
		return r, made, err
	}
	all, err := age.ParseIdentities(strings.NewReader(string(text)))
	if err != nil {
		return r, made, fmt.Errorf("%s is no identity of age: %w", path, err)
	}
	for _, one := range all {
		if own, ok := one.(*age.X25519Identity); ok {
			r.all = append(r.all, own.Recipient())
		}
	}
	if r.all == nil {
		return r, made, fmt.Errorf("%s holds no identity that can be encrypted to; give --recipient", path)
	}
	return r, made, nil
}

func makeIdentity(path string) ([]byte, error) {
	one, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	text := fmt.Appendf(nil, "# opens the backups of this installation (age)\n# public key: %s\n%s\n", one.Recipient(), one)
	return text, placeFile(path, text)
}

// ReadIdentities reads files of age identities; without any, the one in the key folder.
func ReadIdentities(keyDir string, files []string) (Identities, error) {
	if len(files) == 0 {
		files = []string{filepath.Join(keyDir, identityName)}
	}
	var ids Identities
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return ids, fmt.Errorf("what opens the backup is missing (give --identity): %w", err)
		}
		some, err := age.ParseIdentities(strings.NewReader(string(text)))
		if err != nil {
			return ids, fmt.Errorf("%s holds no identity of age: %w", file, err)
		}
		ids.all = append(ids.all, some...)
	}
	return ids, nil
}

// seal encrypts what is written until Close.
func (r Recipients) seal(w io.Writer) (io.WriteCloser, error) { return age.Encrypt(w, r.all...) }

func (ids Identities) open(r io.Reader) (io.Reader, error) { return age.Decrypt(r, ids.all...) }

// placeFile makes a file whole and durably, readable by its owner alone.
func placeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return db.SyncFolders(filepath.Dir(path))
}
