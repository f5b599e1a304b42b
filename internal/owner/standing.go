package owner

import (
	"context"
	"time"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

// Status is whether an owner may act.
type Status string

// Suspended opens nothing and is told nothing; what providers say of its money is still
// taken. Leaving is suspended for good: its data is being destroyed.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Leaving   Status = "leaving"
	gone      Status = "gone" // a row by which its realms' audit records are known
)

// Standing is an owner's status and why the operator gave it.
type Standing struct {
	Status Status
	Reason string    // the operator's words
	Since  time.Time // zero for who was always active
	// RateLimit is how many requests a second all credentials together may make; 0 is no
	// limit. It is the operator's: it keeps one owner's load from the others.
	RateLimit int
}

// Suspended reports whether the owner is kept out.
func (s Standing) Suspended() bool { return s.Status != Active }

// ErrSuspended is what a credential of a suspended owner hears. The reason is the
// operator's to tell.
func ErrSuspended() *fault.Error {
	return fault.New(fault.Forbidden, fault.OwnerSuspended, "The operator of this platform has suspended this owner")
}

// Stand suspends an owner or lets it act again, and sets its limit. also runs in the same unit. An owner that
// is leaving has no keys any more and can't come back.
func (s *Service) Stand(ctx context.Context, ownerID int64, to Standing, also func(*db.Tx) error) error {
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(orNotFound(nil), `UPDATE owner SET status = $2, status_reason = $3, status_at = $4, rate_limit = $5 WHERE id = $1 AND status IN ('active', 'suspended')`,
			ownerID, string(to.Status), to.Reason, millis(to.Since), to.RateLimit)
		return also(tx)
	})
	s.forget(ownerID)
	s.closed.Forget(0)
	return err
}

// Leave begins an owner's end.
func (s *Service) Leave(ctx context.Context, ownerID int64, also func(*db.Tx) error) error {
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(orNotFound(nil), `UPDATE owner SET status = 'leaving' WHERE id = $1 AND status = 'suspended'`, ownerID)
		return also(tx)
	})
	s.forget(ownerID)
	s.closed.Forget(0)
	return err
}

// Bury leaves of an owner that nothing is left of its number and its realms'.
func (s *Service) Bury(ctx context.Context, ownerID int64, also func(*db.Tx) error) error {
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(orNotFound(nil), `UPDATE owner SET status = 'gone', name = '', status_reason = '', notify_url = '', brand_color = '', default_region = '', signing_secret = $2,
			status_at = $3 WHERE id = $1 AND status = 'leaving'`, ownerID, []byte{}, s.clock.Millis())
		return also(tx)
	})
	s.forget(ownerID)
	s.closed.Forget(0)
	return err
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Closed gives the realms whose owners are suspended, at most a second out of date.
func (s *Service) Closed(ctx context.Context) (map[int64]bool, error) {
	return s.closed.Of(s.clock, 0, func() (map[int64]bool, error) {
		all, err := s.find(ctx, `SELECT `+columns+` WHERE status IN ('suspended', 'leaving')`)
		realms := map[int64]bool{}
		for _, o := range all {
			realms[o.LiveRealm], realms[o.TestRealm] = true, true
		}
		return realms, err
	})
}
