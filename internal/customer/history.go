package customer

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/money"
)

// HistoryItem is one line of a customer's history. Its id is made of the time, so that
// lines of different features are put in order by it.
type HistoryItem struct {
	Type        string // customer.created, interaction, payment_request.created, payment.approved, …
	ID          int64
	Interaction *Interaction
	// RequestID, Amount and Code are of payments; MethodID of payment methods.
	RequestID int64
	MethodID  int64
	Amount    money.Amount
	Code      string
}

// At is when it happened.
func (i HistoryItem) At() time.Time { return id.Time(i.ID) }

// History is a customer's history, newest first, gathered from every feature that keeps
// something about them. Before is an id; 0 begins at the newest. Next is 0 at the end.
func (s *Service) History(ctx context.Context, g auth.Grant, customerID, before int64, limit int) (items []HistoryItem, next int64, err error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return nil, 0, err
	}
	c, err := s.find(ctx, r, customerID)
	if err != nil {
		return nil, 0, err
	}
	if before == 0 {
		before = id.Max
	}
	if items, err = s.gather(ctx, r, c, before, limit+1); err != nil {
		return nil, 0, err
	}
	if len(items) > limit {
		items = items[:limit]
		next = items[limit-1].ID
	}
	return items, next, s.Audit.Note(ctx, g, audit.Entry{Action: audit.CustomerHistory, Customers: []int64{customerID}})
}

func (s *Service) gather(ctx context.Context, r room, c *Customer, before int64, limit int) ([]HistoryItem, error) {
	items, err := s.interactions(ctx, r, c, before, limit)
	if err != nil {
		return nil, err
	}
	if c.ID < before {
		items = append(items, HistoryItem{Type: "customer.created", ID: c.ID})
	}
	for _, other := range s.Others {
		more, err := other.History(ctx, r.Grant, c.ID, before, limit)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	slices.SortFunc(items, func(a, b HistoryItem) int { return cmp.Compare(b.ID, a.ID) })
	return items[:min(len(items), limit)], nil
}
