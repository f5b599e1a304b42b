package payment

import (
	"context"
	"fmt"
	"slices"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/vault"
)

// History tells of a customer's requests and of every step of them (customer.Other).
func (s *Service) History(ctx context.Context, g auth.Grant, customerID, before int64, limit int) ([]customer.HistoryItem, error) {
	var items []customer.HistoryItem
	add := func(sql string, read func(db.Row) (customer.HistoryItem, error)) error {
		return s.Store.Each(ctx, db.Realm(g.Realm()), sql, []any{g.Realm(), customerID, before, limit}, func(row db.Row) error {
			item, err := read(row)
			items = append(items, item)
			return err
		})
	}
	err := add(`SELECT id, amount, currency FROM payment_request WHERE realm_id = $1 AND customer_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`, func(row db.Row) (customer.HistoryItem, error) {
		item := customer.HistoryItem{Type: event.RequestCreated}
		err := row.Scan(&item.ID, &item.Amount.Minor, &item.Amount.Currency)
		item.RequestID = item.ID
		return item, err
	})
	if err != nil {
		return nil, err
	}
	err = add(`SELECT id, request_id, code, amount, currency FROM payment_log WHERE realm_id = $1 AND customer_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`, func(row db.Row) (customer.HistoryItem, error) {
		var item customer.HistoryItem
		err := row.Scan(&item.ID, &item.RequestID, &item.Code, &item.Amount.Minor, &item.Amount.Currency)
		item.Type = lineType(item.Code)
		return item, err
	})
	return items, err
}

// lineType is what a step is called in a history: the name of its event where it has one.
func lineType(code string) string {
	names := map[string]string{codeApproved: event.PaymentApproved, codeRefund: event.PaymentRefunded, codeDispute: event.DisputeOpened, codeWon: event.DisputeClosed,
		codeLost: event.DisputeClosed, codeReleased: event.RequestCancelled, codeExpired: event.RequestCancelled, codeReversed: event.PaymentReversed}
	if name, ok := names[code]; ok {
		return name
	}
	if oneOf(code, codeStarted, codeChallenge, codePending, codeHeld, codeLate, codeUnequal, codeRefunding, codeNoRefund) {
		return "payment." + code
	}
	return event.PaymentDeclined
}

// Forget lets go of a customer (customer.Other): requests keep amounts and dates and lose
// the person, open ones are cancelled, the providers are told to forget. It refuses while
// a payment is under way or a dispute is open: both need the person.
func (s *Service) Forget(ctx context.Context, g auth.Grant, customerID int64, key vault.Subject) (customer.Forgetting, error) {
	var none customer.Forgetting
	r, err := s.enter(ctx, g)
	if err != nil {
		return none, err
	}
	if err := s.onHold(ctx, r, customerID); err != nil {
		return none, err
	}
	methods, err := s.Methods.Of(ctx, r, customerID, key)
	if err != nil {
		return none, err
	}
	tasks, err := s.forgetTasks(r, customerID, methods)
	if err != nil {
		return none, err
	}
	var requests int64
	err = s.Store.One(ctx, r.Scope(), `SELECT count(*) FROM payment_request WHERE realm_id = $1 AND customer_id = $2`, []any{r.Realm(), customerID}, &requests)
	if err != nil {
		return none, err
	}
	lines := []string{fmt.Sprintf("kept amounts, dates and states of %d payment requests, without the person (GDPR Art. 17(3)(b))", requests),
		fmt.Sprintf("told providers to forget %d payers or methods", len(tasks))}
	return customer.Forgetting{Report: lines, Do: func(tx *db.Tx) {
		for _, t := range tasks {
			s.task(tx, r, t)
		}
		loseThePerson(tx, r.Realm(), customerID)
	}}, nil
}

// loseThePerson keeps of requests what the law makes one keep.
func loseThePerson(tx *db.Tx, realm, customerID int64) {
	const mine = `realm_id = $1 AND customer_id = $2`
	tx.Exec(`DELETE FROM payment_link WHERE realm_id = $1 AND request_id IN (SELECT id FROM payment_request WHERE `+mine+`)`, realm, customerID)
	tx.Exec(`UPDATE payment_request SET version = version + 1, was = status, status = 3, doc = $3 WHERE `+mine+` AND status IN (0, 2)`, realm, customerID, []byte{})
	tx.Exec(`UPDATE payment_request SET version = version + 1, was = status, doc = $3 WHERE `+mine+` AND status IN (1, 3)`, realm, customerID, []byte{})
	tx.Exec(`UPDATE payment_attempt SET doc = $3 WHERE `+mine, realm, customerID, []byte{})
	notification.Forget(tx, realm, customerID)
}

// ForgetAgain lets go of a customer in older data (customer.Other). A payment that was under
// way then has ended since, in a store that is lost: it stays pending, for reconciliation.
func (s *Service) ForgetAgain(tx *db.Tx, realm, customerID int64) {
	loseThePerson(tx, realm, customerID)
}

func (s *Service) onHold(ctx context.Context, r owner.Room, customerID int64) error {
	var pending, disputed int64
	err := s.Store.One(ctx, r.Scope(), `SELECT count(*) FROM payment_request WHERE realm_id = $1 AND customer_id = $2 AND status = 4`, []any{r.Realm(), customerID}, &pending)
	if err != nil {
		return err
	}
	err = s.Store.One(ctx, r.Scope(), `SELECT count(*) FROM payment_dispute d JOIN payment_request q ON q.realm_id = d.realm_id AND q.id = d.request_id
		WHERE q.realm_id = $1 AND q.customer_id = $2 AND d.state = 'open'`, []any{r.Realm(), customerID}, &disputed)
	switch {
	case err != nil:
		return err
	case pending > 0:
		return fault.New(fault.Conflict, fault.CustomerOnHold, "A payment of this customer is under way: release its payment request first")
	case disputed > 0:
		return fault.New(fault.Conflict, fault.CustomerOnHold, "A dispute of this customer is open: erase them once it is closed")
	}
	return nil
}

// forgotten is what a provider is told to remove.
type forgotten struct {
	ProviderID int64  `json:"providerId"`
	Token      string `json:"token,omitempty"`
	Payer      string `json:"payer,omitempty"`
}

// forgetting has a provider forget; subject is our id of what it is about.
func (s *Service) forgetting(r owner.Room, subject int64, f forgotten) (task, error) {
	return s.sealTask(r, task{kind: forgetTask, subjectID: subject, due: s.Clock.Now()}, f)
}

// forgetTasks are one for each payer and each token without one.
func (s *Service) forgetTasks(r owner.Room, customerID int64, methods []method.Method) ([]task, error) {
	var all []forgotten
	for _, m := range methods {
		f := forgotten{ProviderID: m.ProviderID, Payer: m.Payer}
		if m.Payer == "" {
			f.Token = m.Token
		}
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	tasks := make([]task, len(all))
	for i, f := range all {
		var err error
		if tasks[i], err = s.forgetting(r, customerID, f); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}

func (s *Service) forgetAtProvider(ctx context.Context, r owner.Room, t task) (bool, error) {
	var f forgotten
	if err := openTask(r, t, &f); err != nil {
		return false, err
	}
	u, err := s.Routing.Open(ctx, r, f.ProviderID)
	if err != nil {
		return false, err
	}
	keeper, ok := u.Connector.(provider.Keeper)
	if !ok {
		return true, nil
	}
	if f.Payer != "" {
		return keeper.ForgetPayer(ctx, u.Account, f.Payer) == nil, nil
	}
	return keeper.Forget(ctx, u.Account, f.Token) == nil, nil
}

// Strip takes the person out of a request that has ended, in the unit of a retention run:
// amounts, dates and states stay, as after an erasure.
func Strip(tx *db.Tx, realm, _, requestID int64) {
	tx.Exec(`DELETE FROM payment_link WHERE realm_id = $1 AND request_id = $2`, realm, requestID)
	tx.Exec(`UPDATE payment_request SET version = version + 1, was = status, doc = $3 WHERE realm_id = $1 AND id = $2 AND status IN (1, 3)`, realm, requestID, []byte{})
	tx.Exec(`UPDATE payment_attempt SET doc = $3 WHERE realm_id = $1 AND request_id = $2`, realm, requestID, []byte{})
}
