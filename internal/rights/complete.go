package rights

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
)

// Outcome is what whoever completes a request says of it.
type Outcome struct {
	Words
	Reason  string // of a restriction (Art. 18(1))
	Purpose string // that is objected to; empty where it is none of those that are recorded
}

// Complete does what was asked, as far as Florin can do it, and says so. It may be called
// again after a crash: what was done is found done.
func (s *Service) Complete(ctx context.Context, g auth.Grant, requestID int64, o Outcome, also Also) (Request, error) {
	for range attempts {
		f, err := s.open(ctx, g, requestID)
		if err != nil {
			return Request{}, err
		}
		if err := s.mayComplete(f, o); err != nil {
			return Request{}, err
		}
		step, proof, err := s.fulfil(ctx, f, o)
		if err != nil {
			return Request{}, err
		}
		if f.Kind == Erasure { // it changed this request too
			if f, err = s.open(ctx, g, requestID); err != nil {
				return Request{}, err
			}
		}
		var tell func(*db.Tx)
		if f.Kind == Rectification { // an erasure and a restriction tell by themselves
			if _, tell, err = s.telling(ctx, g, f.CustomerID, Rectification, step.Fields); err != nil {
				return Request{}, err
			}
		}
		f.State, f.Finished = Completed, s.Clock.Now()
		if err = s.store(ctx, f, step, audit.PrivacyRequestComplete, event.PrivacyRequestCompleted, proof, tell, also); !errors.Is(err, errAgain) {
			return f.Request, err
		}
	}
	return Request{}, fault.Away(errAgain)
}

func (s *Service) mayComplete(f *file, o Outcome) error {
	switch {
	case !f.Request.Open():
		return fault.New(fault.Conflict, fault.PrivacyRequestClosed, "The request was completed or refused already")
	case f.Verified.IsZero():
		return fault.New(fault.Conflict, fault.IdentityUnverified, "Record first how it is known who asks")
	case f.Kind == Erasure && !f.Grant.Actor().May(auth.CustomersErase):
		return fault.New(fault.Forbidden, fault.ForbiddenCode, auth.ErrForbidden.Error())
	case f.Kind == Erasure && o.Words != (Words{}):
		return fault.OneField("/note", "invalid", "must be left out: nothing personal is kept of who was erased")
	case f.Kind == Restriction && !oneOf(o.Reason, customer.Contested, customer.Unlawful, customer.Claims, customer.Objected):
		return fault.OneField("/reason", "required", "must be one of GDPR Art. 18(1)")
	case f.Kind != Restriction && o.Reason != "":
		return fault.OneField("/reason", "invalid", "is of restrictions alone")
	case f.Kind != Objection && o.Purpose != "":
		return fault.OneField("/purpose", "invalid", "is of objections alone")
	case oneOf(f.Kind, Objection, Automated) && o.Note == "" && o.Purpose == "":
		return fault.OneField("/note", "required", "must say what was done")
	}
	return nil
}

// fulfil does what a request asks.
func (s *Service) fulfil(ctx context.Context, f *file, o Outcome) (Step, *Evidence, error) {
	step := Step{What: stepCompleted, Code: f.Kind, Words: o.Words}
	var proof *Evidence
	var err error
	switch f.Kind {
	case Access, Portability:
		proof, err = s.export(ctx, f)
	case Erasure:
		proof, err = s.erase(ctx, f)
	case Restriction:
		step.Code = o.Reason
		_, err = s.Customers.Restrict(ctx, f.Grant, f.CustomerID, customer.Restriction{Reason: o.Reason, Note: o.Note})
		if fault.Is(err, fault.CustomerRestricted) {
			err = nil
		}
	case Rectification:
		step.Fields, step.Object, err = s.corrected(ctx, f)
	case Objection:
		err = s.object(ctx, f, o)
	}
	return step, proof, err
}

// export makes the file that the customer is given, and keeps it until they have it: another
// export would be another file.
func (s *Service) export(ctx context.Context, f *file) (*Evidence, error) {
	var out bytes.Buffer
	if err := s.Export(ctx, f.Grant, f.CustomerID, &out); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("customer-%d.zip", f.CustomerID)
	return &Evidence{Kind: Exported, SHA256: Digest(out.Bytes()), Size: int64(out.Len()), Sealed: Sealed{name, out.Bytes()}}, nil
}

func (s *Service) erase(ctx context.Context, f *file) (*Evidence, error) {
	err := s.Customers.Erase(ctx, f.Grant, f.CustomerID, nil)
	if err != nil && !fault.Is(err, fault.CustomerErased) {
		return nil, err
	}
	c, err := s.Customers.CertificateOf(ctx, f.Grant, f.CustomerID)
	if err != nil {
		return nil, err
	}
	return &Evidence{Kind: Certificate, SHA256: Digest([]byte(c.Signed)), Size: int64(len(c.Signed))}, nil
}

// object stops a purpose (package consent), unless an objection stops it already.
func (s *Service) object(ctx context.Context, f *file, o Outcome) error {
	if o.Purpose == "" {
		return nil
	}
	before, err := s.Consents.Objections(ctx, f.Grant, f.CustomerID)
	if err != nil {
		return err
	}
	for _, one := range before {
		if one.Purpose == o.Purpose && one.Blocks() {
			return nil
		}
	}
	channel := f.Channel
	if !oneOf(channel, consent.Channels()...) {
		channel = "other"
	}
	_, err = s.Consents.Object(ctx, f.Grant, f.CustomerID, consent.Objection{Purpose: o.Purpose, Channel: channel, Note: f.Note},
		func(*db.Tx, consent.Objection, customer.Person) error { return nil })
	return err
}

// atOnce is how many records of the trail are looked at together.
const atOnce = 200

// corrected finds in the trail which fields were changed since the request came, and the last
// record of it.
func (s *Service) corrected(ctx context.Context, f *file) (fields []string, record int64, err error) {
	filter := audit.Filter{CustomerID: f.CustomerID, Action: audit.CustomerUpdate, From: f.Received, Limit: atOnce}
	for {
		page, err := s.Audit.Find(ctx, f.Grant, filter)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range page.Records {
			checked := slices.Equal(r.Fields, []string{"verification"}) // verified or screened: nothing is corrected
			if r.Result == audit.OK && !checked {
				fields, record = append(fields, r.Fields...), max(record, r.ID)
			}
		}
		if filter.Before = page.Next; page.Next == 0 {
			break
		}
	}
	if record == 0 {
		return nil, 0, fault.New(fault.Conflict, fault.NothingDone, "The customer was not changed since the request came: correct them first (PATCH)")
	}
	slices.Sort(fields)
	return slices.Compact(fields), record, nil
}
