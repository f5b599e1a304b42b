package audit

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
)

// shelf is a sink in memory that can fail.
type shelf struct {
	mu     sync.Mutex
	broken bool
	taken  []string
}

func (s *shelf) Publish(checkpoint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errors.New("the disk of the sink is full")
	}
	s.taken = append(s.taken, checkpoint)
	return nil
}

func (s *shelf) breakDown(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// office is a trail with its sealer.
type office struct {
	store    *db.DB
	time     *clock.Fake
	log      *Log
	sealer   *Sealer
	signer   note.Signer
	verifier note.Verifier
	sink     *shelf
	grant    auth.Grant
}

func each(t *testing.T, run func(t *testing.T, o *office)) {
	t.Helper()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		run(t, newOffice(t, store))
	})
}

func (o *office) note(t *testing.T, entries ...Entry) {
	t.Helper()
	for _, e := range entries {
		require.NoError(t, o.log.Note(t.Context(), o.grant, e))
	}
}

func (o *office) seal(t *testing.T) int {
	t.Helper()
	n, err := o.sealer.Seal(t.Context())
	require.NoError(t, err)
	return n
}

func (o *office) verify(t *testing.T, against *Checkpoint) Report {
	t.Helper()
	r, err := Verify(t.Context(), o.store, o.verifier, against, nil)
	require.NoError(t, err)
	return r
}

func read(customers ...int64) Entry { return Entry{Action: CustomerRead, Customers: customers} }

// Shows: PCI DSS 10.3.3; GDPR Art. 5(2)
func TestSealAndVerify(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		require.Zero(t, o.seal(t))
		require.Empty(t, o.verify(t, nil).Problem)
		for i := range int64(7) {
			o.note(t, read(i+1), Entry{Action: SignInRefused, Result: "UNAUTHORIZED", Count: 3})
			require.NoError(t, o.log.Note(t.Context(), auth.Refused(auth.Actor{Kind: auth.Anonymous}, auth.Origin{Address: "203.0.113.7"}), Entry{Action: SignInRefused}))
			require.Equal(t, 3, o.seal(t))
		}
		o.note(t, read(5))
		report := o.verify(t, nil)
		require.Empty(t, report.Problem)
		require.Equal(t, int64(21), report.Records)
		require.Equal(t, int64(7), report.Checkpoints)
		require.Equal(t, int64(1), report.Unsealed)
		require.Len(t, o.sink.taken, 7)
		last, err := ParseCheckpoint(o.sink.taken[6], o.verifier)
		require.NoError(t, err)
		require.Equal(t, Checkpoint{Size: 21, Root: report.Root}, last)
		require.Empty(t, o.verify(t, &last).Problem)
		_, foreign, err := note.GenerateKey(rand.Reader, "florin-audit")
		require.NoError(t, err)
		stranger, err := note.NewVerifier(foreign)
		require.NoError(t, err)
		theirs, err := Verify(t.Context(), o.store, stranger, nil, nil)
		require.NoError(t, err)
		require.Contains(t, theirs.Problem, "signed head")
	})
}

// TestTampering changes the database behind the program's back, as its keeper could.
func TestTampering(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ sql, want string }{
		"nothing":            {`DELETE FROM audit_segment WHERE first_seq = 1000`, ""},
		"segment removed":    {`DELETE FROM audit_segment WHERE first_seq = 2`, "record 2 is missing"},
		"tail removed":       {`DELETE FROM audit_segment WHERE first_seq = 4`, "record 4 is missing"},
		"checkpoint removed": {`DELETE FROM audit_checkpoint WHERE number = 2`, "checkpoint 2 is missing"},
		"last head removed":  {`DELETE FROM audit_checkpoint WHERE number = 3`, "record 4 is not covered"},
		"all removed":        {`DELETE FROM audit_segment`, "record 0 is missing"},
		"body swapped":       {`UPDATE audit_segment SET body = (SELECT body FROM audit_segment WHERE first_seq = 0) WHERE first_seq = 2`, "record 2 does not match"},
		"body and hashes": {`UPDATE audit_segment SET body = (SELECT body FROM audit_segment WHERE first_seq = 0),
			hashes = (SELECT hashes FROM audit_segment WHERE first_seq = 0), customers = (SELECT customers FROM audit_segment WHERE first_seq = 0) WHERE first_seq = 2`, "signed head does not match"},
		"customers":      {`UPDATE audit_segment SET customers = (SELECT customers FROM audit_segment WHERE first_seq = 0) WHERE first_seq = 2`, "set of customers"},
		"times":          {`UPDATE audit_segment SET first_at = first_at + 1 WHERE first_seq = 2`, "times of its segment"},
		"count":          {`UPDATE audit_segment SET records = 3 WHERE first_seq = 4`, "should hold 3 records"},
		"realm":          {`UPDATE audit_segment SET realm_id = 2 WHERE first_seq = 2`, "is not what its segment says"},
		"note":           {`UPDATE audit_checkpoint SET note = (SELECT note FROM audit_checkpoint WHERE number = 1) WHERE number = 2`, "signed head does not match"},
		"tail cut clean": {`DELETE FROM audit_segment WHERE first_seq = 4; DELETE FROM audit_checkpoint WHERE number = 3`, "the tail was cut"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, err := db.Open(t.Context(), schema.Main(db.Config{URL: filepath.Join(t.TempDir(), "florin.db")}))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			o := newOffice(t, store)
			for i := range int64(3) {
				o.note(t, read(i*2+1), read(i*2+2, 1000+i))
				require.Equal(t, 2, o.seal(t))
				o.time.Advance(time.Minute)
			}
			outside, err := LastCheckpoint(strings.Join(o.sink.taken, "\n"), o.verifier)
			require.NoError(t, err)
			require.NoError(t, store.Write(t.Context(), db.Worker(), func(tx *db.Tx) error {
				for sql := range strings.SplitSeq(row.sql, ";") {
					tx.Exec(sql)
				}
				return nil
			}))
			report := o.verify(t, &outside)
			if row.want == "" {
				require.Empty(t, report.Problem)
				return
			}
			require.Contains(t, report.Problem, row.want)
		})
	}
}

func newOffice(t *testing.T, store *db.DB) *office {
	t.Helper()
	o := &office{store: store, time: clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), sink: &shelf{}}
	ids := id.NewSource(o.time.Clock(), func() uint64 { return 0 }, func(int64) bool { return false })
	o.log = NewLog(store, o.time.Clock(), ids.Next)
	signing, verifying, err := note.GenerateKey(rand.Reader, "florin-audit")
	require.NoError(t, err)
	o.signer, err = note.NewSigner(signing)
	require.NoError(t, err)
	o.verifier, err = note.NewVerifier(verifying)
	require.NoError(t, err)
	o.sealer = NewSealer(o.log, store, o.signer, o.sink)
	o.grant = auth.System(10, 1, auth.Live, "test")
	return o
}

// Shows: PCI DSS 10.2.2, A1.2.1
func TestRecordComesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		actor := auth.Actor{Kind: auth.APIKey, ID: 77, Owner: 10, Realm: 1, Mode: auth.Live, Role: auth.Support}
		g := auth.Refused(actor, auth.Origin{Address: "2001:db8::1", RequestID: "req \"1\"\n\u2028<&>"})
		e := Entry{Action: CustomerSearch, Result: "NOT_FOUND", Customers: []int64{9, 3, 1 << 52}, Fields: []string{"name", "email"}, Filters: []string{"q"}, Count: 5}
		require.NoError(t, o.log.Note(t.Context(), g, e))
		for _, sealed := range []bool{false, true} {
			page, err := o.log.Find(t.Context(), o.grant, Filter{Limit: 10})
			require.NoError(t, err)
			require.Len(t, page.Records, 1)
			r := page.Records[0]
			require.Equal(t, sealed, r.Sealed())
			require.Equal(t, o.time.Clock().Now(), r.At)
			r.Seq, r.At = 0, time.Time{}
			require.Equal(t, Record{ID: r.ID, Realm: 1, ActorKind: "api_key", ActorID: 77, Role: "Support", Action: CustomerSearch, Result: "NOT_FOUND",
				Customers: []int64{3, 9, 1 << 52}, Fields: e.Fields, Filters: e.Filters, Count: 5, Address: "2001:db8::1", RequestID: "req \"1\"\n\u2028<&>"}, r)
			o.seal(t)
		}
		elsewhere, err := o.log.Find(t.Context(), auth.System(10, 2, auth.Test, "test"), Filter{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, elsewhere.Records, "another realm sees nothing of it")
	})
}

// TestPagesMissNothing walks the trail while records are added and sealed.
// Shows: PCI DSS 10.4.1
func TestPagesMissNothing(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 1, 12, 3, 0, 0, time.UTC)
	filters := map[string]struct {
		filter Filter
		wants  func(n int64) bool
	}{
		"all":      {Filter{}, func(int64) bool { return true }},
		"customer": {Filter{CustomerID: 3}, func(n int64) bool { return n%7 == 3 }},
		"action":   {Filter{Action: CustomerUpdate}, func(n int64) bool { return n%4 == 0 }},
		"times":    {Filter{From: from, To: from.Add(4 * time.Minute)}, func(n int64) bool { return n/10 >= 3 && n/10 < 7 }},
		"several":  {Filter{CustomerID: 3, Action: CustomerUpdate, From: from}, func(n int64) bool { return n%7 == 3 && n%4 == 0 && n >= 30 }},
		"nobody":   {Filter{CustomerID: 99}, func(int64) bool { return false }},
	}
	each(t, func(t *testing.T, o *office) {
		fields := func(n int64) []string { return []string{fmt.Sprint(n)} }
		add := func(n int64) {
			e := read(n % 7)
			if e.Fields = fields(n); n%4 == 0 {
				e.Action = CustomerUpdate
			}
			o.note(t, e)
		}
		const records = 113 // 1 or 2 of each segment, the last ones unsealed
		for n := range int64(records) {
			add(n)
			if n%3 == 0 && n < 105 {
				o.seal(t)
			}
			if n%10 == 9 {
				o.time.Advance(time.Minute)
			}
		}
		late := int64(10_000)
		for name, row := range filters {
			for _, limit := range []int{1, 2, 5, 8, 50, 200} {
				var got []int64
				f := row.filter
				f.Limit = limit
				for pages := 0; ; pages++ {
					require.Less(t, pages, 3000, "the pages do not end: %s, %d a page", name, limit)
					page, err := o.log.Find(t.Context(), o.grant, f)
					require.NoError(t, err)
					for _, r := range page.Records {
						var n int64
						_, err := fmt.Sscan(r.Fields[0], &n)
						require.NoError(t, err)
						if n < 10_000 {
							got = append(got, n)
						}
					}
					if page.Next == 0 {
						break
					}
					f.Before = page.Next
					late++
					require.NoError(t, o.log.Note(t.Context(), o.grant, Entry{Action: CustomerRead, Customers: []int64{3 + late%10}, Fields: fields(late)}))
					o.seal(t)
				}
				var want []int64
				for n := int64(records - 1); n >= 0; n-- {
					if row.wants(n) {
						want = append(want, n)
					}
				}
				slices.SortFunc(got, func(a, b int64) int { return cmp.Compare(b, a) })
				require.Equal(t, want, got, "%s, %d a page", name, limit)
			}
		}
	})
}

func TestAddersAndTwoSealers(t *testing.T) {
	t.Parallel()
	const adders, each1 = 16, 25
	each(t, func(t *testing.T, o *office) {
		second := NewSealer(o.log, o.store, o.signer, o.sink)
		var adding, sealing sync.WaitGroup
		var mu sync.Mutex
		var failures []error
		fail := func(err error) {
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures = append(failures, err)
			}
		}
		stop := make(chan struct{})
		for _, s := range []*Sealer{o.sealer, second} {
			sealing.Go(func() {
				for {
					_, err := s.Seal(t.Context())
					fail(err)
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		for a := range int64(adders) {
			adding.Go(func() {
				g := auth.System(10, 1+a%3, auth.Live, "test")
				for n := range int64(each1) {
					fail(o.log.Note(t.Context(), g, read(a*1000+n+1)))
				}
			})
		}
		adding.Wait()
		close(stop)
		sealing.Wait()
		o.seal(t)
		require.Empty(t, failures)
		report := o.verify(t, nil)
		require.Empty(t, report.Problem)
		require.Equal(t, int64(adders*each1), report.Records)
		require.Zero(t, report.Unsealed)
	})
}

// Shows: PCI DSS 10.7.2
func TestSinkFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.note(t, read(1))
		o.sink.breakDown(true)
		_, err := o.sealer.Seal(t.Context())
		require.ErrorContains(t, err, "full")
		require.NoError(t, o.log.Ready())
		o.time.Advance(sinkPatience)
		o.note(t, read(2)) // still within its patience
		_, err = o.sealer.Seal(t.Context())
		require.Error(t, err)
		o.time.Advance(time.Millisecond)
		require.True(t, fault.Is(o.log.Ready(), fault.UnavailableCode))
		require.True(t, fault.Is(o.log.Note(t.Context(), o.grant, read(3)), fault.UnavailableCode))
		o.sink.breakDown(false)
		// Nothing new may come, so the sealer must try the sink without anything to seal.
		_, err = o.sealer.Seal(t.Context())
		require.NoError(t, err)
		require.NoError(t, o.log.Ready())
		o.note(t, read(4))
		o.seal(t)
		require.Empty(t, o.verify(t, nil).Problem)
		require.Len(t, o.sink.taken, 3, "every checkpoint reaches the sink, in order")
		for i, text := range o.sink.taken {
			c, err := ParseCheckpoint(text, o.verifier)
			require.NoError(t, err)
			require.Equal(t, int64(i+1), c.Size)
		}
	})
}

// TestResume: after a crash between commit and sink the newest checkpoint goes out.
// Shows: PCI DSS 10.3.3
func TestResume(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.note(t, read(1))
		o.seal(t)
		o.note(t, read(2))
		o.sink.breakDown(true)
		_, err := o.sealer.Seal(t.Context())
		require.Error(t, err)
		sink := &shelf{}
		next := NewSealer(o.log, o.store, o.signer, sink)
		require.NoError(t, next.Resume(t.Context()))
		_, err = next.Seal(t.Context())
		require.NoError(t, err)
		require.Len(t, sink.taken, 1)
		c, err := ParseCheckpoint(sink.taken[0], o.verifier)
		require.NoError(t, err)
		require.Equal(t, int64(2), c.Size)
	})
}

func TestRunSealsAtTheEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { o.sealer.Run(ctx, time.Hour, func(err error) { t.Error(err) }) })
		o.note(t, read(1))
		cancel()
		running.Wait()
		require.Zero(t, o.verify(t, nil).Unsealed)
		require.Equal(t, int64(1), o.verify(t, nil).Records)
	})
}

func TestLastCheckpoint(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		path := filepath.Join(t.TempDir(), "checkpoints")
		o.sealer = NewSealer(o.log, o.store, o.signer, NewFileSink(path), o.sink)
		for n := range int64(3) {
			o.note(t, read(n+1))
			o.seal(t)
		}
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		whole := string(file)
		rows := map[string]struct {
			text string
			size int64
		}{
			"the file":        {whole, 3},
			"one":             {o.sink.taken[1], 2},
			"cut in the last": {whole[:len(whole)-20], 2},
			"windows lines":   {whole + "\n\n", 3},
			"newest first":    {o.sink.taken[2] + "\n" + o.sink.taken[0], 3},
			"rubbish":         {"hello", 0},
			"empty":           {"", 0},
			"forged size":     {strings.Replace(o.sink.taken[0], "\n1\n", "\n9\n", 1), 0},
		}
		for name, row := range rows {
			c, err := LastCheckpoint(row.text, o.verifier)
			require.Equal(t, row.size == 0, err != nil, name)
			require.Equal(t, row.size, c.Size, name)
		}
	})
}
