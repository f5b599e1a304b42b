package payment

import (
	"context"
	"errors"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/routing"
)

func badCallback() *fault.Error {
	return fault.New(fault.Unauthorized, fault.UnauthorizedCode, "The callback can't be verified")
}

// Callback takes what a provider tells at its callback address, whose last part is name.
// What can't be verified changes nothing. Notices may come in any order and any number of
// times: settling only ever moves up, and an event is taken once.
func (s *Service) Callback(ctx context.Context, name string, origin auth.Origin, c provider.Callback) error {
	kind, realm, accountID, ok := routing.ParseCallbackName(name)
	if !ok {
		return badCallback()
	}
	r, u, err := s.caller(ctx, kind, realm, accountID, origin)
	if err != nil {
		return err
	}
	return s.hear(ctx, r, u, c)
}

// hear verifies what a provider tells and applies it.
func (s *Service) hear(ctx context.Context, r owner.Room, u use, c provider.Callback) error {
	c.Now = s.Clock.Now()
	notices, err := u.Connector.ParseCallback(u.Account, c)
	if err != nil {
		return errors.Join(badCallback(), s.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.CallbackBad, Result: fault.UnauthorizedCode, Object: u.ID}))
	}
	for _, n := range notices {
		if err := s.take(context.WithoutCancel(ctx), r, u, n); err != nil {
			return err
		}
	}
	return nil
}

// caller finds the account of a callback address. One that is nobody's is answered like
// one whose signature is wrong.
func (s *Service) caller(ctx context.Context, kind string, realm, accountID int64, origin auth.Origin) (owner.Room, use, error) {
	o, mode, err := s.Owners.ByRealm(ctx, realm)
	if fault.Is(err, fault.OwnerNotFound) {
		return owner.Room{}, use{}, badCallback()
	}
	if err != nil {
		return owner.Room{}, use{}, err
	}
	r, err := s.enter(ctx, auth.Provider(o.ID, realm, mode, accountID, origin))
	if err != nil {
		return r, use{}, err
	}
	u, err := s.Routing.Open(ctx, r, accountID)
	if fault.Is(err, fault.ProviderNotFound) || err == nil && u.Kind != kind {
		return r, u, badCallback()
	}
	return r, u, err
}

// Account opens an account for a provider that lives in this process.
func (s *Service) Account(ctx context.Context, realm, accountID int64) (provider.Account, error) {
	r, err := s.realmOf(ctx, realm, "provider")
	if err != nil {
		return provider.Account{}, err
	}
	u, err := s.Routing.Open(ctx, r, accountID)
	return u.Account, err
}

// Told takes a callback that did not come over HTTP: the sandbox lives in this
// process. It is verified like any other.
func (s *Service) Told(ctx context.Context, a provider.Account, c provider.Callback) error {
	r, u, err := s.caller(ctx, a.Kind, a.Realm, a.ID, auth.Origin{RequestID: "sandbox"})
	if err != nil {
		return err
	}
	return s.hear(ctx, r, u, c)
}

// take applies one notice and remembers it.
func (s *Service) take(ctx context.Context, r owner.Room, u use, n provider.Notice) error {
	hash, err := r.Keys.MAC("provider event", n.ID)
	if err != nil {
		return err
	}
	var at int64
	err = s.Store.One(ctx, r.Scope(), `SELECT at FROM payment_notice WHERE realm_id = $1 AND provider_id = $2 AND hash = $3`, []any{r.Realm(), u.ID, hash[:]}, &at)
	if err == nil {
		return nil
	}
	if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	if err := s.applyNotice(ctx, r, u, n); err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO payment_notice (realm_id, provider_id, hash, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, r.Realm(), u.ID, hash[:], s.Clock.Millis())
		return nil
	})
}

func (s *Service) applyNotice(ctx context.Context, r owner.Room, u use, n provider.Notice) error {
	a, err := s.attemptOf(ctx, r, u, n.Ref)
	if errors.Is(err, db.ErrNoRows) {
		return nil // a charge that is not ours: somebody else uses the same account
	}
	if err != nil {
		return err
	}
	switch {
	case n.Charge != nil:
		_, err = s.settle(ctx, r, a.id, *n.Charge, Keep{})
	case n.Refund != nil:
		err = s.refundNotice(ctx, r, a, *n.Refund)
	case n.Dispute != nil:
		err = s.disputeNotice(ctx, r, a, *n.Dispute)
	}
	return err
}

// attemptOf finds the attempt that a provider means: by our key, or by its own reference.
func (s *Service) attemptOf(ctx context.Context, r owner.Room, u use, ref provider.Ref) (attempt, error) {
	if attemptID := keyID(ref.Key, "florin"); attemptID != 0 {
		return s.findAttempt(ctx, r, `id = $2 AND provider_id = $3`, attemptID, u.ID)
	}
	if ref.Reference == "" {
		return attempt{}, db.ErrNoRows
	}
	return s.findAttempt(ctx, r, `provider_id = $2 AND reference = $3 AND reference <> ''`, u.ID, ref.Reference)
}

// noticeLife is how long an event is remembered: far longer than any provider repeats one.
const noticeLife = 90 * 24 * 3600 * 1000

// PurgeNotices deletes events that nobody will repeat any more.
func (s *Service) PurgeNotices(ctx context.Context) error {
	return s.Store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM payment_notice WHERE at < $1`, s.Clock.Millis()-noticeLife)
		return nil
	})
}
