package owner

import (
	"context"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/vault"
)

// Room is the realm that one call of a feature works in: its grant, owner and keys.
type Room struct {
	Grant auth.Grant
	Owner Owner
	Keys  *vault.Keys
}

// Enter checks the grant and finds what every operation needs. Without a grant of a
// realm, or while the trail can't be written, there is no answer.
func (s *Service) Enter(ctx context.Context, g auth.Grant, log *audit.Log) (Room, error) {
	if !g.Valid() || g.Realm() == 0 {
		return Room{}, fault.New(fault.Forbidden, fault.ForbiddenCode, auth.ErrForbidden.Error())
	}
	if err := log.Ready(); err != nil {
		return Room{}, err
	}
	o, err := s.Get(ctx, g.Owner())
	if err != nil {
		return Room{}, err
	}
	keys, err := s.vault.Keys(ctx, g.Owner(), g.Realm())
	return Room{g, o, keys}, err
}

// Realm is the number that every statement names.
func (r Room) Realm() int64 { return r.Grant.Realm() }

// Scope is what a statement may touch.
func (r Room) Scope() db.Scope { return db.Realm(r.Realm()) }

// Place is where a sealed column belongs.
func (r Room) Place(table string, row int64, column string) vault.Place {
	return vault.Place{Realm: r.Realm(), Table: table, Row: row, Column: column}
}

// Seal seals under a customer's key, or under the owner's where there is no customer.
func (r Room) Seal(key vault.Subject, p vault.Place, plain []byte) ([]byte, error) {
	if key.ID == 0 {
		return r.Keys.Seal(p, plain)
	}
	return key.Seal(p, plain)
}

// Open opens what Seal sealed.
func (r Room) Open(key vault.Subject, p vault.Place, sealed []byte) ([]byte, error) {
	if key.ID == 0 {
		return r.Keys.Open(p, sealed)
	}
	return key.Open(p, sealed)
}

// Key finds the customer's key that a row names; the zero Subject for 0. A key that was
// destroyed is vault.ErrNoKey.
func (r Room) Key(ctx context.Context, keyID int64) (vault.Subject, error) {
	if keyID == 0 {
		return vault.Subject{}, nil
	}
	return r.Keys.Subject(ctx, keyID)
}
