package paypage

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/webpage"
)

// view is what a template sees.
type view struct {
	webpage.View
	Self      string // this page's address, for forms
	Amount    string
	Reference string
	Notes     string
	Test      bool
	Back      string // to the shop
	Onward    string // to the bank, wallet or provider
	Return    string
	Again     string

	// of the form
	Cards   bool
	Hosted  provider.Kind   // the provider's own page in place of the card form
	Others  []provider.Kind // buttons
	Saving  bool            // there is a customer who may have the method kept
	Seen    int64
	Typed   typed
	Decline string // key of the reason
	Retry   bool   // an earlier try failed
	Stuck   bool
}

// Wrong reports whether a field of the form could not be taken.
func (v *view) Wrong(field string) bool { return slices.Contains(v.Typed.Wrong, field) }

// Errors are the fields that could not be taken.
func (v *view) Errors() []string { return v.Typed.Wrong }

// Consent is the sentence beside the box, and what is kept as evidence (GDPR Art. 7(1)).
func (v *view) Consent() string { return v.Say("consent") }

// MethodName is a way of paying for people. Brands have one name in all languages.
func (v *view) MethodName(k provider.Kind) string {
	names := map[provider.Kind]string{provider.ApplePay: "Apple Pay", provider.GooglePay: "Google Pay", provider.UPI: "UPI", provider.PayPal: "PayPal"}
	if name, ok := names[k]; ok {
		return name
	}
	return v.Say("method." + string(k))
}

// view begins a page about the visit's request.
func (v *visit) view(key string) *view {
	s := &view{View: v.speech.View(v.tongue, key, v.home(), v.owner.BrandColor, script), Self: v.address(""), Return: v.address("/return"), Again: v.address("/again")}
	q := v.request
	if q == nil {
		return s
	}
	s.Merchant, s.Amount, s.Reference, s.Notes = v.owner.Name, amount(v.tongue, q.Amount), q.ReferenceID, q.Notes
	s.Test, s.Back = v.grant.Actor().Mode == auth.Test, shop(q)
	s.Places["merchant"], s.Places["amount"] = s.Merchant, s.Amount
	return s
}

// home is the request's page, or the wrong address that somebody came by.
func (v *visit) home() string {
	if v.token() == "" {
		return v.r.URL.EscapedPath()
	}
	return "/pay/" + url.PathEscape(v.token())
}

// address is one of the request's own, in the language that was asked for.
func (v *visit) address(end string) string {
	address := v.home() + end
	if t := v.speech.Asked(v.r); t != nil {
		address += "?lang=" + t.Code
	}
	return address
}

// write renders whole before the first byte leaves.
func (v *visit) write(status int, name string, s *view) int {
	var b bytes.Buffer
	if err := v.pages.ExecuteTemplate(&b, name, s); err != nil {
		v.Log.Error("payment page failed", "request", v.from.RequestID, "page", name, "error", "template")
		status, b = http.StatusInternalServerError, bytes.Buffer{}
	}
	s.Guard(v.w.Header())
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the payer has gone: nobody to tell
	return status
}

// plain is a page that says one thing.
func (v *visit) plain(status int, key string) int {
	return v.write(status, "plain.html", v.view(key))
}

// see sends the payer to another page of the same request, with GET (RFC 9110 §15.4.4).
func (v *visit) see(end string) int {
	v.view("").Guard(v.w.Header())
	v.w.Header().Set("Location", v.address(end))
	v.w.WriteHeader(http.StatusSeeOther)
	return http.StatusSeeOther
}

// open shows how a request stands.
func (v *visit) open() int { return v.state("", false) }

// state shows how a request stands. decline is the key of a reason that may be told.
func (v *visit) state(decline string, stuck bool) int {
	q := v.request
	switch {
	case q.Status == payment.Paid:
		return v.plain(http.StatusOK, "paid")
	case q.Status == payment.Cancelled || q.Archived:
		return v.plain(http.StatusOK, "cancelled")
	case q.Status == payment.Pending:
		return v.pending(stuck)
	}
	if v.owner.Suspended() {
		return v.plain(http.StatusServiceUnavailable, "closed")
	}
	if err := v.Payments.MayPay(q); err != nil {
		return v.refuse(err)
	}
	if decline != "" {
		return v.offer(http.StatusOK, "declined", typed{}, decline)
	}
	return v.offer(http.StatusOK, "pay", typed{}, "")
}

// pending leads on to whoever must confirm, if anybody must.
func (v *visit) pending(stuck bool) int {
	onward, err := v.Payments.Challenge(v.ctx(), v.grant, v.request)
	if err != nil {
		return v.failed(err)
	}
	s := v.view("pending")
	s.Stuck = stuck
	if web(onward) != "" {
		s.Key, s.Onward = "confirm", v.address("/continue")
	}
	return v.write(http.StatusOK, "pending.html", s)
}

// refuse is why a request can't be paid now.
func (v *visit) refuse(err error) int {
	e := fault.From(err)
	switch {
	case e.Kind == fault.RateLimited:
		v.w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds())))
		if v.Payments.MayPay(v.request) != nil {
			return v.plain(http.StatusTooManyRequests, "tried")
		}
		return v.plain(http.StatusTooManyRequests, "busy")
	case e.Kind == fault.Internal || e.Kind == fault.Unavailable:
		return v.failed(err)
	}
	return v.plain(http.StatusConflict, "unable")
}

// offer shows the form. What a realm can take is asked without the customer: what they
// paid with before is not for whoever holds the link.
func (v *visit) offer(status int, key string, t typed, decline string) int {
	q := v.request
	offers, err := v.Payments.Offers(v.ctx(), v.grant, q.Amount, q.PayerCountry, 0)
	if err != nil {
		return v.failed(err)
	}
	saves, err := v.Payments.Saves(v.ctx(), v.grant)
	if err != nil {
		return v.failed(err)
	}
	if len(offers) == 0 {
		return v.refuse(fault.New(fault.Conflict, fault.NoProvider, "No provider takes this payment"))
	}
	s := v.view(key)
	s.Typed, s.Decline, s.Seen, s.Saving = t, decline, q.Attempts, q.CustomerID != 0 && saves
	s.Retry = q.Status == payment.Unpaid && decline == "" && len(t.Wrong) == 0
	s.offer(offers, v.takesCards())
	return v.write(status, "pay.html", s)
}

// takesCards: in live mode a card form makes the operator's assessment SAQ D, so they must
// have said so (PCI DSS).
func (v *visit) takesCards() bool {
	return v.AcceptCardData || v.grant.Actor().Mode == auth.Test
}

// offer sorts ways of paying into the card form, the provider's page and further buttons.
func (s *view) offer(offers []payment.Offer, cards bool) {
	for _, o := range offers {
		onCardPage := o.Method == provider.CreditCard || !cards && (o.Method == provider.ApplePay || o.Method == provider.GooglePay)
		switch {
		case o.Method == provider.CreditCard && cards:
			s.Cards = true
		case onCardPage && s.Hosted == "":
			s.Hosted = o.Method
		case onCardPage: // the provider's card page has wallets of its own
		default:
			s.Others = append(s.Others, o.Method)
		}
	}
}

// reason is the key of a decline in words. Lost, stolen and suspected cards are declined
// like any other: whoever holds such a card is not told that it is known.
func (v *visit) reason(decline string) string {
	key := "decline." + decline
	if _, ok := v.tongue.Texts[key]; ok {
		return key
	}
	return "decline.generic"
}

// about is one field of the form, for its error and its description.
type about struct {
	Field, Text string
	Wrong, Hint bool
}

// About tells a template of a field.
func (v *view) About(field string) about {
	return about{Field: field, Text: v.Say(field + ".error"), Wrong: v.Wrong(field), Hint: field == fieldExpiry || field == fieldCode}
}
