package payment

import (
	"context"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/provider"
)

// Challenge is where the payer goes on with the attempt under way, "" if nowhere.
func (s *Service) Challenge(ctx context.Context, g auth.Grant, q *Request) (string, error) {
	r, err := s.enter(ctx, g)
	if err != nil || q.Status != Pending {
		return "", err
	}
	a, err := s.findAttempt(ctx, r, `id = $2`, q.AttemptID)
	if err != nil || a.state != provider.Challenge {
		return "", err
	}
	t, err := openTry(r, q, a)
	return t.RedirectURL, err
}
