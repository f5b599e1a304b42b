package register

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
)

// Drafts are notices to be completed and sent by people. What is not recorded is asked for
// and not made up.
type Drafts struct {
	Authority string // GDPR Art. 33(3)
	Persons   string // Art. 34(2)
}

func or(text, otherwise string) string {
	if text == "" {
		return "[" + otherwise + "]"
	}
	return text
}

func moment(t time.Time, otherwise string) string {
	if t.IsZero() {
		return "[" + otherwise + "]"
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}

// Draft writes both notices out of what is recorded and what the trail says.
func (s *Service) Draft(ctx context.Context, g auth.Grant, incidentID int64) (Drafts, error) {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return Drafts{}, err
	}
	i, err := s.find(ctx, r, incidentID)
	if err != nil {
		return Drafts{}, err
	}
	e, err := s.extent(ctx, g, i)
	if err != nil {
		return Drafts{}, err
	}
	officer, _, err := s.officer(ctx, r)
	if err != nil {
		return Drafts{}, err
	}
	d := Drafts{Authority: i.toAuthority(r.Owner.Name, contactOf(officer), e, s.Clock.Now()), Persons: i.toPersons(r.Owner.Name, contactOf(officer), e)}
	return d, s.Audit.Note(ctx, g, audit.Entry{Action: audit.IncidentDraft, Object: incidentID})
}

func contactOf(o Officer) string {
	var parts []string
	for _, part := range []string{o.Name, o.Email, o.Phone, o.Address} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return or(strings.Join(parts, ", "), "name and contact of the data protection officer or another contact point: PUT /privacy/dpo")
}

// data says which data were concerned, in words.
func (e Extent) data() string {
	switch {
	case e.Records == 0:
		return "[categories of data: the access log shows no access in this time by what is suspected]"
	case len(e.Fields) == 0:
		return "whole customer records, as the operations below show them"
	case e.Whole:
		return "whole customer records; named in the log: " + strings.Join(e.Fields, ", ")
	}
	return strings.Join(e.Fields, ", ")
}

func (i Incident) toAuthority(controller, contact string, e Extent, now time.Time) string {
	actions := map[string]bool{}
	var operations []string
	for _, one := range e.Customers {
		for _, a := range one.Actions {
			if !actions[a] {
				actions[a], operations = true, append(operations, a)
			}
		}
	}
	delay := "not needed: within 72 hours so far"
	if now.After(i.Due()) || i.Notified.After(i.Due()) || i.DelayReason != "" {
		delay = or(i.DelayReason, "reasons for the delay")
	}
	return fmt.Sprintf(`NOTIFICATION OF A PERSONAL DATA BREACH (GDPR Art. 33) - DRAFT, made %s

Controller: %s
Incident: %d. Aware since %s; 72 hours end %s.

1. Nature of the breach (Art. 33(3)(a))
%s
Time of the suspected access: %s to %s.
Data subjects: customers, %d by the access log. Records: %d operations in the access log that showed or changed their data.
Data: %s
Operations: %s

2. Contact point (Art. 33(3)(b))
%s

3. Likely consequences (Art. 33(3)(c))
%s

4. Measures taken or proposed (Art. 33(3)(d))
%s

5. Reasons for a delay (Art. 33(1))
%s

Information may follow in phases (Art. 33(4)). [Say whether the data were unintelligible to whoever had access, such as encrypted with keys that were not taken.]
`, moment(now, ""), or(controller, "name"), i.ID, moment(i.Aware, ""), moment(i.Due(), ""), or(i.Description, "what happened"),
		moment(i.From, "beginning"), moment(i.To, "goes on, or end not recorded"), len(e.Customers), e.Records, e.data(), or(strings.Join(operations, ", "), "none"), contact,
		or(i.Consequences, "likely consequences"), or(i.Measures, "measures"), delay)
}

func (i Incident) toPersons(controller, contact string, e Extent) string {
	return fmt.Sprintf(`[DRAFT of a communication to the persons concerned (GDPR Art. 34), needed where the risk is high. Clear and plain language.]

%s informs you of an incident that concerns your personal data.

What happened: %s
It concerned these data: %s
What may follow from it: %s
What we have done: %s
What you can do yourself: [advice]

Whom to ask: %s
`, or(controller, "name"), or(i.Description, "what happened"), e.data(), or(i.Consequences, "likely consequences"), or(i.Measures, "measures"), contact)
}
