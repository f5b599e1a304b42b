package routing

import (
	"context"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/provider"
)

// Rule sends payments that fit to an account. Empty lists and zero amounts fit any.
type Rule struct {
	ID         int64
	ProviderID int64
	Priority   int64 // the smallest first
	Weight     int64 // share among rules of one priority
	Methods    []string
	Currencies []string
	Countries  []string
	AmountFrom int64 // minor units of the payment's currency; needs exactly one currency
	AmountTo   int64 // first amount that no longer fits; 0 is none
}

// Want is what is to be paid.
type Want struct {
	Method  provider.Kind
	Amount  money.Amount
	Country string
}

func (rule Rule) fits(w Want) bool {
	within := func(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }
	return within(rule.Methods, string(w.Method)) && within(rule.Currencies, w.Amount.Currency) && within(rule.Countries, w.Country) &&
		w.Amount.Minor >= rule.AmountFrom && (rule.AmountTo == 0 || w.Amount.Minor < rule.AmountTo)
}

// errNoProvider says that nobody takes such a payment.
func errNoProvider() *fault.Error {
	return fault.New(fault.Unprocessable, fault.NoProvider, "No provider takes this payment: add an account under /providers, or a routing rule that fits")
}

// Choose gives the accounts that take a payment, in the order in which they are tried.
func (s *Service) Choose(ctx context.Context, r owner.Room, w Want) ([]Use, error) {
	candidates, err := s.candidates(ctx, r, w)
	if err != nil {
		return nil, err
	}
	uses := slices.DeleteFunc(candidates, func(u Use) bool { return !slices.Contains(u.Methods, w.Method) })
	if len(uses) == 0 {
		return nil, errNoProvider()
	}
	return uses, nil
}

func (s *Service) candidates(ctx context.Context, r owner.Room, w Want) ([]Use, error) {
	now, err := s.setup(ctx, r)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Clone(now.accounts), func(a row) bool { return !a.enabled })
	if len(all) == 0 {
		if r.Grant.Actor().Mode != auth.Test {
			return nil, errNoProvider()
		}
		u, err := s.sandbox(r)
		return []Use{u}, err
	}
	return s.inOrder(r, all, slices.Clone(now.rules), w)
}

// inOrder puts accounts in the order of the rules that fit; without any rule all of them.
func (s *Service) inOrder(r owner.Room, all []row, rules []Rule, w Want) ([]Use, error) {
	var uses []Use
	add := func(accountID int64) error {
		at := slices.IndexFunc(all, func(a row) bool { return a.id == accountID })
		if at < 0 || slices.ContainsFunc(uses, func(u Use) bool { return u.ID == accountID }) {
			return nil
		}
		u, err := s.use(r, all[at])
		uses = append(uses, u)
		return err
	}
	if len(rules) == 0 {
		for _, a := range all {
			if err := add(a.id); err != nil {
				return nil, err
			}
		}
		return uses, nil
	}
	rules = slices.DeleteFunc(rules, func(rule Rule) bool { return !rule.fits(w) })
	for _, rule := range s.shuffled(rules) {
		if err := add(rule.ProviderID); err != nil {
			return nil, err
		}
	}
	return uses, nil
}

// shuffled keeps the order of priorities and draws among equal ones by weight.
func (s *Service) shuffled(rules []Rule) []Rule {
	slices.SortStableFunc(rules, func(a, b Rule) int { return int(a.Priority - b.Priority) })
	for from := 0; from < len(rules); from++ {
		until, total := from, int64(0)
		for until < len(rules) && rules[until].Priority == rules[from].Priority {
			total += rules[until].Weight
			until++
		}
		drawn := int64(s.Random()>>1) % max(1, total)
		for i := from; i < until; i++ {
			if drawn -= rules[i].Weight; drawn < 0 {
				rules[from], rules[i] = rules[i], rules[from]
				break
			}
		}
	}
	return rules
}

// Offered lists the ways of paying that a realm can take, in the vendor's order.
func (s *Service) Offered(ctx context.Context, r owner.Room, a money.Amount, country string) ([]provider.Kind, error) {
	var offered []provider.Kind
	for _, method := range provider.Kinds() {
		_, err := s.Choose(ctx, r, Want{method, a, country})
		switch {
		case err == nil:
			offered = append(offered, method)
		case !fault.Is(err, fault.NoProvider):
			return nil, err
		}
	}
	return offered, nil
}

func (s *Service) rules(ctx context.Context, r owner.Room) ([]Rule, error) {
	all := []Rule{}
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, provider_id, priority, weight, methods, currencies, countries, amount_from, amount_to
		FROM routing_rule WHERE realm_id = $1 ORDER BY priority, id`, []any{r.Realm()}, func(line db.Row) error {
		var rule Rule
		var methods, currencies, countries string
		err := line.Scan(&rule.ID, &rule.ProviderID, &rule.Priority, &rule.Weight, &methods, &currencies, &countries, &rule.AmountFrom, &rule.AmountTo)
		rule.Methods, rule.Currencies, rule.Countries = list(methods), list(currencies), list(countries)
		all = append(all, rule)
		return err
	})
	return all, err
}

func list(text string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(text, ",")
}

// Rules lists a realm's rules in the order in which they are asked.
func (s *Service) Rules(ctx context.Context, g auth.Grant) ([]Rule, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all, err := s.rules(ctx, r)
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RoutingRead})
}

// AddRule stores a rule. also runs in the unit.
func (s *Service) AddRule(ctx context.Context, g auth.Grant, rule Rule, also func(*db.Tx, Rule) error) (Rule, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return rule, err
	}
	if err := s.checkRule(ctx, r, rule); err != nil {
		return rule, err
	}
	rule.ID = s.IDs.Next()
	defer s.recent.Forget(r.Realm())
	return rule, s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO routing_rule (realm_id, id, provider_id, priority, weight, methods, currencies, countries, amount_from, amount_to)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, r.Realm(), rule.ID, rule.ProviderID, rule.Priority, rule.Weight,
			strings.Join(rule.Methods, ","), strings.Join(rule.Currencies, ","), strings.Join(rule.Countries, ","), rule.AmountFrom, rule.AmountTo)
		if err := also(tx, rule); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.RoutingChange, Object: rule.ID})
	})
}

func (s *Service) checkRule(ctx context.Context, r owner.Room, rule Rule) error {
	var faults []fault.Field
	bad := func(wrong bool, path, message string) {
		if wrong {
			faults = append(faults, fault.Field{Path: path, Code: "invalid", Message: message})
		}
	}
	known := func(method string) bool { return !slices.Contains(provider.Kinds(), provider.Kind(method)) }
	bad(rule.Weight < 1 || rule.Weight > 1000, "/weight", "must be a whole number from 1 to 1000")
	bad(slices.ContainsFunc(rule.Methods, known), "/methods", "names a way of paying that does not exist")
	bad(slices.ContainsFunc(rule.Currencies, func(c string) bool { return !money.Known(c) }), "/currencies", "must be currency codes in capitals")
	bad(len(rule.Currencies) != 1 && (rule.AmountFrom != 0 || rule.AmountTo != 0), "/currencies", "must be exactly one where amounts are given")
	_, err := s.Open(ctx, r, rule.ProviderID)
	if err != nil && !fault.Is(err, fault.ProviderNotFound) {
		return err
	}
	bad(err != nil, "/providerId", "is no account of this owner")
	if len(faults) > 0 {
		return fault.Fields(faults)
	}
	return nil
}

// RemoveRule deletes a rule.
func (s *Service) RemoveRule(ctx context.Context, g auth.Grant, ruleID int64) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	defer s.recent.Forget(r.Realm())
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.ExecOne(fault.New(fault.NotFound, fault.RuleNotFound, "Routing rule not found"), `DELETE FROM routing_rule WHERE realm_id = $1 AND id = $2`, r.Realm(), ruleID)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.RoutingChange, Object: ruleID})
	})
}
