package consent

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Purposes that exist without set-up. An owner may put others in their place.
const (
	SaveMethod      = "save_payment_method" // keeping a payment method for later payments
	PaymentMessages = "payment_messages"    // receipts, refunds, cards that end
)

// Basis is the ground that a purpose rests on.
type Basis string

// Bases are those of GDPR Art. 6(1), in its order: (a) to (f).
const (
	ByConsent    Basis = "consent"
	ByContract   Basis = "contract"
	ByLaw        Basis = "legal_obligation"
	ByVital      Basis = "vital_interests"
	ByPublicTask Basis = "public_task"
	ByInterest   Basis = "legitimate_interests"
)

// Bases lists the grounds in the order of the law.
func Bases() []Basis {
	return []Basis{ByConsent, ByContract, ByLaw, ByVital, ByPublicTask, ByInterest}
}

// Article names the ground in the law, "6(1)(a)".
func (b Basis) Article() string {
	at := slices.Index(Bases(), b)
	if at < 0 {
		return ""
	}
	return "6(1)(" + string(rune('a'+at)) + ")"
}

// Purpose is what data are processed for.
type Purpose struct {
	ID          int64 // of this version of it; 0 is built in
	UserID      int64 // who set it up
	Name        string
	Basis       Basis
	DoubleOptIn bool // a consent counts once the customer has confirmed it by mail
	Marketing   bool // an objection always ends it (Art. 21(2), (3))
	Active      bool
	Terms
}

// Terms are an owner's own words.
type Terms struct {
	Description   string `json:"description,omitempty"`
	PolicyVersion string `json:"policyVersion,omitempty"`
}

// objectable reports whether a customer may object to it (Art. 21(1), (2)).
func (p Purpose) objectable() bool {
	return p.Marketing || p.Basis == ByPublicTask || p.Basis == ByInterest
}

// single reports whether each consent stands for a thing of its own: withdrawing that for
// one card leaves the others.
func (p Purpose) single() bool { return p.Name == SaveMethod }

// builtIn are the purposes that exist without set-up.
func builtIn() map[string]Purpose {
	return map[string]Purpose{
		SaveMethod:      {Name: SaveMethod, Basis: ByConsent, Active: true, Terms: Terms{Description: "Keeping a payment method for later payments"}},
		PaymentMessages: {Name: PaymentMessages, Basis: ByContract, Active: true, Terms: Terms{Description: "Receipts, refunds and notices about saved cards"}},
	}
}

// CheckPurpose finds what is wrong with a purpose.
func CheckPurpose(p Purpose) []fault.Field {
	var faults []fault.Field
	bad := func(wrong bool, path, message string) {
		if wrong {
			faults = append(faults, fault.Field{Path: path, Code: "invalid", Message: message})
		}
	}
	bad(!validName(p.Name), "path/name", "must be words of small letters joined by underscores, with at most eight digits behind them, 40 characters in all")
	bad(p.Basis.Article() == "", "/basis", "must be consent, contract, legal_obligation, vital_interests, public_task or legitimate_interests (GDPR Art. 6(1))")
	bad(p.Marketing && p.Basis != ByConsent && p.Basis != ByInterest, "/marketing", "rests on consent or on legitimate_interests, and on nothing else")
	bad(p.DoubleOptIn && p.Basis != ByConsent, "/doubleOptIn", "confirms a consent, which this purpose does not rest on")
	bad(p.DoubleOptIn && p.Name == SaveMethod, "/doubleOptIn", "is not possible here: this consent is given where the card is, and saves it at once")
	return faults
}

// validName has no room for a card number: paths are in logs.
func validName(name string) bool { return len(name) <= 40 && purposeName.MatchString(name) }

var purposeName = regexp.MustCompile(`^[a-z]+(_[a-z]+)*(_?[0-9]{1,8})?$`)

func purposePlace(r owner.Room, row int64) vault.Place { return r.Place("purpose", row, "doc") }

// Purposes lists a realm's purposes in order of name.
func (s *Service) Purposes(ctx context.Context, g auth.Grant) ([]Purpose, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all, err := s.purposes(ctx, r)
	if err != nil {
		return nil, err
	}
	var list []Purpose
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[name])
	}
	return list, s.Audit.Note(ctx, g, audit.Entry{Action: audit.PurposesRead})
}

// Purpose finds one by its name.
func (s *Service) Purpose(ctx context.Context, g auth.Grant, name string) (Purpose, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Purpose{}, err
	}
	p, ok, err := s.purpose(ctx, r, name)
	if err == nil && !ok {
		err = noPurpose()
	}
	if err != nil {
		return p, err
	}
	return p, s.Audit.Note(ctx, g, audit.Entry{Action: audit.PurposesRead, Object: p.ID})
}

func noPurpose() error { return fault.New(fault.NotFound, fault.PurposeNotFound, "Purpose not found") }

func (s *Service) purposes(ctx context.Context, r owner.Room) (map[string]Purpose, error) {
	all := builtIn()
	err := s.eachPurpose(ctx, r, "", func(p Purpose) { all[p.Name] = p }, r.Realm())
	return all, err
}

func (s *Service) purpose(ctx context.Context, r owner.Room, name string) (Purpose, bool, error) {
	p, ok := builtIn()[name]
	err := s.eachPurpose(ctx, r, " AND name = $2", func(own Purpose) { p, ok = own, true }, r.Realm(), name)
	return p, ok, err
}

func (s *Service) eachPurpose(ctx context.Context, r owner.Room, where string, each func(Purpose), args ...any) error {
	return s.Store.Each(ctx, r.Scope(), `SELECT id, name, basis, double_opt_in, marketing, active, user_id, doc FROM purpose WHERE realm_id = $1`+where, args, func(row db.Row) error {
		var p Purpose
		var basis string
		var twice, marketing, active int64
		var sealed []byte
		if err := row.Scan(&p.ID, &p.Name, &basis, &twice, &marketing, &active, &p.UserID, &sealed); err != nil {
			return err
		}
		p.Basis, p.DoubleOptIn, p.Marketing, p.Active = Basis(basis), twice != 0, marketing != 0, active != 0
		plain, err := r.Keys.Open(purposePlace(r, p.ID), sealed)
		if err != nil {
			return err
		}
		err = json.Unmarshal(plain, &p.Terms)
		each(p)
		return err
	})
}

// PutPurpose sets up a purpose, or changes it. What customers agreed to stays as it was.
func (s *Service) PutPurpose(ctx context.Context, g auth.Grant, p Purpose) (Purpose, error) {
	if faults := CheckPurpose(p); len(faults) > 0 {
		return p, fault.Fields(faults)
	}
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return p, err
	}
	p.ID, p.UserID = s.IDs.Next(), g.Actor().ID
	plain, err := json.Marshal(p.Terms)
	if err != nil {
		return p, err
	}
	sealed, err := r.Keys.Seal(purposePlace(r, p.ID), plain)
	if err != nil {
		return p, err
	}
	return p, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`DELETE FROM purpose WHERE realm_id = $1 AND name = $2`, r.Realm(), p.Name)
		tx.Exec(`INSERT INTO purpose (realm_id, id, name, basis, double_opt_in, marketing, active, user_id, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			r.Realm(), p.ID, p.Name, string(p.Basis), db.Flag(p.DoubleOptIn), db.Flag(p.Marketing), db.Flag(p.Active), p.UserID, sealed)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.PurposeChange, Object: p.ID})
	})
}

// RemovePurpose ends a purpose: nothing is processed for it any more. A built-in one is as
// it was before it was set up.
func (s *Service) RemovePurpose(ctx context.Context, g auth.Grant, name string) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(noPurpose(), `DELETE FROM purpose WHERE realm_id = $1 AND name = $2`, r.Realm(), name)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.PurposeChange})
	})
}

// Changed is when this version of it was set up.
func (p Purpose) Changed() time.Time { return id.Time(p.ID) }
