package payment

import (
	"context"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
)

// Dispute is a chargeback and what is done about it.
type Dispute struct {
	ID          int64
	RequestID   int64
	CustomerID  int64
	ProviderID  int64
	Reference   string
	State       provider.DisputeState
	Amount      money.Amount
	Reason      string
	Due         time.Time
	HasEvidence bool
	base        int64
}

// Opened is when it was first heard of.
func (d Dispute) Opened() time.Time { return id.Time(d.ID) }

const disputeColumns = `id, request_id, customer_id, provider_id, reference, state, amount, currency, base_amount, reason, due_at, length(evidence)`

func (s *Service) findDisputes(ctx context.Context, r owner.Room, where string, args ...any) ([]Dispute, error) {
	all := []Dispute{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT `+disputeColumns+` FROM payment_dispute WHERE realm_id = $1 AND `+where, append([]any{r.Realm()}, args...), func(row db.Row) error {
		var d Dispute
		var state string
		var due, evidence int64
		err := row.Scan(&d.ID, &d.RequestID, &d.CustomerID, &d.ProviderID, &d.Reference, &state, &d.Amount.Minor, &d.Amount.Currency, &d.base, &d.Reason, &due, &evidence)
		d.State, d.HasEvidence = provider.DisputeState(state), evidence > 0
		if due != 0 {
			d.Due = time.UnixMilli(due).UTC()
		}
		all = append(all, d)
		return err
	})
	return all, err
}

// disputeNotice opens or closes a dispute. The first word that closes it stands.
func (s *Service) disputeNotice(ctx context.Context, r owner.Room, a attempt, n provider.Dispute) error {
	err := s.retry(a.requestID, func() error {
		q, err := s.find(ctx, r, a.requestID)
		if err != nil {
			return err
		}
		if q.Status != Paid || q.AttemptID != a.id || n.Amount.Currency != q.Amount.Currency || n.Amount.Minor <= 0 {
			return s.Audit.Note(ctx, r.Grant, entry(audit.PaymentUnequal, q))
		}
		known, err := s.findDisputes(ctx, r, `provider_id = $2 AND reference = $3`, a.providerID, clean(n.Reference, 255))
		if err != nil {
			return err
		}
		if len(known) == 0 {
			return s.openDispute(ctx, r, q, a, n)
		}
		if known[0].State != provider.DisputeOpen || n.State == provider.DisputeOpen {
			return nil
		}
		return s.closeDispute(ctx, r, q, known[0], n.State)
	})
	if err == nil {
		s.Wake()
	}
	if db.IsViolation(err, "payment_dispute") {
		return nil // told twice at once
	}
	return err
}

func (s *Service) openDispute(ctx context.Context, r owner.Room, q *Request, a attempt, n provider.Dispute) error {
	d := Dispute{ID: s.IDs.Next(), RequestID: q.ID, CustomerID: q.CustomerID, ProviderID: a.providerID, Reference: clean(n.Reference, 255), State: n.State,
		Amount: money.Amount{Minor: min(n.Amount.Minor, q.Amount.Minor-q.ChargedBack), Currency: q.Amount.Currency}, Reason: clean(n.Reason, 60), Due: n.DueAt}
	var err error
	if d.base, err = money.Share(q.Base.Minor, d.Amount.Minor, q.Amount.Minor); err != nil {
		return err
	}
	if d.Amount.Minor == q.Amount.Minor-q.ChargedBack {
		d.base = q.Base.Minor - q.baseChargedBack
	}
	return s.writeDispute(ctx, r, q, d, true, func(tx *db.Tx) {
		due := int64(0)
		if !d.Due.IsZero() {
			due = d.Due.UnixMilli()
		}
		tx.Exec(`INSERT INTO payment_dispute (realm_id, id, request_id, customer_id, provider_id, reference, state, amount, currency, base_amount, reason, due_at, evidence)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, r.Realm(), d.ID, q.ID, q.CustomerID, d.ProviderID, d.Reference, string(d.State),
			d.Amount.Minor, d.Amount.Currency, d.base, d.Reason, due, []byte{})
		s.Events.RecordOn(tx, r.Grant, event.DisputeOpened, q.CustomerID, q.ID)
	})
}

func (s *Service) closeDispute(ctx context.Context, r owner.Room, q *Request, d Dispute, state provider.DisputeState) error {
	d.State = state
	return s.writeDispute(ctx, r, q, d, false, func(tx *db.Tx) {
		tx.ExecOne(errAgain, `UPDATE payment_dispute SET state = $3 WHERE realm_id = $1 AND id = $2 AND state = $4`, r.Realm(), d.ID, string(state), string(provider.DisputeOpen))
		s.Events.RecordOn(tx, r.Grant, event.DisputeClosed, q.CustomerID, q.ID)
	})
}

// writeDispute moves the sums with a dispute: an open or lost one takes the money away, a
// won one leaves it or gives it back.
func (s *Service) writeDispute(ctx context.Context, r owner.Room, q *Request, d Dispute, isNew bool, row func(*db.Tx)) error {
	code, sign := effect(d.State, isNew)
	q.ChargedBack += sign * d.Amount.Minor
	q.baseChargedBack += sign * d.base
	sealed, err := q.seal(r)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		s.step(tx, q, code, d.Amount)
		q.move(tx, sealed)
		row(tx)
		if sign != 0 {
			customer.Deposit(tx, q.realm, q.CustomerID, money.Amount{Minor: -sign * d.Amount.Minor, Currency: d.Amount.Currency}, -sign*d.base)
		}
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.DisputeChange, Customers: customers(q), Object: d.ID})
	})
}

// effect is the log's code for a dispute, and which way the money goes: 1 is away.
func effect(state provider.DisputeState, isNew bool) (code string, sign int64) {
	switch {
	case state == provider.DisputeWon && isNew:
		return codeWon, 0
	case state == provider.DisputeWon:
		return codeWon, -1
	case state == provider.DisputeLost && !isNew:
		return codeLost, 0
	default:
		return codeDispute, 1
	}
}

// Disputes lists disputes, newest first. Next is 0 at the end.
func (s *Service) Disputes(ctx context.Context, g auth.Grant, state string, before int64, limit int) (all []Dispute, next int64, err error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, 0, err
	}
	if before == 0 {
		before = id.Max
	}
	all, err = s.findDisputes(ctx, r, `id < $2 AND ($3 = '' OR state = $3) ORDER BY id DESC LIMIT $4`, before, state, limit+1)
	if err != nil {
		return nil, 0, err
	}
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	e := audit.Entry{Action: audit.DisputeList}
	for _, d := range all {
		if d.CustomerID != 0 {
			e.Customers = append(e.Customers, d.CustomerID)
		}
	}
	return all, next, s.Audit.Note(ctx, g, e)
}

func disputeNotFound() *fault.Error {
	return fault.New(fault.NotFound, fault.DisputeNotFound, "Dispute not found")
}

// Dispute answers one dispute.
func (s *Service) Dispute(ctx context.Context, g auth.Grant, disputeID int64) (Dispute, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Dispute{}, err
	}
	all, err := s.findDisputes(ctx, r, `id = $2`, disputeID)
	if err != nil || len(all) == 0 {
		return Dispute{}, errors.Join(err, disputeNotFound())
	}
	return all[0], s.Audit.Note(ctx, g, audit.Entry{Action: audit.DisputeList, Object: disputeID})
}

// evidence is what a task hands in.
type evidence struct {
	ProviderID int64  `json:"providerId"`
	Reference  string `json:"reference"`
	Text       string `json:"text"`
}

// Contest keeps evidence, sealed, and hands it to the provider by a task. keep runs in the
// unit.
func (s *Service) Contest(ctx context.Context, g auth.Grant, disputeID int64, text string, keep func(*db.Tx, Dispute) error) (Dispute, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Dispute{}, err
	}
	all, err := s.findDisputes(ctx, r, `id = $2`, disputeID)
	if err != nil {
		return Dispute{}, err
	}
	if len(all) == 0 {
		return Dispute{}, disputeNotFound()
	}
	d := all[0]
	if d.State != provider.DisputeOpen {
		return d, processed("The dispute is closed")
	}
	sealed, err := r.Keys.Seal(r.Place("payment_dispute", d.ID, "evidence"), []byte(text))
	if err != nil {
		return d, err
	}
	handIn, err := s.sealTask(r, task{kind: contestTask, requestID: d.RequestID, subjectID: d.ID, due: s.Clock.Now()}, evidence{d.ProviderID, d.Reference, text})
	if err != nil {
		return d, err
	}
	d.HasEvidence = true
	err = s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := keep(tx, d); err != nil {
			return err
		}
		tx.ExecOne(processed("The dispute is closed"), `UPDATE payment_dispute SET evidence = $3 WHERE realm_id = $1 AND id = $2 AND state = $4`, r.Realm(), d.ID, sealed, string(provider.DisputeOpen))
		s.task(tx, r, handIn)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.DisputeChange, Object: d.ID, Fields: []string{"evidence"}})
	})
	s.Wake()
	return d, err
}

func (s *Service) contestAtProvider(ctx context.Context, r owner.Room, t task) (bool, error) {
	var e evidence
	if err := openTask(r, t, &e); err != nil {
		return false, err
	}
	u, err := s.Routing.Open(ctx, r, e.ProviderID)
	if err != nil {
		return false, err
	}
	contester, ok := u.Connector.(provider.Contester)
	if !ok {
		return true, nil // handed in by hand, in the provider's own panel
	}
	return contester.Contest(ctx, u.Account, e.Reference, e.Text) == nil, nil
}
