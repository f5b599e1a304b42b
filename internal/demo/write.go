package demo

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// progressStep is how many rows lie between two progress reports.
const progressStep = 1000

// Header is the first line of the CSV form, in the order of its columns.
func Header() []string {
	return []string{"name", "email", "phone", "address", "memberId", "dateOfBirth",
		"billingAddress.line1", "billingAddress.line2", "billingAddress.city", "billingAddress.state", "billingAddress.postalCode", "billingAddress.country",
		"shippingAddress.line1", "shippingAddress.line2", "shippingAddress.city", "shippingAddress.state", "shippingAddress.postalCode", "shippingAddress.country",
		"preferences.currency", "preferences.language", "preferences.notifications", "preferences.paymentMethod", "metadata"}
}

// WriteCSV writes Header and then options.Count rows (RFC 4180, UTF-8, LF); metadata is a JSON object as text. progress,
// which may be nil, hears the rows done every 1,000 and at the end. It stops with ctx's error or the writer's.
func WriteCSV(ctx context.Context, w io.Writer, options Options, progress func(done int)) error {
	out := csv.NewWriter(w)
	if err := out.Write(Header()); err != nil {
		return fmt.Errorf("demo: write CSV: %w", err)
	}
	err := each(ctx, options, progress, func(row Row) error {
		record, err := row.record()
		if err != nil {
			return err
		}
		return out.Write(record)
	})
	if err != nil {
		return fmt.Errorf("demo: write CSV: %w", err)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("demo: write CSV: %w", err)
	}
	return nil
}

// WriteNDJSON writes options.Count rows, one create body a line; progress, ctx and errors as in WriteCSV.
func WriteNDJSON(ctx context.Context, w io.Writer, options Options, progress func(done int)) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	out := json.NewEncoder(buffered)
	out.SetEscapeHTML(false)
	if err := each(ctx, options, progress, func(row Row) error { return out.Encode(row) }); err != nil {
		return fmt.Errorf("demo: write NDJSON: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("demo: write NDJSON: %w", err)
	}
	return nil
}

func each(ctx context.Context, options Options, progress func(int), write func(Row) error) error {
	if progress == nil {
		progress = func(int) {}
	}
	g := New(options)
	for row, ok := g.Next(); ok; row, ok = g.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := write(row); err != nil {
			return err
		}
		if g.made%progressStep == 0 {
			progress(g.made)
		}
	}
	if g.made%progressStep != 0 || g.made == 0 {
		progress(g.made)
	}
	return nil
}

func (r Row) record() ([]string, error) {
	out := []string{r.Name, r.Email, r.Phone, r.Address, r.MemberID, r.DateOfBirth}
	for _, a := range []*Address{r.BillingAddress, r.ShippingAddress} {
		if a == nil {
			a = &Address{}
		}
		out = append(out, a.Line1, a.Line2, a.City, a.State, a.PostalCode, a.Country)
	}
	if p := r.Preferences; p != nil {
		out = append(out, p.Currency, p.Language, strconv.FormatBool(p.Notifications), p.PaymentMethod)
	} else {
		out = append(out, "", "", "", "")
	}
	if r.Metadata == nil {
		return append(out, ""), nil
	}
	text, err := json.Marshal(r.Metadata)
	return append(out, string(text)), err
}
