package customer

import (
	"context"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Statement is the SQL of a list, from its beginning or going on after a row.
func (s *Service) Statement(ctx context.Context, g auth.Grant, q Query, next bool) (string, []any, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return "", nil, err
	}
	p, err := s.plan(ctx, r, q)
	if next {
		p.After = &keyset{ID: 1 << 40, Updated: 1_780_000_000_000}
	}
	sql, args := p.statement(r.Realm(), 26)
	return sql, args, err
}

// EraseRows does the first half of Erase, as if the process had died then.
func (s *Service) EraseRows(ctx context.Context, g auth.Grant, customerID int64) error {
	r, err := s.enter(ctx, g)
	if err == nil {
		_, err = s.eraseRows(ctx, r, customerID, nil)
	}
	return err
}

// Merge is a merge patch on any values.
func Merge(target, patch strictjson.Value) strictjson.Value { return merge(target, patch) }

// Stored is a profile as it comes back from what is sealed.
func Stored(p Profile) (Profile, error) {
	d, err := parseDoc(newDoc(p).bytes())
	if err != nil {
		return Profile{}, err
	}
	return (&Customer{doc: d}).Profile()
}

// Changed names the fields in which two profiles differ.
func Changed(a, b Profile) []string { return changed(a, b) }
