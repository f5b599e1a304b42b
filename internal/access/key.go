package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"hash/crc32"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

// Key is an API key without its secret.
type Key struct {
	ID          int64
	Owner       int64
	User        int64 // whose own key it is; 0 for the owner's
	Name        string
	Mode        auth.Mode // empty for the operator's
	Role        auth.Role
	Permissions []auth.Permission
	CIDRs       []netip.Prefix
	Expires     time.Time // zero: never
	LastUsed    time.Time // zero: never; exact to a minute
	Created     time.Time
}

// NewKey says what a key shall be able to do.
type NewKey struct {
	Name        string
	Mode        auth.Mode
	Role        auth.Role         // empty where permissions are listed one by one
	Permissions []auth.Permission // of a role too, unless it is built in
	CIDRs       []netip.Prefix
	Expires     time.Time
	User        int64 // whose own key it is; 0 for the owner's
}

// Secret is a key's text. It prints as nothing; Reveal is called where it is shown,
// once.
type Secret struct{ text string }

// Reveal gives the text.
func (s Secret) Reveal() string { return s.text }

// String keeps the secret out of logs and errors.
func (Secret) String() string { return "[api key]" }

// GoString does the same for %#v.
func (Secret) GoString() string { return "[api key]" }

// alphabet is base32 without what is mistaken for one another when read aloud.
const alphabet = "abcdefghijkmnpqrstuvwxyz23456789"

// Kinds of secrets, as they stand in their prefix.
const (
	apiKey       = "sk"
	sessionToken = "st"
	inviteToken  = "it"
	accessToken  = "at"
)

// newSecret makes florin_live_sk_…: a prefix by which secret scanners find a leaked
// key, 256 random bits, and a checksum that tells a typing error from a wrong key.
func newSecret(kind string, mode auth.Mode) (Secret, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return Secret{}, err
	}
	sum := crc32.ChecksumIEEE(random[:])
	all := append(random[:], byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
	of := string(mode)
	switch {
	case kind == inviteToken:
		of = "user"
	case of == "":
		of = "operator"
	}
	return Secret{"florin_" + of + "_" + kind + "_" + base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(all)}, nil
}

// kindOf says what kind of secret a text can be, before the store is asked; "" if none.
func kindOf(text string) string {
	parts := strings.SplitN(text, "_", 5)
	if len(parts) != 4 || parts[0] != "florin" || len(text) > 100 {
		return ""
	}
	all, err := base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).DecodeString(parts[3])
	if err != nil || len(all) != 36 {
		return ""
	}
	sum := crc32.ChecksumIEEE(all[:32])
	if !slices.Equal(all[32:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}) {
		return ""
	}
	return parts[2]
}

func hashOf(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// Add makes a key within a unit, so that an owner and its first key are one effect.
func (s *Service) Add(tx *db.Tx, owner int64, n NewKey) (Key, Secret, error) {
	secret, err := newSecret(apiKey, n.Mode)
	if err != nil {
		return Key{}, Secret{}, err
	}
	s.holdRole(tx, owner, n.Role)
	k := Key{ID: s.ids.Next(), Owner: owner, Name: n.Name, Mode: n.Mode, Role: n.Role, Permissions: auth.PermissionsOf(n.Role, n.Permissions),
		CIDRs: n.CIDRs, Expires: n.Expires, Created: s.clock.Now(), User: n.User}
	hash := hashOf(secret.text)
	tx.Exec(`INSERT INTO api_key (id, owner_id, mode, name, hash, role, permissions, cidrs, expires_at, last_used_at, created_at, user_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)`, k.ID, owner, string(k.Mode), k.Name, hash[:], string(k.Role),
		ownPermissions(n), joinCIDRs(k.CIDRs), millis(k.Expires), k.Created.UnixMilli(), k.User)
	return k, secret, nil
}

// ownPermissions keeps those that were listed one by one; a role's are looked up at each use, so
// that a role's change reaches keys that exist.
func ownPermissions(n NewKey) string {
	if n.Role != "" {
		return ""
	}
	return joinPermissions(n.Permissions)
}

func joinPermissions(permissions []auth.Permission) string {
	names := make([]string, len(permissions))
	for i, p := range permissions {
		names[i] = string(p)
	}
	return strings.Join(names, ",")
}

func joinCIDRs(cidrs []netip.Prefix) string {
	texts := make([]string, len(cidrs))
	for i, c := range cidrs {
		texts[i] = c.String()
	}
	return strings.Join(texts, ",")
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

const keyColumns = `id, owner_id, mode, name, role, CASE role WHEN '' THEN permissions ELSE ` + rolePermissions + ` END,
	cidrs, expires_at, last_used_at, created_at, user_id FROM api_key k`

func scanKey(r db.Row) (Key, error) {
	var k Key
	var mode, role, permissions, cidrs string
	var expires, used, created int64
	if err := r.Scan(&k.ID, &k.Owner, &mode, &k.Name, &role, &permissions, &cidrs, &expires, &used, &created, &k.User); err != nil {
		return k, err
	}
	k.Mode, k.Role, k.Expires, k.LastUsed, k.Created = auth.Mode(mode), auth.Role(role), instant(expires), instant(used), instant(created)
	k.Permissions = auth.PermissionsOf(k.Role, splitPermissions(permissions))
	for _, text := range split(cidrs) {
		c, err := netip.ParsePrefix(text)
		if err != nil {
			return k, err
		}
		k.CIDRs = append(k.CIDRs, c)
	}
	return k, nil
}

func splitPermissions(text string) []auth.Permission {
	var all []auth.Permission
	for _, p := range split(text) {
		all = append(all, auth.Permission(p))
	}
	return all
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// List gives an owner's keys in order of id.
func (s *Service) List(ctx context.Context, g auth.Grant) ([]Key, error) {
	return s.keys(ctx, `owner_id = $1`, g.Owner())
}

func (s *Service) keys(ctx context.Context, where string, args ...any) ([]Key, error) {
	var keys []Key
	err := s.store.Each(ctx, db.Worker(), `SELECT `+keyColumns+` WHERE `+where+` ORDER BY id`, args, func(r db.Row) error {
		k, err := scanKey(r)
		keys = append(keys, k)
		return err
	})
	return keys, err
}

func noKey() error { return fault.New(fault.NotFound, fault.APIKeyNotFound, "API key not found") }

// overlap is how long a rotated key goes on working beside its successor.
const overlap = 24 * time.Hour

// Rotate makes a successor with the same rights and lets the old key expire after an
// overlap of a day. also runs in the same unit.
func (s *Service) Rotate(ctx context.Context, g auth.Grant, keyID int64, also func(*db.Tx, Key, Secret) error) error {
	old, err := s.get(ctx, g, keyID)
	if err != nil {
		return err
	}
	end := s.clock.Now().Add(overlap)
	if !old.Expires.IsZero() && old.Expires.Before(end) {
		end = old.Expires
	}
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		n := NewKey{Name: old.Name, Mode: old.Mode, Role: old.Role, Permissions: old.Permissions, CIDRs: old.CIDRs, Expires: old.Expires, User: old.User}
		made, secret, err := s.Add(tx, g.Owner(), n)
		if err != nil {
			return err
		}
		// Not if it was revoked meanwhile, or its user disabled: the successor would live on.
		tx.ExecOne(noKey(), `UPDATE api_key SET expires_at = $3 WHERE owner_id = $1 AND id = $2 AND expires_at = $4`, g.Owner(), keyID, end.UnixMilli(), millis(old.Expires))
		return also(tx, made, secret)
	})
	s.dropKey(keyID)
	return err
}

// Revoke ends a key at once here, and within a second on every other node.
func (s *Service) Revoke(ctx context.Context, g auth.Grant, keyID int64, also func(*db.Tx) error) error {
	if _, err := s.get(ctx, g, keyID); err != nil {
		return err
	}
	now := s.clock.Millis()
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(noKey(), `UPDATE api_key SET expires_at = $3 WHERE owner_id = $1 AND id = $2`, g.Owner(), keyID, now)
		return also(tx)
	})
	s.dropKey(keyID)
	return err
}

func (s *Service) get(ctx context.Context, g auth.Grant, keyID int64) (Key, error) {
	keys, err := s.keys(ctx, `owner_id = $1 AND id = $2`, g.Owner(), keyID)
	if err == nil && len(keys) == 0 {
		err = noKey()
	}
	if err != nil {
		return Key{}, err
	}
	return keys[0], nil
}

// Renew gives a user a key of their own in the caller's mode, with their role, and ends
// the one before.
func (s *Service) Renew(ctx context.Context, g auth.Grant, u User, also func(*db.Tx, Key, Secret) error) error {
	mode, now := g.Actor().Mode, s.clock.Millis()
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.ExecOne(noUser(), `UPDATE staff_user SET status = 'active' WHERE id = $1 AND role = $2 AND status = 'active'`, u.ID, string(u.Role))
		tx.Exec(`UPDATE api_key SET expires_at = $3 WHERE user_id = $1 AND mode = $2 AND (expires_at = 0 OR expires_at > $3)`, u.ID, string(mode), now)
		k, secret, err := s.Add(tx, u.Owner, NewKey{Name: "own key", Mode: mode, Role: u.Role, Permissions: u.Permissions, User: u.ID})
		if err != nil {
			return err
		}
		return also(tx, k, secret)
	})
	s.dropUser(u.ID)
	return err
}

// Create makes a key for the grant's owner. also runs in the same unit.
func (s *Service) Create(ctx context.Context, g auth.Grant, n NewKey, also func(*db.Tx, Key, Secret) error) error {
	return s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		k, secret, err := s.Add(tx, g.Owner(), n)
		if err != nil {
			return err
		}
		return also(tx, k, secret)
	})
}
