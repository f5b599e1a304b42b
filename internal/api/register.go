package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"strings"

	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/register"
)

// The texts of the register. immutable: read by OpenAPI alone.
var (
	officerDoc          = operation{tag: "Privacy", summary: "Get the data protection officer", answer: of[Officer](), errors: []int{404}}
	appointDoc          = operation{tag: "Privacy", summary: "Name the data protection officer", body: of[Officer](), answer: of[Officer](), errors: []int{413, 415}}
	consultationsDoc    = operation{tag: "Privacy", summary: "List what the officer was asked", answer: of[ConsultationPage]()}
	consultDoc          = operation{tag: "Privacy", summary: "Record what the officer was asked", body: of[ConsultationInput](), answer: of[Consultation](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
	assessmentsDoc      = operation{tag: "Privacy", summary: "List impact assessments", answer: of[AssessmentPage]()}
	assessDoc           = operation{tag: "Privacy", summary: "Record an impact assessment", body: of[AssessmentInput](), answer: of[Assessment](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
	assessmentDoc       = operation{tag: "Privacy", summary: "Get an impact assessment", answer: of[Assessment](), errors: []int{404}}
	reassessDoc         = operation{tag: "Privacy", summary: "Replace an impact assessment", body: of[AssessmentInput](), answer: of[Assessment](), errors: []int{404, 413, 415}}
	processingsDoc      = operation{tag: "Privacy", summary: "List records of processing", answer: of[ProcessingPage]()}
	addProcessingDoc    = operation{tag: "Privacy", summary: "Add a record of processing", body: of[ProcessingInput](), answer: of[ProcessingRecord](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"}}
	processingDoc       = operation{tag: "Privacy", summary: "Get a record of processing", answer: of[ProcessingRecord](), errors: []int{404}}
	changeProcessingDoc = operation{tag: "Privacy", summary: "Replace a record of processing", body: of[ProcessingInput](), answer: of[ProcessingRecord](), errors: []int{404, 413, 415}}
	removeProcessingDoc = operation{tag: "Privacy", summary: "Remove a record of processing", errors: []int{404}}
	draftProcessingDoc  = operation{tag: "Privacy", summary: "Draft records of what Florin does", answer: of[ProcessingDraft](), description: "Complete against Florin's own tables. What it can't know stands in brackets: complete it and record it."}
	exportProcessingDoc = operation{tag: "Privacy", summary: "Export the records of processing as CSV", media: csvType, answer: of[string]()}
)

const csvType = "text/csv; charset=utf-8"

func entry[T any](e register.Entry[T]) Entry {
	return Entry{ID: e.ID, UserID: e.UserID, CreateDate: stamp(id.Time(e.ID))}
}

func showConsultation(e register.Entry[register.Consultation]) Consultation {
	return Consultation{entry(e), ConsultationInput(e.Doc)}
}

func showAssessment(e register.Entry[register.Assessment]) Assessment {
	return Assessment{entry(e), AssessmentInput(e.Doc)}
}

func showProcessing(e register.Entry[register.Processing]) ProcessingRecord {
	return ProcessingRecord{entry(e), ProcessingInput(e.Doc)}
}

// told is a text of several lines that must be there.
func (f *form) told(name string, limit int) string {
	text := f.prose(name, limit)
	if text == "" {
		f.bad(name, "required", "is required")
	}
	return text
}

// keepEntry makes the answer to a new entry in its unit.
func keepEntry[T, S any](r *gate.Request, answer **gate.Answer, shown func(register.Entry[T]) S) func(*db.Tx, register.Entry[T]) error {
	return func(tx *db.Tx, e register.Entry[T]) (err error) {
		if *answer, err = encode(http.StatusOK, shown(e)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, *answer)
	}
}

// pageOf reads one page of entries and its cursor.
func pageOf[T, S any](ctx context.Context, a *API, r *gate.Request, name string, find func(before int64, limit int) ([]register.Entry[T], int64, error), shown func(register.Entry[T]) S) ([]S, *string, error) {
	limit := int(r.Int("limit", 1, maxLimit, defaultLimit))
	before, err := a.position(ctx, r, name)
	if err != nil || r.Faults() != nil {
		return nil, nil, first(r.Faults(), err)
	}
	found, next, err := find(before, limit)
	if err != nil {
		return nil, nil, err
	}
	cursor, err := a.cursor(ctx, r, name, next)
	return list(found, shown), cursor, err
}

func (a *API) getOfficer(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	o, err := a.Register.Officer(ctx, r.Grant)
	return answerOr(Officer(o), err)
}

func (a *API) appoint(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	o := register.Officer{Name: f.line("name", maxReference), Email: f.text("email"), Phone: f.line("phone", 50), Address: f.line("address", 500)}
	if o.Email != "" {
		if _, err := contact.ParseEmail(o.Email); err != nil {
			f.bad("email", "invalid", err.Error())
		}
	}
	if o == (register.Officer{}) {
		f.bad("name", "required", "or another way to reach them is required")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	return answerOr(Officer(o), a.Register.Appoint(ctx, r.Grant, o))
}

func (a *API) listConsultations(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	data, cursor, err := pageOf(ctx, a, r, "consultations", func(before int64, limit int) ([]register.Entry[register.Consultation], int64, error) {
		return a.Register.Consultations(ctx, r.Grant, before, limit)
	}, showConsultation)
	return answerOr(ConsultationPage{data, cursor, cursor != nil}, err)
}

func (a *API) consult(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	c := register.Consultation{Date: f.text("date"), Question: f.told("question", maxFacts), Advice: f.prose("advice", maxFacts), Followed: f.prose("followed", maxNote)}
	if f.date("date").IsZero() && c.Date == "" {
		f.bad("date", "required", "must be a day like 2026-11-22")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err := a.Register.Consult(ctx, r.Grant, c, keepEntry(r, &answer, showConsultation))
	return answer, err
}

func readAssessment(r *gate.Request) (register.Assessment, error) {
	f := &form{request: r}
	c := register.Assessment{Title: f.needed("title", maxReference), Description: f.told("description", maxFacts), Necessity: f.prose("necessity", maxFacts), Risks: f.prose("risks", maxFacts),
		Measures: f.prose("measures", maxFacts), Advice: f.prose("advice", maxFacts), Views: f.prose("views", maxFacts), Outcome: f.text("outcome"), ReviewDate: f.text("reviewDate")}
	if c.Outcome != "" && !oneOf(c.Outcome, register.Outcomes()...) {
		f.bad("outcome", "invalid", "must be one of "+strings.Join(register.Outcomes(), ", "))
	}
	f.date("reviewDate")
	return c, f.end()
}

func (a *API) listAssessments(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	data, cursor, err := pageOf(ctx, a, r, "assessments", func(before int64, limit int) ([]register.Entry[register.Assessment], int64, error) {
		return a.Register.Assessments(ctx, r.Grant, before, limit)
	}, showAssessment)
	return answerOr(AssessmentPage{data, cursor, cursor != nil}, err)
}

func (a *API) assess(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	c, err := readAssessment(r)
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err = a.Register.Assess(ctx, r.Grant, c, keepEntry(r, &answer, showAssessment))
	return answer, err
}

func (a *API) getAssessment(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	e, err := a.Register.Assessment(ctx, r.Grant, r.ID)
	return answerOr(showAssessment(e), err)
}

func (a *API) reassess(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	c, err := readAssessment(r)
	if err != nil {
		return nil, err
	}
	if err := a.Register.Reassess(ctx, r.Grant, r.ID, c); err != nil {
		return nil, err
	}
	return a.getAssessment(ctx, r)
}

func readProcessing(r *gate.Request) (register.Processing, error) {
	f := &form{request: r}
	p := register.Processing{Name: f.needed("name", maxReference), Controller: f.told("controller", maxNote), Officer: f.prose("officer", maxNote), Purposes: f.told("purposes", maxFacts),
		Persons: f.told("persons", maxFacts), Data: f.told("data", maxFacts), Recipients: f.prose("recipients", maxFacts), Transfers: f.prose("transfers", maxFacts),
		Retention: f.prose("retention", maxFacts), Security: f.prose("security", maxFacts), Basis: f.prose("basis", maxNote), Tables: f.texts("tables")}
	for _, t := range p.Tables {
		if len(p.Tables) > mostSuspects || len(t) > 64 {
			f.bad("tables", "invalid", "must hold at most 100 names")
			break
		}
	}
	return p, f.end()
}

func (a *API) listProcessings(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	data, cursor, err := pageOf(ctx, a, r, "processing records", func(before int64, limit int) ([]register.Entry[register.Processing], int64, error) {
		return a.Register.Processings(ctx, r.Grant, before, limit)
	}, showProcessing)
	return answerOr(ProcessingPage{data, cursor, cursor != nil}, err)
}

func (a *API) addProcessing(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	p, err := readProcessing(r)
	if err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err = a.Register.AddProcessing(ctx, r.Grant, p, keepEntry(r, &answer, showProcessing))
	return answer, err
}

func (a *API) getProcessing(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	e, err := a.Register.Processing(ctx, r.Grant, r.ID)
	return answerOr(showProcessing(e), err)
}

func (a *API) changeProcessing(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	p, err := readProcessing(r)
	if err != nil {
		return nil, err
	}
	if err := a.Register.ChangeProcessing(ctx, r.Grant, r.ID, p); err != nil {
		return nil, err
	}
	return a.getProcessing(ctx, r)
}

func (a *API) removeProcessing(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return done(a.Register.RemoveProcessing(ctx, r.Grant, r.ID))
}

func (a *API) draftProcessing(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Register.DraftProcessing(ctx, r.Grant)
	return answerOr(ProcessingDraft{Data: list(all, func(p register.Processing) ProcessingInput { return ProcessingInput(p) })}, err)
}

// exportProcessing gives the whole register: an authority asks for it as a file (Art. 30(4)).
func (a *API) exportProcessing(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	lines := [][]string{{"name", "controller", "officer", "purposes", "persons", "data", "recipients", "transfers", "retention", "security", "basis", "tables"}}
	for before, more := int64(0), true; more; more = before != 0 {
		page, next, err := a.Register.Processings(ctx, r.Grant, before, maxLimit)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			p := e.Doc
			lines = append(lines, harmless(p.Name, p.Controller, p.Officer, p.Purposes, p.Persons, p.Data, p.Recipients, p.Transfers, p.Retention, p.Security, p.Basis, strings.Join(p.Tables, " ")))
		}
		before = next
	}
	var out bytes.Buffer
	err := csv.NewWriter(&out).WriteAll(lines)
	return &gate.Answer{Status: http.StatusOK, Body: out.Bytes(), Type: csvType, Header: http.Header{"Content-Disposition": {`attachment; filename="processing-records.csv"`}}}, err
}

// harmless puts an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV
// injection).
func harmless(cells ...string) []string {
	for i, text := range cells {
		if strings.ContainsAny(text[:min(1, len(text))], "=+-@\t\r") {
			cells[i] = "'" + text
		}
	}
	return cells
}
