package paypage

import (
	"net/http"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
)

// consentVersion changes with the consent's text in any language.
const consentVersion = "payment-page/1"

// form serves a form: of this page, of the right type and size, with a token that is known.
func (d *Door) form(serve func(*visit) int) gate.Page {
	known := d.open(serve)
	return func(w http.ResponseWriter, r *http.Request, from auth.Origin) int {
		if status := d.origin.Form(r); status != 0 {
			return d.visit(w, r, from).plain(status, "refused")
		}
		return known(w, r, from)
	}
}

// pay tries to pay. A form that is older than the last try pays nothing, so that neither a
// double click nor a reload is a second payment; the store decides, in payment.start.
func (v *visit) pay() int {
	if v.owner.Suspended() || v.request.Status != payment.Waiting && v.request.Status != payment.Unpaid {
		return v.see("")
	}
	t, ok := read(v.r.PostForm, v.Clock.Now())
	if !ok || t.hasCard && (t.Method != provider.CreditCard || !v.takesCards()) {
		return v.plain(http.StatusBadRequest, "refused")
	}
	if len(t.Wrong) > 0 {
		return v.offer(http.StatusUnprocessableEntity, "errors", t, "")
	}
	result, err := v.Payments.Pay(v.ctx(), v.grant, v.request.ID, v.order(&t), payment.Keep{})
	if err != nil {
		return v.notTried(err)
	}
	v.request = result.Request
	switch {
	case result.Decline != "":
		return v.declined(t, result.Decline)
	case result.RedirectURL != "":
		return v.see("/continue")
	}
	return v.see("/return")
}

func (v *visit) notTried(err error) int {
	if fault.Is(err, fault.AlreadyProcessed) {
		return v.see("")
	}
	return v.refuse(err)
}

// declined shows the form again, without number and code (PCI DSS 3.3.1).
func (v *visit) declined(t typed, decline string) int {
	if v.Payments.MayPay(v.request) != nil { // that was the last try
		return v.plain(http.StatusTooManyRequests, "tried")
	}
	return v.offer(http.StatusPaymentRequired, "declined", t, v.reason(decline))
}

func (v *visit) order(t *typed) payment.Order {
	h := v.r.Header
	o := payment.Order{Method: t.Method, Hosted: !t.hasCard, Seen: &t.Seen, Address: v.from.Address, ReturnURL: v.PublicURL + v.address("/return"),
		Browser: provider.Browser{AcceptHeader: clip(h.Get("Accept")), Language: v.tongue.Code, UserAgent: clip(h.Get("User-Agent")), IP: v.from.Address}}
	if t.hasCard {
		o.Card, o.Billing.Name = &t.card, t.card.Holder
	}
	if t.Save && v.request.CustomerID != 0 && t.Method == provider.CreditCard {
		o.Save = true
		o.Consent = payment.Consent{Channel: "payment_page", Text: v.view("").Consent(), PolicyVersion: consentVersion, Language: v.tongue.Code}
	}
	return o
}

// clip: EMV 3-D Secure takes 2048 characters of a header.
func clip(text string) string { return text[:min(len(text), 2048)] }

// goOn leads to whoever must confirm the payment.
func (v *visit) goOn() int {
	onward, err := v.Payments.Challenge(v.ctx(), v.grant, v.request)
	if err != nil {
		return v.failed(err)
	}
	if web(onward) == "" {
		return v.see("")
	}
	return v.lead("leave", onward)
}

// comeBack is where banks and providers send the payer, often before their callback is
// here: so the provider is asked. From here it goes on to the shop, once it is decided.
func (v *visit) comeBack() int {
	q, err := v.Payments.Refresh(v.ctx(), v.grant, v.request.ID)
	switch {
	case err == nil:
		v.request = q
	case q == nil:
		v.Log.Warn("a provider could not be asked for a payer who came back", "request", v.from.RequestID, "error", err.Error())
	}
	if v.request.Status == payment.Pending || shop(v.request) == "" {
		return v.state(v.told(), false)
	}
	return v.lead("leave", shop(v.request))
}

// told is the reason of a decline for the payer who comes from it.
func (v *visit) told() string {
	if v.request.Status != payment.Unpaid {
		return ""
	}
	return v.reason(v.request.Log.Code)
}

// lead shows a page that goes on by itself at once.
func (v *visit) lead(key, onward string) int {
	s := v.view(key)
	s.Onward, s.Refresh = onward, onward
	return v.write(http.StatusOK, "leave.html", s)
}

// again ends the try under way, for a payer who came back to try another way.
func (v *visit) again() int {
	err := v.Payments.GiveUp(v.ctx(), v.grant, v.request.ID)
	switch {
	case fault.Is(err, fault.AlreadyProcessed):
		return v.pending(true)
	case err != nil:
		return v.failed(err)
	}
	return v.see("")
}
