package access

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
)

// recoveryCodes is how many a user gets at once; each has 120 random bits, which is more
// than NIST SP 800-63B-4 §3.1.2.2 asks of what is kept as a plain hash (112).
const (
	recoveryCodes = 10
	recoveryBytes = 15
)

func newRecovery() ([]Secret, error) {
	codes := make([]Secret, recoveryCodes)
	for i := range codes {
		var random [recoveryBytes]byte
		if _, err := rand.Read(random[:]); err != nil {
			return nil, err
		}
		codes[i] = Secret{grouped(base32.NewEncoding(alphabet).EncodeToString(random[:]))}
	}
	return codes, nil
}

// grouped is easier to copy by hand: abcd-efgh-…
func grouped(code string) string {
	text := code[:4]
	for i := 4; i < len(code); i += 4 {
		text += "-" + code[i:i+4]
	}
	return text
}

// bare is a code as it is hashed, however somebody has typed it.
func bare(code string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToLower(code))
}

func recoveryHash(code string) []byte {
	hash := hashOf(bare(code))
	return hash[:]
}

// putRecovery replaces a user's recovery codes within a unit.
func putRecovery(tx *db.Tx, userID int64, codes []Secret) {
	tx.Exec(`DELETE FROM staff_recovery WHERE user_id = $1`, userID)
	for _, code := range codes {
		tx.Exec(`INSERT INTO staff_recovery (hash, user_id) VALUES ($1, $2)`, recoveryHash(code.text), userID)
	}
}

func (s *Service) checkRecovery(ctx context.Context, u User, code string) (spend, error) {
	var found int64
	hash := recoveryHash(code)
	err := s.store.One(ctx, db.Worker(), `SELECT count(*) FROM staff_recovery WHERE hash = $1 AND user_id = $2`, []any{hash, u.ID}, &found)
	if err != nil {
		return nil, err
	}
	if found == 0 {
		return nil, wrongCode()
	}
	return func(tx *db.Tx) {
		tx.ExecOne(wrongCode(), `DELETE FROM staff_recovery WHERE hash = $1 AND user_id = $2`, hash, u.ID)
	}, nil
}

// RenewRecovery gives the caller new recovery codes; those before are gone.
func (s *Service) RenewRecovery(ctx context.Context, g auth.Grant, p Proof, also func(*db.Tx) error) ([]Secret, error) {
	u, f, use, err := s.proven(ctx, g, p)
	if err != nil {
		return nil, err
	}
	if !f.any() {
		return nil, noFactor()
	}
	codes, err := newRecovery()
	if err != nil {
		return nil, err
	}
	return codes, s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		use(tx)
		putRecovery(tx, u.ID, codes)
		return also(tx)
	})
}
