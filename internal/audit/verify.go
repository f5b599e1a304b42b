package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math"

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
	Restores    []Restore
	Lost        string // what the outside checkpoint covers and a restore gave up; empty if nothing
}

// Verify recomputes every leaf and every signed head from the records alone. against
// is a checkpoint from outside, or nil: only it shows a cut tail.
func Verify(ctx context.Context, store *db.DB, verifier note.Verifier, against *Checkpoint, progress func(records int64)) (Report, error) {
	v := &verification{verifier: verifier, against: against, heads: map[int64]kept{}, first: math.MinInt64, realm: math.MinInt64}
	if err := v.readRestores(ctx, store); err != nil {
		return v.report, err
	}
	if err := v.readHeads(ctx, store); err != nil {
		return v.report, err
	}
	for more := true; more && v.report.Problem == ""; {
		var err error
		if more, err = v.next(ctx, store); err != nil {
			return v.report, err
		}
		if progress != nil {
			progress(v.tree.size)
		}
	}
	v.finish()
	v.report.Records, v.report.Root = v.tree.size, v.tree.root()
	return v.report, v.readPending(ctx, store)
}

type verification struct {
	verifier     note.Verifier
	against      *Checkpoint
	heads        map[int64]kept // by size
	largest      int64
	first, realm int64 // the segment that was read last
	tree         edge
	report       Report
}

// kept is a checkpoint as it is stored: the signed note with its time, and the edge from
// which the sealer goes on.
type kept struct {
	number, at int64
	note       string
	edge       []byte
}

// storedSegment is a row of audit_segment.
type storedSegment struct {
	realm, first, count, firstAt, lastAt int64
	packed, hashes, customers            []byte
}

func (v *verification) problem(format string, args ...any) {
	if v.report.Problem == "" {
		v.report.Problem = fmt.Sprintf(format, args...)
	}
}

func (v *verification) readHeads(ctx context.Context, store *db.DB) error {
	expected := int64(1)
	return store.Each(ctx, db.Worker(), `SELECT number, size, at, note, edge FROM audit_checkpoint ORDER BY number`, nil, func(r db.Row) error {
		var size int64
		var c kept
		if err := r.Scan(&c.number, &size, &c.at, &c.note, &c.edge); err != nil {
			return err
		}
		if c.number != expected || size <= v.largest {
			v.problem("checkpoint %d is missing or out of order (record %d)", expected, v.largest)
		}
		expected = c.number + 1
		v.heads[size], v.largest = c, size
		return nil
	})
}

// next reads the segments behind those that were read, some at a time: a question that
// stayed open would keep SQLite's log from being emptied.
func (v *verification) next(ctx context.Context, store *db.DB) (more bool, err error) {
	seen := 0
	err = store.Each(ctx, db.Worker(), `SELECT realm_id, first_seq, records, first_at, last_at, body, hashes, customers FROM audit_segment
		WHERE first_seq >= $1 AND (first_seq > $1 OR realm_id > $2) ORDER BY first_seq, realm_id LIMIT $3`,
		[]any{v.first, v.realm, segmentsAtOnce}, func(r db.Row) error {
			var s storedSegment
			seen++
			if err := r.Scan(&s.realm, &s.first, &s.count, &s.firstAt, &s.lastAt, &s.packed, &s.hashes, &s.customers); err != nil {
				return err
			}
			v.first, v.realm = s.first, s.realm
			if v.report.Problem == "" {
				v.checkSegment(s)
			}
			return nil
		})
	return seen == segmentsAtOnce, err
}

// checkSegment wants the segment that begins where the tree ends, and nothing beside it.
func (v *verification) checkSegment(s storedSegment) {
	if s.first < v.tree.size {
		v.problem("record %d stands in a second segment, of realm %d: it was added", s.first, s.realm)
		return
	}
	if s.first > v.tree.size {
		v.problem("record %d is missing: the next one kept is %d", v.tree.size, s.first)
		return
	}
	records, unpackErr := unpack(s.packed)
	v.checkRecords(s, records)
	if unpackErr != nil {
		v.problem("record %d can't be read", s.first+int64(len(records)))
	}
	if len(records) == 0 {
		v.problem("record %d: a segment without records begins there: it was added", s.first)
	}
	if sum := sha256.Sum256(s.packed); !bytes.HasSuffix(s.hashes, sum[:]) {
		v.problem("record %d: what its segment is packed into was changed", s.first)
	}
	v.checkTimes(records, s.firstAt, s.lastAt)
}

func (v *verification) checkRecords(s storedSegment, records [][]byte) {
	var named []int64
	for i, text := range records {
		leaf := tlog.RecordHash(text)
		at := i * tlog.HashSize
		if at+tlog.HashSize > len(s.hashes) || !bytes.Equal(leaf[:], s.hashes[at:at+tlog.HashSize]) {
			v.problem("record %d does not match its leaf hash: it was changed", v.tree.size)
		}
		record, err := parse(text, v.tree.size)
		if err != nil || record.Realm != s.realm {
			v.problem("record %d is not what its segment says", v.tree.size)
		}
		named = append(named, record.Customers...)
		v.tree.push(leaf)
		v.checkHead()
	}
	if int64(len(records)) != s.count || len(s.hashes) != (len(records)+1)*tlog.HashSize {
		v.problem("record %d: the segment that ends here should hold %d records and holds %d", v.tree.size, s.count, len(records))
	}
	if !bytes.Equal(customerSet(named), s.customers) {
		v.problem("record %d: the set of customers of its segment was changed", s.first)
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
	if err != nil || !isHead(stored.note, v.tree, stored.at, head.Restored, v.verifier) {
		v.problem("record %d, one before it back to the last good checkpoint, or checkpoint %d was changed: the signed head does not match", v.tree.size-1, stored.number)
	}
	if !v.knows(head.Restored) {
		v.problem("record %d: its checkpoint names a restore that is not recorded any more", v.tree.size-1)
	}
	if !bytes.Equal(stored.edge, v.tree.bytes()) {
		v.problem("record %d: the edge of the tree kept with checkpoint %d was changed", v.tree.size-1, stored.number)
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

// readPending counts what no checkpoint covers yet. Nothing is signed there; a row can only be
// held to what its own record says.
func (v *verification) readPending(ctx context.Context, store *db.DB) error {
	return store.Each(ctx, db.Worker(), `SELECT realm_id, id, body FROM audit_pending ORDER BY realm_id, id`, nil, func(r db.Row) error {
		var realm, id int64
		var text []byte
		if err := r.Scan(&realm, &id, &text); err != nil {
			return err
		}
		v.report.Unsealed++
		if record, err := parse(text, -1); err != nil || record.Realm != realm || record.ID != id {
			v.problem("unsealed record %d of realm %d is not what its row says", id, realm)
		}
		return nil
	})
}
