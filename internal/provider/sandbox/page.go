package sandbox

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/provider"
)

const challengePath = "/sandbox/challenge/"

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// view is what the page shows.
type view struct {
	Style            template.CSS
	Amount, Currency string
	Saving, Decided  bool
	ReturnURL        string
}

// Handler serves the payer's page, which a bank or a provider would have. Mount it where
// PublicURL + /sandbox/challenge/ leads.
func (c *Connector) Handler() http.Handler {
	page := template.Must(template.New("page").Parse(pageText))
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+challengePath+"{token}", func(w http.ResponseWriter, r *http.Request) {
		found, err := c.challenged(r.Context(), r.PathValue("token"))
		if err != nil {
			refuse(w, err)
			return
		}
		show(w, page, found)
	})
	mux.HandleFunc("POST "+challengePath+"{token}", func(w http.ResponseWriter, r *http.Request) { c.answer(w, r, page) })
	return mux
}

// challenged finds a charge by its page's token.
func (c *Connector) challenged(ctx context.Context, token string) (*charge, error) {
	r, err := c.first(ctx, db.Worker(), `SELECT `+columns+`, 0 FROM sandbox_charge WHERE challenge_hash = $1`, hash(token))
	if err != nil || r.returnURL == "" {
		return r, err
	}
	a, err := c.Account(ctx, r.realm, r.account)
	if err != nil {
		return nil, err
	}
	r.returnURL, err = c.Show(ctx, a, r.returnURL)
	return r, err
}

// answer takes the payer's decision and sends them back. A second answer changes nothing
// and leads to the same place, because buttons are pressed twice.
func (c *Connector) answer(w http.ResponseWriter, r *http.Request, page *template.Template) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	found, err := c.challenged(r.Context(), r.PathValue("token"))
	if err != nil {
		refuse(w, err)
		return
	}
	decision := r.PostFormValue("decision")
	if decision != "confirm" && decision != "fail" {
		http.Error(w, "decision must be confirm or fail", http.StatusBadRequest)
		return
	}
	if found.state == provider.Challenge {
		err = c.decide(r.Context(), found, decision == "confirm")
	}
	if err != nil && !errors.Is(err, errMoved) {
		refuse(w, err)
		return
	}
	if !isWeb(found.returnURL) {
		found.state = provider.Unknown
		show(w, page, found)
		return
	}
	safe(w, "")
	http.Redirect(w, r, found.returnURL, http.StatusSeeOther) // 303: the shop is asked with GET (RFC 9110 §15.4.4)
}

// decide ends a challenge once: the condition on the state is what makes it once.
func (c *Connector) decide(ctx context.Context, r *charge, confirmed bool) error {
	if r.facts.Brand != "" {
		r.threeDS = map[bool]string{true: "authenticated", false: "failed"}[confirmed]
	}
	if confirmed {
		c.finish(r)
	} else {
		r.state, r.decline = provider.Declined, provider.AuthenticationFail
	}
	return c.Store.Write(ctx, r.scope(), func(tx *db.Tx) error {
		tx.ExecOne(errMoved, `UPDATE sandbox_charge SET state = $1, decline = $2, three_ds = $3, captured = $4, settles_at = $5, updated_at = $6
			WHERE realm_id = $7 AND account_id = $8 AND charge_key = $9 AND state = 'challenge'`,
			r.state.String(), r.decline, r.threeDS, r.captured, r.settlesAt, max(r.settlesAt, c.now()), r.realm, r.account, r.key)
		c.follow(tx, r)
		if r.state != provider.Pending && r.scenario != repeats {
			c.schedule(tx, r, c.event(chargeMoved, r.state.String(), 0))
		}
		return nil
	})
}

func show(w http.ResponseWriter, page *template.Template, r *charge) {
	v := view{Style: template.CSS(pageStyle), Amount: r.amount.String(), Currency: r.amount.Currency, Saving: r.amount.Minor == 0, Decided: r.state != provider.Challenge}
	if isWeb(r.returnURL) {
		v.ReturnURL = r.returnURL
	}
	safe(w, origin(v.ReturnURL))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, v) // the payer's connection is gone: nobody to tell
}

// safe allows nothing but our own style, and the form's way back: browsers apply
// form-action to the redirect after it, too (CSP 3 §6.4.1).
func safe(w http.ResponseWriter, back string) {
	sum := sha256.Sum256([]byte(pageStyle))
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action 'self' "+back+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address is the payer's key
	h.Set("X-Content-Type-Options", "nosniff")
}

func refuse(w http.ResponseWriter, err error) {
	safe(w, "")
	if errors.Is(err, errNoCharge) {
		http.Error(w, "This page does not exist.", http.StatusNotFound)
		return
	}
	http.Error(w, "The sandbox can't answer now. Try again.", http.StatusServiceUnavailable)
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && strings.Trim(strings.ToLower(u.Host), hostCharacters) == ""
}

// hostCharacters leave a header no room for a second directive.
const hostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]"

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || !isWeb(address) {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
