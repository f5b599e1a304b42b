package access

import (
	"context"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
)

// A session ends after 15 minutes without a request (PCI DSS 8.2.8) and after 12 hours at
// all (NIST SP 800-63B-4 §2.2.3 allows 24).
const (
	sessionIdle = 15 * time.Minute
	sessionLife = 12 * time.Hour
)

// Session is one sign-in of a user.
type Session struct {
	ID       int64
	User     int64
	Mode     auth.Mode
	Address  string // from where they signed in
	Created  time.Time
	LastUsed time.Time // exact to a minute
	Expires  time.Time // at the latest
	Proven   bool      // a second factor was shown, or none is needed
	// Restricted sessions open nothing but adding a factor.
	Restricted bool
}

// addSession writes a session if the user is still active: whoever disables them at the
// same moment either sees it or is seen.
func (s *Service) addSession(tx *db.Tx, u User, made Session, token Secret) {
	hash := hashOf(token.text)
	tx.ExecOne(wrongPassword(), `UPDATE staff_user SET status = 'active' WHERE id = $1 AND status = 'active' AND password_hash = $2`, u.ID, u.password)
	tx.Exec(`INSERT INTO staff_session (id, owner_id, user_id, mode, hash, address, expires_at, last_used_at, created_at, proven)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`, made.ID, u.Owner, u.ID, string(made.Mode), hash[:], made.Address,
		made.Expires.UnixMilli(), made.Created.UnixMilli(), db.Flag(made.Proven))
}

// loadSession finds whose session a token is; who is disabled has none.
func (s *Service) loadSession(ctx context.Context, hash [32]byte) (credential, error) {
	c := credential{touch: touchSession, idle: sessionIdle}
	var u User
	var mode, role, permissions string
	var expires, used, proven int64
	err := s.store.One(ctx, db.Worker(), `SELECT s.id, s.mode, s.expires_at, s.last_used_at, s.proven, k.id, k.owner_id, k.role, `+rolePermissions+`
		FROM staff_session s JOIN staff_user k ON k.id = s.user_id WHERE s.hash = $1 AND k.status = 'active'`, []any{hash[:]},
		&c.row, &mode, &expires, &used, &proven, &u.ID, &u.Owner, &role, &permissions)
	if err != nil {
		return credential{}, err
	}
	u.Permissions = auth.PermissionsOf(auth.Role(role), splitPermissions(permissions))
	u.Role, c.user, c.expires, c.used = auth.Role(role), u.ID, instant(expires), instant(used)
	c.actor, err = s.actorOf(ctx, u, auth.Mode(mode))
	if err != nil {
		return credential{}, err
	}
	c.actor.Session = c.row
	if locked, err := s.restricts(ctx, u.Owner, proven == 1); err != nil || locked {
		c.actor = restricted(c.actor)
		return c, err
	}
	return c, nil
}

// restricts reports whether a session can only add a factor.
func (s *Service) restricts(ctx context.Context, ownerID int64, proven bool) (bool, error) {
	o, err := s.owners.Get(ctx, ownerID)
	return o.RequireSecondFactor && !proven, err
}

// Sessions gives the caller's own sessions that are alive.
func (s *Service) Sessions(ctx context.Context, g auth.Grant) ([]Session, error) {
	var all []Session
	now := s.clock.Now()
	args := []any{g.Owner(), g.Actor().ID, now.UnixMilli(), now.Add(-sessionIdle).UnixMilli(), string(g.Actor().Mode)}
	err := s.store.Each(ctx, db.Worker(), `SELECT id, user_id, mode, address, expires_at, last_used_at FROM staff_session
		WHERE owner_id = $1 AND user_id = $2 AND expires_at > $3 AND last_used_at > $4 AND mode = $5 ORDER BY id`, args, func(r db.Row) error {
		var one Session
		var mode string
		var expires, used int64
		err := r.Scan(&one.ID, &one.User, &mode, &one.Address, &expires, &used)
		one.Mode, one.Expires, one.LastUsed, one.Created = auth.Mode(mode), instant(expires), instant(used), id.Time(one.ID)
		all = append(all, one)
		return err
	})
	return all, err
}

func noSession() error { return fault.New(fault.NotFound, fault.SessionNotFound, "Session not found") }

// EndSession ends one of the caller's own sessions in the mode they are in.
func (s *Service) EndSession(ctx context.Context, g auth.Grant, sessionID int64, also func(*db.Tx) error) error {
	a := g.Actor()
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(noSession(), `DELETE FROM staff_session WHERE owner_id = $1 AND user_id = $2 AND id = $3 AND mode = $4`, a.Owner, a.ID, sessionID, string(a.Mode))
		return also(tx)
	})
	s.dropUser(a.ID)
	return err
}

// EndSessions ends all sessions of one of the owner's users.
func (s *Service) EndSessions(ctx context.Context, u User, also func(*db.Tx) error) error {
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM staff_session WHERE owner_id = $1 AND user_id = $2`, u.Owner, u.ID)
		return also(tx)
	})
	s.dropUser(u.ID)
	return err
}

// addressLife is how long an address stays one from where somebody has signed in.
const addressLife = 90 * 24 * time.Hour

// Purge forgets what has ended.
func (s *Service) Purge(ctx context.Context) error {
	now := s.clock.Now()
	return s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM staff_session WHERE expires_at <= $1`, now.UnixMilli())
		tx.Exec(`DELETE FROM access_token WHERE expires_at <= $1`, now.UnixMilli())
		tx.Exec(`DELETE FROM staff_ceremony WHERE expires_at <= $1`, now.UnixMilli())
		tx.Exec(`DELETE FROM staff_address WHERE seen_at <= $1`, now.Add(-addressLife).UnixMilli())
		tx.Exec(`DELETE FROM sign_in_wait WHERE changed_at <= $1`, now.Add(-waitLife).UnixMilli())
		return nil
	})
}
