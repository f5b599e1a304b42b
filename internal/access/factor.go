package access

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
)

// Factors is what a user has to show besides a password.
type Factors struct {
	TOTP     bool
	Codes    int64 // recovery codes that are left
	Passkeys []Passkey
}

// factors is the same where a sign-in needs it: without the passkeys' names.
type factors struct {
	seed     []byte // opened; nil without a confirmed one
	step     int64  // the last one taken
	codes    int64
	passkeys int64
}

// any reports whether a password alone lets nobody in.
func (f factors) any() bool { return f.seed != nil || f.passkeys > 0 }

func (s *Service) factors(ctx context.Context, u User) (factors, error) {
	var f factors
	err := s.store.One(ctx, db.Worker(), `SELECT (SELECT count(*) FROM staff_recovery WHERE user_id = $1), (SELECT count(*) FROM staff_passkey WHERE user_id = $1)`,
		[]any{u.ID}, &f.codes, &f.passkeys)
	if err != nil {
		return f, err
	}
	seed, confirmed, step, err := s.seed(ctx, u)
	if confirmed {
		f.seed, f.step = seed, step
	}
	return f, err
}

// Factors tells the caller what they have.
func (s *Service) Factors(ctx context.Context, g auth.Grant) (Factors, error) {
	u, err := s.User(ctx, g, g.Actor().ID)
	if err != nil {
		return Factors{}, err
	}
	f, err := s.factors(ctx, u)
	if err != nil {
		return Factors{}, err
	}
	keys, err := s.passkeys(ctx, u)
	return Factors{TOTP: f.seed != nil, Codes: f.codes, Passkeys: keys}, err
}

// spend is what a right code costs, within the unit that it opens something in.
type spend func(*db.Tx)

func free(*db.Tx) {}

func wrongCode() *fault.Error {
	return fault.New(fault.Unauthorized, fault.UnauthorizedCode, "The one-time code is wrong, was used already, or is too old")
}

// checkCode judges a one-time or recovery code. It is used up by the spend it gives.
func (s *Service) checkCode(ctx context.Context, u User, f factors, code string) (spend, error) {
	code = bare(code)
	if len(code) != codeDigits {
		return s.checkRecovery(ctx, u, code)
	}
	step, err := matchingStep(f.seed, f.step, code, s.clock.Now())
	if err != nil {
		return nil, err
	}
	return func(tx *db.Tx) {
		tx.ExecOne(wrongCode(), `UPDATE staff_totp SET step = $2 WHERE user_id = $1 AND confirmed = 1 AND step < $2`, u.ID, step)
	}, nil
}

// Proof is what somebody shows again before what lets them in is changed: the password, or
// a code (OWASP ASVS 5.0 §7.5.1).
type Proof struct {
	Password string
	Code     string
}

// proofLife is how long signing in stands for a proof: whoever came by a passkey or by
// another provider may have neither password nor codes.
const proofLife = 10 * time.Minute

func noProof() *fault.Error {
	return fault.New(fault.Forbidden, fault.ProofRequired, "Give your password or a one-time code again; it was missing or wrong")
}

// fresh reports whether the caller signed in a moment ago.
func (s *Service) fresh(g auth.Grant) bool {
	return s.clock.Now().Sub(id.Time(g.Actor().Session)) < proofLife
}

// proven checks a proof of the caller's. Wrong ones count as failures to sign in do.
func (s *Service) proven(ctx context.Context, g auth.Grant, p Proof) (User, factors, spend, error) {
	u, err := s.User(ctx, g, g.Actor().ID)
	if err != nil {
		return u, factors{}, nil, err
	}
	f, err := s.factors(ctx, u)
	if err == nil && p == (Proof{}) {
		err = noProof()
	}
	if err != nil {
		return u, f, nil, err
	}
	use, err := s.counted(ctx, g, u, func() (spend, error) {
		if p.Password == "" {
			return s.checkCode(ctx, u, f, p.Code)
		}
		return free, s.hashing.run(ctx, func() error { return checkPassword(s.hashOf(u), p.Password) })
	})
	if errors.Is(err, errPassword) || fault.Is(err, fault.UnauthorizedCode) {
		err = noProof()
	}
	return u, f, use, err
}

// counted runs a check as an attempt of the user's to sign in; the attempt is given back
// if it succeeds.
func (s *Service) counted(ctx context.Context, g auth.Grant, u User, check func() (spend, error)) (spend, error) {
	try := attempt{SignIn: SignIn{Email: u.Email}, from: g.Origin(), user: u}
	if err := s.chooseBuckets(ctx, &try); err != nil {
		return nil, err
	}
	wait, err := s.count(ctx, try.counts)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		return nil, mustWait(wait)
	}
	use, err := check()
	if err != nil {
		return nil, err
	}
	// In a unit of its own: what the proof is for may fail for another reason.
	return use, s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		giveBack(tx, try.counts)
		return nil
	})
}

// atHand is proven, or nothing to do where the caller signed in a moment ago and shows
// nothing: for what adds a factor, not for what takes one away.
func (s *Service) atHand(ctx context.Context, g auth.Grant, p Proof) (User, factors, spend, error) {
	if p != (Proof{}) || !s.fresh(g) {
		return s.proven(ctx, g, p)
	}
	u, err := s.User(ctx, g, g.Actor().ID)
	if err != nil {
		return u, factors{}, nil, err
	}
	f, err := s.factors(ctx, u)
	return u, f, free, err
}

// hasFactor is whether the user $1 has one that is in force.
const hasFactor = `(EXISTS (SELECT 1 FROM staff_totp WHERE user_id = $1 AND confirmed = 1) OR EXISTS (SELECT 1 FROM staff_passkey WHERE user_id = $1))`

// notAlone makes a unit fail that would leave a password alone that is too short to be.
func notAlone(tx *db.Tx, userID int64) {
	needed := fault.New(fault.Conflict, fault.FactorNeeded, "The password has fewer than 15 characters and cannot stand alone: change it first, or add another factor")
	tx.ExecOne(needed, `UPDATE staff_user SET status = status WHERE id = $1 AND (password_short = 0 OR `+hasFactor+`)`, userID)
}

// left follows the removal of a factor. With the last one go the recovery codes, and the
// proof of sessions.
func left(tx *db.Tx, userID int64) {
	notAlone(tx, userID)
	tx.Exec(`UPDATE staff_session SET proven = 0 WHERE user_id = $1 AND NOT `+hasFactor, userID)
	tx.Exec(`DELETE FROM staff_recovery WHERE user_id = $1 AND NOT `+hasFactor, userID)
}

// ResetFactors takes all factors from a user who has lost them, and ends their sessions. A
// password that is too short to stand alone goes too: they need a new invitation.
func (s *Service) ResetFactors(ctx context.Context, u User, also func(*db.Tx) error) error {
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		forgetFactors(tx, u.ID)
		tx.Exec(`UPDATE staff_user SET password_hash = '', password_short = 0, status = CASE WHEN status = 'active' THEN 'invited' ELSE status END
			WHERE owner_id = $1 AND id = $2 AND password_short = 1`, u.Owner, u.ID)
		tx.Exec(`DELETE FROM staff_session WHERE owner_id = $1 AND user_id = $2`, u.Owner, u.ID)
		return also(tx)
	})
	s.dropUser(u.ID)
	return err
}

// forgetFactors removes everything of them within a unit.
func forgetFactors(tx *db.Tx, userID int64) {
	tx.Exec(`DELETE FROM staff_totp WHERE user_id = $1`, userID)
	tx.Exec(`DELETE FROM staff_recovery WHERE user_id = $1`, userID)
	tx.Exec(`DELETE FROM staff_passkey WHERE user_id = $1`, userID)
	tx.Exec(`DELETE FROM staff_ceremony WHERE user_id = $1`, userID)
}

// restricted leaves an actor nothing but their own sessions and factors.
func restricted(a auth.Actor) auth.Actor {
	a.Permissions = []auth.Permission{auth.SessionsOwn}
	return a
}
