package bulk

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Exported counts what became of the customers.
type Exported struct {
	Rows     int
	Withheld int // left out, since their data are restricted
}

// ExportOptions say what is written, and how.
type ExportOptions struct {
	Format     Format
	Restricted bool           // also customers whose data are restricted
	Progress   func(rows int) // called for each row
}

// Export writes the customers of a realm.
func Export(ctx context.Context, s *customer.Service, g auth.Grant, w io.Writer, o ExportOptions) (Exported, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	write := ndjsonWriter(out)
	if o.Format == CSV {
		write = csvWriter(out)
	}
	var done Exported
	var err error
	done.Withheld, err = s.Export(ctx, g, o.Restricted, func(c *customer.Customer) error {
		done.Rows++
		o.Progress(done.Rows)
		return write(c)
	})
	if err == nil {
		err = write(nil)
	}
	return done, errors.Join(err, out.Flush())
}

func ndjsonWriter(w io.Writer) func(*customer.Customer) error {
	return func(c *customer.Customer) error {
		if c == nil {
			return nil
		}
		_, err := w.Write(append(c.AppendJSON(nil), '\n'))
		return err
	}
}

// csvWriter begins with the header; nil ends the file.
func csvWriter(w io.Writer) func(*customer.Customer) error {
	out := csv.NewWriter(w)
	columns := append([]string{"id", "createDate", "updateDate", "status"}, Columns()...)
	_ = out.Write(columns)
	return func(c *customer.Customer) error {
		if c == nil {
			out.Flush()
			return out.Error()
		}
		v, err := strictjson.Parse(c.AppendJSON(nil))
		if err != nil {
			return err
		}
		cells := make([]string, len(columns))
		for i, column := range columns {
			cells[i] = escape(cellOf(v, strings.Split(column, ".")))
		}
		return out.Write(cells)
	}
}

func cellOf(v strictjson.Value, path []string) string {
	for _, name := range path {
		v, _ = v.Get(name)
	}
	switch v.Kind {
	case strictjson.Null:
		return ""
	case strictjson.Object:
		if len(v.Members) == 0 {
			return ""
		}
		return string(v.Append(nil))
	default:
		return v.Text
	}
}
