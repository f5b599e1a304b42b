package bulk

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/fault"
)

// FuzzRows feeds any bytes as a file. A file is read to its end or refused; a row is
// read or refused by a fault of its own, and what was read is a JSON object.
func FuzzRows(f *testing.F) {
	f.Add([]byte("name,email\nZoë,zoe@example.com\n"), true)
	f.Add([]byte("\xef\xbb\xbfname,metadata\n'=1+1,\"{\"\"a\"\":1}\"\n"), true)
	f.Add([]byte("name,email\n\"open\n"), true)
	f.Add([]byte("name,billingAddress.city\n\xff,x\na\n"), true)
	f.Add([]byte(`{"name":"Zoë"}`+"\n\n[]\n{\"a\":"), false)
	f.Fuzz(func(t *testing.T, file []byte, asCSV bool) {
		format := NDJSON
		if asCSV {
			format = CSV
		}
		src, err := open(bytes.NewReader(file), format)
		if err != nil {
			return
		}
		for rows := 0; ; rows++ {
			require.LessOrEqual(t, rows, len(file), "more rows than bytes")
			row, err := src.next()
			var refused *fault.Error
			switch {
			case errors.Is(err, io.EOF):
				return
			case err == nil:
				_ = guard(row)
				_ = row.Append(nil)
			case !errors.As(err, &refused):
				return
			}
		}
	})
}

func TestEscapedCellsComeBack(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"", "Zoë", "=1+1", "+34612345678", "-5", "@x", "\tx", "'quoted", "'=x", "''"} {
		require.Equal(t, cell, unescape(escape(cell)), cell)
	}
}
