package customerpage

import (
	"net/http"
	"strings"

	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/pan"
)

// row is one field of a profile, masked: the link travels by mail.
type row struct{ Key, Value string }

// rows are the fields of a customer that are kept.
func rows(p customer.Profile) []row {
	m := p.Masked()
	all := []row{{"field.name", m.Name}, {"field.email", m.Email}, {"field.phone", m.Phone}, {"field.address", m.Address}, {"field.dateOfBirth", m.DateOfBirth}, {"field.memberId", m.MemberID},
		{"field.billingAddress", line(m.Billing)}, {"field.shippingAddress", line(m.Shipping)}}
	for _, pair := range m.Metadata {
		all = append(all, row{"field.other", pair.Value})
		break // that there is something besides; its keys are the merchant's words
	}
	var kept []row
	for _, r := range all {
		if r.Value != "" {
			kept = append(kept, r)
		}
	}
	return kept
}

func line(a *customer.Address) string {
	if a == nil {
		return ""
	}
	return strings.TrimSpace(strings.Join(strings.Fields(strings.Join([]string{a.Line1, a.City, a.Country}, " ")), " "))
}

// showProfile asks whether the data are still right.
func (v *visit) showProfile(asked consent.Page, status int, wrong bool) {
	p := v.page("profile")
	p.Rows, p.Wrong = rows(asked.Customer.Profile), wrong
	v.write(status, "profile.html", p)
}

// answerProfile takes the answer, once. A note that looks like a card number, or is too long,
// is not taken (PCI DSS 3.3).
func (v *visit) answerProfile(asked consent.Page) error {
	note, thanks := "", "current"
	if v.r.PostForm.Get("do") == "wrong" {
		note, thanks = v.r.PostForm.Get("note"), "noted"
		if strings.TrimSpace(note) == "" || pan.Find(note) {
			v.showProfile(asked, http.StatusUnprocessableEntity, true)
			return nil
		}
	}
	err := v.Consents.AnswerProfile(v.ctx(), asked, note)
	if fault.From(err).Kind == fault.Invalid {
		v.showProfile(asked, http.StatusUnprocessableEntity, true)
		return nil
	}
	if err != nil {
		return err
	}
	v.plain(http.StatusOK, thanks)
	return nil
}
