package app

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/florin-gateway/florin/internal/api"
	"github.com/florin-gateway/florin/internal/api/reference"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/console"
	"github.com/florin-gateway/florin/internal/customerpage"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/paypage"
)

// Handler is everything that Florin answers over HTTP. draining turns /readyz off
// first when the server stops.
func (a *App) Handler(s config.Serve, publicURL string, draining func() bool) (http.Handler, error) {
	a.publicURL, a.Sandbox.PublicURL = publicURL, publicURL
	proxies, err := gate.ParseProxies(s.TrustedProxies)
	if err != nil {
		return nil, err
	}
	g := gate.New(gate.Config{Access: a.Access, Audit: a.Audit, Idempotency: a.Answers, Clock: a.Clock, Log: a.Log, Random: random,
		Limits: a.Limits, RateLimit: s.RateLimit, Proxies: proxies, Metrics: gate.NewMetrics(a.Metrics)})
	a.EachMinute(g.NoteStrangers)
	door := a.API()
	door.AcceptCardData = s.AcceptCardData
	routes := door.Routes()
	open := api.Documents(sync.OnceValue(func() *huma.OpenAPI { return api.OpenAPI(routes, publicURL) }))
	open["GET /docs"] = reference.Handler("/openapi.json")
	open["GET /docs/"] = open["GET /docs"]
	open["GET /healthz"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answerHealth(w, http.StatusOK, "ok") })
	open["GET /readyz"] = a.readiness(draining)
	open["GET /metrics"] = g.Protect(auth.MetricsRead, audit.MetricsRead, promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{}))
	for _, base := range api.Bases() {
		callbacks := g.Open("callbacks", api.MaxCallback, door.Callback)
		open["POST "+base+"/callbacks/identity/{checker}"] = g.Open("identity callbacks", api.MaxCallback, door.IdentityCallback)
		open["POST "+base+"/callbacks/{provider}"], open["GET "+base+"/callbacks/{provider}"] = callbacks, callbacks
	}
	open["/sandbox/"] = a.Sandbox.Handler()
	if err := a.mountPaymentPage(g, s, open); err != nil {
		return nil, err
	}
	if err := a.mountCustomerPages(g, open); err != nil {
		return nil, err
	}
	if err := mountConsole(g, open); err != nil {
		return nil, err
	}
	return g.Handler(routes, api.Bases(), open)
}

func (a *App) mountPaymentPage(g *gate.Gate, s config.Serve, open map[string]http.Handler) error {
	door, err := paypage.New(paypage.Door{Payments: a.Payments, Owners: a.Owners, Clock: a.Clock, Log: a.Log, PublicURL: a.publicURL, AcceptCardData: s.AcceptCardData})
	if err != nil {
		return err
	}
	for pattern, page := range door.Routes() {
		open[pattern] = g.Page("payment page", paypage.MaxBody, page, door.TooMany)
	}
	return nil
}

func (a *App) mountCustomerPages(g *gate.Gate, open map[string]http.Handler) error {
	door, err := customerpage.New(customerpage.Door{Consents: a.Consents, Payments: a.Payments, Clock: a.Clock, Privacy: a.Privacy, Owners: a.Owners, Log: a.Log, PublicURL: a.publicURL})
	if err != nil {
		return err
	}
	for pattern, page := range door.Routes() {
		open[pattern] = g.Page("customer page", customerpage.MaxBody, page, door.TooMany)
	}
	return nil
}

func mountConsole(g *gate.Gate, open map[string]http.Handler) error {
	pages, err := console.New()
	if err != nil {
		return err
	}
	for pattern, page := range pages.Routes() {
		open[pattern] = g.Page("console page", console.MaxBody, page, page)
	}
	return nil
}

// API is the HTTP API over this app's features.
func (a *App) API() *api.API {
	return &api.API{Customers: a.Customers, Owners: a.Owners, Access: a.Access, Audit: a.Audit, Sealer: a.Sealer, Events: a.Events, Vault: a.Vault, Rotations: a.Rotations,
		Payments: a.Payments, Consents: a.Consents, Routing: a.Routing, Fees: a.Fees, Rates: a.Rates, Webhooks: a.Webhooks, Privacy: a.Privacy, Retention: a.Retention, Verifications: a.Verifications, Screenings: a.Screenings, Rights: a.Rights, Register: a.Register, Clock: a.Clock,
		Mail: a.mail, PublicURL: a.public}
}

// MetricsHandler serves /metrics alone, for a listener of its own.
func (a *App) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{})
}

func (a *App) readiness(draining func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if draining() {
			answerHealth(w, http.StatusServiceUnavailable, "stopping")
		} else if err := a.Ready(ctx); err != nil {
			a.Log.Warn("not ready", "error", err.Error())
			answerHealth(w, http.StatusServiceUnavailable, "unavailable")
		} else {
			answerHealth(w, http.StatusOK, "ready")
		}
	})
}

func answerHealth(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if status != http.StatusOK {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"status":"` + text + `"}`))
}
