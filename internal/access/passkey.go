package access

import (
	"context"
	"time"
)

// Passkey is an authenticator of a user's (WebAuthn).
type Passkey struct {
	ID       int64
	Name     string
	Created  time.Time
	LastUsed time.Time
}

func (s *Service) passkeys(ctx context.Context, u User) ([]Passkey, error) { return nil, nil }
