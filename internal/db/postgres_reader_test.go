package db_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/schema"
)

// TestRowsTogether has many callers of many realms ask at once, among them some whose
// question the server refuses, whose function fails, or panics: each hears only of
// their own, and no realm sees another's row.
func TestRowsTogether(t *testing.T) {
	t.Parallel()
	_, store, _ := server(t, schema.Main)
	const realms, each = 4, 100
	for realm := int64(1); realm <= realms; realm++ {
		require.NoError(t, store.Write(t.Context(), db.Realm(realm), unit(func(tx *db.Tx) { tx.Exec(plantCustomer, realm, 100+realm, []byte("sealed")) })))
	}
	errOwn := errors.New("mine alone")
	ask := func(realm int64, n int) error {
		const sql = `SELECT id FROM customer WHERE id > $1 AND id < $2` // no realm: policies alone decide
		args, own := []any{int64(0), int64(1000)}, func(r db.Row) error { return nil }
		switch n % 10 {
		case 3:
			return expect(store.Row(t.Context(), db.Realm(realm), `SELECT 1/(id-id) FROM customer WHERE id > $1 AND id < $2`, args, own), "22012")
		case 5:
			return expect(store.Row(t.Context(), db.Realm(realm), sql, args, func(db.Row) error { return errOwn }), errOwn.Error())
		case 7:
			return expect(store.Row(t.Context(), db.Realm(realm), sql, args, func(db.Row) error { panic("x") }), "panicked")
		}
		var seen []int64
		err := store.Row(t.Context(), db.Realm(realm), sql, args, func(r db.Row) error {
			var id int64
			err := r.Scan(&id)
			seen = append(seen, id)
			return err
		})
		if err == nil && (len(seen) != 1 || seen[0] != 100+realm) {
			err = fmt.Errorf("realm %d saw %v", realm, seen)
		}
		return err
	}
	var callers sync.WaitGroup
	faults := make(chan error, realms*each)
	for n := range realms * each {
		callers.Go(func() { faults <- ask(int64(1+n%realms), n) })
	}
	callers.Wait()
	for range realms * each {
		require.NoError(t, <-faults)
	}
}

func expect(err error, text string) error {
	if err == nil || !strings.Contains(err.Error(), text) {
		return fmt.Errorf("expected %q: %w", text, err)
	}
	return nil
}
