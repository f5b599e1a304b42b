package gate

import (
	"cmp"
	"context"
	"net/http"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
)

// Stranger answers a request that comes without a credential of ours: a provider's
// callback, whose signature is checked by whoever it is for.
type Stranger func(context.Context, *http.Request, auth.Origin) (*Answer, error)

// Open serves a stranger under the gate's bounds, error shape and metrics. Attempts that
// are refused are counted like refused credentials, and an address with too many of them
// is turned away.
func (g *Gate) Open(name string, maxBody int64, handle Stranger) http.Handler {
	observe := g.metrics.route(name)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := g.clock.Now()
		requestID := requestIDOf(r.Context())
		origin := g.Origin(r)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer, err := g.openOnce(r, origin, handle)
		if err != nil {
			g.refuse(w, requestID, err)
			observe(statusOf(fault.From(err).Kind), g.clock.Now().Sub(began))
			return
		}
		writeAnswer(w, answer, "")
		observe(answer.Status, g.clock.Now().Sub(began))
	})
}

// answerStranger takes a request to sign in through the stages that need no caller. The
// request is given back only when it was answered: a stranger's refusal is counted, and
// has no owner in whose trail it could stand.
func (g *Gate) answerStranger(ctx context.Context, w http.ResponseWriter, req *Request, route Route) (*Request, *Answer, bool, error) {
	address := req.Grant.Origin().Address
	if err := g.limits.fails(address); err != nil {
		return nil, nil, false, err
	}
	if err := cmp.Or(req.readPath(), req.readHead(route)); err != nil {
		return nil, nil, false, err
	}
	if _, err := req.readBody(w, route); err != nil {
		return nil, nil, false, err
	}
	answer, err := route.Handle(ctx, req)
	if fault.From(err).Kind == fault.Unauthorized {
		g.limits.failed(address)
		g.strangers.count(address, "sign-in")
	}
	if err != nil {
		return nil, nil, false, err
	}
	return req, answer, false, nil
}

func (g *Gate) openOnce(r *http.Request, origin auth.Origin, handle Stranger) (*Answer, error) {
	if err := g.limits.fails(origin.Address); err != nil {
		return nil, err
	}
	answer, err := handle(r.Context(), r, origin)
	if fault.From(err).Kind == fault.Unauthorized {
		g.limits.failed(origin.Address)
		g.strangers.count(origin.Address, "signature")
	}
	return answer, err
}

// Page answers people in their own words, also when it refuses them. It says what status
// it gave; 404 is a token that nobody was given.
type Page func(w http.ResponseWriter, r *http.Request, from auth.Origin) (status int)

// Page serves a page that is found by a token, under the gate's bounds and metrics.
// Refused tokens are counted like refused credentials; tooMany answers an address that
// has too many of them.
func (g *Gate) Page(name string, maxBody int64, page, tooMany Page) http.Handler {
	observe := g.metrics.route(name)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := g.clock.Now()
		from := g.Origin(r)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer := page
		if g.limits.fails(from.Address) != nil {
			answer = tooMany
		}
		status := answer(w, r, from)
		if status == http.StatusNotFound {
			g.limits.failed(from.Address)
			g.strangers.count(from.Address, "link")
		}
		observe(status, g.clock.Now().Sub(began))
	})
}

// Origin is where a request of an open page came from.
func (g *Gate) Origin(r *http.Request) auth.Origin {
	return auth.Origin{Address: g.proxies.Client(r).String(), RequestID: requestIDOf(r.Context())}
}

// Protect serves a page of its own kind (metrics) to those who may.
func (g *Gate) Protect(need auth.Permission, action string, page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		from := g.proxies.Client(r)
		origin := auth.Origin{Address: from.String(), RequestID: requestIDOf(ctx)}
		text, err := credentialOf(r)
		if err != nil {
			g.refuse(w, origin.RequestID, err)
			return
		}
		actor, err := g.identify(ctx, text, from, origin)
		if _, denied := auth.Allow(actor, origin, need); err == nil && denied != nil {
			err = forbidden(denied)
			if noted := g.noteRefusal(ctx, &Request{Grant: auth.Refused(actor, origin)}, Route{Audit: action}, err); noted != nil {
				err = noted
			}
		}
		if err != nil {
			g.refuse(w, origin.RequestID, err)
			return
		}
		page.ServeHTTP(w, r)
	})
}
