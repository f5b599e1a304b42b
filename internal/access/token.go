package access

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
)

// tokenLife is short, since a token travels further than the key behind it (RFC 9700
// §2.2.1 counts on short lives where a token is not bound to its sender).
const tokenLife = time.Hour

// Token is an access token of OAuth 2 without its secret: an API key for an hour, for the
// same or for less.
type Token struct {
	ID      int64
	Owner   int64
	Key     int64 // the client
	Scope   []auth.Permission
	Expires time.Time
}

// Created is when it was given.
func (t Token) Created() time.Time { return id.Time(t.ID) }

// AddToken gives the caller's key a token for some of its permissions. also runs in the
// same unit.
func (s *Service) AddToken(ctx context.Context, g auth.Grant, scope []auth.Permission, also func(*db.Tx) error) (Token, Secret, error) {
	secret, err := newSecret(accessToken, g.Actor().Mode)
	if err != nil {
		return Token{}, Secret{}, err
	}
	t := Token{ID: s.ids.Next(), Owner: g.Owner(), Key: g.Actor().ID, Scope: scope, Expires: s.clock.Now().Add(tokenLife)}
	hash := hashOf(secret.text)
	return t, secret, s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO access_token (id, owner_id, key_id, hash, scope, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			t.ID, t.Owner, t.Key, hash[:], joinPermissions(t.Scope), t.Expires.UnixMilli())
		return also(tx)
	})
}

// loadToken finds what a token stands for: its key, with what both of them may do. What
// ends or narrows the key does so to its tokens.
func (s *Service) loadToken(ctx context.Context, hash [32]byte) (credential, error) {
	t, err := s.token(ctx, hash)
	if err != nil {
		return credential{}, err
	}
	c, err := s.keyed(ctx, `owner_id = $1 AND id = $2`, t.Owner, t.Key)
	if err != nil {
		return credential{}, err
	}
	if c.expires.IsZero() || t.Expires.Before(c.expires) {
		c.expires = t.Expires
	}
	c.actor.Permissions = auth.Within(t.Scope, c.actor.Permissions)
	return c, nil
}

func (s *Service) token(ctx context.Context, hash [32]byte) (Token, error) {
	var t Token
	var scope string
	var expires int64
	err := s.store.One(ctx, db.Worker(), `SELECT id, owner_id, key_id, scope, expires_at FROM access_token WHERE hash = $1`, []any{hash[:]},
		&t.ID, &t.Owner, &t.Key, &scope, &expires)
	t.Scope, t.Expires = splitPermissions(scope), instant(expires)
	return t, err
}

// Inspect tells of a token of the caller's owner and mode what it is good for now; false
// for any other text, whatever is wrong with it (RFC 7662 §2.2).
func (s *Service) Inspect(ctx context.Context, g auth.Grant, text string) (Token, bool, error) {
	if kindOf(text) != accessToken {
		return Token{}, false, nil
	}
	hash := hashOf(text)
	t, err := s.token(ctx, hash)
	if errors.Is(err, db.ErrNoRows) || err == nil && t.Owner != g.Owner() {
		return Token{}, false, nil
	}
	if err != nil {
		return Token{}, false, err
	}
	c, err := s.loadToken(ctx, hash)
	if errors.Is(err, db.ErrNoRows) {
		return Token{}, false, nil
	}
	t.Scope, t.Expires = c.actor.Permissions, c.expires
	return t, err == nil && c.actor.Mode == g.Actor().Mode && s.clock.Now().Before(c.expires), err
}

// EndToken ends a token of the caller's own key, here at once and elsewhere within a
// second. A text that is none of its tokens changes nothing, and also runs all the same
// (RFC 7009 §2.2).
func (s *Service) EndToken(ctx context.Context, g auth.Grant, text string, also func(*db.Tx) error) error {
	hash := hashOf(text)
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM access_token WHERE owner_id = $1 AND key_id = $2 AND hash = $3`, g.Owner(), g.Actor().ID, hash[:])
		return also(tx)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cached, hash)
	return err
}

// IsOther reports whether a text is a credential that is no access token: those are ended
// elsewhere.
func IsOther(text string) bool { return kindOf(text) != "" && kindOf(text) != accessToken }
