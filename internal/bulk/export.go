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

// Export writes every customer of a realm and says how many.
func Export(ctx context.Context, s *customer.Service, g auth.Grant, w io.Writer, f Format, progress func(rows int)) (int, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	write := ndjsonWriter(out)
	if f == CSV {
		write = csvWriter(out)
	}
	count := 0
	err := s.Export(ctx, g, func(c *customer.Customer) error {
		count++
		progress(count)
		return write(c)
	})
	if err == nil {
		err = write(nil)
	}
	return count, errors.Join(err, out.Flush())
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
