package rights

import (
	"context"
	"strings"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
)

func joined(names []string) string { return strings.Join(names, ",") }

func split(names string) []string {
	if names == "" {
		return nil
	}
	return strings.Split(names, ",")
}

func (s *Service) notices(ctx context.Context, r owner.Room, where string, args ...any) ([]Notice, error) {
	var all []Notice
	err := s.Store.Each(ctx, r.Scope(), `SELECT id, customer_id, recipient_id, cause, fields, done_at, user_id FROM recipient_notice WHERE realm_id = $1 AND `+where,
		append([]any{r.Realm()}, args...), func(row db.Row) error {
			var n Notice
			var fields string
			var done int64
			err := row.Scan(&n.ID, &n.CustomerID, &n.Recipient, &n.Cause, &fields, &done, &n.UserID)
			n.Fields, n.Done = split(fields), instant(done)
			all = append(all, n)
			return err
		})
	return all, err
}

// readNotices finds what recipients were told because of a request.
func (s *Service) readNotices(ctx context.Context, f *file) (err error) {
	if oneOf(f.Kind, Rectification, Erasure, Restriction) {
		f.Notices, err = s.notices(ctx, f.Room, `customer_id = $2 AND cause = $3 AND id > $4 ORDER BY id`, f.CustomerID, f.Kind, f.ID)
	}
	return err
}

// Notices lists what recipients are told, the newest first; open ones or done ones alone if
// asked. Next is 0 at the end.
func (s *Service) Notices(ctx context.Context, g auth.Grant, status string, before int64, limit int) (all []Notice, next int64, err error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return nil, 0, err
	}
	if before == 0 {
		before = id.Max
	}
	all, err = s.notices(ctx, r, `id < $2 AND ($3 = '' OR ($3 = 'open') = (done_at = 0)) ORDER BY id DESC LIMIT $4`, before, status, limit+1)
	if err != nil {
		return nil, 0, err
	}
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	return all, next, s.Audit.Note(ctx, g, audit.Entry{Action: audit.RecipientNoticesRead})
}

// Notice shows one.
func (s *Service) Notice(ctx context.Context, g auth.Grant, noticeID int64) (Notice, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Notice{}, err
	}
	all, err := s.notices(ctx, r, `id = $2`, noticeID)
	if err != nil {
		return Notice{}, err
	}
	if len(all) == 0 {
		return Notice{}, fault.New(fault.NotFound, fault.NoticeNotFound, "Notice not found")
	}
	return all[0], s.Audit.Note(ctx, g, audit.Entry{Action: audit.RecipientNoticesRead, Object: noticeID})
}

// Told records that a recipient was told. Twice is once.
func (s *Service) Told(ctx context.Context, g auth.Grant, noticeID int64) error {
	n, err := s.Notice(ctx, g, noticeID)
	if err != nil || !n.Done.IsZero() {
		return err
	}
	return s.Store.Write(ctx, db.Realm(g.Realm()), func(tx *db.Tx) error {
		tx.Exec(`UPDATE recipient_notice SET done_at = $3, user_id = $4 WHERE realm_id = $1 AND id = $2 AND done_at = 0`, g.Realm(), noticeID, s.Clock.Millis(), g.Actor().ID)
		return s.Audit.Add(tx, g, audit.Entry{Action: audit.RecipientTold, Object: noticeID})
	})
}
