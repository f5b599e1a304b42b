package routing

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/recent"
)

// Sandbox is the kind and the account that every test realm has without asking.
const (
	Sandbox   = "sandbox"
	SandboxID = 1
)

// Account is an owner's access to a provider, without its secrets.
type Account struct {
	ID          int64
	Kind        string
	Name        string
	Enabled     bool
	Settings    map[string]string
	HasSecret   []string // names of the secrets that are set
	CallbackURL string
}

// Draft is an account as an owner gives it. Credentials holds settings and secrets by
// name; those that are absent stay as they are, "" clears one.
type Draft struct {
	Kind        string
	Name        string
	Enabled     bool
	Credentials map[string]string
}

// Service keeps accounts and rules.
type Service struct {
	Store     *db.DB
	Owners    *owner.Service
	Audit     *audit.Log
	Clock     clock.Clock
	IDs       *id.Source
	Registry  provider.Registry
	PublicURL func() string
	Random    func() uint64

	recent recent.Values[setup]
}

// setup is what payments need of a realm. Nobody changes it.
type setup struct {
	accounts []row
	rules    []Rule
}

// setup reads accounts and rules for a payment, at most a second out of date.
func (s *Service) setup(ctx context.Context, r owner.Room) (setup, error) {
	return s.recent.Of(s.Clock, r.Realm(), func() (now setup, err error) {
		if now.accounts, err = s.accounts(ctx, r); err != nil || len(now.accounts) == 0 {
			return now, err
		}
		now.rules, err = s.rules(ctx, r)
		return now, err
	})
}

// stored is what is sealed of an account.
type stored map[string]string

func notFound() *fault.Error {
	return fault.New(fault.NotFound, fault.ProviderNotFound, "Provider account not found")
}

// Accounts lists a realm's accounts in order of id; the sandbox is not among them.
func (s *Service) Accounts(ctx context.Context, g auth.Grant) ([]Account, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all, err := s.accounts(ctx, r)
	if err != nil {
		return nil, err
	}
	shown := make([]Account, len(all))
	for i, a := range all {
		shown[i] = s.show(r, a)
	}
	return shown, s.Audit.Note(ctx, g, audit.Entry{Action: audit.ProvidersRead})
}

// row is an account with its credentials opened.
type row struct {
	id         int64
	kind, name string
	enabled    bool
	stored     stored
}

func (s *Service) accounts(ctx context.Context, r owner.Room) ([]row, error) {
	var all []row
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, kind, name, enabled, doc FROM provider_account WHERE realm_id = $1 ORDER BY id`, []any{r.Realm()}, func(line db.Row) error {
		var a row
		var enabled int64
		var sealed []byte
		if err := line.Scan(&a.id, &a.kind, &a.name, &enabled, &sealed); err != nil {
			return err
		}
		a.enabled = enabled != 0
		plain, err := r.Keys.Open(r.Place("provider_account", a.id, "doc"), sealed)
		if err != nil {
			return err
		}
		all = append(all, a)
		return json.Unmarshal(plain, &all[len(all)-1].stored)
	})
	return all, err
}

func (s *Service) show(r owner.Room, a row) Account {
	shown := Account{ID: a.id, Kind: a.kind, Name: a.name, Enabled: a.enabled, Settings: map[string]string{}, CallbackURL: s.callbackURL(r, a.kind, a.id)}
	for _, f := range s.Registry[a.kind].About.Credentials {
		value, ok := a.stored[f.Name]
		switch {
		case !ok || value == "":
		case f.Secret:
			shown.HasSecret = append(shown.HasSecret, f.Name)
		default:
			shown.Settings[f.Name] = value
		}
	}
	return shown
}

// callbackURL names kind, realm and account: the provider sends it back, and the
// signature, not the address, is what is believed.
func (s *Service) callbackURL(r owner.Room, kind string, accountID int64) string {
	return fmt.Sprintf("%s/ipg/2.0.0/callbacks/%s-%d-%d", s.PublicURL(), kind, r.Realm(), accountID)
}

// ParseCallbackName reads the last part of a callback address.
func ParseCallbackName(name string) (kind string, realm, accountID int64, ok bool) {
	parts := strings.Split(name, "-")
	if len(parts) != 3 {
		return "", 0, 0, false
	}
	realm, errRealm := strconv.ParseInt(parts[1], 10, 64)
	accountID, errID := strconv.ParseInt(parts[2], 10, 64)
	return parts[0], realm, accountID, errRealm == nil && errID == nil && realm > 0 && accountID > 0
}

// Create stores a new account. also runs in the unit.
func (s *Service) Create(ctx context.Context, g auth.Grant, d Draft, also func(*db.Tx, Account) error) (Account, error) {
	return s.put(ctx, g, row{id: s.IDs.Next(), kind: d.Kind, stored: stored{}}, d, `INSERT INTO provider_account (realm_id, id, kind, name, enabled, doc)
		VALUES ($1, $2, $3, $4, $5, $6)`, also)
}

// Update changes an account's name, credentials or use; its kind stays.
func (s *Service) Update(ctx context.Context, g auth.Grant, accountID int64, d Draft, also func(*db.Tx, Account) error) (Account, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Account{}, err
	}
	all, err := s.accounts(ctx, r)
	if err != nil {
		return Account{}, err
	}
	at := slices.IndexFunc(all, func(a row) bool { return a.id == accountID })
	if at < 0 {
		return Account{}, notFound()
	}
	return s.put(ctx, g, all[at], d, `UPDATE provider_account SET kind = $3, name = $4, enabled = $5, doc = $6 WHERE realm_id = $1 AND id = $2`, also)
}

// Find is one account as Accounts lists it, for a change of it.
func (s *Service) Find(ctx context.Context, g auth.Grant, accountID int64) (Account, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Account{}, err
	}
	all, err := s.accounts(ctx, r)
	at := slices.IndexFunc(all, func(a row) bool { return a.id == accountID })
	if err != nil || at < 0 {
		return Account{}, first(err, notFound())
	}
	return s.show(r, all[at]), nil
}

func first(err error, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func (s *Service) put(ctx context.Context, g auth.Grant, a row, d Draft, sql string, also func(*db.Tx, Account) error) (Account, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Account{}, err
	}
	if err := s.check(g, &a, d); err != nil {
		return Account{}, err
	}
	plain, err := json.Marshal(a.stored)
	if err != nil {
		return Account{}, err
	}
	sealed, err := r.Keys.Seal(r.Place("provider_account", a.id, "doc"), plain)
	if err != nil {
		return Account{}, err
	}
	shown := s.show(r, a)
	defer s.recent.Forget(r.Realm())
	return shown, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(notFound(), sql, r.Realm(), a.id, a.kind, a.name, db.Flag(a.enabled), sealed)
		if err := also(tx, shown); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.ProviderChange, Object: a.id})
	})
}

// check merges a draft into an account and finds every fault.
func (s *Service) check(g auth.Grant, a *row, d Draft) error {
	known, ok := s.Registry[a.kind]
	if !ok || a.kind == Sandbox {
		return fault.OneField("/kind", "invalid", "must be one of the connectors: "+strings.Join(s.kinds(), ", "))
	}
	var faults []fault.Field
	bad := func(path, code, message string) {
		faults = append(faults, fault.Field{Path: path, Code: code, Message: message})
	}
	if known.About.TestOnly && g.Actor().Mode == auth.Live {
		bad("/kind", "invalid", "is for test mode only")
	}
	for name, value := range d.Credentials {
		a.stored[name] = value
		if !slices.ContainsFunc(known.About.Credentials, func(f provider.Field) bool { return f.Name == name }) {
			bad("/credentials/"+name, "unknown", "is not a credential of this connector")
		}
	}
	for _, f := range known.About.Credentials {
		value := a.stored[f.Name]
		switch {
		case value == "" && f.Required:
			bad("/credentials/"+f.Name, "required", "is required: "+f.Doc)
		case value != "" && f.Pattern != "" && !regexp.MustCompile(f.Pattern).MatchString(value):
			bad("/credentials/"+f.Name, "invalid", "does not look right: "+f.Doc)
		case value != "" && f.Check != nil:
			for _, inner := range f.Check(value) {
				bad("/credentials/"+f.Name+inner.Path, inner.Code, inner.Message)
			}
		}
	}
	a.name, a.enabled = d.Name, d.Enabled
	if len(faults) > 0 {
		return fault.Fields(faults)
	}
	return nil
}

func (s *Service) kinds() []string {
	var all []string
	for kind := range s.Registry {
		if kind != Sandbox {
			all = append(all, kind)
		}
	}
	slices.Sort(all)
	return all
}

// Use is an account with its secrets and the connector that speaks for it.
type Use struct {
	provider.Account
	Connector provider.Connector
	Methods   []provider.Kind
}

// Open finds an account for a call to its provider.
func (s *Service) Open(ctx context.Context, r owner.Room, accountID int64) (Use, error) {
	if accountID == SandboxID {
		return s.sandbox(r)
	}
	is := func(a row) bool { return a.id == accountID }
	now, err := s.setup(ctx, r)
	if err == nil && !slices.ContainsFunc(now.accounts, is) {
		now.accounts, err = s.accounts(ctx, r) // another node may have made it just now
	}
	if err != nil {
		return Use{}, err
	}
	at := slices.IndexFunc(now.accounts, is)
	if at < 0 {
		return Use{}, notFound()
	}
	return s.use(r, now.accounts[at])
}

func (s *Service) use(r owner.Room, a row) (Use, error) {
	known, ok := s.Registry[a.kind]
	if !ok {
		return Use{}, notFound()
	}
	account := provider.Account{ID: a.id, Owner: r.Owner.ID, Realm: r.Realm(), Mode: r.Grant.Actor().Mode, Kind: a.kind,
		CallbackURL: s.callbackURL(r, a.kind, a.id), Settings: map[string]string{}, Secrets: map[string]provider.Secret{}}
	for _, f := range known.About.Credentials {
		if f.Secret {
			account.Secrets[f.Name] = provider.NewSecret(a.stored[f.Name])
		} else {
			account.Settings[f.Name] = a.stored[f.Name]
		}
	}
	return Use{account, known.Connector, known.About.Methods}, nil
}

// All opens every account of a realm that is in use, the sandbox included where it is.
func (s *Service) All(ctx context.Context, r owner.Room) ([]Use, error) {
	rows, err := s.accounts(ctx, r)
	if err != nil {
		return nil, err
	}
	var all []Use
	for _, a := range rows {
		u, err := s.use(r, a)
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	if r.Grant.Actor().Mode != auth.Test {
		return all, nil
	}
	u, err := s.sandbox(r)
	return append(all, u), err
}

// sandbox is the account that nobody set up: its secrets come from the owner's keys.
func (s *Service) sandbox(r owner.Room) (Use, error) {
	if r.Grant.Actor().Mode != auth.Test {
		return Use{}, notFound()
	}
	u, err := s.use(r, row{id: SandboxID, kind: Sandbox, enabled: true})
	for _, name := range []string{"callback", "fingerprint"} {
		sum, errSum := r.Keys.MAC("sandbox", name)
		if err = first(err, errSum); err == nil {
			u.Secrets[name] = provider.NewSecret(hex.EncodeToString(sum[:]))
		}
	}
	return u, err
}
