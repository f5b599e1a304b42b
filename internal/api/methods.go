package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/payment"
)

// paymentMethods answers a bare array, as the seed's example logs it.
func (a *API) paymentMethods(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Payments.SavedMethods(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showMethods(r, all))
}

func (a *API) getMethod(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	methodID, err := r.PathID("methodId")
	if err != nil {
		return nil, err
	}
	m, err := a.Payments.SavedMethod(ctx, r.Grant, r.ID, methodID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showMethod(r, m))
}

// keepMethod records a method's answer under the customer's key.
func keepMethod(r *gate.Request, answer **gate.Answer) payment.KeepMethod {
	return func(tx *db.Tx, m method.Method, p customer.Person) (err error) {
		if *answer, err = encode(http.StatusOK, showMethod(r, m)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: p.ID, Key: p.Key}, *answer)
	}
}

func (a *API) saveMethod(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	n, err := a.readMethod(r)
	if err != nil {
		return nil, err
	}
	if n.Card != nil {
		if err := a.mayTakeCards(r); err != nil {
			return nil, err
		}
	}
	var answer *gate.Answer
	_, err = a.Payments.SaveMethod(ctx, r.Grant, r.ID, n, keepMethod(r, &answer))
	return answer, err
}

func keepNothing(*db.Tx, method.Method, customer.Person) error { return nil }

func (a *API) changeMethod(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	methodID, err := r.PathID("methodId")
	if err != nil {
		return nil, err
	}
	f := &form{request: r}
	c := method.Change{IsDefault: f.flag("isDefault")}
	if _, ok := r.Body.Get("label"); ok {
		label := f.line("label", 100)
		c.Label = &label
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	m, err := a.Payments.ChangeMethod(ctx, r.Grant, r.ID, methodID, c, keepNothing)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showMethod(r, m))
}

func (a *API) makeDefault(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	methodID, err := r.PathID("methodId")
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err = a.Payments.ChangeMethod(ctx, r.Grant, r.ID, methodID, method.Change{IsDefault: true}, keepMethod(r, &answer))
	return answer, err
}

func (a *API) removeMethod(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	methodID, err := r.PathID("methodId")
	if err != nil {
		return nil, err
	}
	return &gate.Answer{Status: http.StatusNoContent}, a.Payments.RemoveMethod(ctx, r.Grant, r.ID, methodID)
}

// offers answers what this owner can take for a sum, the customer's likeliest first.
func (a *API) offers(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	sum, country, err := readOffer(r)
	customerID := r.Int("customerId", 1, 1<<53-1, 0)
	if err != nil || r.Faults() != nil {
		return nil, first(err, r.Faults())
	}
	found, err := a.Payments.Offers(ctx, r.Grant, sum, country, customerID)
	if err != nil {
		return nil, err
	}
	list := OfferList{Data: make([]Offer, len(found))}
	for i, o := range found {
		list.Data[i] = Offer{PaymentMethod: string(o.Method), Preferred: o.Preferred, Saved: showMethods(r, o.Saved)}
	}
	return encode(http.StatusOK, list)
}

func readOffer(r *gate.Request) (money.Amount, string, error) {
	var faults []fault.Field
	bad := func(name, message string) {
		faults = append(faults, fault.Field{Path: "query/" + name, Code: "invalid", Message: message})
	}
	sum := money.Amount{Currency: strings.ToUpper(r.Text("currency"))}
	if sum.Currency != "" && !money.Known(sum.Currency) {
		bad("currency", "must be a currency code like USD")
	}
	var err error
	if literal := r.Text("amount"); literal != "" {
		if sum.Minor, err = money.Parse(literal, money.Exponent(sum.Currency)); err != nil {
			bad("amount", err.Error())
		}
	}
	country := r.Text("country")
	if country != "" {
		if country, err = contact.Country(country); err != nil {
			bad("country", err.Error())
		}
	}
	if len(faults) > 0 {
		return sum, "", fault.Fields(faults)
	}
	return sum, country, nil
}
