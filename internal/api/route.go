package api

import (
	"net/http"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/gate"
)

// route is a gate.Route in the making, so that a line of the table reads as one.
type route gate.Route

type routes []route

func (all routes) plain() []gate.Route {
	plain := make([]gate.Route, len(all))
	for i, r := range all {
		plain[i] = gate.Route(r)
	}
	return plain
}

func newRoute(method, path, id string, p auth.Permission, action string, body gate.Body, h handler, typed func(string) bool) route {
	r := route{Method: method, Path: path, ID: id, Permission: p, Audit: action, Body: body, Rate: gate.PerKey, Handle: h}
	if body != gate.NoBody {
		r.MaxBody, r.Card = maxBody, typed
	}
	return r
}

// onCustomers is a route whose {id} is a customer's.
func onCustomers(method, path, id string, p auth.Permission, action string, body gate.Body, h handler) route {
	r := newRoute(method, path, id, p, action, body, h, customer.Typed)
	r.OnCustomer = true
	return r
}

// admin is a route about the owner's own things.
func admin(method, path, id string, p auth.Permission, action string, body gate.Body, h handler) route {
	return newRoute(method, path, id, p, action, body, h, func(string) bool { return false })
}

// ofDesk is a route for whoever looks after privacy. Digests and files look like anything; what
// a file holds is looked at once it is decoded.
func ofDesk(method, path, id, action string, body gate.Body, h handler) route {
	return newRoute(method, path, id, auth.PrivacyManage, action, body, h, func(name string) bool { return name == "sha256" || name == "content" })
}

// open is a route by which somebody comes in who has no credential yet, also below the
// root. Passwords and tokens look like anything and are never shown.
func open(path, id, action string, body gate.Body, h handler) route {
	r := newRoute(http.MethodPost, path, id, "", action, body, h, isSecret)
	r.Open, r.Rate = true, gate.PerAddress
	return r.atRoot()
}

// client is a route of OAuth 2, whose caller is an API key as a client.
func client(path, id, action string, h handler) route {
	r := newRoute(http.MethodPost, path, id, auth.TokensOwn, action, gate.Form, h, func(string) bool { return true })
	r.Client, r.Refuse, r.MaxBody = true, oauthError, maxClientBody
	return r.atRoot()
}

// visit is where a browser goes by itself to sign in, also below the root. What another
// server adds to the address is not ours to refuse.
func visit(path, id string, h handler) route {
	r := newRoute(http.MethodGet, path, id, "", audit.UserSignIn, gate.NoBody, h, nil)
	r.Open, r.Rate, r.AnyQuery = true, gate.PerAddress, true
	return r.atRoot()
}

// own is a route about the caller's own way in.
func own(method, path, id, action string, body gate.Body, h handler) route {
	return newRoute(method, path, id, auth.SessionsOwn, action, body, h, isSecret)
}

func isSecret(name string) bool {
	return name == "password" || name == "current" || name == "token" || name == "otp"
}

// opaque takes what a browser's authenticator says, which looks like anything.
func (r route) opaque() route {
	r.Card = func(name string) bool { return name != "name" }
	return r
}

// atRoot is served at /path besides, where OAuth and scripts of the vendor's look.
func (r route) atRoot() route {
	r.AtRoot = true
	return r
}

// payments is a route about money: amounts and ids are no free text.
func payments(method, path, id string, p auth.Permission, action string, body gate.Body, h handler) route {
	return newRoute(method, path, id, p, action, body, h, typedInRequests)
}

// secret is a route that takes a provider's credentials, which look like anything and are
// never shown again.
func secret(method, path, id string, p auth.Permission, action string, body gate.Body, h handler) route {
	return newRoute(method, path, id, p, action, body, h, func(name string) bool { return name != "kind" && name != "name" && name != "enabled" })
}

// endpoint is a route about webhook endpoints: of what it takes only the description is
// free text, and numbers in an address are the receiver's business.
func endpoint(method, path, id, action string, body gate.Body, h handler) route {
	return newRoute(method, path, id, auth.WebhooksManage, action, body, h, func(name string) bool { return name != "description" })
}

// cards is a route that takes a card: the one place where its digits may stand.
func (r route) cards() route {
	r.Card, r.Same = typedOnCards, sameCard
	return r
}

// verb is for a word before {id} that would clash with another route's word behind it.
func (r route) verb(word string) route {
	r.Verb = word
	return r
}

func (r route) query(params ...gate.Param) route {
	r.Query = params
	return r
}

func (r route) says(d operation) route {
	r.Doc = d
	return r
}
