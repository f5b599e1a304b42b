package api

import "github.com/florin-gateway/florin/internal/gate"

// IdentityProvider is where users may sign in instead.
type IdentityProvider struct {
	ID       int64    `json:"id"`
	Name     string   `json:"name"`
	Issuer   string   `json:"issuer" format:"uri"`
	ClientID string   `json:"clientId"`
	Domains  []string `json:"domains" doc:"Of the e-mail addresses that may come in; none: any"`
	Role     *string  `json:"role" doc:"Of people who were not invited; null: only who was invited comes in"`
	Enabled  bool     `json:"enabled"`
	// SignIn is what a person opens.
	SignIn string `json:"signInUrl" format:"uri" doc:"Where people begin"`
	// Back is what the provider has to be told.
	Back string `json:"redirectUri" format:"uri" doc:"What the provider must have as this client's redirect URI"`
}

// IdentityProviderList are an owner's.
type IdentityProviderList struct {
	Data []IdentityProvider `json:"data"`
}

// IdentityProviderInput is a new one, or a change: what is absent stays.
type IdentityProviderInput struct {
	Name         string   `json:"name,omitempty" minLength:"1" maxLength:"200" example:"Our directory"`
	Issuer       string   `json:"issuer,omitempty" format:"uri" example:"https://login.shop.example"`
	ClientID     string   `json:"clientId,omitempty" maxLength:"1024"`
	ClientSecret string   `json:"clientSecret,omitempty" maxLength:"1024" doc:"Never shown again"`
	Domains      []string `json:"domains,omitempty" maxItems:"50"`
	Role         *string  `json:"role,omitempty" doc:"A built-in role or one of your own; needs domains"`
	Enabled      bool     `json:"enabled,omitempty" doc:"true if absent in a new one"`
}

func modeParam() gate.Param {
	return gate.Param{Name: "mode", Type: "string", Typed: true, Doc: "live or test; live if absent", Example: "test"}
}

// arrivalParams are what a provider sends back (RFC 6749 §4.1.2, RFC 9207).
func arrivalParams() []gate.Param {
	return []gate.Param{{Name: "state", Type: "string", Typed: true, Doc: "Of the departure"}, {Name: "code", Type: "string", Typed: true, Doc: "What the ID token is got for"},
		{Name: "iss", Type: "string", Typed: true, Doc: "Who answers"}, {Name: "error", Type: "string", Typed: true, Doc: "Why the provider says no"}}
}

// The texts of identity providers. immutable: read by OpenAPI alone.
var (
	identityProvidersDoc      = operation{tag: "Users", summary: "List identity providers", answer: of[IdentityProviderList]()}
	identityProviderDoc       = operation{tag: "Users", summary: "Get an identity provider", answer: of[IdentityProvider](), errors: []int{404}}
	createIdentityProviderDoc = operation{tag: "Users", summary: "Add an identity provider", body: of[IdentityProviderInput](), answer: of[IdentityProvider](), errors: []int{409, 413, 415, 422},
		headers: []string{"Idempotent-Replayed"}, description: "An OpenID Connect provider whose word is taken for who somebody is, and so with all the permissions of an Admin alone."}
	updateIdentityProviderDoc = operation{tag: "Users", summary: "Change an identity provider", body: of[IdentityProviderInput](), answer: of[IdentityProvider](), errors: []int{404, 413, 415}}
	removeIdentityProviderDoc = operation{tag: "Users", summary: "Remove an identity provider", errors: []int{404}}
	departDoc                 = operation{tag: "Users", summary: "Sign in at an identity provider", redirects: true, errors: []int{404},
		description: "Sends the browser there (OpenID Connect, authorization code with PKCE) with a cookie that it must bring back within ten minutes."}
	arriveDoc = operation{tag: "Users", summary: "Come back from an identity provider", answer: of[SignedIn](),
		description: "Where a provider sends the browser. The console will take this answer's place."}
)
