package customer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

// Certificate says what an erasure did. It names the customer by a number that leads
// nowhere now, and holds nothing of the person.
type Certificate struct {
	CustomerID int64
	Erased     time.Time
	Report     []string // what was removed, kept and told, a line each
	Signed     string   // C2SP signed note, by the key of the audit trail
}

// certificateHead is a certificate's first line: what the audit key signs besides begins
// otherwise.
const certificateHead = "florin-erasure"

// RetentionHead is the first line of the report of a retention run, which the same key signs.
const RetentionHead = "florin-retention"

// report is what goes into the tombstone before the key is destroyed.
func report(g auth.Grant, p Profile, indexRows int, interactions int64, others []Forgetting) string {
	actor := g.Actor()
	lines := []string{
		fmt.Sprintf("asked by %s %d, request %s", actor.Kind, actor.ID, g.Origin().RequestID),
		"removed the profile: " + strings.Join(filled(p), ", "),
		fmt.Sprintf("removed %d entries of search indexes", indexRows),
		fmt.Sprintf("removed %d interactions", interactions),
	}
	for _, o := range others {
		lines = append(lines, o.Report...)
	}
	return strings.Join(lines, "\n")
}

// certify signs what was done, once the key is gone. The last line says until when an older
// copy of data, keystore and key folder together could still show the person: until the
// epoch key that wrapped theirs is destroyed (ADR 0004).
func (s *Service) certify(ctx context.Context, g auth.Grant, customerID, keyID int64) (string, error) {
	var erased int64
	var done string
	err := s.Store.One(ctx, db.Realm(g.Realm()), `SELECT erased_at, report FROM customer_erased WHERE realm_id = $1 AND id = $2`, []any{g.Realm(), customerID}, &erased, &done)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%s\ncustomer %d in realm %d\nerased %s\n%s\ndestroyed the key %d %s\ncopies made before open nothing after %s\n", certificateHead, customerID, g.Realm(),
		stamp(instant(erased)), done, keyID, stamp(s.Clock.Now()), stamp(s.Vault.EpochEnds()))
	return s.Sign(text)
}

// Erased is what the ledger has of an erasure: enough to do it again.
type Erased struct {
	Realm, CustomerID, KeyID int64
	At                       time.Time
	Report                   string
	Signed                   string
}

// ReadLedger finds the certificates in the text of a ledger, the file that erasures are
// appended to. What is not signed by this installation, or cut off at the end, is left out
// and counted.
func ReadLedger(text string, verifier note.Verifier) (all []Erased, unreadable int) {
	for _, part := range strings.Split("\n"+text, "\n"+certificateHead+"\n")[1:] {
		e, err := parseErased(certificateHead+"\n"+strings.TrimRight(part, "\n")+"\n", verifier)
		if err != nil {
			unreadable++
			continue
		}
		all = append(all, e)
	}
	return all, unreadable
}

var errErased = errors.New("this is no certificate of an erasure")

func parseErased(signed string, verifier note.Verifier) (Erased, error) {
	e := Erased{Signed: signed}
	n, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return e, err
	}
	lines := strings.Split(strings.TrimRight(n.Text, "\n"), "\n")
	if len(lines) < 5 || lines[0] != certificateHead {
		return e, errErased
	}
	if _, err := fmt.Sscanf(lines[1], "customer %d in realm %d", &e.CustomerID, &e.Realm); err != nil {
		return e, errErased
	}
	if e.At, err = time.Parse(timeFormat, strings.TrimPrefix(lines[2], "erased ")); err != nil {
		return e, errErased
	}
	last := len(lines) - 2
	if _, err := fmt.Sscanf(lines[last], "destroyed the key %d", &e.KeyID); err != nil {
		return e, errErased
	}
	e.Report = strings.Join(lines[3:last], "\n")
	return e, nil
}

func stamp(t time.Time) string { return t.UTC().Format(timeFormat) }

// CertificateOf finds the certificate of an erased customer.
func (s *Service) CertificateOf(ctx context.Context, g auth.Grant, customerID int64) (Certificate, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Certificate{}, err
	}
	c := Certificate{CustomerID: customerID}
	var erased int64
	var done string
	err = s.Store.One(ctx, r.Scope(), `SELECT erased_at, report, certificate FROM customer_erased WHERE realm_id = $1 AND id = $2`,
		[]any{r.Realm(), customerID}, &erased, &done, &c.Signed)
	if errors.Is(err, db.ErrNoRows) || err == nil && c.Signed == "" {
		return c, fault.New(fault.NotFound, fault.CertificateNotFound, "There is no certificate of an erasure of this customer")
	}
	if err != nil {
		return c, err
	}
	c.Erased, c.Report = instant(erased), strings.Split(done, "\n")
	return c, s.Audit.Note(ctx, g, audit.Entry{Action: audit.CertificateRead, Customers: []int64{customerID}})
}

// CheckCertificate finds the signed note of an erasure or of a retention run in a text, which may be the whole answer that has
// it, and gives what was signed.
func CheckCertificate(text string, verifier note.Verifier) (string, error) {
	var answer struct{ Certificate string }
	if json.Unmarshal([]byte(text), &answer) == nil {
		text = answer.Certificate
	}
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil || !strings.HasPrefix(n.Text, certificateHead+"\n") && !strings.HasPrefix(n.Text, RetentionHead+"\n") {
		return "", errors.New("this is no certificate of an erasure, and no report of a retention run, that was signed by this installation")
	}
	return n.Text, nil
}
