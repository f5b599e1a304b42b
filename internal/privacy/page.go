package privacy

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/owner"
)

//go:embed page.html
var pageText string // immutable

// titles are what kinds of data are called for people.
func titles() map[string]string {
	return map[string]string{
		"restriction": "Restriction of processing", "privacy_request": "Your requests about your data", "privacy_request_step": "What was done about them", "disclosure": "Whom your data were given to", "recipient_notice": "What they were told", "interaction": "Contacts with us", "consent": "What you agreed to", "payment_method": "Saved payment methods",
		"payment_request": "Payment requests", "payment_attempt": "Attempts to pay", "payment_log": "Steps of payments", "payment_refund": "Refunds",
		"payment_dispute": "Disputes", "customer_deposit": "Sums by currency",
	}
}

// fact is one line of the profile.
type fact struct{ Name, Value string }

// page writes what a person reads without any program but a browser.
func (s *Service) page(w io.Writer, o owner.Owner, profile []byte, chapters []chapter) error {
	page, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	members, err := opened(json.RawMessage(profile))
	if err != nil {
		return err
	}
	flat := map[string]any{}
	spread(flat, "doc", members)
	var facts []fact
	c := chapter{Columns: slices.Sorted(maps.Keys(flat))}
	for i, text := range c.Cells(flat) {
		if text != "" && text != "map[]" {
			facts = append(facts, fact{c.Columns[i], text})
		}
	}
	return page.Execute(w, struct {
		Owner, Time string
		Facts       []fact
		Chapters    []chapter
	}{o.Name, s.Clock.Now().UTC().Format("2 January 2006, 15:04 MST"), facts, chapters})
}

// mostShown is how many rows of a kind the page has: it is for reading.
const mostShown = 200

// Shown are the newest rows.
func (c chapter) Shown() []map[string]any {
	newest := slices.Clone(c.Rows[max(0, len(c.Rows)-mostShown):])
	slices.Reverse(newest)
	return newest
}

// More reports whether there are others.
func (c chapter) More() bool { return len(c.Rows) > mostShown }

// Title is what a chapter is called.
func (c chapter) Title() string {
	if title := titles()[c.Name]; title != "" {
		return title
	}
	return strings.ReplaceAll(c.Name, "_", " ")
}
