package paypage

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/payment"
)

// guard sets the headers that every answer has.
func guard(h http.Header, style string) {
	h.Set("Content-Security-Policy", policy(style))
	h.Set("X-Frame-Options", "DENY") // for browsers that don't know frame-ancestors
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Vary", "Accept-Language")
}

// sameOrigin refuses a form that another site sends. The token is what lets a payer in;
// this only keeps strangers' pages from spending tries in a payer's browser. Older browsers
// send "Origin: null" with our own forms, because of no-referrer, and nothing else.
func (d *Door) sameOrigin(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return true
	}
	return d.origin.Check(r) == nil
}

// word is a status in an address that leads back to the shop.
func word(q *payment.Request) string {
	switch q.Status {
	case payment.Paid:
		return "paid"
	case payment.Unpaid:
		return "unpaid"
	case payment.Cancelled:
		return "cancelled"
	case payment.Pending:
		return "pending"
	}
	return "waiting"
}

// shop is the merchant's address for how the request stands, "" if they gave none. Whoever
// reads its parameters must ask the API before they believe them: a payer can write them.
func shop(q *payment.Request) string {
	address := q.FailureURL
	if q.Status == payment.Paid {
		address = q.SuccessURL
	}
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	query := u.Query()
	query.Set("paymentRequestId", strconv.FormatInt(q.ID, 10))
	query.Set("status", word(q))
	u.RawQuery = query.Encode()
	return u.String()
}

// web lets through what a browser may be led to.
func web(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !strings.EqualFold(u.Scheme, "https") && !strings.EqualFold(u.Scheme, "http") {
		return ""
	}
	return u.String()
}
