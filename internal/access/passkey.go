package access

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Passkey is an authenticator of a user's (WebAuthn).
type Passkey struct {
	ID       int64
	Name     string
	Created  time.Time
	LastUsed time.Time // zero: never

	key webauthn.Credential
}

// passkeyDoc is what is sealed of one.
type passkeyDoc struct {
	Name string              `json:"name"`
	Key  webauthn.Credential `json:"key"`
}

// mostPasskeys bounds one user's.
const mostPasskeys = 20

func passkeyPlace(id int64) vault.Place {
	return vault.Place{Table: "staff_passkey", Row: id, Column: "doc"}
}

// holder is a user as the library asks for one.
type holder struct {
	User
	keys []Passkey
}

// WebAuthnID is the user handle: it says nothing of the person (WebAuthn §14.6.1).
func (h holder) WebAuthnID() []byte          { return binary.BigEndian.AppendUint64(nil, uint64(h.ID)) }
func (h holder) WebAuthnName() string        { return h.Email }
func (h holder) WebAuthnDisplayName() string { return h.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(h.keys))
	for i, k := range h.keys {
		all[i] = k.key
	}
	return all
}

// Party is whom a browser makes passkeys for: the site at an address.
type Party struct{ site *webauthn.WebAuthn }

// NewParty makes it of the server's public URL. A browser has passkeys for names alone, by
// https or on its own machine (WebAuthn §5.1.3).
func NewParty(publicURL string) (Party, error) {
	off := fault.New(fault.Unprocessable, fault.PasskeysOff, "Passkeys need the server's --public-url to be https with a name, or http://localhost")
	u, err := url.Parse(publicURL)
	if err != nil {
		return Party{}, off
	}
	origin, err := owner.ParseOrigin(u.Scheme + "://" + u.Host)
	if err != nil {
		return Party{}, off
	}
	u, _ = url.Parse(origin)
	if _, number := netip.ParseAddr(u.Hostname()); number == nil || u.Scheme != "https" && u.Hostname() != "localhost" {
		return Party{}, off
	}
	site, err := webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: u.Hostname(), RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired}})
	return Party{site}, err
}

func (s *Service) passkeys(ctx context.Context, u User) ([]Passkey, error) {
	keys, err := s.vault.Keys(ctx, u.Owner, 0)
	if err != nil {
		return nil, err
	}
	var all []Passkey
	err = s.store.Each(ctx, db.Worker(), `SELECT id, doc, counter, last_used_at FROM staff_passkey WHERE user_id = $1 AND owner_id = $2 ORDER BY id`,
		[]any{u.ID, u.Owner}, func(r db.Row) error {
			var k Passkey
			var sealed []byte
			var counter, used int64
			if err := r.Scan(&k.ID, &sealed, &counter, &used); err != nil {
				return err
			}
			plain, err := keys.Open(passkeyPlace(k.ID), sealed)
			if err != nil {
				return err
			}
			var doc passkeyDoc
			err = json.Unmarshal(plain, &doc)
			k.Name, k.key, k.Created, k.LastUsed = doc.Name, doc.Key, id.Time(k.ID), instant(used)
			k.key.Authenticator.SignCount = uint32(counter)
			all = append(all, k)
			return err
		})
	return all, err
}

func (s *Service) sealPasskey(ctx context.Context, u User, k Passkey) ([]byte, error) {
	keys, err := s.vault.Keys(ctx, u.Owner, 0)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(passkeyDoc{k.Name, k.key})
	if err != nil {
		return nil, err
	}
	return keys.Seal(passkeyPlace(k.ID), plain)
}

// BeginPasskey asks the caller's browser for a new passkey. The answer is what
// navigator.credentials.create takes.
func (s *Service) BeginPasskey(ctx context.Context, g auth.Grant, party Party, p Proof, also func(*db.Tx) error) (any, error) {
	u, f, use, err := s.atHand(ctx, g, p)
	if err != nil {
		return nil, err
	}
	if f.passkeys >= mostPasskeys {
		return nil, fault.New(fault.Conflict, fault.FactorExists, "Twenty passkeys are enough; remove one first")
	}
	keys, err := s.passkeys(ctx, u)
	if err != nil {
		return nil, err
	}
	h := holder{u, keys}
	ask, session, err := party.site.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	return ask, s.ask(ctx, addingPasskey, session.Challenge, u.ID, session, passkeyLife, func(tx *db.Tx) error {
		use(tx)
		return also(tx)
	})
}

func badPasskey() *fault.Error {
	return fault.OneField("/credential", "invalid", "is no answer to a question that was asked of this browser in the last five minutes")
}

// FinishPasskey keeps the caller's new passkey. Whoever had no factor before gets recovery
// codes. The session has then shown two factors: the passkey verified who holds it.
func (s *Service) FinishPasskey(ctx context.Context, g auth.Grant, party Party, name string, answer []byte, also func(*db.Tx, Passkey) error) (Passkey, []Secret, error) {
	a := g.Actor()
	u, err := s.User(ctx, g, a.ID)
	if err != nil {
		return Passkey{}, nil, err
	}
	f, err := s.factors(ctx, u)
	if err != nil {
		return Passkey{}, nil, err
	}
	made := Passkey{ID: s.ids.Next(), Name: name}
	made.Created = id.Time(made.ID)
	if made.key, err = s.newCredential(ctx, u, party, answer); err != nil {
		return Passkey{}, nil, err
	}
	sealed, err := s.sealPasskey(ctx, u, made)
	if err != nil {
		return Passkey{}, nil, err
	}
	var codes []Secret
	if !f.any() {
		if codes, err = newRecovery(); err != nil {
			return Passkey{}, nil, err
		}
	}
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO staff_passkey (id, owner_id, user_id, credential, doc, counter, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			made.ID, u.Owner, u.ID, made.key.ID, sealed, int64(made.key.Authenticator.SignCount))
		if codes != nil {
			putRecovery(tx, u.ID, codes)
		}
		tx.Exec(`UPDATE staff_session SET proven = 1 WHERE id = $1 AND user_id = $2`, a.Session, u.ID)
		return also(tx, made)
	})
	if db.IsViolation(err, "staff_passkey") {
		err = fault.New(fault.Conflict, fault.FactorExists, "This passkey is registered already")
	}
	s.dropUser(u.ID)
	return made, codes, err
}

// newCredential checks a browser's answer against the question.
func (s *Service) newCredential(ctx context.Context, u User, party Party, answer []byte) (webauthn.Credential, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return webauthn.Credential{}, badPasskey()
	}
	var session webauthn.SessionData
	if err := s.answered(ctx, addingPasskey, parsed.Response.CollectedClientData.Challenge, u.ID, &session); err != nil {
		return webauthn.Credential{}, orBad(err)
	}
	key, err := party.site.CreateCredential(holder{User: u}, session, parsed)
	if err != nil {
		return webauthn.Credential{}, badPasskey()
	}
	key.Attestation = webauthn.CredentialAttestation{} // none was asked for, and none is kept
	return *key, nil
}

func orBad(err error) error {
	if err == errCeremony {
		return badPasskey()
	}
	return err
}

func noPasskey() error { return fault.New(fault.NotFound, fault.FactorNotFound, "Passkey not found") }

// RenamePasskey gives one of the caller's another name.
func (s *Service) RenamePasskey(ctx context.Context, g auth.Grant, passkeyID int64, name string, also func(*db.Tx) error) (Passkey, error) {
	u, err := s.User(ctx, g, g.Actor().ID)
	if err != nil {
		return Passkey{}, err
	}
	keys, err := s.passkeys(ctx, u)
	at := slices.IndexFunc(keys, func(k Passkey) bool { return k.ID == passkeyID })
	if err == nil && at < 0 {
		err = noPasskey()
	}
	if err != nil {
		return Passkey{}, err
	}
	k := keys[at]
	k.Name = name
	sealed, err := s.sealPasskey(ctx, u, k)
	if err != nil {
		return Passkey{}, err
	}
	return k, s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(noPasskey(), `UPDATE staff_passkey SET doc = $3 WHERE id = $1 AND user_id = $2`, k.ID, u.ID, sealed)
		return also(tx)
	})
}

// RemovePasskey forgets one of the caller's.
func (s *Service) RemovePasskey(ctx context.Context, g auth.Grant, passkeyID int64, p Proof, also func(*db.Tx) error) error {
	u, _, use, err := s.atHand(ctx, g, p)
	if err != nil {
		return err
	}
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		use(tx)
		tx.ExecOne(noPasskey(), `DELETE FROM staff_passkey WHERE id = $1 AND user_id = $2 AND owner_id = $3`, passkeyID, u.ID, u.Owner)
		left(tx, u.ID)
		return also(tx)
	})
	s.dropUser(u.ID)
	return err
}

// BeginPasskeyLogin asks a browser for a passkey of anybody's. The answer is what
// navigator.credentials.get takes.
func (s *Service) BeginPasskeyLogin(ctx context.Context, party Party) (any, error) {
	ask, session, err := party.site.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	return ask, s.ask(ctx, byPasskey, session.Challenge, 0, session, passkeyLife, func(*db.Tx) error { return nil })
}

func wrongPasskey() *fault.Error {
	return fault.New(fault.Unauthorized, fault.UnauthorizedCode, "The passkey is unknown, or the answer is too old")
}

// copied is a counter that went back: two devices may hold one key (WebAuthn §6.1.1).
func copied() *fault.Error {
	return fault.New(fault.Unauthorized, fault.PasskeyCopied, "The passkey's counter went back: it may have been copied. Sign in another way and remove it")
}

// LoginByPasskey opens a session for whoever holds a passkey and was verified by it, which
// is two factors in one (NIST SP 800-63B-4 §3.1.7).
func (s *Service) LoginByPasskey(ctx context.Context, party Party, mode auth.Mode, answer []byte, from auth.Origin) (Session, Secret, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Session{}, Secret{}, wrongPasskey()
	}
	var session webauthn.SessionData
	if err := s.answered(ctx, byPasskey, parsed.Response.CollectedClientData.Challenge, 0, &session); err != nil {
		if err == errCeremony {
			err = wrongPasskey()
		}
		return Session{}, Secret{}, err
	}
	h, err := s.holder(ctx, parsed.Response.UserHandle)
	if err != nil {
		return Session{}, Secret{}, err
	}
	find := func(_, _ []byte) (webauthn.User, error) { return h, nil }
	_, key, err := party.site.ValidatePasskeyLogin(find, session, parsed)
	if err != nil {
		return Session{}, Secret{}, wrongPasskey()
	}
	return s.openByPasskey(ctx, h, *key, mode, from)
}

// holder finds whose passkey it can be.
func (s *Service) holder(ctx context.Context, handle []byte) (holder, error) {
	if len(handle) != 8 {
		return holder{}, wrongPasskey()
	}
	found, err := s.users(ctx, `id = $1`, int64(binary.BigEndian.Uint64(handle)))
	if err != nil {
		return holder{}, err
	}
	if len(found) == 0 {
		return holder{}, wrongPasskey()
	}
	keys, err := s.passkeys(ctx, found[0])
	return holder{found[0], keys}, err
}

func (s *Service) openByPasskey(ctx context.Context, h holder, key webauthn.Credential, mode auth.Mode, from auth.Origin) (Session, Secret, error) {
	actor, err := s.actorOf(ctx, h.User, mode)
	if err != nil {
		return Session{}, Secret{}, err
	}
	try := attempt{SignIn: SignIn{Email: h.Email, Mode: mode}, from: from, user: h.User, actor: actor, proven: true}
	if err := s.chooseBuckets(ctx, &try); err != nil { // for the place alone: there is nothing to guess
		return Session{}, Secret{}, err
	}
	try.counts = nil
	switch {
	case h.Status != Active:
		return Session{}, Secret{}, s.turnAway(ctx, try, wrongPasskey())
	case key.Authenticator.CloneWarning:
		return Session{}, Secret{}, s.turnAway(ctx, try, copied())
	}
	k := h.keys[slices.IndexFunc(h.keys, func(k Passkey) bool { return slices.Equal(k.key.ID, key.ID) })]
	k.key = key
	sealed, err := s.sealPasskey(ctx, h.User, k)
	if err != nil {
		return Session{}, Secret{}, err
	}
	return s.open(ctx, try, func(tx *db.Tx) {
		tx.ExecOne(copied(), `UPDATE staff_passkey SET counter = $3, doc = $4, last_used_at = $5 WHERE id = $1 AND user_id = $2 AND (counter < $3 OR counter = 0 AND $3 = 0)`,
			k.ID, h.ID, int64(key.Authenticator.SignCount), sealed, s.clock.Millis())
	})
}
