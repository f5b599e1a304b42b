package payment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/routing"
)

// SavedMethods lists a customer's saved methods.
func (s *Service) SavedMethods(ctx context.Context, g auth.Grant, customerID int64) ([]method.Method, error) {
	p, err := s.Customers.Person(ctx, g, customerID)
	if err != nil {
		return nil, err
	}
	return s.Methods.List(ctx, g, customerID, p.Key)
}

// SavedMethod answers one of a customer's methods.
func (s *Service) SavedMethod(ctx context.Context, g auth.Grant, customerID, methodID int64) (method.Method, error) {
	p, err := s.Customers.Person(ctx, g, customerID)
	if err != nil {
		return method.Method{}, err
	}
	return s.Methods.Get(ctx, g, customerID, methodID, p.Key)
}

// NewMethod is a method that a merchant saves without a payment: a card, or a token that
// the provider's own form gave to the browser.
type NewMethod struct {
	Card    *card.Card
	Token   string
	Label   string
	Default bool
	Consent Consent
	Billing provider.Billing
}

// KeepMethod is the answer's keeper of a saved method: the customer's key seals it.
type KeepMethod func(*db.Tx, method.Method, customer.Person) error

// SaveMethod keeps a method at the provider and its token here. In live mode it needs
// evidence that the customer agreed.
func (s *Service) SaveMethod(ctx context.Context, g auth.Grant, customerID int64, n NewMethod, keep KeepMethod) (method.Method, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return method.Method{}, err
	}
	if g.Actor().Mode == auth.Live && n.Consent.Text == "" && n.Consent.Reference == "" {
		return method.Method{}, fault.OneField("/consent", "required", "is required in live mode: the text that the customer agreed to, or a reference to it")
	}
	if err := s.maySave(ctx, r); err != nil {
		return method.Method{}, err
	}
	from, err := s.keepAtProvider(ctx, r, p, n)
	if err != nil {
		return method.Method{}, err
	}
	for range attempts {
		plan, err := s.Methods.Prepare(ctx, r, from)
		if err != nil {
			return method.Method{}, err
		}
		err = s.storeMethod(ctx, r, p, n, plan, keep)
		if !method.IsTwice(err) {
			s.Events.Wake()
			return plan.Method, err
		}
	}
	return method.Method{}, fault.Away(errAgain)
}

func (s *Service) person(ctx context.Context, g auth.Grant, customerID int64) (owner.Room, customer.Person, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return r, customer.Person{}, err
	}
	p, err := s.Customers.Person(ctx, g, customerID)
	if err == nil && p.Status == customer.Restricted {
		err = restricted(customerID)
	}
	return r, p, err
}

// keepAtProvider lets the first provider that takes cards and keeps them keep this one.
func (s *Service) keepAtProvider(ctx context.Context, r owner.Room, p customer.Person, n NewMethod) (method.New, error) {
	uses, err := s.Routing.Choose(ctx, r, routing.Want{Method: provider.CreditCard, Amount: money.Amount{Currency: r.Owner.BaseCurrency}})
	if err != nil {
		return method.New{}, err
	}
	at := slices.IndexFunc(uses, func(u use) bool { _, ok := u.Connector.(provider.Keeper); return ok })
	if at < 0 {
		return method.New{}, fault.New(fault.Unprocessable, fault.NoProvider, "No provider of this owner keeps payment methods")
	}
	u := uses[at]
	payer, err := s.knownPayer(ctx, r, p, u.ID)
	if err != nil {
		return method.New{}, err
	}
	bounded, stop := context.WithTimeout(ctx, callTimeout)
	defer stop()
	out, err := u.Connector.(provider.Keeper).Keep(bounded, u.Account, provider.Charge{Key: "florin-keep-" + strconv.FormatInt(s.IDs.Next(), 10), Card: n.Card, Token: n.Token,
		Save: true, Payer: payer, Method: provider.CreditCard, Billing: merged(n.Billing, Client{Name: p.Name, Email: p.Email, Phone: p.Phone})})
	if err != nil {
		return method.New{}, fault.Away(errors.New("payment: the provider could not keep a method"))
	}
	if out.Saved == nil {
		return method.New{}, DeclinedError(declineOf(out), clean(out.IssuerResponse, 40))
	}
	holder := n.Billing.Name
	if n.Card != nil {
		holder = n.Card.Holder
	}
	return method.New{CustomerID: p.ID, Key: p.Key, ProviderID: u.ID, Provider: u.Kind, Payer: out.Payer, Holder: holder, Saved: *out.Saved, Card: out.Card, Label: n.Label, Default: n.Default}, nil
}

// knownPayer is the provider's own id of a customer from a method saved earlier.
func (s *Service) knownPayer(ctx context.Context, r owner.Room, p customer.Person, providerID int64) (string, error) {
	methods, err := s.Methods.Of(ctx, r, p.ID, p.Key)
	payer := ""
	for _, m := range methods {
		if m.ProviderID == providerID && m.Payer != "" {
			payer = m.Payer
		}
	}
	return payer, err
}

// DeclinedError is 402: a payment or a card was refused by its issuer or provider.
func DeclinedError(reason, issuer string) *fault.Error {
	return fault.New(fault.Declined, fault.PaymentDeclined, DeclineText(reason)).With("declineReason", reason).With("issuerResponse", issuer)
}

func (s *Service) storeMethod(ctx context.Context, r owner.Room, p customer.Person, n NewMethod, plan method.Plan, keep KeepMethod) error {
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		consentID, err := s.Consents.Give(tx, r.Grant, p.ID, p.Key, n.Consent.toSave(""))
		if err != nil {
			return err
		}
		saved := plan
		saved.ConsentID = consentID
		if err := keep(tx, saved.Method, p); err != nil {
			return err
		}
		return s.Methods.Save(tx, r, saved)
	})
}

// ChangeMethod renames a method or makes it the default.
func (s *Service) ChangeMethod(ctx context.Context, g auth.Grant, customerID, methodID int64, c method.Change, keep KeepMethod) (method.Method, error) {
	r, p, err := s.person(ctx, g, customerID)
	if err != nil {
		return method.Method{}, err
	}
	m, err := s.Methods.Find(ctx, r, customerID, methodID, p.Key)
	if err != nil {
		return m, err
	}
	return s.Methods.Change(ctx, g, m, p.Key, c, func(tx *db.Tx, m method.Method) error { return keep(tx, m, p) })
}

// RemoveMethod forgets a method here at once and at its provider by a task.
func (s *Service) RemoveMethod(ctx context.Context, g auth.Grant, customerID, methodID int64) error {
	r, err := s.enter(ctx, g)
	if err != nil {
		return err
	}
	p, err := s.Customers.Person(ctx, g, customerID)
	if err != nil {
		return err
	}
	m, err := s.Methods.Find(ctx, r, customerID, methodID, p.Key)
	if err != nil {
		return err
	}
	forget, err := s.forgetting(r, m.ID, forgotten{ProviderID: m.ProviderID, Token: m.Token})
	if err != nil {
		return err
	}
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		s.task(tx, r, forget)
		s.Consents.EndWith(tx, g, customerID, m.ConsentID)
		return s.Methods.Remove(tx, g, m)
	})
	s.Wake()
	return err
}

// Offer is a way of paying that a realm can take.
type Offer struct {
	Method    provider.Kind
	Saved     []method.Method // of the customer, usable now, the default first
	Preferred bool
}

// Offers lists what can be paid with, ordered by the customer's preference and history:
// the preferred way first, then the ways they have paid with, then the rest.
func (s *Service) Offers(ctx context.Context, g auth.Grant, a money.Amount, country string, customerID int64) ([]Offer, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, err
	}
	kinds, err := s.Routing.Offered(ctx, r, a, country)
	if err != nil {
		return nil, err
	}
	offers := make([]Offer, len(kinds))
	for i, kind := range kinds {
		offers[i] = Offer{Method: kind}
	}
	e := audit.Entry{Action: audit.MethodsOffered}
	if customerID != 0 {
		e.Customers = []int64{customerID}
		if err := s.personalise(ctx, r, offers, customerID); err != nil {
			return nil, err
		}
	}
	return offers, s.Audit.Note(ctx, g, e)
}

func (s *Service) personalise(ctx context.Context, r owner.Room, offers []Offer, customerID int64) error {
	p, err := s.Customers.Person(ctx, r.Grant, customerID)
	if err != nil {
		return err
	}
	methods, err := s.Methods.Of(ctx, r, customerID, p.Key)
	if err != nil {
		return err
	}
	used, err := s.usedKinds(ctx, r, customerID)
	if err != nil {
		return err
	}
	slices.SortStableFunc(methods, func(a, b method.Method) int { return boolFirst(a.IsDefault, b.IsDefault) })
	for i := range offers {
		offers[i].Preferred = string(offers[i].Method) == p.Preferences.PaymentMethod
		if offers[i].Method == provider.CreditCard {
			offers[i].Saved = slices.DeleteFunc(slices.Clone(methods), func(m method.Method) bool { return m.Status != method.Active })
		}
	}
	slices.SortStableFunc(offers, func(a, b Offer) int {
		return cmp.Or(boolFirst(a.Preferred, b.Preferred), cmp.Compare(used[b.Method], used[a.Method]))
	})
	return nil
}

func boolFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// usedKinds counts how often the last hundred payments of a customer went each way.
func (s *Service) usedKinds(ctx context.Context, r owner.Room, customerID int64) (map[provider.Kind]int, error) {
	used := map[provider.Kind]int{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT kind FROM payment_request WHERE realm_id = $1 AND customer_id = $2 AND status = 1 ORDER BY id DESC LIMIT 100`,
		[]any{r.Realm(), customerID}, func(row db.Row) error {
			var kind string
			err := row.Scan(&kind)
			used[provider.Kind(kind)]++
			return err
		})
	return used, err
}
