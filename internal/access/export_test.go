package access

import (
	"context"

	"github.com/florin-gateway/florin/internal/db"
)

// Hashes is how many passwords were hashed or compared so far.
func (s *Service) Hashes() int64 { return s.hashing.done.Load() }

// SpendTwice checks a code twice before it is used up, as two requests at once may, and
// says how using it up went each time.
func (s *Service) SpendTwice(ctx context.Context, u User, code string) (ends [2]error, err error) {
	f, err := s.factors(ctx, u)
	if err != nil {
		return ends, err
	}
	var uses [2]spend
	for i := range uses {
		if uses[i], err = s.checkCode(ctx, u, f, code); err != nil {
			return ends, err
		}
	}
	for i, use := range uses {
		ends[i] = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error { use(tx); return nil })
	}
	return ends, nil
}

// Unknown is a key as we make them, which nobody was given.
func Unknown(kind string) string {
	s, err := newSecret(kind, "live")
	if err != nil {
		panic(err)
	}
	return s.text
}

// PasswordMemory is what a password costs where it is no test.
const PasswordMemory = argonMemory
