package api

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/register"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// The texts of incidents. immutable: read by OpenAPI alone.
var (
	incidentsDoc      = operation{tag: "Privacy", summary: "List incidents", answer: of[IncidentPage]()}
	createIncidentDoc = operation{tag: "Privacy", summary: "Record an incident", body: of[IncidentInput](), answer: of[Incident](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "GDPR Art. 33: the supervisory authority is notified within 72 hours of becoming aware, weekends and holidays included, unless a risk to persons is unlikely. With 48 and 24 hours left, and when they are over, there are the event `incident.clock` and a mail."}
	incidentDoc       = operation{tag: "Privacy", summary: "Get an incident", answer: of[Incident](), errors: []int{404}}
	updateIncidentDoc = operation{tag: "Privacy", summary: "Change an incident", body: of[IncidentInput](), answer: of[Incident](), errors: []int{404, 409, 413, 415}}
	affectedDoc       = operation{tag: "Privacy", summary: "Tell whose data an incident showed or changed", answer: of[AffectedPage](), errors: []int{404},
		description: "Computed from the audit trail at each request: records of the time that succeeded, named customers, and came from a suspected credential or address."}
	incidentNoticeDoc = operation{tag: "Privacy", summary: "Draft the notices of an incident", answer: of[IncidentNotice](), errors: []int{404}, description: "From what is recorded and what the trail says. What is not known stands in brackets."}
)

func (a *API) showIncident(i register.Incident) Incident {
	now := a.Clock.Now()
	shown := Incident{ID: i.ID, Description: i.Description, AwareAt: stamp(i.Aware), From: stampOrNull(i.From), To: stampOrNull(i.To), Credentials: orEmpty(i.Credentials), Addresses: orEmpty(i.Addresses),
		Risk: i.Risk, Consequences: orNull(i.Consequences), Measures: orNull(i.Measures), DueAt: stamp(i.Due()), Late: i.Late(now), NotifiedAt: stampOrNull(i.Notified), DelayReason: orNull(i.DelayReason),
		Reference: orNull(i.Reference), PersonsInformedAt: stampOrNull(i.Informed), ClosedAt: stampOrNull(i.Closed), UserID: i.UserID, CreateDate: stamp(i.Recorded())}
	if i.Running() {
		hours := i.Due().Sub(now).Truncate(time.Minute).Hours()
		shown.HoursLeft = &hours
	}
	return shown
}

// maxFacts is how long a text of the register may be, in characters.
const maxFacts = 4000

// prose reads a text of several lines.
func (f *form) prose(name string, limit int) string {
	text := f.text(name)
	if text == "" {
		return ""
	}
	parsed, err := contact.ParseProse(text, limit)
	if err != nil {
		f.bad(name, "invalid", err.Error())
	}
	return parsed
}

// ids reads an array of ids.
func (f *form) ids(name string, most int) []int64 {
	v, ok := f.get(name, strictjson.Array, "an array of ids")
	if !ok {
		return nil
	}
	all := make([]int64, 0, len(v.Items))
	for _, item := range v.Items {
		n, err := strconv.ParseInt(item.Text, 10, 64)
		if item.Kind != strictjson.Number || err != nil || n <= 0 || len(v.Items) > most {
			f.bad(name, "invalid", "must hold at most "+strconv.Itoa(most)+" ids")
			return nil
		}
		all = append(all, n)
	}
	return all
}

const mostSuspects = 100

// readIncident gives what the body changes of an incident.
func readIncident(f *form) func(*register.Incident) {
	text := map[string]string{}
	for name, limit := range map[string]int{"description": maxFacts, "consequences": maxFacts, "measures": maxFacts, "delayReason": maxNote, "reference": maxReference} {
		text[name] = f.prose(name, limit)
	}
	at := map[string]time.Time{}
	for _, name := range []string{"awareAt", "from", "to", "notifiedAt", "personsInformedAt", "closedAt"} {
		at[name] = f.time(name)
	}
	credentials, addresses, risk := f.ids("credentials", mostSuspects), f.addresses("addresses"), f.text("risk")
	if risk != "" && !oneOf(risk, register.Risks()...) {
		f.bad("risk", "invalid", "must be unknown, unlikely, likely or high")
	}
	return func(i *register.Incident) {
		for name, to := range map[string]*string{"description": &i.Description, "consequences": &i.Consequences, "measures": &i.Measures, "delayReason": &i.DelayReason, "reference": &i.Reference} {
			if text[name] != "" {
				*to = text[name]
			}
		}
		for name, to := range map[string]*time.Time{"awareAt": &i.Aware, "from": &i.From, "to": &i.To, "notifiedAt": &i.Notified, "personsInformedAt": &i.Informed, "closedAt": &i.Closed} {
			if !at[name].IsZero() {
				*to = at[name]
			}
		}
		if credentials != nil {
			i.Credentials = credentials
		}
		if addresses != nil {
			i.Addresses = addresses
		}
		if risk != "" {
			i.Risk = risk
		}
	}
}

// addresses reads network addresses, as the trail writes them.
func (f *form) addresses(name string) []string {
	var all []string
	for _, text := range f.texts(name) {
		address, err := netip.ParseAddr(text)
		if err != nil || len(all) == mostSuspects {
			f.bad(name, "invalid", "must hold at most 100 addresses like 203.0.113.7 or 2001:db8::7")
			return nil
		}
		all = append(all, address.Unmap().String())
	}
	return all
}

func (a *API) createIncident(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	i := register.Incident{Risk: register.Unknown}
	readIncident(f)(&i)
	if i.Description == "" {
		f.bad("description", "required", "is required")
	}
	if i.From.IsZero() {
		f.bad("from", "required", "is required")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err := a.Register.Report(ctx, r.Grant, i, func(tx *db.Tx, i register.Incident) (err error) {
		if answer, err = encode(http.StatusOK, a.showIncident(i)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, answer)
	})
	return answer, err
}

func (a *API) listIncidents(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	before, err := a.position(ctx, r, "incidents")
	if err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	found, next, err := a.Register.Incidents(ctx, r.Grant, before, limit)
	if err != nil {
		return nil, err
	}
	page := IncidentPage{Data: list(found, a.showIncident), HasMore: next != 0}
	page.NextCursor, err = a.cursor(ctx, r, "incidents", next)
	return answerOr(page, err)
}

func (a *API) getIncident(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	i, err := a.Register.Incident(ctx, r.Grant, r.ID)
	return answerOr(a.showIncident(i), err)
}

func (a *API) updateIncident(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	change := readIncident(f)
	if err := f.end(); err != nil {
		return nil, err
	}
	i, err := a.Register.Change(ctx, r.Grant, r.ID, change)
	return answerOr(a.showIncident(i), err)
}

func showAffected(c register.Affected) AffectedCustomer {
	return AffectedCustomer{CustomerID: c.CustomerID, Records: int64(c.Records), First: stamp(c.First), Last: stamp(c.Last), Actions: orEmpty(c.Actions), Fields: orEmpty(c.Fields), Whole: c.Whole}
}

func (a *API) affected(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	name := "affected-" + strconv.FormatInt(r.ID, 10)
	after, err := a.position(ctx, r, name)
	if err != nil || r.Faults() != nil {
		return nil, first(r.Faults(), err)
	}
	found, all, next, err := a.Register.Affected(ctx, r.Grant, r.ID, after, limit)
	if err != nil {
		return nil, err
	}
	page := AffectedPage{Customers: int64(len(all.Customers)), Records: int64(all.Records), Fields: orEmpty(all.Fields), Whole: all.Whole, Data: list(found, showAffected), HasMore: next != 0}
	page.NextCursor, err = a.cursor(ctx, r, name, next)
	return answerOr(page, err)
}

func (a *API) incidentNotice(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	d, err := a.Register.Draft(ctx, r.Grant, r.ID)
	return answerOr(IncidentNotice{Authority: d.Authority, Persons: d.Persons}, err)
}
