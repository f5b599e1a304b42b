package customerpage

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/webpage"
)

// asked finds the consent that a link is about. A customer who is gone is a link that never
// was.
func (v *visit) asked() (consent.Page, error) {
	p, err := v.Consents.ByToken(v.ctx(), v.r.PathValue("token"), v.from)
	if err != nil {
		return p, err
	}
	v.tongue, v.owner = v.speech.Choose(v.r, p.Customer.Preferences.Language), p.Owner
	return p, nil
}

// showConsent says how a consent stands.
func (v *visit) showConsent() error {
	asked, err := v.asked()
	if err != nil {
		return err
	}
	if asked.Kind == consent.ProfileLink {
		v.showProfile(asked, http.StatusOK, false)
		return nil
	}
	p := v.page(asked.Consent.State(v.Clock.Now()))
	v.describe(&p, asked)
	v.write(http.StatusOK, "consent.html", p)
	return nil
}

// answerConsent does what the customer said. What was said before stands, and the page
// shows it.
func (v *visit) answerConsent() error {
	asked, err := v.asked()
	if err != nil {
		return err
	}
	if asked.Kind == consent.ProfileLink {
		return v.answerProfile(asked)
	}
	trace := consent.Trace{Channel: "web", Address: v.from.Address}
	switch v.r.PostForm.Get("do") {
	case "confirm":
		err = v.Consents.Confirm(v.ctx(), asked, trace)
	case "withdraw":
		err = v.Payments.WithdrawConsent(v.ctx(), asked.Grant, asked.Customer.ID, asked.Consent.ID, trace)
	}
	if err != nil && !fault.Is(err, fault.ConsentNotFound) {
		return err
	}
	v.page("pending").Guard(v.w.Header())
	v.w.Header().Set("Location", v.self())
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// day is something that happened on one.
type day struct{ Key, Date, Machine string }

// describe says what was agreed to, and when.
func (v *visit) describe(p *page, asked consent.Page) {
	c := asked.Consent
	p.Purpose, p.Text = asked.Purpose.Said(), c.Text
	if key := "purpose." + c.Purpose; asked.Purpose.ID == 0 && v.tongue.Texts[key] != "" {
		p.Purpose = v.tongue.Texts[key] // ours, so it is said in every language
	}
	for _, d := range []struct {
		key string
		at  time.Time
	}{{"day.asked", c.Given()}, {"day.until", c.PendingUntil}, {"day.confirmed", c.Confirmed}, {"day.withdrawn", c.Withdrawn}} {
		if !d.at.IsZero() {
			p.Days = append(p.Days, day{d.key, date(v.tongue, d.at), d.at.Format(time.DateOnly)})
		}
	}
}

// date is a day as the language writes it: the texts have the months, and a pattern.
func date(t *webpage.Tongue, at time.Time) string {
	months := strings.Split(t.Texts["months"], " ")
	return strings.NewReplacer("{day}", fmt.Sprint(at.Day()), "{month}", months[at.Month()-1], "{year}", fmt.Sprint(at.Year())).Replace(t.Texts["date"])
}
