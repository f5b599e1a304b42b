package stripe

import (
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/provider"
)

// Kind is the connector's name in the registry.
const Kind = "stripe"

// Names of an account's secrets.
const (
	KeySecret     = "secret_key"
	WebhookSecret = "webhook_secret"
)

// Names of what we write into Stripe's metadata.
const (
	keyMetadata    = "florin_key"
	chargeMetadata = "florin_charge"
)

// Connector calls Stripe.
type Connector struct {
	Client  *egress.Client
	BaseURL string // https://api.stripe.com if empty; tests have another
}

// About is what the registry says of the connector.
func About() provider.About {
	return provider.About{
		Kind: Kind, Title: "Stripe", Methods: []provider.Kind{provider.CreditCard, provider.ApplePay, provider.GooglePay, provider.PayPal, provider.BankTransfer},
		Credentials: []provider.Field{
			{Name: KeySecret, Doc: "Secret or restricted key of the mode: sk_test_…, rk_live_….", Secret: true, Required: true, Pattern: `^(sk|rk)_(test|live)_[A-Za-z0-9_]+$`},
			{Name: WebhookSecret, Doc: "Signing secret of the webhook endpoint: whsec_….", Secret: true, Required: true, Pattern: `^whsec_[A-Za-z0-9+/=_]+$`},
		},
	}
}

// client is the library, bound to an account's key and to our way out.
func (c *Connector) client(a provider.Account) (*sdk.Client, error) {
	key := a.Secrets[KeySecret].Reveal()
	if _, mode, _ := strings.Cut(key, "_"); !strings.HasPrefix(mode, string(a.Mode)+"_") || !a.Mode.Valid() {
		return nil, fmt.Errorf("stripe: the account's key is missing or of the other mode: %w", provider.ErrUnavailable)
	}
	out := *c.Client.HTTP()
	out.Transport = plainAgent{out.Transport}
	config := &sdk.BackendConfig{
		HTTPClient:        &out,
		EnableTelemetry:   sdk.Bool(false),
		MaxNetworkRetries: sdk.Int64(0), // who calls again is decided by payment, and told
		LeveledLogger:     &sdk.LeveledLogger{Level: sdk.LevelNull},
	}
	if c.BaseURL != "" {
		config.URL = sdk.String(c.BaseURL)
	}
	return sdk.NewClient(key, sdk.WithBackends(&sdk.Backends{API: sdk.GetBackendWithConfig(sdk.APIBackend, config)})), nil
}

// plainAgent leaves out the header in which the library tells of the machine.
type plainAgent struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p plainAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("X-Stripe-Client-User-Agent")
	return p.RoundTripper.RoundTrip(r)
}

// idempotent makes a call's parameters with a key that is the same when it is made again.
func idempotent(key, step string) sdk.Params {
	return sdk.Params{IdempotencyKey: sdk.String("florin-" + key + "-" + step)}
}

func live(a provider.Account) bool { return a.Mode == auth.Live }
