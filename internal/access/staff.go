package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/vault"
)

// Argon2id's cost: 46 MiB, one pass (OWASP Password Storage, second profile).
const (
	argonMemory = 46 * 1024
	argonPasses = 1
	argonLanes  = 1
)

// profile is what is sealed of a member of staff.
type profile struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// AddStaff makes a console user within the unit that makes its owner.
func (s *Service) AddStaff(tx *db.Tx, keys *vault.Keys, owner int64, name, email, password string, role auth.Role) error {
	id := s.ids.Next()
	plain, err := json.Marshal(profile{name, email})
	if err != nil {
		return err
	}
	sealed, err := keys.Seal(vault.Place{Table: "staff_user", Row: id, Column: "profile"}, plain)
	if err != nil {
		return err
	}
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	tx.Exec(`INSERT INTO staff_user (id, owner_id, profile, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, owner, sealed, hash, string(role), s.clock.Millis())
	return nil
}

// hashPassword gives the PHC string format.
func hashPassword(password string) (string, error) {
	var salt [16]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", err
	}
	sum := argon2.IDKey([]byte(password), salt[:], argonPasses, argonMemory, argonLanes, 32)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		b64.EncodeToString(salt[:]), b64.EncodeToString(sum)), nil
}

var errPassword = errors.New("access: wrong password")

// checkPassword compares in constant time.
func checkPassword(encoded, password string) error {
	var version, memory, passes, lanes int
	var rest string
	if _, err := fmt.Sscanf(encoded, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &lanes, &rest); err != nil {
		return errPassword
	}
	var salt, sum []byte
	for i := range rest {
		if rest[i] == '$' {
			salt, _ = base64.RawStdEncoding.DecodeString(rest[:i])
			sum, _ = base64.RawStdEncoding.DecodeString(rest[i+1:])
		}
	}
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), uint8(lanes), 32)
	if len(sum) != 32 || subtle.ConstantTimeCompare(got, sum) != 1 {
		return errPassword
	}
	return nil
}

// NewPassword makes a random password of 160 bits for the first admin.
func NewPassword() (string, error) {
	var random [20]byte
	_, err := rand.Read(random[:])
	return base64.RawURLEncoding.EncodeToString(random[:]), err
}
