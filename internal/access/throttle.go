package access

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/db"
)

// bucket counts the failures of one account or one address. The first free ones cost
// nothing; each further one makes the next wait longer.
type bucket struct {
	hash []byte
	free int64
}

// The first failures that cost no wait. Many people share an office's address.
const (
	freeOnAccount = 5
	freeOnAddress = 20
)

// Waits grow to half an hour, which ten failures of one account reach (PCI DSS 8.3.4),
// and never become a lock that somebody else could close for good.
const (
	firstWait   = 30 * time.Second
	longestWait = 30 * time.Minute
	waitLife    = 24 * time.Hour // failures are forgotten after a day of quiet
)

func (b bucket) wait(failures int64) time.Duration {
	over := failures - b.free
	switch {
	case over < 0:
		return 0
	case over >= 5:
		return longestWait
	}
	return firstWait << over
}

// chooseBuckets counts strangers by account and by address. Whoever comes from an address
// from where this account has signed in before counts apart: nobody else's guesses can
// keep them out.
func (s *Service) chooseBuckets(ctx context.Context, try *attempt) error {
	keys, err := s.vault.Keys(ctx, 0, 0)
	if err != nil {
		return err
	}
	mark := func(parts ...string) []byte {
		sum, failed := keys.MAC("sign-in", parts...)
		if failed != nil {
			err = failed
		}
		return sum[:]
	}
	email := normalEmail(try.Email)
	try.place = mark("place", email, try.from.Address, strconv.FormatInt(try.user.ID, 10)) // one address may work for two owners
	account, address := mark("account", email), mark("address", network(try.from.Address))
	if err != nil {
		return err
	}
	var known int64
	err = s.store.One(ctx, db.Worker(), `SELECT count(*) FROM staff_address WHERE hash = $1 AND user_id = $2`, []any{try.place, try.user.ID}, &known)
	try.counts = []bucket{{account, freeOnAccount}, {address, freeOnAddress}}
	if known > 0 {
		try.counts = []bucket{{try.place, freeOnAccount}}
	}
	slices.SortFunc(try.counts, func(a, b bucket) int { return bytes.Compare(a.hash, b.hash) }) // one order of locks
	return err
}

// network is what one caller can take addresses from: a /64 of IPv6.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() {
		return address
	}
	p, _ := a.Prefix(64)
	return p.String()
}

// count takes one attempt from each bucket before the password is looked at, so that
// many at once do not slip through; if one of them must wait, none is taken.
func (s *Service) count(ctx context.Context, from []bucket) (wait time.Duration, err error) {
	now := s.clock.Now()
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		wait = 0
		failures := make([]int64, len(from))
		for i, b := range from {
			var until int64
			err := tx.One(`INSERT INTO sign_in_wait (hash, failures, until_at, changed_at) VALUES ($1, 0, 0, $2)
				ON CONFLICT (hash) DO UPDATE SET changed_at = excluded.changed_at RETURNING failures, until_at`, []any{b.hash, now.UnixMilli()}, &failures[i], &until)
			if err != nil {
				return err
			}
			wait = max(wait, instant(until).Sub(now))
		}
		for i, b := range from {
			if wait <= 0 {
				tx.Exec(`UPDATE sign_in_wait SET failures = $2, until_at = $3 WHERE hash = $1`, b.hash, failures[i]+1, millis(now.Add(b.wait(failures[i]+1))))
			}
		}
		return nil
	})
	return max(0, wait), err
}

// forgive gives the attempt back that succeeded. An account's failures are forgotten with
// it; an address's are not, or whoever owns one account could guess at all others.
func (s *Service) forgive(tx *db.Tx, from []bucket) {
	for _, b := range from {
		if b.free == freeOnAccount {
			tx.Exec(`DELETE FROM sign_in_wait WHERE hash = $1`, b.hash)
		} else {
			tx.Exec(`UPDATE sign_in_wait SET failures = failures - 1, until_at = 0 WHERE hash = $1`, b.hash)
		}
	}
}

// giveBack makes an attempt one that was never made; earlier failures stay.
func giveBack(tx *db.Tx, from []bucket) {
	for _, b := range from {
		tx.Exec(`UPDATE sign_in_wait SET failures = failures - 1, until_at = 0 WHERE hash = $1`, b.hash)
	}
}
