package audit

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/florin-gateway/florin/internal/db"
)

// Report is what Verify found.
type Report struct {
	Records     int64 // sealed records that were read
	Checkpoints int64 // signed heads that were recomputed
	Unsealed    int64 // records younger than the last checkpoint
	Root        tlog.Hash
	Problem     string // empty if the trail is whole; else the first bad record
}

// Verify recomputes every leaf and every signed head from the records alone. against
// is a checkpoint from outside, or nil: only it shows a cut tail.
func Verify(ctx context.Context, store *db.DB, verifier note.Verifier, against *Checkpoint, progress func(records int64)) (Report, error) {
	v := &verification{verifier: verifier, against: against, heads: map[int64]kept{}}
	if err := v.readHeads(ctx, store); err != nil {
		return v.report, err
	}
	for v.report.Problem == "" {
		more, err := v.next(ctx, store)
		if err != nil {
			return v.report, err
		}
		if !more {
			break
		}
		if progress != nil {
			progress(v.tree.size)
		}
	}
	v.finish()
	v.report.Records, v.report.Root = v.tree.size, v.tree.root()
	return v.report, store.One(ctx, db.Worker(), `SELECT count(*) FROM audit_pending`, nil, &v.report.Unsealed)
}

type verification struct {
	verifier note.Verifier
	against  *Checkpoint
	heads    map[int64]kept // by size
	largest  int64
	tree     edge
	report   Report
}

// kept is a checkpoint as it is stored: the signed note, and the edge from which the
// sealer goes on.
type kept struct {
	note string
	edge []byte
}

func (v *verification) problem(format string, args ...any) {
	if v.report.Problem == "" {
		v.report.Problem = fmt.Sprintf(format, args...)
	}
}

func (v *verification) readHeads(ctx context.Context, store *db.DB) error {
	expected := int64(1)
	return store.Each(ctx, db.Worker(), `SELECT number, size, note, edge FROM audit_checkpoint ORDER BY number`, nil, func(r db.Row) error {
		var number, size int64
		var c kept
		if err := r.Scan(&number, &size, &c.note, &c.edge); err != nil {
			return err
		}
		if number != expected || size <= v.largest {
			v.problem("checkpoint %d is missing or out of order (record %d)", expected, v.largest)
		}
		expected = number + 1
		v.heads[size], v.largest = c, size
		return nil
	})
}

// next reads the segment that begins where the tree ends.
func (v *verification) next(ctx context.Context, store *db.DB) (bool, error) {
	var realm, first, count, firstAt, lastAt int64
	var packed, hashes, customers []byte
	found := false
	err := store.Each(ctx, db.Worker(), `SELECT realm_id, first_seq, records, first_at, last_at, body, hashes, customers
		FROM audit_segment WHERE first_seq >= $1 ORDER BY first_seq LIMIT 1`, []any{v.tree.size}, func(r db.Row) error {
		found = true
		return r.Scan(&realm, &first, &count, &firstAt, &lastAt, &packed, &hashes, &customers)
	})
	if err != nil || !found {
		return false, err
	}
	if first != v.tree.size {
		v.problem("record %d is missing: the next one kept is %d", v.tree.size, first)
		return false, nil
	}
	records, unpackErr := unpack(packed)
	v.checkSegment(realm, records, hashes, customers, count)
	if unpackErr != nil {
		v.problem("record %d can't be read", first+int64(len(records)))
	}
	v.checkTimes(records, firstAt, lastAt)
	return true, nil
}

func (v *verification) checkSegment(realm int64, records [][]byte, hashes, customers []byte, count int64) {
	var named []int64
	for i, text := range records {
		leaf := tlog.RecordHash(text)
		at := i * tlog.HashSize
		if at+tlog.HashSize > len(hashes) || !bytes.Equal(leaf[:], hashes[at:at+tlog.HashSize]) {
			v.problem("record %d does not match its leaf hash: it was changed", v.tree.size)
		}
		record, err := parse(text, v.tree.size)
		if err != nil || record.Realm != realm {
			v.problem("record %d is not what its segment says", v.tree.size)
		}
		named = append(named, record.Customers...)
		v.tree.push(leaf)
		v.checkHead()
	}
	if int64(len(records)) != count || len(hashes) != len(records)*tlog.HashSize {
		v.problem("record %d: the segment that ends here should hold %d records and holds %d", v.tree.size, count, len(records))
	}
	if !bytes.Equal(customerSet(named), customers) {
		v.problem("record %d: the set of customers of its segment was changed", v.tree.size-int64(len(records)))
	}
}

func (v *verification) checkTimes(records [][]byte, firstAt, lastAt int64) {
	if len(records) == 0 {
		return
	}
	first, errFirst := parse(records[0], 0)
	last, errLast := parse(records[len(records)-1], 0)
	if errFirst == nil && errLast == nil && (first.At.UnixMilli() != firstAt || last.At.UnixMilli() != lastAt) {
		v.problem("record %d: the times of its segment were changed", v.tree.size-int64(len(records)))
	}
}

// checkHead compares the tree with every signed head of its present size.
func (v *verification) checkHead() {
	if v.against != nil && v.against.Size == v.tree.size && v.against.Root != v.tree.root() {
		v.problem("the records up to %d are not those of the outside checkpoint", v.tree.size-1)
	}
	stored, ok := v.heads[v.tree.size]
	if !ok {
		return
	}
	head, err := ParseCheckpoint(stored.note, v.verifier)
	if err != nil || head.Size != v.tree.size || head.Root != v.tree.root() {
		v.problem("record %d or one before it back to the last good checkpoint was changed: the signed head does not match", v.tree.size-1)
	}
	if !bytes.Equal(stored.edge, v.tree.bytes()) {
		v.problem("record %d: the edge of the tree kept with its checkpoint was changed", v.tree.size-1)
	}
	v.report.Checkpoints++
}

func (v *verification) finish() {
	if v.tree.size < v.largest {
		v.problem("record %d is missing: a checkpoint covers %d records", v.tree.size, v.largest)
	}
	if v.tree.size > v.largest {
		v.problem("record %d is not covered by any checkpoint", v.largest)
	}
	if v.against != nil && v.tree.size < v.against.Size {
		v.problem("record %d is missing: the outside checkpoint covers %d records (the tail was cut)", v.tree.size, v.against.Size)
	}
}
