package rights

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
)

// MostEvidence is how large something attached may be, in bytes.
const MostEvidence = 100 << 10

// What evidence is.
const (
	Attached    = "attached"    // by whoever works on the request
	Exported    = "export"      // the file that the customer is given
	Certificate = "certificate" // of an erasure
)

// Evidence shows what was done. Its content is sealed, and may lie elsewhere: then the digest
// alone is here.
type Evidence struct {
	ID     int64
	UserID int64
	Kind   string
	SHA256 string // hex
	Size   int64  // of the content in bytes; 0 where it lies elsewhere
	Sealed
}

// Added is when it was attached.
func (e Evidence) Added() time.Time { return id.Time(e.ID) }

// Sealed is what is sealed of evidence.
type Sealed struct {
	Name    string `json:"name,omitempty"`
	Content []byte `json:"content,omitempty"`
}

// Digest is the SHA-256 of something, in hex.
func Digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// attach adds evidence to the unit of a step. A certificate's text stands with the erasure.
func (s *Service) attach(tx *db.Tx, f *file, e Evidence) error {
	e.ID, e.UserID = s.IDs.Next(), f.Grant.Actor().ID
	if e.Kind == Certificate {
		e.Sealed = Sealed{}
	}
	sealed, err := f.seal("privacy_request_evidence", e.ID, e.Sealed)
	if err != nil {
		return err
	}
	tx.Exec(`INSERT INTO privacy_request_evidence (realm_id, request_id, id, customer_id, user_id, kind, sha256, size, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		f.Realm(), f.ID, e.ID, f.CustomerID, e.UserID, e.Kind, e.SHA256, e.Size, sealed)
	f.Evidence = append(f.Evidence, e)
	return nil
}

// Attach adds evidence to a request, also to one that is finished: the answer's receipt comes
// afterwards.
func (s *Service) Attach(ctx context.Context, g auth.Grant, requestID int64, e Evidence, also Also) (Request, error) {
	f, err := s.open(ctx, g, requestID)
	if err != nil {
		return Request{}, err
	}
	e.Kind = Attached
	if e.Size = int64(len(e.Content)); e.Size > 0 {
		e.SHA256 = Digest(e.Content)
	}
	err = s.store(ctx, f, Step{What: stepEvidence}, audit.PrivacyRequestEvidence, "", &e, nil, also)
	if errors.Is(err, errAgain) {
		return Request{}, fault.Away(errAgain)
	}
	return f.Request, err
}

// readEvidence reads without contents.
func (s *Service) readEvidence(ctx context.Context, f *file) error {
	return s.eachEvidence(ctx, f, 0, func(e Evidence) {
		e.Content = nil
		f.Evidence = append(f.Evidence, e)
	})
}

// eachEvidence reads one by its id, or all for 0.
func (s *Service) eachEvidence(ctx context.Context, f *file, evidenceID int64, fn func(Evidence)) error {
	return s.Store.Each(ctx, f.Scope(), `SELECT id, user_id, kind, sha256, size, doc FROM privacy_request_evidence WHERE realm_id = $1 AND request_id = $2 AND (id = $3 OR $3 = 0) ORDER BY id`,
		[]any{f.Realm(), f.ID, evidenceID}, func(row db.Row) error {
			var e Evidence
			var sealed []byte
			if err := row.Scan(&e.ID, &e.UserID, &e.Kind, &e.SHA256, &e.Size, &sealed); err != nil {
				return err
			}
			err := f.unseal("privacy_request_evidence", e.ID, sealed, &e.Sealed)
			fn(e)
			return err
		})
}

// Look gives one piece of evidence with its content.
func (s *Service) Look(ctx context.Context, g auth.Grant, requestID, evidenceID int64) (Evidence, error) {
	f, err := s.open(ctx, g, requestID)
	if err != nil {
		return Evidence{}, err
	}
	var found Evidence
	if err := s.eachEvidence(ctx, f, evidenceID, func(e Evidence) { found = e }); err != nil {
		return found, err
	}
	if evidenceID == 0 || found.ID == 0 {
		return found, fault.New(fault.NotFound, fault.EvidenceNotFound, "The request has no such evidence")
	}
	return found, s.Audit.Note(ctx, g, audit.Entry{Action: audit.PrivacyEvidenceRead, Customers: []int64{f.CustomerID}, Object: evidenceID})
}
