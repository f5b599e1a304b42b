package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/db"
)

// Restore is the record of one: the store as it stood in a backup takes the place of a later
// one, and the records since are lost.
type Restore struct {
	ID       int64      `json:"id"`       // when, in milliseconds since 1970
	DataAt   time.Time  `json:"dataAt"`   // of the data's backup; zero if the keystore alone was restored
	KeysAt   time.Time  `json:"keysAt"`   // of the keystore's backup; zero if that was not restored
	Kept     Checkpoint `json:"kept"`     // the newest head in what was restored
	Outside  Checkpoint `json:"outside"`  // the newest head that was known outside; zero if none was
	Replayed bool       `json:"replayed"` // whether erasures since have been done again; not signed
}

// At is when the restore was.
func (r Restore) At() time.Time { return time.UnixMilli(r.ID).UTC() }

// restoreHead is the first line of the signed note; what the key signs besides begins
// otherwise.
const restoreHead = "florin-restore"

// Sign makes the record's text.
func (r Restore) Sign(signer note.Signer) (string, error) {
	r.Replayed = false
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	signed, err := note.Sign(&note.Note{Text: restoreHead + "\n" + string(text) + "\n"}, signer)
	return string(signed), err
}

// InsertRestore is the statement that records a restore, for whoever loads the database.
func InsertRestore(r Restore, signed string) (sql string, args []any) {
	return `INSERT INTO audit_restore (id, note, replayed_at) VALUES ($1, $2, 0)`, []any{r.ID, signed}
}

// Restored reads the records of all restores, the oldest first.
func Restored(ctx context.Context, store *db.DB, verifier note.Verifier) ([]Restore, error) {
	var all []Restore
	err := store.Each(ctx, db.Worker(), `SELECT id, note, replayed_at FROM audit_restore ORDER BY id`, nil, func(row db.Row) error {
		var id, replayed int64
		var text string
		if err := row.Scan(&id, &text, &replayed); err != nil {
			return err
		}
		r, err := parseRestore(text, verifier)
		if err != nil || r.ID != id {
			return ErrRestore
		}
		r.Replayed = replayed != 0
		all = append(all, r)
		return nil
	})
	return all, err
}

// ErrRestore says that what is recorded of a restore is forged or damaged.
var ErrRestore = errors.New("the record of a restore is not signed by this installation's audit key")

func parseRestore(text string, verifier note.Verifier) (r Restore, err error) {
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return r, ErrRestore
	}
	body, ok := strings.CutPrefix(n.Text, restoreHead+"\n")
	if !ok {
		return r, ErrRestore
	}
	return r, json.Unmarshal([]byte(body), &r)
}

// Replayed notes that what was erased since a backup has been erased again.
func Replayed(tx *db.Tx, id, at int64) {
	tx.Exec(`UPDATE audit_restore SET replayed_at = $2 WHERE id = $1`, id, at)
}

// readRestores reads what is recorded of restores and measures the outside checkpoint by it:
// one that covers what a restore gave up can't be held against the trail.
func (v *verification) readRestores(ctx context.Context, store *db.DB) error {
	var err error
	v.report.Restores, err = Restored(ctx, store, v.verifier)
	if errors.Is(err, ErrRestore) {
		v.problem("record %d or a later one: %s", v.tree.size, err)
		return nil
	}
	if err != nil || v.against == nil {
		return err
	}
	if gaveUp := givenUp(*v.against, v.report.Restores); gaveUp != nil {
		v.report.Lost = fmt.Sprintf("the outside checkpoint covers %d records and is from before the restore of %s, which kept %d: those between are lost. "+
			"It can't show what was cut since; compare with a checkpoint from after the restore",
			v.against.Size, gaveUp.At().Format(time.RFC3339), gaveUp.Kept.Size)
		v.against = nil
	} else if !v.knows(v.against.Restored) {
		v.problem("record %d: the outside checkpoint names a restore that is not recorded here", v.against.Size-1)
	}
	return nil
}

func (v *verification) knows(restored int64) bool { return known(restored, v.report.Restores) }

func known(restored int64, all []Restore) bool {
	return restored == 0 || slices.ContainsFunc(all, func(r Restore) bool { return r.ID == restored })
}

// givenUp finds the restore that gave up what a checkpoint covers; nil if the trail must have
// it. Restores go by time: what came after an earlier one is given up by each later one that
// kept less, or that took another line altogether.
func givenUp(c Checkpoint, all []Restore) *Restore {
	for i, r := range all {
		if r.ID > c.Restored && !r.DataAt.IsZero() && (c.Size > r.Kept.Size || !known(c.Restored, all)) {
			return &all[i]
		}
	}
	return nil
}

// Describe says in words what a restore did to the trail.
func (r Restore) Describe() string {
	from := "data of " + r.DataAt.Format(time.RFC3339)
	switch {
	case r.DataAt.IsZero():
		from = "the keystore of " + r.KeysAt.Format(time.RFC3339)
	case !r.KeysAt.IsZero():
		from += " and the keystore of " + r.KeysAt.Format(time.RFC3339)
	}
	text := fmt.Sprintf("Restored on %s from a backup: %s", r.At().Format(time.RFC3339), from)
	if lost := r.Outside.Size - r.Kept.Size; lost > 0 && !r.DataAt.IsZero() {
		return text + fmt.Sprintf("; the %d records from %d on that were known outside are lost", lost, r.Kept.Size)
	}
	return text + "; no record that was known outside is lost"
}

// NewestHead is the newest checkpoint of a store, by a question to it; zero if there is none.
func NewestHead(one func(sql string, args []any, dest ...any) error, verifier note.Verifier) (Checkpoint, error) {
	var text string
	err := one(`SELECT note FROM audit_checkpoint ORDER BY number DESC LIMIT 1`, nil, &text)
	if errors.Is(err, db.ErrNoRows) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, err
	}
	return ParseCheckpoint(text, verifier)
}

// NewestOutside is the newest checkpoint in any of the sinks' texts; zero if none has one.
func NewestOutside(verifier note.Verifier, texts ...string) Checkpoint {
	var newest Checkpoint
	for _, text := range texts {
		if c, err := LastCheckpoint(text, verifier); err == nil && c.newer(newest) {
			newest = c
		}
	}
	return newest
}

// Pair makes the two halves of the trail's key from the secret that the key folder keeps.
func Pair(secret []byte) (note.Signer, note.Verifier, error) {
	signing, verifying, _ := strings.Cut(string(secret), "\n")
	signer, err := note.NewSigner(signing)
	if err != nil {
		return nil, nil, errKey
	}
	verifier, err := note.NewVerifier(verifying)
	if err != nil {
		return nil, nil, errKey
	}
	return signer, verifier, nil
}

var errKey = errors.New("the audit signing key is damaged")
