package audit

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"maps"
	random "math/rand/v2"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
)

var (
	editsFlag = flag.Int("edits", 500, "edits of TestEdits on each engine")
	seedFlag  = flag.Uint64("seed", 1, "seed of TestEdits")
)

// TestEdits edits the stored trail as its keeper could, who has the tables and not the
// signing key. Verify has to name what was done; and has nothing to say of the trail as it was.
//
// Not among the edits: a record that waits for the sealer, at most a second, is signed by
// nobody. Of audit_pending only what a row says twice is held.
//
//	go test ./internal/audit -run '^TestEdits$' -v -args -edits 5000 -seed 7
//
// Shows: PCI DSS 10.3.4
func TestEdits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, url string) {
		store, err := db.Open(t.Context(), schema.Main(db.Config{URL: url, Synchronous: "NORMAL"}))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		o := newOffice(t, store)
		k := keeper{put: putter(t, store, url), rand: random.New(random.NewPCG(*seedFlag, 0)), stranger: stranger(t)}
		longTrail(t, o)
		whole := readTrail(t, store)
		require.NoError(t, k.put(t.Context(), whole))
		outside, err := LastCheckpoint(strings.Join(o.sink.taken, "\n"), o.verifier)
		require.NoError(t, err)
		require.Empty(t, o.verify(t, &outside).Problem, "the trail before any edit")

		made := map[string]int{}
		kinds := k.kinds()
		names := slices.Sorted(maps.Keys(kinds))
		for n := range *editsFlag {
			kind := names[n%len(names)]
			edited, what := k.edit(whole, kinds[kind])
			require.NoError(t, k.put(t.Context(), edited), "seed %d, edit %d, %s: %s", *seedFlag, n, kind, what)
			against := (*Checkpoint)(nil)
			if kind == "cut" {
				require.Empty(t, o.verify(t, nil).Problem, "without a checkpoint from outside a clean cut can't be seen")
				against = &outside
			}
			require.Regexp(t, named, o.verify(t, against).Problem, "seed %d, edit %d, %s: %s", *seedFlag, n, kind, what)
			made[kind]++
		}
		require.NoError(t, k.put(t.Context(), whole))
		require.Empty(t, o.verify(t, &outside).Problem, "the trail put back")
		t.Logf("seed %d: %d edits, all named: %v", *seedFlag, *editsFlag, made)
	})
}

// immutable: what every problem says: where.
var named = regexp.MustCompile(`record \d+|records up to \d+|record -\d+|checkpoint \d+`)

// storedTrail is all rows of the three tables.
type storedTrail struct {
	segments []storedSegment
	heads    []storedHead
	pending  []row
}

type storedHead struct {
	size int64
	kept
}

func (s storedTrail) clone() storedTrail {
	out := storedTrail{slices.Clone(s.segments), slices.Clone(s.heads), slices.Clone(s.pending)}
	for i := range out.segments {
		c := &out.segments[i]
		c.packed, c.hashes, c.customers = slices.Clone(c.packed), slices.Clone(c.hashes), slices.Clone(c.customers)
	}
	for i := range out.heads {
		out.heads[i].edge = slices.Clone(out.heads[i].edge)
	}
	return out
}

// possible reports whether the tables would take these rows at all.
func (s storedTrail) possible() bool {
	keys := map[[3]int64]bool{}
	for _, c := range s.segments {
		keys[[3]int64{0, c.realm, c.first}] = true
	}
	for _, h := range s.heads {
		keys[[3]int64{1, h.number}] = true
		if !utf8.ValidString(h.note) || strings.Contains(h.note, "\x00") {
			return false
		}
	}
	for _, p := range s.pending {
		keys[[3]int64{2, p.realm, p.id}] = true
	}
	return len(keys) == len(s.segments)+len(s.heads)+len(s.pending)
}

// longTrail has records of three realms and the operator in segments of several sizes.
func longTrail(t *testing.T, o *office) {
	t.Helper()
	for round := range int64(5) {
		for n := range 3 + 4*round%7 {
			g := auth.System(10, n%3, auth.Live, "test")
			require.NoError(t, o.log.Note(t.Context(), g, Entry{Action: CustomerUpdate, Customers: []int64{round*100 + n, 7}, Fields: []string{"phone", "name"}, Purpose: "Łódź 🌸"}))
		}
		o.seal(t)
		o.time.Advance(time.Minute)
	}
	o.note(t, read(1), read(2)) // these wait for the sealer
}

func readTrail(t *testing.T, store *db.DB) storedTrail {
	t.Helper()
	var s storedTrail
	each := func(sql string, fn func(db.Row) error) {
		require.NoError(t, store.Each(t.Context(), db.Worker(), sql, nil, fn))
	}
	each(`SELECT realm_id, first_seq, records, first_at, last_at, body, hashes, customers FROM audit_segment ORDER BY first_seq`, func(r db.Row) error {
		var c storedSegment
		err := r.Scan(&c.realm, &c.first, &c.count, &c.firstAt, &c.lastAt, &c.packed, &c.hashes, &c.customers)
		s.segments = append(s.segments, c)
		return err
	})
	each(`SELECT number, size, at, edge, note FROM audit_checkpoint ORDER BY number`, func(r db.Row) error {
		var h storedHead
		err := r.Scan(&h.number, &h.size, &h.at, &h.edge, &h.note)
		s.heads = append(s.heads, h)
		return err
	})
	each(`SELECT realm_id, id, body FROM audit_pending ORDER BY id`, func(r db.Row) error {
		var p row
		err := r.Scan(&p.realm, &p.id, &p.body)
		s.pending = append(s.pending, p)
		return err
	})
	require.GreaterOrEqual(t, len(s.segments), 8)
	require.Len(t, s.heads, 5)
	require.Len(t, s.pending, 2)
	return s
}

// put replaces all rows by those of a trail.
type put func(context.Context, storedTrail) error

// putter writes past the program: on PostgreSQL as the server's administrator, since
// florin_worker may not change what is sealed.
func putter(t *testing.T, store *db.DB, url string) put {
	t.Helper()
	if filepath.IsAbs(url) {
		return func(ctx context.Context, s storedTrail) error {
			return store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
				s.statements(tx.Exec)
				return nil
			})
		}
	}
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return func(ctx context.Context, s storedTrail) error {
		batch := &pgx.Batch{} // one implicit transaction
		s.statements(func(sql string, args ...any) { batch.Queue(sql, args...) })
		return conn.SendBatch(ctx, batch).Close()
	}
}

func (s storedTrail) statements(exec func(string, ...any)) {
	exec(`DELETE FROM audit_segment`)
	exec(`DELETE FROM audit_checkpoint`)
	exec(`DELETE FROM audit_pending`)
	for _, c := range s.segments {
		exec(`INSERT INTO audit_segment (realm_id, first_seq, records, first_at, last_at, body, hashes, customers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			c.realm, c.first, c.count, c.firstAt, c.lastAt, c.packed, c.hashes, c.customers)
	}
	for _, h := range s.heads {
		exec(`INSERT INTO audit_checkpoint (number, size, at, edge, note) VALUES ($1, $2, $3, $4, $5)`, h.number, h.size, h.at, h.edge, h.note)
	}
	for _, p := range s.pending {
		exec(`INSERT INTO audit_pending (realm_id, id, body) VALUES ($1, $2, $3)`, p.realm, p.id, p.body)
	}
}

// stranger signs under the right name with a key that is not the installation's.
func stranger(t *testing.T) note.Signer {
	t.Helper()
	secret, _, err := note.GenerateKey(rand.Reader, "florin-audit")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	return signer
}

// keeper edits.
type keeper struct {
	put      put
	rand     *random.Rand
	stranger note.Signer
}

// edit makes one edit of a copy: drawn again until the tables take it and it changes something.
func (k keeper) edit(whole storedTrail, make func(*storedTrail) string) (storedTrail, string) {
	for {
		edited := whole.clone()
		what := make(&edited)
		if what != "" && edited.possible() && !reflect.DeepEqual(edited, whole) {
			return edited, what
		}
	}
}

// kinds are the edits, by name. Each tells what it did, or "" to be asked again.
func (k keeper) kinds() map[string]func(*storedTrail) string {
	return map[string]func(*storedTrail) string{
		"flip in a segment": k.flipSegment, "flip in a checkpoint": k.flipHead, "respell a signature": k.respell, "flip in a waiting row": k.flipPending, "flip in a record": k.flipRecord,
		"delete a row": k.deleteRow, "delete a record": k.deleteRecord,
		"insert a row": k.insertRow, "insert a record": k.insertRecord, "insert an empty segment": k.insertEmpty,
		"swap two rows": k.swapRows, "swap a column": k.swapColumn, "swap two records": k.swapRecords,
		"cut": k.cut, "cut one table": k.cutOne,
		"rewrite and sign": k.rewriteSigned, "rewrite under the old signatures": k.rewriteUnsigned,
	}
}

func (k keeper) segment(s *storedTrail) (*storedSegment, int) {
	i := k.rand.IntN(len(s.segments))
	return &s.segments[i], i
}

func (k keeper) flipNumber(n *int64) { *n ^= 1 << k.rand.IntN(64) }

func (k keeper) flipBytes(b []byte) { b[k.rand.IntN(len(b))] ^= 1 << k.rand.IntN(8) }

func (k keeper) flipSegment(s *storedTrail) string {
	c, i := k.segment(s)
	numbers := []*int64{&c.realm, &c.first, &c.count, &c.firstAt, &c.lastAt}
	texts := [][]byte{c.packed, c.hashes, c.customers}
	column := k.rand.IntN(len(numbers) + len(texts))
	if column < len(numbers) {
		k.flipNumber(numbers[column])
	} else {
		k.flipBytes(texts[column-len(numbers)])
	}
	return fmt.Sprintf("segment %d, column %d", i, column)
}

func (k keeper) flipHead(s *storedTrail) string {
	i := k.rand.IntN(len(s.heads))
	h := &s.heads[i]
	numbers := []*int64{&h.number, &h.size, &h.at}
	switch column := k.rand.IntN(5); column {
	case 3:
		k.flipBytes(h.edge)
	case 4:
		text := []byte(h.note)
		k.flipBytes(text)
		h.note = string(text)
	default:
		k.flipNumber(numbers[column])
	}
	return fmt.Sprintf("checkpoint %d", i+1)
}

func (k keeper) flipPending(s *storedTrail) string {
	p := &s.pending[k.rand.IntN(len(s.pending))]
	k.flipNumber([]*int64{&p.realm, &p.id}[k.rand.IntN(2)])
	return fmt.Sprint(p.realm, p.id)
}

func (k keeper) deleteRow(s *storedTrail) string {
	if k.rand.IntN(2) == 0 {
		_, i := k.segment(s)
		s.segments = slices.Delete(s.segments, i, i+1)
		return fmt.Sprintf("segment %d", i)
	}
	i := k.rand.IntN(len(s.heads))
	s.heads = slices.Delete(s.heads, i, i+1)
	return fmt.Sprintf("checkpoint %d", i+1)
}

// insertRow adds a copy of a row under another key: behind the others, between them, or beside
// one in another realm.
func (k keeper) insertRow(s *storedTrail) string {
	if k.rand.IntN(2) == 0 {
		c, i := k.segment(s)
		added, end := *c, s.heads[len(s.heads)-1].size
		added.first, added.realm = k.rand.Int64N(end+3)-1, k.rand.Int64N(5)
		s.segments = append(s.segments, added)
		return fmt.Sprintf("segment %d again at %d in realm %d", i, added.first, added.realm)
	}
	added := s.heads[k.rand.IntN(len(s.heads))]
	added.number = k.rand.Int64N(9) - 1
	if k.rand.IntN(2) == 0 {
		added.size += k.rand.Int64N(20)
	}
	s.heads = append(s.heads, added)
	return fmt.Sprintf("checkpoint %d of size %d", added.number, added.size)
}

func (k keeper) insertEmpty(s *storedTrail) string {
	at := k.rand.Int64N(s.heads[len(s.heads)-1].size + 1)
	s.segments = append(s.segments, fitted(storedSegment{realm: 90 + k.rand.Int64N(5), first: at}, nil))
	return fmt.Sprintf("at %d", at)
}

func (k keeper) swapRows(s *storedTrail) string {
	if k.rand.IntN(2) == 0 {
		a, i := k.segment(s)
		b, j := k.segment(s)
		a.first, b.first = b.first, a.first
		return fmt.Sprintf("segments %d and %d", i, j)
	}
	i, j := k.rand.IntN(len(s.heads)), k.rand.IntN(len(s.heads))
	s.heads[i].number, s.heads[j].number = s.heads[j].number, s.heads[i].number
	return fmt.Sprintf("checkpoints %d and %d", i+1, j+1)
}

func (k keeper) swapColumn(s *storedTrail) string {
	a, i := k.segment(s)
	b, j := k.segment(s)
	g, h := &s.heads[k.rand.IntN(len(s.heads))], &s.heads[k.rand.IntN(len(s.heads))]
	columns := []func(){
		func() { a.realm, b.realm = b.realm, a.realm },
		func() { a.firstAt, b.firstAt = b.firstAt, a.firstAt },
		func() { a.lastAt, b.lastAt = b.lastAt, a.lastAt },
		func() { a.packed, b.packed = b.packed, a.packed },
		func() { a.hashes, b.hashes = b.hashes, a.hashes },
		func() { a.customers, b.customers = b.customers, a.customers },
		func() { g.size, h.size = h.size, g.size },
		func() { g.at, h.at = h.at, g.at },
		func() { g.edge, h.edge = h.edge, g.edge },
		func() { g.note, h.note = h.note, g.note },
	}
	column := k.rand.IntN(len(columns))
	columns[column]()
	return fmt.Sprintf("column %d of segments %d and %d or checkpoints %d and %d", column, i, j, g.number, h.number)
}

// cut removes everything behind a checkpoint, which leaves a trail that is right in itself.
func (k keeper) cut(s *storedTrail) string {
	keep := k.rand.IntN(len(s.heads))
	size := int64(0)
	if keep > 0 {
		size = s.heads[keep-1].size
	}
	s.heads = s.heads[:keep]
	s.segments = slices.DeleteFunc(s.segments, func(c storedSegment) bool { return c.first >= size })
	return fmt.Sprintf("behind checkpoint %d", keep)
}

func (k keeper) cutOne(s *storedTrail) string {
	if k.rand.IntN(2) == 0 {
		s.segments = s.segments[:k.rand.IntN(len(s.segments))]
		return fmt.Sprintf("to %d segments", len(s.segments))
	}
	s.heads = s.heads[:k.rand.IntN(len(s.heads))]
	return fmt.Sprintf("to %d checkpoints", len(s.heads))
}
