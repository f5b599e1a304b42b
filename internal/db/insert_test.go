package db_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
)

const (
	intoThing = `INSERT INTO thing (realm_id, id, n, words)`
	intoOther = `INSERT INTO other (id, words)`
)

func addThings(ids ...int64) func(*db.Tx) {
	return func(tx *db.Tx) {
		var rows []any
		for _, id := range ids {
			rows = append(rows, int64(1), id, id*id, fmt.Sprint("🌸", id))
		}
		tx.Insert(intoThing, 4, rows...)
	}
}

func addOther(id int64) func(*db.Tx) {
	return func(tx *db.Tx) { tx.Insert(intoOther, 2, id, "x") }
}

func all(fns ...func(*db.Tx)) func(*db.Tx) {
	return func(tx *db.Tx) {
		for _, fn := range fns {
			fn(tx)
		}
	}
}

// TestInsertOfManyRows goes over every size of statement, blind and in a unit that asks.
func TestInsertOfManyRows(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		next, want := int64(0), []int64{}
		for _, count := range []int{0, 1, 7, 8, 9, 16, 31, 64, 65, 200} {
			for _, asking := range []bool{false, true} {
				ids := make([]int64, count)
				for i := range ids {
					next++
					ids[count-1-i] = next
					want = append(want, next)
				}
				require.NoError(t, store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error {
					addThings(ids...)(tx)
					if asking {
						return ask(tx)
					}
					return nil
				}))
			}
		}
		require.Equal(t, want, idsOf(t, store, 1))
		var n int64
		var words string
		require.NoError(t, store.One(t.Context(), db.Realm(1), `SELECT n, words FROM thing WHERE realm_id = $1 AND id = $2`, []any{1, 77}, &n, &words))
		require.Equal(t, int64(77*77), n)
		require.Equal(t, "🌸77", words)
	})
}

// TestMergedUnitsFailAlone: rows of many units go into one statement, and still only
// the guilty unit hears of its row, by the first table that it wrote itself.
func TestMergedUnitsFailAlone(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		require.NoError(t, store.Write(t.Context(), db.Realm(1), unit(all(addThings(1), addOther(1)))))
		errs, err := db.CommitTogether(t.Context(), store, db.Realm(1),
			all(addThings(30, 10), addOther(2)),
			all(addOther(3), addThings(20)),
			all(addOther(1), addThings(1)),
			all(addThings(40), addOther(4), addThings(1)),
			add(1, 50),
			all(addThings(60), func(tx *db.Tx) { changeOne(tx, 60) }),
			all(addThings(70), func(tx *db.Tx) { changeOne(tx, 71) }))
		require.NoError(t, err)
		require.ErrorIs(t, errs[6], errWanted)
		require.True(t, db.IsViolation(errs[2], "other"), errs[2])
		require.True(t, db.IsViolation(errs[3], "thing"), errs[3])
		for _, i := range []int{0, 1, 4, 5} {
			require.NoError(t, errs[i], i)
		}
		require.Equal(t, []int64{1, 10, 20, 30, 50, 60}, idsOf(t, store, 1))
		require.ErrorIs(t, store.One(t.Context(), db.Realm(1), `SELECT id FROM other WHERE id = $1`, []any{4}, new(int64)), db.ErrNoRows)
	})
}

// TestMergedUnitsAreAsIfAlone compares groups of random units with units that came one
// after another.
func TestMergedUnitsAreAsIfAlone(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, things, func(t *testing.T, store *db.DB) {
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 1))
		taken, want := map[int64]bool{}, []int64{}
		for range 30 {
			units, fails := make([]func(*db.Tx), 1+random.IntN(20)), make([]bool, 0, 20)
			for i := range units {
				ids := make([]int64, 1+random.IntN(12))
				mine, bad := map[int64]bool{}, false
				for j := range ids {
					ids[j] = random.Int64N(20_000)
					bad = bad || taken[ids[j]] || mine[ids[j]]
					mine[ids[j]] = true
				}
				for id := range mine {
					taken[id] = taken[id] || !bad
				}
				units[i], fails = addThings(ids...), append(fails, bad)
			}
			errs, err := db.CommitTogether(t.Context(), store, db.Realm(1), units...)
			require.NoError(t, err)
			for i := range errs {
				require.Equal(t, fails[i], db.IsViolation(errs[i], "thing"), "seed %d: %v", seed, errs[i])
			}
		}
		for id := range int64(20_000) {
			if taken[id] {
				want = append(want, id)
			}
		}
		require.Equal(t, want, idsOf(t, store, 1))
	})
}
