package owner

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

// Origin is a page that payment requests may come from: scheme, host and port (RFC 6454).
type Origin struct {
	ID     int64
	Origin string
}

var errOrigin = errors.New("must be a scheme, host and port like https://shop.example.com, with https unless it is this machine")

// ParseOrigin puts an origin into its one form: lower case, IDNA, no default port.
func ParseOrigin(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return "", errOrigin
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if address, ip := netip.ParseAddr(u.Hostname()); ip == nil {
		host, err = address.String(), nil
	}
	local := host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1"
	if err != nil || host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return "", errOrigin
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}

// Origins lists a realm's origins in order of id.
func (s *Service) Origins(ctx context.Context, g auth.Grant) ([]Origin, error) {
	all := []Origin{}
	err := s.store.Each(ctx, db.Realm(g.Realm()), `SELECT id, origin FROM origin_domain WHERE realm_id = $1 ORDER BY id`, []any{g.Realm()}, func(r db.Row) error {
		var o Origin
		err := r.Scan(&o.ID, &o.Origin)
		all = append(all, o)
		return err
	})
	return all, err
}

// MayCome reports whether a request may name the origin: one of the list, or any while
// the list is empty.
func (s *Service) MayCome(ctx context.Context, g auth.Grant, origin string) (bool, error) {
	all, err := s.Origins(ctx, g)
	if err != nil || len(all) == 0 {
		return err == nil, err
	}
	for _, o := range all {
		if o.Origin == origin {
			return true, nil
		}
	}
	return false, nil
}

// AddOrigin adds an origin; one that is there already is given back. also runs in the unit.
func (s *Service) AddOrigin(ctx context.Context, g auth.Grant, text string, also func(*db.Tx, Origin) error) (Origin, error) {
	origin, err := ParseOrigin(text)
	if err != nil {
		return Origin{}, fault.OneField("/origin", "invalid", err.Error())
	}
	o := Origin{s.ids.Next(), origin}
	err = s.store.Write(ctx, db.Realm(g.Realm()), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO origin_domain (realm_id, id, origin) VALUES ($1, $2, $3)`, g.Realm(), o.ID, o.Origin)
		return also(tx, o)
	})
	if !db.IsViolation(err, "origin_domain") {
		return o, err
	}
	err = s.store.One(ctx, db.Realm(g.Realm()), `SELECT id FROM origin_domain WHERE realm_id = $1 AND origin = $2`, []any{g.Realm(), origin}, &o.ID)
	return o, err
}

// RemoveOrigin takes an origin off the list.
func (s *Service) RemoveOrigin(ctx context.Context, g auth.Grant, originID int64, also func(*db.Tx) error) error {
	return s.store.Write(ctx, db.Realm(g.Realm()), func(tx *db.Tx) error {
		tx.ExecOne(fault.New(fault.NotFound, fault.OriginNotFound, "Origin domain not found"),
			`DELETE FROM origin_domain WHERE realm_id = $1 AND id = $2`, g.Realm(), originID)
		return also(tx)
	})
}
