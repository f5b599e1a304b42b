package screening

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// sealedMatch is a row of the queue before its customer's key is found.
type sealedMatch struct {
	Match
	sealed []byte
}

// List lists matches of one status with ids below before (0: all), newest first. Those of a
// customer whom the caller may not see are left out.
func (s *Service) List(ctx context.Context, g auth.Grant, status string, before int64, limit int) ([]Match, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	if before == 0 {
		before = id.Max
	}
	var rows []sealedMatch
	err = s.Store.Each(ctx, r.Scope(), `SELECT `+columns+` WHERE realm_id = $1 AND status = $2 AND id < $3 ORDER BY id DESC LIMIT $4`, []any{r.Realm(), status, before, limit}, func(row db.Row) error {
		one, err := scanSealed(row)
		rows = append(rows, one)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, r, rows)
}

func (s *Service) opened(ctx context.Context, r owner.Room, rows []sealedMatch) ([]Match, error) {
	var all []Match
	var shown []int64
	for _, row := range rows {
		m, err := s.open(ctx, r, row)
		if hidden(err) {
			m, err = Match{ID: row.ID}, nil // keeps its place, so that pages go on behind it
		}
		if err != nil {
			return nil, err
		}
		if all = append(all, m); m.CustomerID != 0 && !slices.Contains(shown, m.CustomerID) {
			shown = append(shown, m.CustomerID)
		}
	}
	return all, s.Audit.Note(ctx, r.Grant, audit.Entry{Action: audit.ScreeningRead, Customers: shown})
}

func hidden(err error) bool {
	return fault.Is(err, fault.CustomerRestricted) || fault.Is(err, fault.CustomerErased) || fault.Is(err, fault.CustomerNotFound)
}

func (s *Service) open(ctx context.Context, r owner.Room, row sealedMatch) (Match, error) {
	p, err := s.Customers.Person(ctx, r.Grant, row.CustomerID)
	if err != nil {
		return Match{}, err
	}
	plain, err := p.Key.Open(docPlace(r, row.ID), row.sealed)
	if err != nil {
		return Match{}, err
	}
	return row.Match, json.Unmarshal(plain, &row.doc)
}

// scanSealed reads a row and leaves its doc sealed.
func scanSealed(row db.Row) (sealedMatch, error) {
	var one sealedMatch
	var err error
	one.Match, err = scan(row, func(_ Match, sealed []byte) ([]byte, error) {
		one.sealed = slices.Clone(sealed)
		return []byte("{}"), nil
	})
	return one, err
}

// find reads one match by its number.
func (s *Service) find(ctx context.Context, r owner.Room, matchID int64) (Match, error) {
	var one sealedMatch
	found := false
	err := s.Store.Row(ctx, r.Scope(), `SELECT `+columns+` WHERE realm_id = $1 AND id = $2`, []any{r.Realm(), matchID}, func(row db.Row) (err error) {
		found = true
		one, err = scanSealed(row)
		return err
	})
	if err == nil && !found {
		err = none()
	}
	if err != nil {
		return Match{}, err
	}
	return s.open(ctx, r, one)
}

// Get reads one match.
func (s *Service) Get(ctx context.Context, g auth.Grant, matchID int64) (Match, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Match{}, err
	}
	m, err := s.find(ctx, r, matchID)
	if err != nil {
		return m, err
	}
	return m, s.Audit.Note(ctx, g, audit.Entry{Action: audit.ScreeningRead, Customers: []int64{m.CustomerID}, Object: m.ID})
}

// Decide says who a match is, and why. It may be decided again: the trail keeps each.
func (s *Service) Decide(ctx context.Context, g auth.Grant, matchID int64, decision, reason string, end func(*db.Tx, Match, vault.Subject) error) (Match, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Match{}, err
	}
	for range rounds {
		m, err := s.decideOnce(ctx, r, matchID, decision, reason, end)
		if !errors.Is(err, errAgain) {
			s.Events.Wake()
			return m, err
		}
	}
	return Match{}, fault.Away(errAgain)
}

func (s *Service) decideOnce(ctx context.Context, r owner.Room, matchID int64, decision, reason string, end func(*db.Tx, Match, vault.Subject) error) (Match, error) {
	seen, err := s.find(ctx, r, matchID)
	if err != nil {
		return seen, err
	}
	var is Match
	err = s.Customers.Verify(ctx, r.Grant, seen.CustomerID, func(p customer.Person) (customer.Checks, customer.Also, error) {
		all, err := s.of(ctx, r, p.Key, seen.CustomerID)
		if err != nil {
			return p.Checks, nil, err
		}
		at := slices.IndexFunc(all, func(m Match) bool { return m.ID == matchID })
		if at < 0 {
			return p.Checks, nil, none()
		}
		was := all[at]
		if was.Status == Withdrawn {
			return p.Checks, nil, fault.New(fault.Conflict, fault.ScreeningWithdrawn, "The match is not found any more: there is nothing to decide")
		}
		is = was
		is.Status, is.UserID, is.Decided, is.Reason = decision, r.Grant.Actor().ID, s.Clock.Now(), strings.TrimSpace(reason)
		all[at] = is
		result := Result{Matches: all}
		return s.checks(p.Checks, &result), s.keepDecision(r, was, is, end), nil
	})
	return is, err
}

func (s *Service) keepDecision(r owner.Room, was, is Match, end func(*db.Tx, Match, vault.Subject) error) customer.Also {
	return func(tx *db.Tx, _ *customer.Customer, key vault.Subject) error {
		if err := s.write(tx, r, key, change{was: was, is: is}); err != nil {
			return err
		}
		if err := end(tx, is, key); err != nil {
			return err
		}
		s.Events.RecordOn(tx, r.Grant, event.ScreeningDecided, is.CustomerID, is.ID, is.Status)
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: audit.ScreeningDecide, Customers: []int64{is.CustomerID}, Object: is.ID, Fields: []string{is.Status}})
	}
}
