package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/vault"
)

// What authenticator apps take without being asked: SHA-1, six digits, 30 seconds
// (RFC 6238 §1.2), and one step before and after for clocks that differ (§5.2).
const (
	codeDigits = 6
	codeEvery  = 30 * time.Second
	codeDrift  = 1
	seedBytes  = 20 // RFC 4226 §4 R6
)

// NewTOTP is a seed that is shown once.
type NewTOTP struct {
	URI    Secret // otpauth://totp/…, for a QR code
	Secret Secret // the same for typing
}

func seedPlace(user int64) vault.Place {
	return vault.Place{Table: "staff_totp", Row: user, Column: "seed"}
}

// seed opens what the user's codes are made of; nil for none.
func (s *Service) seed(ctx context.Context, u User) (seed []byte, confirmed bool, step int64, err error) {
	var sealed []byte
	var is int64
	err = s.store.One(ctx, db.Worker(), `SELECT seed, confirmed, step FROM staff_totp WHERE user_id = $1 AND owner_id = $2`, []any{u.ID, u.Owner}, &sealed, &is, &step)
	if errors.Is(err, db.ErrNoRows) {
		return nil, false, 0, nil
	}
	if err != nil {
		return nil, false, 0, err
	}
	keys, err := s.vault.Keys(ctx, u.Owner, 0)
	if err != nil {
		return nil, false, 0, err
	}
	seed, err = keys.Open(seedPlace(u.ID), sealed)
	return seed, is == 1, step, err
}

// matchingStep finds which step a code is of. One that is not younger than the last one
// taken is refused (RFC 6238 §5.2).
func matchingStep(seed []byte, last int64, code string, now time.Time) (int64, error) {
	if seed == nil {
		return 0, wrongCode()
	}
	secret, found := string(seed), int64(0)
	current := now.Unix() / int64(codeEvery/time.Second)
	for step := current - codeDrift; step <= current+codeDrift; step++ {
		want, err := hotp.GenerateCode(secret, uint64(step))
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > last {
			found = step
		}
	}
	if found == 0 {
		return 0, wrongCode()
	}
	return found, nil
}

// StartTOTP makes a seed, which does nothing until it is confirmed. Another start replaces
// it, but nothing replaces a confirmed one.
func (s *Service) StartTOTP(ctx context.Context, g auth.Grant, p Proof, also func(*db.Tx) error) (NewTOTP, error) {
	u, _, use, err := s.atHand(ctx, g, p)
	if err != nil {
		return NewTOTP{}, err
	}
	o, err := s.owners.Get(ctx, u.Owner)
	if err != nil {
		return NewTOTP{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: o.Name, AccountName: u.Email, SecretSize: seedBytes, Digits: otp.DigitsSix,
		Period: uint(codeEvery / time.Second), Algorithm: otp.AlgorithmSHA1, Rand: rand.Reader})
	if err != nil {
		return NewTOTP{}, err
	}
	keys, err := s.vault.Keys(ctx, u.Owner, 0)
	if err != nil {
		return NewTOTP{}, err
	}
	sealed, err := keys.Seal(seedPlace(u.ID), []byte(key.Secret()))
	if err != nil {
		return NewTOTP{}, err
	}
	exists := fault.New(fault.Conflict, fault.FactorExists, "One-time codes are set up already; remove them first")
	return NewTOTP{Secret{key.URL()}, Secret{key.Secret()}}, s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		use(tx)
		tx.ExecOne(exists, `INSERT INTO staff_totp (user_id, owner_id, seed, confirmed, step) VALUES ($1, $2, $3, 0, 0)
			ON CONFLICT (user_id) DO UPDATE SET seed = excluded.seed WHERE staff_totp.confirmed = 0`, u.ID, u.Owner, sealed)
		return also(tx)
	})
}

// ConfirmTOTP switches the codes on once the caller's app has shown a right one, and gives
// recovery codes. The session has then shown both factors.
func (s *Service) ConfirmTOTP(ctx context.Context, g auth.Grant, code string, also func(*db.Tx) error) ([]Secret, error) {
	a := g.Actor()
	u, err := s.User(ctx, g, a.ID)
	if err != nil {
		return nil, err
	}
	seed, confirmed, _, err := s.seed(ctx, u)
	if err != nil {
		return nil, err
	}
	if seed == nil || confirmed {
		return nil, fault.New(fault.NotFound, fault.FactorNotFound, "No one-time codes wait for being confirmed")
	}
	var step int64
	_, err = s.counted(ctx, g, u, func() (_ spend, err error) {
		step, err = matchingStep(seed, 0, code, s.clock.Now())
		return free, err
	})
	if fault.Is(err, fault.UnauthorizedCode) {
		err = fault.OneField("/otp", "invalid", "is not what the app shows now; is its clock right?")
	}
	if err != nil {
		return nil, err
	}
	codes, err := newRecovery()
	if err != nil {
		return nil, err
	}
	changed := fault.New(fault.Conflict, fault.PatchConflict, "The codes were started again at the same time")
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(changed, `UPDATE staff_totp SET confirmed = 1, step = $2 WHERE user_id = $1 AND confirmed = 0`, u.ID, step)
		putRecovery(tx, u.ID, codes)
		tx.Exec(`UPDATE staff_session SET proven = 1 WHERE id = $1 AND user_id = $2`, a.Session, u.ID)
		return also(tx)
	})
	s.dropUser(u.ID)
	return codes, err
}

// RemoveTOTP ends one-time codes, and the recovery codes with the last factor.
func (s *Service) RemoveTOTP(ctx context.Context, g auth.Grant, p Proof, also func(*db.Tx) error) error {
	u, _, use, err := s.proven(ctx, g, p)
	if err != nil {
		return err
	}
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		use(tx)
		tx.ExecOne(noFactor(), `DELETE FROM staff_totp WHERE user_id = $1 AND owner_id = $2`, u.ID, u.Owner)
		left(tx, u.ID)
		return also(tx)
	})
	s.dropUser(u.ID)
	return err
}

func noFactor() error {
	return fault.New(fault.NotFound, fault.FactorNotFound, "You have no such factor")
}
