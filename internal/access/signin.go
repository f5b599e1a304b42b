package access

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
)

// SignIn is what somebody says who wants to come in.
type SignIn struct {
	Email    string
	Password string
	Code     string // a one-time or recovery code
	Owner    int64  // 0: where the e-mail address came first
	Mode     auth.Mode
}

// attempt is one try, with whoever it is about.
type attempt struct {
	SignIn
	from   auth.Origin
	user   User // the zero User for an unknown one
	actor  auth.Actor
	place  []byte   // fingerprint of account and address together
	counts []bucket // where a failure counts
	proven bool     // has shown a second factor, or needs none
}

// Login opens a session for whoever knows the password. Unknown people, disabled ones and
// wrong passwords get one answer, after the same work.
func (s *Service) Login(ctx context.Context, in SignIn, from auth.Origin) (Session, Secret, error) {
	try, err := s.prepare(ctx, in, from)
	if err != nil {
		return Session{}, Secret{}, err
	}
	wait, err := s.count(ctx, try.counts)
	if err != nil {
		return Session{}, Secret{}, err
	}
	if wait > 0 {
		// No record, as for any other limit: the failures that led here have theirs, and a
		// flood must not write the trail.
		return Session{}, Secret{}, mustWait(wait)
	}
	err = s.hashing.run(ctx, func() error { return checkPassword(s.hashOf(try.user), in.Password) })
	if errors.Is(err, errPassword) || err == nil && try.user.Status != Active {
		return Session{}, Secret{}, s.turnAway(ctx, try, wrongPassword())
	}
	if err != nil {
		return Session{}, Secret{}, err
	}
	use, err := s.secondFactor(ctx, &try)
	if err != nil {
		return Session{}, Secret{}, err
	}
	return s.open(ctx, try, use)
}

func mustWait(wait time.Duration) *fault.Error {
	return &fault.Error{Kind: fault.RateLimited, Code: fault.RateLimitedCode, RetryAfter: wait, Limit: fault.Limit{Name: "sign-in"},
		Message: "Too many attempts to sign in; wait before the next one"}
}

// secondFactor asks for a code once the password was right, and for nothing of whoever has
// no factor. A missing code is no failure, nor does it forgive one: or whoever knows the
// password could guess at codes without end.
func (s *Service) secondFactor(ctx context.Context, try *attempt) (spend, error) {
	f, err := s.factors(ctx, try.user)
	if err != nil || !f.any() {
		return free, err
	}
	if try.Code == "" {
		required := fault.New(fault.Unauthorized, fault.OTPRequired, "The password is right; send it again with a one-time or recovery code as otp, or sign in with a passkey")
		return nil, s.turnAway(ctx, *try, required)
	}
	use, err := s.checkCode(ctx, try.user, f, try.Code)
	if fault.Is(err, fault.UnauthorizedCode) {
		err = s.turnAway(ctx, *try, wrongCode())
	}
	try.proven = true
	return use, err
}

func wrongPassword() *fault.Error {
	return fault.New(fault.Unauthorized, fault.UnauthorizedCode, "E-mail address or password is wrong")
}

// hashOf is what a password is compared with: nobody's where there is none.
func (s *Service) hashOf(u User) string {
	if u.password == "" {
		return nobody(s.PasswordMemory)
	}
	return u.password
}

func (s *Service) prepare(ctx context.Context, in SignIn, from auth.Origin) (attempt, error) {
	try := attempt{SignIn: in, from: from}
	index, err := s.emailIndex(ctx, in.Email)
	if err != nil {
		return try, err
	}
	found, err := s.users(ctx, `email_index = $1`, index)
	if err != nil {
		return try, err
	}
	if at := slices.IndexFunc(found, func(u User) bool { return in.Owner == 0 || u.Owner == in.Owner }); at >= 0 {
		try.user = found[at]
		if try.actor, err = s.actorOf(ctx, try.user, in.Mode); err != nil {
			return try, err
		}
	}
	return try, s.chooseBuckets(ctx, &try)
}

// turnAway answers a refusal. Either way one unit is written first: a known account's
// owner has a record of it, and nobody can tell by the time whether there was one.
func (s *Service) turnAway(ctx context.Context, try attempt, why *fault.Error) error {
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		if try.user.ID == 0 {
			tx.Exec(`UPDATE sign_in_wait SET changed_at = $2 WHERE hash = $1`, try.counts[0].hash, s.clock.Millis())
			return nil
		}
		if why.Code == fault.OTPRequired {
			giveBack(tx, try.counts)
		}
		return s.audit.Add(tx, auth.Refused(try.actor, try.from), audit.Entry{Action: audit.UserSignIn, Result: why.Code, Object: try.user.ID})
	})
	if err != nil {
		return err
	}
	return why
}

// open writes the session, forgets the failures before it and remembers the address.
func (s *Service) open(ctx context.Context, try attempt, use spend) (Session, Secret, error) {
	if try.actor.Suspended {
		return Session{}, Secret{}, s.turnAway(ctx, try, owner.ErrSuspended())
	}
	token, err := newSecret(sessionToken, try.Mode)
	if err != nil {
		return Session{}, Secret{}, err
	}
	now := s.clock.Now()
	made := Session{ID: s.ids.Next(), User: try.user.ID, Mode: try.Mode, Address: try.from.Address, Created: now, LastUsed: now, Expires: now.Add(sessionLife), Proven: try.proven}
	if made.Restricted, err = s.restricts(ctx, try.user.Owner, made.Proven); err != nil {
		return Session{}, Secret{}, err
	}
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		use(tx)
		s.addSession(tx, try.user, made, token)
		s.forgive(tx, try.counts)
		tx.Exec(`INSERT INTO staff_address (hash, user_id, seen_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET seen_at = excluded.seen_at`,
			try.place, try.user.ID, now.UnixMilli())
		return s.audit.Add(tx, auth.Refused(try.actor, try.from), audit.Entry{Action: audit.UserSignIn, Object: try.user.ID})
	})
	return made, token, err
}
