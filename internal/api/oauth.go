package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// ClientInput is how a client says who it is, unless it does by Basic.
type ClientInput struct {
	ClientID     string `json:"client_id,omitempty" doc:"The key's id"`
	ClientSecret string `json:"client_secret,omitempty" doc:"The whole key"`
}

// TokenRequest asks for an access token (RFC 6749 §4.4.2).
type TokenRequest struct {
	ClientInput
	GrantType string `json:"grant_type" enum:"client_credentials"`
	Scope     string `json:"scope,omitempty" example:"customers:read payments:read" doc:"Permissions of the key, separated by spaces; all of them if absent"`
}

// TokenAnswer is an access token (RFC 6749 §5.1).
type TokenAnswer struct {
	AccessToken string `json:"access_token" doc:"For Authorization: Bearer"`
	TokenType   string `json:"token_type" enum:"Bearer"`
	ExpiresIn   int64  `json:"expires_in" doc:"Seconds"`
	Scope       string `json:"scope"`
}

// TokenInput names a token (RFC 7009 §2.1, RFC 7662 §2.1).
type TokenInput struct {
	ClientInput
	Token string `json:"token"`
	Hint  string `json:"token_type_hint,omitempty" example:"access_token"`
}

// Inspection is what a token is good for (RFC 7662 §2.2). Of one that is good for nothing
// only "active" is told.
type Inspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Subject   string `json:"sub,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	Issued    int64  `json:"iat,omitempty"`
}

// OAuthError is RFC 6749 §5.2.
type OAuthError struct {
	Error       string `json:"error" enum:"invalid_request,invalid_client,unauthorized_client,unsupported_grant_type,invalid_scope,unsupported_token_type,temporarily_unavailable,server_error"`
	Description string `json:"error_description"`
}

// The texts of OAuth 2. immutable: read by OpenAPI alone.
var (
	tokenDoc = operation{tag: "OAuth 2", summary: "Get an access token", body: of[TokenRequest](), answer: of[TokenAnswer](), errors: []int{413, 415}, fails: of[OAuthError](),
		description: "Client credentials (RFC 6749 §4.4): the client is an API key, its id and its whole text, by Basic or in the form. The token is opaque, good for an hour, for what both it and the key may do."}
	endTokenDoc = operation{tag: "OAuth 2", summary: "End an access token", body: of[TokenInput](), answer: of[struct{}](), errors: []int{413, 415}, fails: of[OAuthError](),
		description: "RFC 7009. Takes effect within a second on every node. A text that is no token of this client is no error."}
	inspectDoc = operation{tag: "OAuth 2", summary: "Ask what an access token is good for", body: of[TokenInput](), answer: of[Inspection](), errors: []int{413, 415}, fails: of[OAuthError](),
		description: "RFC 7662, for tokens of the same owner and mode."}
)

// oauthError writes an error in OAuth's own form. Other statuses than RFC 6749's 400 and
// 401 keep their meaning.
func oauthError(e *fault.Error) []byte {
	b := strictjson.AppendString([]byte(`{"error":`), oauthCode(e))
	text := strings.NewReplacer(`"`, "'", `\`, "/").Replace(e.Message) // §5.2 allows neither
	if e.Kind == fault.Internal {
		text = "An internal error occurred"
	}
	return append(strictjson.AppendString(append(b, `,"error_description":`...), text), '}')
}

func oauthCode(e *fault.Error) string {
	switch e.Code {
	case fault.InvalidScope:
		return "invalid_scope"
	case fault.UnsupportedGrant:
		return "unsupported_grant_type"
	case fault.UnsupportedToken:
		return "unsupported_token_type"
	}
	switch e.Kind {
	case fault.Internal:
		return "server_error"
	case fault.RateLimited, fault.Unavailable:
		return "temporarily_unavailable"
	case fault.Unauthorized:
		return "invalid_client"
	case fault.Forbidden:
		return "unauthorized_client"
	}
	return "invalid_request"
}

// parameter is one of the form's; others than those asked for mean nothing (RFC 6749 §3.2).
func parameter(r *gate.Request, name string) string {
	v, _ := r.Body.Get(name)
	return v.Text
}

func (a *API) giveToken(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	switch parameter(r, "grant_type") {
	case "":
		return nil, fault.New(fault.Invalid, fault.InvalidFormat, "grant_type is missing")
	case "client_credentials":
	default:
		return nil, fault.New(fault.Invalid, fault.UnsupportedGrant, "Only client_credentials is supported")
	}
	scope, err := scopeOf(r)
	if err != nil {
		return nil, err
	}
	t, secret, err := a.Access.AddToken(ctx, r.Grant, scope, func(tx *db.Tx) error {
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.TokenGive})
	})
	if err != nil {
		return nil, err
	}
	return oauthAnswer(TokenAnswer{AccessToken: secret.Reveal(), TokenType: "Bearer", ExpiresIn: int64(t.Expires.Sub(t.Created()).Round(time.Second) / time.Second), Scope: scopeText(t.Scope)})
}

// scopeOf is what the token shall be able to do: some of what its key may, all of it if
// nothing is said.
func scopeOf(r *gate.Request) ([]auth.Permission, error) {
	own := slices.DeleteFunc(slices.Clone(r.Grant.Actor().Permissions), func(p auth.Permission) bool { return p == auth.TokensOwn })
	asked := strings.Fields(parameter(r, "scope"))
	if len(asked) == 0 {
		return own, nil
	}
	var scope []auth.Permission
	for _, text := range asked {
		p := auth.Permission(text)
		if !slices.Contains(own, p) {
			return nil, fault.New(fault.Invalid, fault.InvalidScope, "The scope names a permission that this key does not have")
		}
		if !slices.Contains(scope, p) {
			scope = append(scope, p)
		}
	}
	return scope, nil
}

func scopeText(scope []auth.Permission) string { return strings.Join(names(scope), " ") }

// oauthAnswer adds the header that RFC 6749 §5.1 demands besides Cache-Control.
func oauthAnswer(body any) (*gate.Answer, error) {
	answer, err := encode(http.StatusOK, body)
	answer.Header = http.Header{"Pragma": {"no-cache"}}
	return answer, err
}

func tokenOf(r *gate.Request) (string, error) {
	text := parameter(r, "token")
	if text == "" {
		return "", fault.New(fault.Invalid, fault.InvalidFormat, "token is missing")
	}
	return text, nil
}

func (a *API) endToken(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	text, err := tokenOf(r)
	if err == nil && access.IsOther(text) {
		err = fault.New(fault.Invalid, fault.UnsupportedToken, "Only access tokens are ended here; keys and sessions have operations of their own")
	}
	if err != nil {
		return nil, err
	}
	err = a.Access.EndToken(ctx, r.Grant, text, func(tx *db.Tx) error {
		return a.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.TokenEnd})
	})
	if err != nil {
		return nil, err
	}
	return oauthAnswer(struct{}{})
}

func (a *API) inspectToken(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	text, err := tokenOf(r)
	if err != nil {
		return nil, err
	}
	t, active, err := a.Access.Inspect(ctx, r.Grant, text)
	if err != nil {
		return nil, err
	}
	if err := a.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.TokenInspect}); err != nil {
		return nil, err
	}
	if !active {
		return oauthAnswer(Inspection{})
	}
	client := strconv.FormatInt(t.Key, 10)
	return oauthAnswer(Inspection{Active: true, Scope: scopeText(t.Scope), ClientID: client, Subject: client, TokenType: "Bearer",
		Expires: t.Expires.Unix(), Issued: t.Created().Unix()})
}
