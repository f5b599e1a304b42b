package paypage

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/payment"
)

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
