package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/florin-gateway/florin/internal/fault"
)

// Lengths in characters (NIST SP 800-63B-4 §3.1.1.2: 15 where a password is the only
// factor, 8 where it is one of two). No rule asks for kinds of characters, and no password
// expires.
const (
	minPassword   = 15
	minWithFactor = 8
	maxPassword   = 256
)

// isShort reports whether a password needs a second factor beside it.
func isShort(text string) bool { return utf8.RuneCountInString(normalPassword(text)) < minPassword }

// common are passwords that everybody uses, in lower case, sorted by bytes; where they
// are from is in docs/access.md.
//
//go:embed common_passwords.txt
var common string

// normalPassword is the spelling that is hashed: composed, so that two keyboards give one
// password (RFC 8265 §4.2.2 rule 4).
func normalPassword(text string) string { return norm.NFC.String(text) }

// checkNewPassword refuses what is short, common or easily guessed from who it is for.
func checkNewPassword(text string, factor bool, personal ...string) error {
	bad := func(message string) error { return fault.OneField("/password", "invalid", message) }
	text = normalPassword(text)
	length := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text) || length < minPassword && !factor:
		return bad("must have at least 15 characters; a few words will do")
	case length < minWithFactor:
		return bad("must have at least 8 characters beside your second factor")
	case length > maxPassword:
		return bad("must have at most 256 characters")
	case isCommon(text):
		return bad("is one that many people use")
	case isPersonal(text, personal):
		return bad("must not be made of the name, the e-mail address or the product's name")
	}
	return nil
}

// isCommon compares the whole password, as NIST asks, and what is left of it without
// spaces, without what people put around a word, and without repetition: 15 characters
// are soon filled with a short one.
func isCommon(text string) bool {
	bare := core(text)
	word := period(bare)
	inner := strings.TrimFunc(bare, func(r rune) bool { return !unicode.IsLetter(r) })
	return utf8.RuneCountInString(word) <= 4 || listed(bare) || listed(word) || listed(inner) || listed(period(inner))
}

// core is a password without case and spaces.
func core(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(text), ""))
}

// period is the shortest text of which a text is a repetition.
func period(text string) string {
	if at := strings.Index((text + text)[min(1, len(text)):], text); at >= 0 && at+1 < len(text) {
		return text[:at+1]
	}
	return text
}

// listed looks a word up in the sorted list.
func listed(word string) bool {
	if len(word) < 8 {
		return false
	}
	at := sort.Search(len(common), func(i int) bool { return lineAt(i) >= word })
	return at < len(common) && lineAt(at) == word
}

// lineAt is the first line that begins at a byte or after it.
func lineAt(i int) string {
	if i > 0 {
		next := strings.IndexByte(common[i-1:], '\n')
		if next < 0 {
			return "\xff"
		}
		i += next
	}
	line, _, _ := strings.Cut(common[i:], "\n")
	if line == "" {
		return "\xff"
	}
	return line
}

// isPersonal takes names and addresses out of a password and looks whether enough is
// left that is not digits and punctuation.
func isPersonal(text string, personal []string) bool {
	rest := core(text)
	for _, value := range append(personal, "florin") {
		rest = strings.ReplaceAll(rest, core(value), "")
		for _, part := range strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(part) >= 4 {
				rest = strings.ReplaceAll(rest, part, "")
			}
		}
	}
	left := 0
	for _, r := range rest {
		if unicode.IsLetter(r) {
			left++
		}
	}
	return rest != core(text) && left < 4
}

// Argon2id's cost: 46 MiB, one pass (OWASP Password Storage, second profile).
const (
	argonMemory = uint32(46 * 1024)
	argonPasses = 1
	argonLanes  = 1
)

// nobody is the hash of no password: whoever is unknown costs the same work.
func nobody(memory uint32) string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", memory)
}

// hashPassword gives the PHC string format. memory is in KiB.
func hashPassword(memory uint32, password string) (string, error) {
	var salt [16]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", err
	}
	sum := argon2.IDKey([]byte(normalPassword(password)), salt[:], argonPasses, memory, argonLanes, 32)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, argonPasses, argonLanes,
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
	got := argon2.IDKey([]byte(normalPassword(password)), salt, uint32(passes), uint32(memory), uint8(lanes), 32)
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

// How many passwords are hashed at once, each in 46 MiB, and how many more may wait: a
// flood of attempts must not take the memory or the processors of payments.
const (
	mostHashing = 2
	mostWaiting = 30
)

// hashing lets a few hash at a time.
type hashing struct {
	slots   chan struct{}
	present atomic.Int64 // hashing or waiting
	done    atomic.Int64 // for tests: how much work was done
}

func newHashing() *hashing { return &hashing{slots: make(chan struct{}, mostHashing)} }

// run does the work when there is room, or refuses at once when too many wait.
func (h *hashing) run(ctx context.Context, work func() error) error {
	defer h.present.Add(-1)
	if h.present.Add(1) > mostHashing+mostWaiting {
		return &fault.Error{Kind: fault.Unavailable, Code: fault.UnavailableCode, RetryAfter: 2 * time.Second,
			Message: "Too many people are signing in at this moment; try again"}
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	h.done.Add(1)
	return work()
}
