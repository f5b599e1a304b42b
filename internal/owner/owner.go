package owner

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/recent"
	"github.com/florin-gateway/florin/internal/vault"
)

// Policy says what a second customer with the same e-mail or member id becomes.
type Policy string

// Reject answers 409, Return the existing customer, Allow makes another.
const (
	Reject Policy = "reject"
	Return Policy = "return"
	Allow  Policy = "allow"
)

// Settings are what an owner may choose.
type Settings struct {
	Name            string
	BaseCurrency    string // ISO 4217
	DefaultRegion   string // ISO 3166-1 alpha-2 for national phone numbers, or empty
	DuplicatePolicy Policy
	StrictPhone     bool   // refuse numbers that are not in use
	NotifyURL       string // for payment requests without one of their own, or empty
	BrandColor      string // of the payment page, #rrggbb, or empty
	// RequireSecondFactor leaves who signs in with a password alone nothing but to add one.
	RequireSecondFactor bool
	// ScreenCustomers has everybody looked up in sanctions lists who is new, changed, or not
	// yet in the newest lists.
	ScreenCustomers bool
	NotCollected    []Uncollected // fields of customers that are refused (GDPR Art. 5(1)(c))
}

// Owner is one merchant.
type Owner struct {
	ID        int64
	LiveRealm int64
	TestRealm int64
	Settings
	Standing
	// IndexVersion is the blind index that searches use. NextIndexVersion is being
	// filled beside it during a rotation, and 0 otherwise.
	IndexVersion     int
	NextIndexVersion int
	CreateDate       time.Time
	// SigningSecret signs notifications. It is only set on the owner that Create made.
	SigningSecret string
}

// Realm is the owner's realm of one mode.
func (o Owner) Realm(m auth.Mode) int64 {
	if m == auth.Test {
		return o.TestRealm
	}
	return o.LiveRealm
}

// Service keeps owners.
type Service struct {
	store *db.DB
	vault *vault.Vault
	clock clock.Clock
	ids   *id.Source

	mu     sync.RWMutex
	cached map[int64]cachedOwner
	closed recent.Values[map[int64]bool]
}

type cachedOwner struct {
	Owner
	until time.Time
}

// freshness bounds how old a cached setting may be: who is suspended must be out within a
// second on every node.
const freshness = 900 * time.Millisecond

// NewService makes the service.
func NewService(store *db.DB, v *vault.Vault, c clock.Clock, ids *id.Source) *Service {
	return &Service{store: store, vault: v, clock: c, ids: ids, cached: map[int64]cachedOwner{}}
}

// Check finds every fault of settings and puts codes into their usual form.
func Check(s *Settings) []fault.Field {
	var faults []fault.Field
	bad := func(path string, err error) {
		if err != nil {
			faults = append(faults, fault.Field{Path: path, Code: "invalid", Message: err.Error()})
		}
	}
	var err error
	s.Name, err = contact.ParseName(s.Name)
	bad("/name", err)
	s.BaseCurrency, err = contact.Currency(s.BaseCurrency)
	bad("/baseCurrency", err)
	if s.DefaultRegion != "" {
		s.DefaultRegion, err = contact.Country(s.DefaultRegion)
		bad("/defaultRegion", err)
	}
	if s.NotifyURL != "" {
		s.NotifyURL, err = contact.WebAddress(s.NotifyURL)
		bad("/notifyUrl", err)
	}
	if s.BrandColor != "" {
		s.BrandColor, err = ParseColor(s.BrandColor)
		bad("/brandColor", err)
	}
	if s.DuplicatePolicy != Reject && s.DuplicatePolicy != Return && s.DuplicatePolicy != Allow {
		bad("/duplicatePolicy", errors.New("must be reject, return or allow"))
	}
	return faults
}

// Create makes an owner with keys of its own and two empty realms. also runs in the
// unit of the row.
func (s *Service) Create(ctx context.Context, settings Settings, also func(*db.Tx, Owner) error) (Owner, error) {
	if faults := Check(&settings); len(faults) > 0 {
		return Owner{}, fault.Fields(faults)
	}
	o := Owner{ID: s.ids.Next(), LiveRealm: s.ids.Next(), TestRealm: s.ids.Next(), Settings: settings, IndexVersion: 1, Standing: Standing{Status: Active}}
	o.CreateDate = id.Time(o.ID)
	if err := s.vault.NewOwner(ctx, o.ID); err != nil {
		return Owner{}, err
	}
	sealed, err := s.newSecret(ctx, &o)
	if err != nil {
		return Owner{}, err
	}
	err = s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO owner (id, name, base_currency, default_region, duplicate_policy, strict_phone,
			live_realm, test_realm, index_version, next_index_version, signing_secret, created_at, notify_url, brand_color, require_second_factor, screen_customers, not_collected)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $9, $10, $11, $12, $13, $14, $15)`, o.ID, o.Name, o.BaseCurrency, o.DefaultRegion,
			string(o.DuplicatePolicy), db.Flag(o.StrictPhone), o.LiveRealm, o.TestRealm, sealed, id.Millis(o.ID), o.NotifyURL, o.BrandColor,
			db.Flag(o.RequireSecondFactor), db.Flag(o.ScreenCustomers), joinUncollected(o.NotCollected))
		return also(tx, o)
	})
	return o, err
}

// newSecret makes the secret that notifications are signed with: 256 random bits as
// text, whose ASCII bytes are the key (wire contract, section 6).
func (s *Service) newSecret(ctx context.Context, o *Owner) ([]byte, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	o.SigningSecret = "florin_sig_" + base64.RawURLEncoding.EncodeToString(random[:])
	keys, err := s.vault.Keys(ctx, o.ID, 0)
	if err != nil {
		return nil, err
	}
	return keys.Seal(vault.Place{Table: "owner", Row: o.ID, Column: "signing_secret"}, []byte(o.SigningSecret))
}

const columns = `id, name, base_currency, default_region, duplicate_policy, strict_phone, live_realm, test_realm,
	index_version, next_index_version, created_at, notify_url, brand_color, status, status_reason, status_at, rate_limit, require_second_factor, screen_customers, not_collected FROM owner`

func scan(r db.Row) (Owner, error) {
	var o Owner
	var policy, status, not string
	var strict, created, since, factor, screen int64
	err := r.Scan(&o.ID, &o.Name, &o.BaseCurrency, &o.DefaultRegion, &policy, &strict, &o.LiveRealm, &o.TestRealm,
		&o.IndexVersion, &o.NextIndexVersion, &created, &o.NotifyURL, &o.BrandColor, &status, &o.Reason, &since, &o.RateLimit, &factor, &screen, &not)
	if o.Status = Status(status); since > 0 {
		o.Since = time.UnixMilli(since).UTC()
	}
	o.DuplicatePolicy, o.StrictPhone, o.CreateDate = Policy(policy), strict != 0, time.UnixMilli(created).UTC()
	o.RequireSecondFactor, o.ScreenCustomers, o.NotCollected = factor != 0, screen != 0, splitUncollected(not)
	return o, err
}

// Get finds an owner, at most a second out of date.
func (s *Service) Get(ctx context.Context, owner int64) (Owner, error) {
	now := s.clock.Now()
	s.mu.RLock()
	cached, ok := s.cached[owner]
	s.mu.RUnlock()
	if ok && now.Before(cached.until) {
		return cached.Owner, nil
	}
	all, err := s.find(ctx, `SELECT `+columns+` WHERE id = $1 AND status <> 'gone'`, owner)
	if err != nil {
		return Owner{}, err
	}
	if len(all) == 0 {
		return Owner{}, orNotFound(nil)
	}
	s.mu.Lock()
	s.cached[owner] = cachedOwner{all[0], now.Add(freshness)}
	s.mu.Unlock()
	return all[0], nil
}

// List gives all owners in order of id.
func (s *Service) List(ctx context.Context) ([]Owner, error) {
	return s.find(ctx, `SELECT `+columns+` WHERE status <> 'gone' ORDER BY id`)
}

func (s *Service) find(ctx context.Context, sql string, args ...any) ([]Owner, error) {
	var all []Owner
	err := s.store.Each(ctx, db.Worker(), sql, args, func(r db.Row) error {
		o, err := scan(r)
		all = append(all, o)
		return err
	})
	return all, err
}

// Update stores an owner's settings. also runs in the same unit.
func (s *Service) Update(ctx context.Context, owner int64, settings Settings, also func(*db.Tx) error) error {
	if faults := Check(&settings); len(faults) > 0 {
		return fault.Fields(faults)
	}
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE owner SET name = $2, base_currency = $3, default_region = $4, duplicate_policy = $5, strict_phone = $6, notify_url = $7,
			brand_color = $8, require_second_factor = $9, screen_customers = $10, not_collected = $11 WHERE id = $1`,
			owner, settings.Name, settings.BaseCurrency, settings.DefaultRegion, string(settings.DuplicatePolicy), db.Flag(settings.StrictPhone), settings.NotifyURL, settings.BrandColor,
			db.Flag(settings.RequireSecondFactor), db.Flag(settings.ScreenCustomers), joinUncollected(settings.NotCollected))
		return also(tx)
	})
	s.forget(owner)
	return err
}

// UseIndexes records which blind index searches use and which is being filled.
func (s *Service) UseIndexes(ctx context.Context, owner int64, current, next int) error {
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		tx.Exec(`UPDATE owner SET index_version = $2, next_index_version = $3 WHERE id = $1`, owner, current, next)
		return nil
	})
	s.forget(owner)
	return err
}

func (s *Service) forget(owner int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cached, owner)
}

// ByRealm finds whose a realm is, and its mode.
func (s *Service) ByRealm(ctx context.Context, realm int64) (Owner, auth.Mode, error) {
	all, err := s.find(ctx, `SELECT `+columns+` WHERE (live_realm = $1 OR test_realm = $1) AND status <> 'gone'`, realm)
	if err != nil || len(all) == 0 {
		return Owner{}, "", orNotFound(err)
	}
	if all[0].TestRealm == realm {
		return all[0], auth.Test, nil
	}
	return all[0], auth.Live, nil
}

func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.NotFound, fault.OwnerNotFound, "Owner not found")
}

// Sign signs a message with the owner's signing secret: HMAC-SHA-512 (wire contract,
// section 6).
func (s *Service) Sign(ctx context.Context, owner int64, message []byte) ([]byte, error) {
	var sealed []byte
	err := s.store.One(ctx, db.Worker(), `SELECT signing_secret FROM owner WHERE id = $1`, []any{owner}, &sealed)
	if err != nil {
		return nil, err
	}
	keys, err := s.vault.Keys(ctx, owner, 0)
	if err != nil {
		return nil, err
	}
	secret, err := keys.Open(vault.Place{Table: "owner", Row: owner, Column: "signing_secret"}, sealed)
	if err != nil {
		return nil, err
	}
	return vault.Sign(string(secret), message), nil
}

// Realms maps every realm to its owner.
func (s *Service) Realms(ctx context.Context) (map[int64]int64, error) {
	owners, err := s.List(ctx)
	realms := map[int64]int64{}
	for _, o := range owners {
		realms[o.LiveRealm], realms[o.TestRealm] = o.ID, o.ID
	}
	return realms, err
}
