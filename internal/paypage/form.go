package paypage

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/pan"
	"github.com/florin-gateway/florin/internal/provider"
)

// typed is what a payer sent. Name and Expiry are for the form when it is shown again, and
// only if they are what they should be: somebody may type their card's number into either.
type typed struct {
	Method  provider.Kind
	Seen    int64 // tries that the payer knew of
	Save    bool
	Name    string
	Expiry  string
	Wrong   []string // names of fields that can't be taken, in the order of the form
	card    card.Card
	hasCard bool
}

// Names of the form's fields.
const (
	fieldName   = "name"
	fieldNumber = "number"
	fieldExpiry = "expiry"
	fieldCode   = "code"
)

// read takes a form apart. ok is false for one that the page never made.
func read(form url.Values, now time.Time) (t typed, ok bool) {
	t.Method, t.Save = provider.Kind(form.Get("method")), form.Get("save") == "yes"
	seen, err := strconv.ParseInt(form.Get("seen"), 10, 64)
	if t.Seen = seen; err != nil || !slices.Contains(provider.Kinds(), t.Method) {
		return t, false
	}
	if t.hasCard = form.Get("by") == "card"; t.hasCard {
		t.readCard(form, now)
	}
	return t, true
}

func (t *typed) readCard(form url.Values, now time.Time) {
	var err error
	wrong := func(field string) {
		if err != nil {
			t.Wrong = append(t.Wrong, field)
		}
	}
	t.card.Holder, err = contact.ParseText(form.Get(fieldName), longestName)
	if err == nil && pan.Find(t.card.Holder) {
		err = errCardNumber
	}
	wrong(fieldName)
	if err == nil {
		t.Name = t.card.Holder
	}
	t.card.Number, err = card.ParseNumber(plainDigits(form.Get(fieldNumber)))
	wrong(fieldNumber)
	t.card.ExpMonth, t.card.ExpYear, err = card.ParseExpiry(expiry(form.Get(fieldExpiry)), now)
	wrong(fieldExpiry)
	if err == nil {
		t.Expiry = time.Date(t.card.ExpYear, time.Month(t.card.ExpMonth), 1, 0, 0, 0, 0, time.UTC).Format("01/06")
	}
	t.card.Code, err = card.ParseCode(plainDigits(form.Get(fieldCode)))
	wrong(fieldCode)
}

// longestName is more than any card holds, and than EMV 3-D Secure takes (45).
const longestName = 100

type formError string

func (e formError) Error() string { return string(e) }

const errCardNumber = formError("paypage: a card number where none belongs")

// expiry forgives what people and browsers write for MM/YY: 0928, 09-28, 09.2028, 9 / 28.
func expiry(text string) string {
	text = strings.NewReplacer("-", "/", ".", "/", "\\", "/", " ", "").Replace(plainDigits(text))
	if !strings.Contains(text, "/") && (len(text) == 4 || len(text) == 6) {
		return text[:2] + "/" + text[2:]
	}
	return text
}

// plainDigits turns the digits of Arabic, Persian and full-width keyboards into ASCII and
// drops the direction marks that come along when a number is pasted.
func plainDigits(text string) string {
	return strings.Map(func(r rune) rune {
		for _, zero := range []rune{'٠', '۰', '０'} {
			if zero <= r && r <= zero+9 {
				return '0' + r - zero
			}
		}
		switch {
		case r == '\u200e', r == '\u200f', r == '\u061c', '\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069':
			return -1
		}
		return r
	}, text)
}
