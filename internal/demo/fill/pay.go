package fill

import (
	"context"
	"fmt"
	"net/http"

	"github.com/florin-gateway/florin/internal/money"
)

// follow does what becomes of a request.
func (r *runner) follow(ctx context.Context, id int64, p Payment) error {
	switch p.Kind {
	case Waiting, Expired:
		return nil
	case Cancelled:
		_, err := r.client.call(ctx, http.MethodPost, fmt.Sprintf("/payment-requests/release/%d", id), r.key("release", p.Number), nil)
		return err
	}
	page, err := r.card(ctx, id, p, "pay", p.Card)
	if err != nil {
		return err
	}
	switch p.Kind {
	case Retried:
		_, err = r.card(ctx, id, p, "again", "4242424242424242")
	case Refunded:
		err = r.refund(ctx, id, p, nil)
	case Partly:
		half := number(money.Amount{Minor: max(1, p.Amount.Minor/2), Currency: p.Amount.Currency})
		err = r.refund(ctx, id, p, &half)
	case Confirmed:
		err = r.client.decide(ctx, page, "confirm")
	case Failed:
		err = r.client.decide(ctx, page, "fail")
	}
	return err
}

// card pays with a test card. A decline is what the story wants, not an error.
func (r *runner) card(ctx context.Context, id int64, p Payment, try, digits string) (page string, err error) {
	body := map[string]any{"name": "A. Payer", "number": digits, "expiration": "12/39", "cvv": "123", "isSandbox": true, "savePaymentMethod": p.Save}
	if len(digits) == 15 {
		body["cvv"] = "1234"
	}
	a, err := r.client.call(ctx, http.MethodPost, fmt.Sprintf("/payments/creditCard/%d", id), r.key(try, p.Number), body)
	if _, declined := isRefusal(err, http.StatusPaymentRequired); declined {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var paid struct {
		RedirectURL string `json:"redirectUrl"`
	}
	err = a.into(&paid)
	return paid.RedirectURL, err
}

func (r *runner) refund(ctx context.Context, id int64, p Payment, part *number) error {
	body := map[string]any{}
	if part != nil {
		body["amount"] = *part
	}
	_, err := r.client.call(ctx, http.MethodPost, fmt.Sprintf("/payment-requests/%d/refunds", id), r.key("refund", p.Number), body)
	return err
}
