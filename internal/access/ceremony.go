package access

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/vault"
)

// What is asked of a browser, and how long it may take to answer (WebAuthn §15.1 proposes
// five minutes; an OpenID provider asks for more).
const (
	addingPasskey = "passkey.add"
	byPasskey     = "passkey.sign_in"
	byProvider    = "oidc"

	passkeyLife  = 5 * time.Minute
	providerLife = 10 * time.Minute
)

// errCeremony says that what was answered was never asked, was answered before, or too
// long ago.
var errCeremony = errors.New("access: no such ceremony")

// ask keeps what belongs to a question in a row, so that any node can take its answer.
func (s *Service) ask(ctx context.Context, kind, challenge string, userID int64, doc any, life time.Duration, also func(*db.Tx) error) error {
	keys, err := s.vault.Keys(ctx, 0, 0)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	sealed, err := keys.Seal(ceremonyPlace(kind, userID), plain)
	if err != nil {
		return err
	}
	hash, expires := hashOf(challenge), s.clock.Now().Add(life).UnixMilli()
	return s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO staff_ceremony (hash, user_id, doc, expires_at) VALUES ($1, $2, $3, $4)`, hash[:], userID, sealed, expires)
		return also(tx)
	})
}

func ceremonyPlace(kind string, userID int64) vault.Place {
	return vault.Place{Table: "staff_ceremony", Row: userID, Column: kind}
}

// answered takes a question back, once, and reads what belonged to it. It is gone whatever
// becomes of the answer.
func (s *Service) answered(ctx context.Context, kind, challenge string, userID int64, doc any) error {
	hash, now := hashOf(challenge), s.clock.Millis()
	var sealed []byte
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		return tx.One(`DELETE FROM staff_ceremony WHERE hash = $1 AND user_id = $2 AND expires_at > $3 RETURNING doc`, []any{hash[:], userID, now}, &sealed)
	})
	if errors.Is(err, db.ErrNoRows) {
		return errCeremony
	}
	if err != nil {
		return err
	}
	keys, err := s.vault.Keys(ctx, 0, 0)
	if err != nil {
		return err
	}
	plain, err := keys.Open(ceremonyPlace(kind, userID), sealed)
	if err != nil {
		return errCeremony // of another kind
	}
	return json.Unmarshal(plain, doc)
}
