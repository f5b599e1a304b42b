package event_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/event"
)

func grant(realm int64) auth.Grant { return auth.System(10, realm, auth.Live, "test") }

func newLog(store *db.DB) *event.Log {
	var last atomic.Int64
	return event.NewLog(store, func() int64 { return last.Add(1) })
}

func record(t *testing.T, store *db.DB, l *event.Log, realm, customer int64, fields ...string) {
	t.Helper()
	require.NoError(t, store.Write(t.Context(), db.Realm(realm), func(tx *db.Tx) error {
		l.Record(tx, grant(realm), event.CustomerUpdated, customer, fields)
		return nil
	}))
}

func sequence(t *testing.T, l *event.Log) int {
	t.Helper()
	n, err := l.Sequence(t.Context())
	require.NoError(t, err)
	return n
}

// poll reads on from where a reader stands, as a client does.
func poll(t *testing.T, l *event.Log, realm int64, after *int64) (customers []int64) {
	t.Helper()
	events, err := l.After(t.Context(), grant(realm), *after, 3)
	require.NoError(t, err)
	for _, e := range events {
		require.Equal(t, *after+1, e.Seq, "a number is missing")
		*after = e.Seq
		customers = append(customers, e.CustomerID)
	}
	return customers
}

func TestNumbersHaveNoGap(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		l := newLog(store)
		require.Zero(t, sequence(t, l))
		for n := range int64(10) {
			record(t, store, l, 1, n+1, "name", "email")
			record(t, store, l, 2, 100+n)
			if n%3 == 0 {
				sequence(t, l)
			}
		}
		sequence(t, l)
		for realm, first := range map[int64]int64{1: 1, 2: 100, 3: 0} {
			after, all := int64(0), []int64{}
			for got := poll(t, l, realm, &after); len(got) > 0; got = poll(t, l, realm, &after) {
				all = append(all, got...)
			}
			want := []int64{}
			for n := range int64(10) {
				if realm != 3 {
					want = append(want, first+n)
				}
			}
			require.Equal(t, want, all)
		}
		events, err := l.After(t.Context(), grant(1), 0, 1)
		require.NoError(t, err)
		require.Equal(t, []string{"name", "email"}, events[0].Fields)
		events, err = l.After(t.Context(), grant(2), 0, 1)
		require.NoError(t, err)
		require.Equal(t, []string{}, events[0].Fields)
	})
}

// TestLateCommitIsNotSkipped: a transaction takes its id and stays open while another
// takes a later one, commits and is read. The late one must still be read.
func TestLateCommitIsNotSkipped(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t)
	store, err := db.Open(t.Context(), schema.Main(db.Config{URL: url}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	l := newLog(store)

	inside, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
			l.Record(tx, grant(1), event.CustomerCreated, 1, nil) // id 1
			var n int64
			if err := tx.One(`SELECT 1`, nil, &n); err != nil { // the row is written, not committed
				return err
			}
			close(inside)
			<-goOn
			return nil
		})
	}()
	<-inside
	record(t, store, l, 1, 2) // id 2
	after := int64(0)
	sequence(t, l)
	require.Equal(t, []int64{2}, poll(t, l, 1, &after))
	sequence(t, l)
	require.Empty(t, poll(t, l, 1, &after))
	close(goOn)
	require.NoError(t, <-done)
	record(t, store, l, 1, 3)
	sequence(t, l)
	require.Equal(t, []int64{1, 3}, poll(t, l, 1, &after))
	require.Empty(t, poll(t, l, 1, &after))

	// The same from outside: somebody's psql session holds the smallest id.
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `INSERT INTO event_pending (realm_id, id, kind, customer_id, fields) VALUES (1, -5, 'customer.updated', 4, '')`)
	require.NoError(t, err)
	record(t, store, l, 1, 5)
	sequence(t, l)
	require.Equal(t, []int64{5}, poll(t, l, 1, &after))
	require.NoError(t, tx.Commit(t.Context()))
	sequence(t, l)
	require.Equal(t, []int64{4}, poll(t, l, 1, &after))
}

// TestLateIDIsNotSkipped is the same shape on SQLite, whose one writer commits in
// another order than ids were taken.
func TestLateIDIsNotSkipped(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		ids := []int64{7, 3}
		l := event.NewLog(store, func() int64 { id := ids[0]; ids = ids[1:]; return id })
		after := int64(0)
		record(t, store, l, 1, 70)
		sequence(t, l)
		require.Equal(t, []int64{70}, poll(t, l, 1, &after))
		record(t, store, l, 1, 30)
		sequence(t, l)
		require.Equal(t, []int64{30}, poll(t, l, 1, &after))
	})
}

func TestTwoSequencers(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 25
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		l := newLog(store)
		var writing, numbering sync.WaitGroup
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
		for range 2 {
			numbering.Go(func() {
				for {
					_, err := l.Sequence(t.Context())
					fail(err)
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		for w := range int64(writers) {
			writing.Go(func() {
				for n := range int64(each) {
					fail(store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
						l.Record(tx, grant(1), event.CustomerCreated, w*each+n, nil)
						return nil
					}))
				}
			})
		}
		writing.Wait()
		close(stop)
		numbering.Wait()
		sequence(t, l)
		require.Empty(t, failures)
		after, all := int64(0), []int64{}
		for got := poll(t, l, 1, &after); len(got) > 0; got = poll(t, l, 1, &after) {
			all = append(all, got...)
		}
		slices.Sort(all)
		require.Len(t, all, writers*each)
		require.Len(t, slices.Compact(all), writers*each, "an event has two numbers")
	})
}
