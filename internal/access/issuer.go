package access

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/fault"
)

// How long an issuer's discovery document and keys are believed, and how long one that
// did not answer is left alone: anybody can make us ask.
const (
	issuerFresh = time.Hour
	issuerAway  = 10 * time.Second
	mostIssuers = 1000
)

// Issuers knows providers by their discovery documents. Every call goes out by egress.
type Issuers struct {
	client *egress.Client
	clock  clock.Clock

	mu    sync.Mutex
	known map[string]*issuer
}

// NewIssuers makes an empty one.
func NewIssuers(client *egress.Client, c clock.Clock) *Issuers {
	return &Issuers{client: client, clock: c, known: map[string]*issuer{}}
}

// issuer is one of them; provider is nil while it does not answer.
type issuer struct {
	mu       sync.Mutex
	provider *oidc.Provider
	about    discovery
	until    time.Time
}

// discovery is what go-oidc leaves for its caller to read (OpenID Connect Discovery §3,
// RFC 9207 §3).
type discovery struct {
	TokenMethods []string `json:"token_endpoint_auth_methods_supported"`
	SaysIssuer   bool     `json:"authorization_response_iss_parameter_supported"`
}

func noAnswer() *fault.Error {
	return &fault.Error{Kind: fault.Unavailable, Code: fault.UnavailableCode, RetryAfter: issuerAway, Message: "The identity provider does not answer as an OpenID Connect provider should"}
}

// outside is a context whose calls go out by egress and outlive their request: others wait
// for what it asks, and egress bounds it. go-oidc keeps the client with the provider's keys.
func (i *Issuers) outside(ctx context.Context) context.Context {
	return oidc.ClientContext(context.WithoutCancel(ctx), i.client.HTTP())
}

func (i *Issuers) entry(address string) *issuer {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.known[address] == nil {
		if len(i.known) >= mostIssuers {
			clear(i.known)
		}
		i.known[address] = &issuer{}
	}
	return i.known[address]
}

// find gives an issuer; of many who want it at once one asks.
func (i *Issuers) find(ctx context.Context, address string) (*oidc.Provider, discovery, error) {
	e := i.entry(address)
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := i.clock.Now(); !now.Before(e.until) {
		provider, err := oidc.NewProvider(i.outside(ctx), address)
		if err == nil {
			err = provider.Claims(&e.about)
		}
		e.provider, e.until = provider, now.Add(issuerFresh)
		if err != nil { // its text may quote what the provider said
			e.provider, e.until = nil, now.Add(issuerAway)
		}
	}
	if e.provider == nil {
		return nil, discovery{}, noAnswer()
	}
	return e.provider, e.about, nil
}

// client is how we talk to a provider.
func (d discovery) client(p IdentityProvider, provider *oidc.Provider, back string) *oauth2.Config {
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // the default of Discovery §3
	if len(d.TokenMethods) > 0 && !slices.Contains(d.TokenMethods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: endpoint, RedirectURL: back, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}
}
