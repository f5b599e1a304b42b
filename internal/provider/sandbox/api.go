package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
)

// chargeOrder is the body of a new charge. Amounts are minor units.
type chargeOrder struct {
	Key               string     `json:"key"`
	Amount            int64      `json:"amount"`
	Currency          string     `json:"currency"`
	Method            string     `json:"method"`
	Capture           bool       `json:"capture"`
	Card              *cardOrder `json:"card"`
	Token             string     `json:"token"`
	Save              bool       `json:"save"`
	Payer             string     `json:"payer"`
	MerchantInitiated bool       `json:"merchant_initiated"`
	ThreeDS           bool       `json:"three_ds"`
	ReturnURL         string     `json:"return_url"`
}

type cardOrder struct {
	Number   string `json:"number"`
	Code     string `json:"code"`
	ExpMonth int    `json:"exp_month"`
	ExpYear  int    `json:"exp_year"`
}

type amountOrder struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type refundOrder struct {
	Key      string `json:"key"`
	Charge   string `json:"charge"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

const maxBody = 64 << 10

// call answers one request of an account that has shown its key.
type call func(r *http.Request, a provider.Account) (any, error)

var errBody = errors.New("sandbox: the body is not what this call takes")

// API is the sandbox as a provider far away: a small JSON API with a bearer key, for tests
// and for those who write an integration. find knows the account of a key; it compares in
// constant time.
//
//	POST /sandbox/v1/charges, /sandbox/v1/pages, /sandbox/v1/refunds
//	GET  /sandbox/v1/charges/{key}    POST …/capture    POST …/cancel
func (c *Connector) API(find func(ctx context.Context, key string) (provider.Account, error)) http.Handler {
	mux := http.NewServeMux()
	for pattern, do := range map[string]call{
		"POST /sandbox/v1/charges":               c.apiCharge(c.Authorise),
		"POST /sandbox/v1/pages":                 c.apiCharge(c.Page),
		"GET /sandbox/v1/charges/{key}":          c.apiMove(c.Fetch),
		"POST /sandbox/v1/charges/{key}/capture": c.apiMove(c.Capture),
		"POST /sandbox/v1/charges/{key}/cancel":  c.apiMove(c.Cancel),
		"POST /sandbox/v1/refunds":               c.apiRefund,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(w, r, find, do) })
	}
	return mux
}

func serve(w http.ResponseWriter, r *http.Request, find func(context.Context, string) (provider.Account, error), do call) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	key, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, err := provider.Account{}, errors.New("sandbox: no key")
	if found {
		a, err = find(r.Context(), key)
	}
	if err != nil {
		write(w, http.StatusUnauthorized, map[string]string{"error": "unauthorized"})
		return
	}
	answer, err := do(r, a)
	if err != nil {
		status, word := apiError(err)
		write(w, status, map[string]string{"error": word})
		return
	}
	status := http.StatusOK
	if d, ok := answer.(chargeDoc); ok && d.State == provider.Declined.String() {
		status = http.StatusPaymentRequired
	}
	write(w, status, answer)
}

// apiError: 503 promises that nothing happened, 504 and 500 promise nothing.
func apiError(err error) (int, string) {
	switch {
	case errors.Is(err, errBody):
		return http.StatusBadRequest, "bad_request"
	case errors.Is(err, errReused):
		return http.StatusConflict, "key_reused"
	case errors.Is(err, provider.ErrUnavailable):
		return http.StatusServiceUnavailable, "unavailable"
	case errors.Is(err, errTimeout):
		return http.StatusGatewayTimeout, "timeout"
	}
	return http.StatusInternalServerError, "internal"
}

func write(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc) // nobody is left to tell
}

func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if d.Decode(into) != nil || d.More() {
		return errBody
	}
	return nil
}

func (c *Connector) apiCharge(open func(context.Context, provider.Account, provider.Charge) (provider.Outcome, error)) call {
	return func(r *http.Request, a provider.Account) (any, error) {
		var order chargeOrder
		if err := read(r, &order); err != nil {
			return nil, err
		}
		charge, err := order.charge()
		if err != nil {
			return nil, err
		}
		out, err := open(r.Context(), a, charge)
		return showCharge(order.Key, out), err
	}
}

func (o chargeOrder) charge() (provider.Charge, error) {
	ch := provider.Charge{Key: o.Key, Amount: money.Amount{Minor: o.Amount, Currency: o.Currency}, Method: provider.Kind(o.Method), Capture: o.Capture,
		Token: o.Token, Save: o.Save, Payer: o.Payer, MerchantInitiated: o.MerchantInitiated, ThreeDS: o.ThreeDS, ReturnURL: o.ReturnURL}
	if o.Card == nil {
		return ch, nil
	}
	number, err := card.ParseNumber(o.Card.Number)
	if err != nil {
		return ch, errBody
	}
	code, err := card.ParseCode(o.Card.Code)
	if err != nil {
		return ch, errBody
	}
	ch.Card = &card.Card{Number: number, Code: code, ExpMonth: o.Card.ExpMonth, ExpYear: o.Card.ExpYear}
	return ch, nil
}

func (c *Connector) apiMove(move func(context.Context, provider.Account, provider.Ref) (provider.Outcome, error)) call {
	return func(r *http.Request, a provider.Account) (any, error) {
		ref := provider.Ref{Key: r.PathValue("key")}
		if r.ContentLength > 0 {
			var order amountOrder
			if err := read(r, &order); err != nil {
				return nil, err
			}
			ref.Amount = money.Amount{Minor: order.Amount, Currency: order.Currency}
		}
		out, err := move(r.Context(), a, ref)
		return showCharge(ref.Key, out), err
	}
}

func (c *Connector) apiRefund(r *http.Request, a provider.Account) (any, error) {
	var order refundOrder
	if err := read(r, &order); err != nil {
		return nil, err
	}
	out, err := c.Refund(r.Context(), a, provider.RefundOrder{Key: order.Key, Ref: provider.Ref{Key: order.Charge},
		Amount: money.Amount{Minor: order.Amount, Currency: order.Currency}})
	return refundDoc{Key: order.Key, Reference: out.Reference, State: out.State.String(), Amount: out.Amount.Minor, Currency: out.Amount.Currency}, err
}
