package privacy

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/archive"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/owner"
)

// noTippingOff is why nobody is told by whom they are looked for.
const noTippingOff = "must not be disclosed to the customer (Directive (EU) 2015/849 Art. 39)"

// withheld are tables that name customers and are no part of what a customer is given, each
// with the reason. Every other one is exported.
func withheld() map[string]string {
	return map[string]string{
		"customer":                 "is customer.json",
		"customer_index":           "keyed fingerprints of what is in the profile",
		"privacy_request_evidence": "files exchanged with the customer already, and how the desk worked",
		"legal_hold":               "would adversely affect the rights of others (GDPR Art. 15(4))",
		"screening":                noTippingOff,
		"screening_match":          noTippingOff,
		"customer_link":            "finds pages, by a hash",
		"erasure_item":             "the customer's number in a list of erasures",
		"event":                    "numbers and names of fields; what happened stands in the other files",
		"event_pending":            "events that have no number yet",
		"idempotency_answer":       "answers of a day to requests that may be repeated",
		"webhook_delivery":         "how the merchant's own systems are told",
		"webhook_attempt":          "what the merchant's own systems answered",
		"notification":             "mails that are about to go out, of what stands in the other files",
	}
}

// secrets are members of documents that open a provider's vault, or the payment page.
func secrets() []string { return []string{"token", "payer", "fingerprint"} }

// chapter is one kind of data: a table.
type chapter struct {
	Name    string
	Columns []string
	Rows    []map[string]any
}

// Export writes all that is kept of a customer as a zip (GDPR Art. 15 and 20): each kind of
// data as JSON and as CSV, and a page for people.
func (s *Service) Export(ctx context.Context, g auth.Grant, customerID int64, w io.Writer) error {
	r, err := s.Owners.Enter(ctx, g, s.Audit)
	if err != nil {
		return err
	}
	c, err := s.Customers.Unmask(ctx, g, customerID, "data_subject_request export")
	if err != nil {
		return err
	}
	c, err = c.Disclosed()
	if err != nil {
		return err
	}
	profile := c.AppendJSON(nil)
	chapters, err := s.chapters(ctx, r, customerID)
	if err != nil {
		return err
	}
	out := zip.NewWriter(w)
	if err := errors.Join(s.pack(out, r.Owner, profile, chapters), out.Close()); err != nil {
		return err
	}
	return s.Audit.Note(ctx, g, audit.Entry{Action: audit.CustomerExport, Customers: []int64{customerID}})
}

func (s *Service) chapters(ctx context.Context, r owner.Room, customerID int64) ([]chapter, error) {
	var all []chapter
	for _, t := range archive.Tables() {
		if _, no := withheld()[t.Name]; no || !t.OfCustomers() || !t.Exported() {
			continue
		}
		c := chapter{Name: t.Name}
		err := archive.EachOf(ctx, s.Store, r, t, customerID, func(rec archive.Record) error {
			row, err := flat(rec)
			c.Rows = append(c.Rows, row)
			return err
		})
		if err != nil {
			return nil, err
		}
		c.arrange()
		all = append(all, c)
	}
	return all, nil
}

// flat is a record with the members of its documents beside its columns.
func flat(rec archive.Record) (map[string]any, error) {
	row := map[string]any{}
	for _, m := range rec {
		value, err := opened(m.Value)
		if err != nil {
			return nil, err
		}
		spread(row, m.Name, value)
	}
	return row, nil
}

// opened is a column's value with documents taken apart.
func opened(value any) (any, error) {
	switch value.(type) {
	case nil, int64, string:
		return value, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // ids and sums as they are written
	var apart any
	err = d.Decode(&apart)
	return apart, err
}

func spread(row map[string]any, name string, value any) {
	members, ok := value.(map[string]any)
	if !ok {
		row[name] = value
		return
	}
	for member, v := range members {
		if slices.Contains(secrets(), strings.ToLower(member)) {
			continue
		}
		spread(row, strings.TrimPrefix(name+"."+member, "doc."), v)
	}
}

// arrange gathers the columns, those of each row in order of name.
func (c *chapter) arrange() {
	seen := map[string]bool{}
	for _, row := range c.Rows {
		for name := range row {
			seen[name] = true
		}
	}
	c.Columns = slices.Sorted(maps.Keys(seen))
}

// Cells are a row's values in order of the columns, as texts.
func (c chapter) Cells(row map[string]any) []string {
	cells := make([]string, len(c.Columns))
	for i, name := range c.Columns {
		switch v := row[name].(type) {
		case nil:
		case string:
			cells[i] = v
		case []any:
			text, _ := json.Marshal(v) // it was read from JSON
			cells[i] = string(text)
		default:
			cells[i] = fmt.Sprint(v)
		}
	}
	return cells
}

func (s *Service) pack(out *zip.Writer, o owner.Owner, profile []byte, chapters []chapter) error {
	if err := packFile(out, "customer.json", func(w io.Writer) error { return indented(w, json.RawMessage(profile)) }); err != nil {
		return err
	}
	for _, c := range chapters {
		if err := packFile(out, c.Name+".json", func(w io.Writer) error { return indented(w, append([]map[string]any{}, c.Rows...)) }); err != nil {
			return err
		}
		if err := packFile(out, c.Name+".csv", c.csv); err != nil {
			return err
		}
	}
	return packFile(out, "index.html", func(w io.Writer) error { return s.page(w, o, profile, chapters) })
}

func packFile(out *zip.Writer, name string, write func(io.Writer) error) error {
	w, err := out.Create(name)
	if err != nil {
		return err
	}
	return write(w)
}

func indented(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// csv writes RFC 4180. A text that a spreadsheet would take for a formula gets an
// apostrophe (OWASP, CSV injection).
func (c chapter) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	lines := [][]string{c.Columns}
	for _, row := range c.Rows {
		cells := c.Cells(row)
		for i, text := range cells {
			if _, isText := row[c.Columns[i]].(string); isText && strings.ContainsAny(text[:min(1, len(text))], "=+-@\t\r") {
				cells[i] = "'" + text
			}
		}
		lines = append(lines, cells)
	}
	return out.WriteAll(lines)
}
