package rights

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
)

// Statement is one version of what people are told about the use of their data (Art. 13, 14).
type Statement struct {
	ID       int64
	UserID   int64
	Language string // BCP 47
	Article  string // 13: data from the person; 14: from elsewhere
	Points   []string
	Without  []string // points that do not apply
	Wording
}

// Wording is sealed under the owner's key: it names people to turn to.
type Wording struct {
	Title string `json:"title"`
	Text  string `json:"text,omitempty"`
}

// Since is when it was put in.
func (s Statement) Since() time.Time { return id.Time(s.ID) }

// always are points that apply to everybody.
func always(article string) []string {
	all := []string{"controller", "purposes", "legal_basis", "retention", "rights", "complaint"}
	if article == "14" {
		all = append(all, "categories", "source")
	}
	return all
}

// Points of an article: (1)(a) to (f), (2)(a) to (f) of Art. 13, or (g) of Art. 14.
func Points(article string) []string {
	all := append(always(article), "representative", "data_protection_officer", "legitimate_interests", "recipients", "transfers", "withdrawal_of_consent", "automated_decisions")
	if article == "13" {
		all = append(all, "obligation_to_provide")
	}
	return all
}

// Missing are points of a statement that are neither made nor said not to apply.
func (s Statement) Missing() []string {
	var none []string
	for _, p := range Points(s.Article) {
		without := slices.Contains(s.Without, p) && !slices.Contains(always(s.Article), p)
		if !slices.Contains(s.Points, p) && !without {
			none = append(none, p)
		}
	}
	return none
}

// Publish puts in a new version, which is the current one of its language and article.
func (s *Service) Publish(ctx context.Context, g auth.Grant, in Statement, also func(*db.Tx, Statement) error) error {
	if none := in.Missing(); len(none) > 0 {
		return fault.OneField("/points", "invalid", "must have, or notApplicable where that can be, also "+strings.Join(none, ", "))
	}
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	in.ID, in.UserID = s.IDs.Next(), g.Actor().ID
	plain, err := json.Marshal(in.Wording)
	if err != nil {
		return err
	}
	sealed, err := r.Keys.Seal(r.Place("privacy_notice", in.ID, "doc"), plain)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		tx.Exec(`INSERT INTO privacy_notice (realm_id, id, user_id, language, article, points, absent, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.Realm(), in.ID, in.UserID, in.Language, in.Article, joined(in.Points), joined(in.Without), sealed)
		if err := also(tx, in); err != nil {
			return err
		}
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.StatementPublish, Object: in.ID})
	})
}

// Statements lists versions, the newest first, those of one language and article if asked.
func (s *Service) Statements(ctx context.Context, g auth.Grant, language, article string) ([]Statement, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, err
	}
	all, err := s.statements(ctx, r, `($2 = '' OR language = $2) AND ($3 = '' OR article = $3) ORDER BY id DESC`, language, article)
	if err != nil {
		return nil, err
	}
	return all, s.Audit.Note(ctx, g, audit.Entry{Action: audit.StatementsRead})
}

// Statement shows one version.
func (s *Service) Statement(ctx context.Context, g auth.Grant, statementID int64) (Statement, error) {
	return s.oneStatement(ctx, g, `id = $2`, statementID)
}

// Current is the newest version in a language.
func (s *Service) Current(ctx context.Context, g auth.Grant, language, article string) (Statement, error) {
	return s.oneStatement(ctx, g, `language = $2 AND article = $3 ORDER BY id DESC LIMIT 1`, language, article)
}

func (s *Service) oneStatement(ctx context.Context, g auth.Grant, where string, args ...any) (Statement, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Statement{}, err
	}
	all, err := s.statements(ctx, r, where, args...)
	if err != nil {
		return Statement{}, err
	}
	if len(all) == 0 {
		return Statement{}, fault.New(fault.NotFound, fault.StatementNotFound, "There is no such privacy notice")
	}
	return all[0], s.Audit.Note(ctx, g, audit.Entry{Action: audit.StatementsRead, Object: all[0].ID})
}

func (s *Service) statements(ctx context.Context, r owner.Room, where string, args ...any) ([]Statement, error) {
	var all []Statement
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, user_id, language, article, points, absent, doc FROM privacy_notice WHERE realm_id = $1 AND `+where,
		append([]any{r.Realm()}, args...), func(row db.Row) error {
			var one Statement
			var points, without string
			var sealed []byte
			if err := row.Scan(&one.ID, &one.UserID, &one.Language, &one.Article, &points, &without, &sealed); err != nil {
				return err
			}
			one.Points, one.Without = split(points), split(without)
			plain, err := r.Keys.Open(r.Place("privacy_notice", one.ID, "doc"), sealed)
			if err != nil {
				return err
			}
			err = json.Unmarshal(plain, &one.Wording)
			all = append(all, one)
			return err
		})
	return all, err
}
