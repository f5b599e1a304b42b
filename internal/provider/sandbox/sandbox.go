package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
)

// Kind is the connector's name in the registry.
const Kind = "sandbox"

// Names of an account's secrets.
const (
	CallbackSecret    = "callback"
	FingerprintSecret = "fingerprint"
)

// Delay is how long after a charge its late callback is due.
const Delay = 5 * time.Second

// DisputeTime is how long a chargeback can be contested.
const DisputeTime = 14 * 24 * time.Hour

// Connector is the sandbox. All fields must be set.
type Connector struct {
	Store     *db.DB
	Clock     clock.Clock
	IDs       func() int64
	Random    io.Reader // crypto/rand.Reader, but for tests
	PublicURL string    // without a slash at its end
	// Hide and Show seal the payer's way back: it may hold the key of a payment page.
	Hide func(context.Context, provider.Account, string) (string, error)
	Show func(context.Context, provider.Account, string) (string, error)
	// Account finds the account that a callback is for.
	Account func(ctx context.Context, realm, account int64) (provider.Account, error)
	// Deliver brings a signed callback to the account's CallbackURL, or straight to what
	// serves it. An error has it sent again later.
	Deliver func(context.Context, provider.Account, provider.Callback) error
}

// About is what the registry says of the sandbox.
func About() provider.About {
	return provider.About{
		Kind: Kind, Title: "Sandbox", Methods: provider.Kinds(), TestOnly: true,
		Credentials: []provider.Field{
			{Name: CallbackSecret, Doc: "Signs callbacks (HMAC-SHA256); 16 characters or more.", Secret: true, Required: true, Pattern: `^.{16,}$`},
			{Name: FingerprintSecret, Doc: "Keys the fingerprints of saved cards; 16 characters or more.", Secret: true, Required: true, Pattern: `^.{16,}$`},
		},
	}
}

// ready refuses an account that the sandbox can't serve, before anything is done.
func ready(a provider.Account) error {
	if a.Mode != auth.Test {
		return fmt.Errorf("sandbox: serves test mode only: %w", provider.ErrUnavailable)
	}
	for _, name := range []string{CallbackSecret, FingerprintSecret} {
		if a.Secrets[name].Reveal() == "" {
			return fmt.Errorf("sandbox: the account has no secret %q: %w", name, provider.ErrUnavailable)
		}
	}
	return nil
}

func (c *Connector) now() int64 { return c.Clock.Millis() }

// derive makes a token of 256 bits from the row's nonce, so that the same call made again
// gets the same token although only its hash is kept.
func derive(a provider.Account, purpose string, nonce []byte) string {
	mac := hmac.New(sha256.New, []byte(a.Secrets[CallbackSecret].Reveal()))
	fmt.Fprintf(mac, "sandbox %s %d %d %x", purpose, a.Realm, a.ID, nonce)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func savedToken(a provider.Account, nonce []byte) string {
	return "sbx_tok_" + derive(a, "token", nonce)
}

// fingerprint recognises a number without telling it: keyed, because the few numbers of a
// BIN are quickly tried (PCI DSS 3.5.1.1).
func fingerprint(a provider.Account, number string) string {
	mac := hmac.New(sha256.New, []byte(a.Secrets[FingerprintSecret].Reveal()))
	fmt.Fprintf(mac, "sandbox card %s", number)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}
