package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/vault"
)

// Target is the place that a restore fills: an installation without data, or without a
// keystore, or with neither. The key folder must be there.
type Target struct {
	Reader
	Main, Keys db.Config
	Dir        string // the data folder
	Folder     *vault.Folder
	Signer     note.Signer
	Clock      clock.Clock
	Outside    []string // what the sinks hold of the audit trail
}

// Plan is what a restore is about to do.
type Plan struct {
	Data, Keystore *Backup // one of them may be nil
	placed         map[Kind]bool
}

// Warning says what will be lost for good reason; empty if nothing.
func (p Plan) Warning() string {
	if p.Data != nil && p.Keystore != nil && p.Data.At.After(p.Keystore.At) {
		return "The data are newer than the keystore: customers made in between can't be read. Take a younger keystore if there is one."
	}
	return ""
}

// Plan looks whether the backups can be restored here, and reads of them no more than their
// manifests.
func (t *Target) Plan(ctx context.Context, paths []string) (Plan, error) {
	p := Plan{placed: map[Kind]bool{}}
	for _, path := range paths {
		b, err := Open(path, t.Verifier)
		if err != nil {
			return p, err
		}
		if err := p.add(&b); err != nil {
			return p, err
		}
	}
	for _, b := range p.all() {
		if err := t.fits(ctx, b, p); err != nil {
			return p, err
		}
	}
	return p, t.completes(ctx, p)
}

func (p *Plan) add(b *Backup) error {
	into := &p.Data
	if b.Kind == Keystore {
		into = &p.Keystore
	}
	if *into != nil {
		return fmt.Errorf("two backups of the %s are given: %s and %s", b.Kind, (*into).Path, b.Path)
	}
	*into = b
	return nil
}

// all are the backups in the order in which they are restored: a store without keys could
// be started and would seem lost, keys without a store can't.
func (p Plan) all() []*Backup {
	var all []*Backup
	for _, b := range []*Backup{p.Keystore, p.Data} {
		if b != nil {
			all = append(all, b)
		}
	}
	return all
}

func (t *Target) config(kind Kind) db.Config {
	if kind == Keystore {
		return t.Keys
	}
	return t.Main
}

func (t *Target) fits(ctx context.Context, b *Backup, p Plan) error {
	c := t.config(b.Kind)
	if engineOf(c) != b.Engine {
		return fmt.Errorf("%s is of %s, and here the %s is on %s", b.Path, b.Engine, b.Kind, engineOf(c))
	}
	if b.Kind == Keystore {
		if err := t.Folder.Opens(*b.Locks); err != nil {
			return fmt.Errorf("%s opens nothing here: %w", b.Path, err)
		}
	}
	empty, err := db.Empty(ctx, c)
	if err != nil || empty {
		return err
	}
	if t.unfinished()[b.Kind] == b.digest() {
		p.placed[b.Kind] = true // by a run that was cut short
		return nil
	}
	return fmt.Errorf("there is a %s already: a restore goes into an empty place only (move %s away, or name another with --data-dir or --database-url)", b.Kind, placeOf(c))
}

func placeOf(c db.Config) string {
	if c.Postgres() {
		return "the tables"
	}
	return c.URL + "*"
}

// completes makes sure that data and keystore are both there afterwards.
func (t *Target) completes(ctx context.Context, p Plan) error {
	if p.Data != nil && p.Keystore != nil {
		return nil
	}
	other := Keystore
	if p.Data == nil {
		other = Data
	}
	empty, err := db.Empty(ctx, t.config(other))
	if err == nil && empty {
		err = fmt.Errorf("there is no %s here: give a backup of it too", other)
	}
	return err
}

// markName is the file that says that a restore is under way, or was cut short.
const markName = "restoring"

// Unfinished is an error while a restore into a data folder is not complete: nothing may
// be started there.
func Unfinished(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, markName)); err == nil {
		return fmt.Errorf("a restore into %s was cut short: run the same florin backup restore again", dir)
	}
	return nil
}

// unfinished reads which backups a run that was cut short had.
func (t *Target) unfinished() map[Kind]string {
	all := map[Kind]string{}
	text, _ := os.ReadFile(filepath.Join(t.Dir, markName))
	for line := range strings.Lines(string(text)) {
		kind, digest, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[Kind(kind)] = digest
	}
	return all
}

// digest tells one backup from another.
func (b Backup) digest() string {
	sum := sha256.Sum256(b.text)
	return hex.EncodeToString(sum[:])
}

// Restore does what was planned: afterwards the place is complete, or as it was, or Unfinished
// says that it must be run again. The next start erases again what was erased since.
func (t *Target) Restore(ctx context.Context, p Plan, progress func(Kind, int64)) (audit.Restore, error) {
	var mark strings.Builder
	for _, b := range p.all() {
		fmt.Fprintf(&mark, "%s %s\n", b.Kind, b.digest())
	}
	if err := placeFile(filepath.Join(t.Dir, markName), []byte(mark.String())); err != nil {
		return audit.Restore{}, err
	}
	record, err := t.place(ctx, p, progress)
	if err != nil && !t.anyPlaced(ctx, p) {
		return record, errors.Join(err, t.unmark())
	}
	if err != nil {
		return record, err
	}
	return record, t.unmark()
}

func (t *Target) unmark() error {
	return errors.Join(os.Remove(filepath.Join(t.Dir, markName)), db.SyncFolders(t.Dir))
}

// anyPlaced reports whether something stands there half done.
func (t *Target) anyPlaced(ctx context.Context, p Plan) bool {
	for _, b := range p.all() {
		if empty, err := db.Empty(context.WithoutCancel(ctx), t.config(b.Kind)); err != nil || !empty {
			return true
		}
	}
	return false
}

func (t *Target) place(ctx context.Context, p Plan, progress func(Kind, int64)) (audit.Restore, error) {
	record, signed, err := t.record(ctx, p)
	if err != nil {
		return record, err
	}
	sql, args := audit.InsertRestore(record, signed)
	for _, b := range p.all() {
		if p.placed[b.Kind] {
			continue
		}
		then := func(func(string, ...any) error) error { return nil }
		if b.Kind == Data {
			then = func(exec func(string, ...any) error) error { return exec(sql, args...) }
		}
		if err := t.load(ctx, b, func(n int64) { progress(b.Kind, n) }, then); err != nil {
			return record, err
		}
	}
	if p.Data != nil {
		return record, nil
	}
	return record, t.noteKeys(ctx, sql, args)
}

func (t *Target) load(ctx context.Context, b *Backup, progress func(int64), then func(func(string, ...any) error) error) error {
	c, err := t.content(*b)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	return db.Load(ctx, t.config(b.Kind), b.Schema, &counting{Reader: c, progress: progress}, then)
}

// noteKeys records in the store, which stayed, that its keystore was restored.
func (t *Target) noteKeys(ctx context.Context, sql string, args []any) error {
	store, err := db.Open(ctx, t.Main)
	if err != nil {
		return err
	}
	err = store.Write(ctx, db.Worker(), func(tx *db.Tx) error { tx.Exec(sql, args...); return nil })
	return errors.Join(err, store.Close())
}

// record is what will stand in the restored store.
func (t *Target) record(ctx context.Context, p Plan) (r audit.Restore, signed string, err error) {
	r.Outside = audit.NewestOutside(t.Verifier, t.Outside...)
	r.ID = max(t.Clock.Millis(), r.Outside.Restored+1)
	if p.Keystore != nil {
		r.KeysAt = p.Keystore.At
	}
	if p.Data != nil {
		r.DataAt = p.Data.At
		if p.Data.Head != "" {
			r.Kept, err = audit.ParseCheckpoint(p.Data.Head, t.Verifier)
		}
	} else {
		r.Kept, err = t.presentHead(ctx)
	}
	if err != nil {
		return r, "", err
	}
	signed, err = r.Sign(t.Signer)
	return r, signed, err
}

func (t *Target) presentHead(ctx context.Context) (c audit.Checkpoint, err error) {
	s, err := db.OpenSnapshot(ctx, t.Main)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return audit.NewestHead(func(sql string, args []any, dest ...any) error { return s.One(ctx, sql, args, dest...) }, t.Verifier)
}
