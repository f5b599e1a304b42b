package access

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/vault"
)

// IdentityProvider is where an owner's users may sign in instead: an OpenID Connect
// provider, which vouches for them.
type IdentityProvider struct {
	ID      int64
	Owner   int64
	Enabled bool
	Role    auth.Role // of whoever was not invited; empty: only who was comes in
	About
}

// About is what is sealed of a provider.
type About struct {
	Name     string   `json:"name"`
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"clientId"`
	Secret   string   `json:"clientSecret"`
	Domains  []string `json:"domains"` // of e-mail addresses; none: any
}

// Of a provider, at most so many domains.
const mostDomains = 50

func noIdentityProvider() error {
	return fault.New(fault.NotFound, fault.IdentityProviderNotFound, "Identity provider not found")
}

func identityPlace(id int64) vault.Place {
	return vault.Place{Table: "identity_provider", Row: id, Column: "doc"}
}

// CheckIdentityProvider finds every fault, and puts domains into their usual form.
func CheckIdentityProvider(p *IdentityProvider) []fault.Field {
	var faults []fault.Field
	bad := func(path, code, message string) {
		faults = append(faults, fault.Field{Path: path, Code: code, Message: message})
	}
	u, err := url.Parse(p.Issuer)
	if text, wrong := contact.WebAddress(p.Issuer); wrong != nil || err != nil || text != p.Issuer || u.RawQuery != "" || u.Fragment != "" {
		bad("/issuer", "invalid", "must be the issuer's web address, as its discovery document has it")
	}
	for path, text := range map[string]string{"/clientId": p.ClientID, "/clientSecret": p.Secret} {
		if text == "" || len(text) > 1024 {
			bad(path, "invalid", "must be a string of 1 to 1024 bytes")
		}
	}
	if len(p.Domains) > mostDomains {
		bad("/domains", "too_many", "must be at most 50")
	}
	for i, domain := range p.Domains {
		address, err := contact.ParseEmail("x@" + domain)
		if err != nil {
			bad("/domains", "invalid", "must be domains like shop.example")
			break
		}
		p.Domains[i] = domainOf(address.Normal)
	}
	if p.Role != "" && len(p.Domains) == 0 {
		bad("/domains", "required", "must be given where people come in who were not invited: anybody may have an account with a provider")
	}
	return faults
}

func domainOf(email string) string { return email[strings.LastIndex(email, "@")+1:] }

// takes reports whether an address is in one of the provider's domains.
func (p IdentityProvider) takes(email string) bool {
	return len(p.Domains) == 0 || slices.Contains(p.Domains, domainOf(normalEmail(email)))
}

// IdentityProviders gives the owner's, in order of id.
func (s *Service) IdentityProviders(ctx context.Context, g auth.Grant) ([]IdentityProvider, error) {
	return s.identityProviders(ctx, `owner_id = $1`, g.Owner())
}

// IdentityProvider finds one of the owner's.
func (s *Service) IdentityProvider(ctx context.Context, g auth.Grant, providerID int64) (IdentityProvider, error) {
	return s.oneProvider(ctx, `owner_id = $1 AND id = $2`, g.Owner(), providerID)
}

func (s *Service) oneProvider(ctx context.Context, where string, args ...any) (IdentityProvider, error) {
	all, err := s.identityProviders(ctx, where, args...)
	if err == nil && len(all) == 0 {
		err = noIdentityProvider()
	}
	if err != nil {
		return IdentityProvider{}, err
	}
	return all[0], nil
}

func (s *Service) identityProviders(ctx context.Context, where string, args ...any) ([]IdentityProvider, error) {
	var all []IdentityProvider
	var sealed [][]byte
	err := s.store.Each(ctx, db.Worker(), `SELECT id, owner_id, enabled, role, doc FROM identity_provider WHERE `+where+` ORDER BY id`, args, func(r db.Row) error {
		var p IdentityProvider
		var enabled int64
		var role string
		var doc []byte
		err := r.Scan(&p.ID, &p.Owner, &enabled, &role, &doc)
		p.Enabled, p.Role = enabled == 1, auth.Role(role)
		all, sealed = append(all, p), append(sealed, doc)
		return err
	})
	for i := range all {
		if err == nil {
			err = s.openAbout(ctx, &all[i], sealed[i])
		}
	}
	return all, err
}

func (s *Service) openAbout(ctx context.Context, p *IdentityProvider, sealed []byte) error {
	keys, err := s.vault.Keys(ctx, p.Owner, 0)
	if err != nil {
		return err
	}
	plain, err := keys.Open(identityPlace(p.ID), sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, &p.About)
}

func (s *Service) sealAbout(ctx context.Context, p IdentityProvider) ([]byte, error) {
	keys, err := s.vault.Keys(ctx, p.Owner, 0)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(p.About)
	if err != nil {
		return nil, err
	}
	return keys.Seal(identityPlace(p.ID), plain)
}

// AddIdentityProvider keeps a new one. also runs in the same unit.
func (s *Service) AddIdentityProvider(ctx context.Context, g auth.Grant, p IdentityProvider, also func(*db.Tx, IdentityProvider) error) (IdentityProvider, error) {
	p.ID, p.Owner = s.ids.Next(), g.Owner()
	sealed, err := s.sealAbout(ctx, p)
	if err != nil {
		return p, err
	}
	return p, s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		s.holdRole(tx, p.Owner, p.Role)
		tx.Exec(`INSERT INTO identity_provider (id, owner_id, enabled, role, doc) VALUES ($1, $2, $3, $4, $5)`, p.ID, p.Owner, db.Flag(p.Enabled), string(p.Role), sealed)
		return also(tx, p)
	})
}

// ChangeIdentityProvider keeps what an owner's provider has become.
func (s *Service) ChangeIdentityProvider(ctx context.Context, g auth.Grant, p IdentityProvider, also func(*db.Tx) error) error {
	sealed, err := s.sealAbout(ctx, p)
	if err != nil {
		return err
	}
	return s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		s.holdRole(tx, g.Owner(), p.Role)
		tx.ExecOne(noIdentityProvider(), `UPDATE identity_provider SET enabled = $3, role = $4, doc = $5 WHERE owner_id = $1 AND id = $2`,
			g.Owner(), p.ID, db.Flag(p.Enabled), string(p.Role), sealed)
		return also(tx)
	})
}

// RemoveIdentityProvider ends sign-ins by it; sessions go on until they end.
func (s *Service) RemoveIdentityProvider(ctx context.Context, g auth.Grant, providerID int64, also func(*db.Tx) error) error {
	return s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(noIdentityProvider(), `DELETE FROM identity_provider WHERE owner_id = $1 AND id = $2`, g.Owner(), providerID)
		return also(tx)
	})
}
