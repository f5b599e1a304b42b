package bulk_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/bulk"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db/dbtest"
)

// counter is an empty realm to bring customers into.
type counter struct {
	*app.App
	grant auth.Grant
}

func newCounter(t *testing.T, url string) *counter {
	t.Helper()
	c := config.Config{DataDir: t.TempDir()}
	if strings.HasPrefix(url, "postgres") {
		c.DatabaseURL = url
	}
	a, err := app.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close(t.Context())) })
	_, err = a.FirstRun(t.Context())
	require.NoError(t, err)
	owners, err := a.Owners.List(t.Context())
	require.NoError(t, err)
	return &counter{a, auth.System(owners[0].ID, owners[0].LiveRealm, auth.Live, "test")}
}

func (c *counter) bring(t *testing.T, f bulk.Format, file string) (bulk.Result, string, error) {
	t.Helper()
	var errs bytes.Buffer
	r, err := bulk.Import(t.Context(), c.Customers, c.grant, strings.NewReader(file), bulk.Options{Format: f, Errors: &errs, Progress: func(int) {}})
	return r, errs.String(), err
}

func (c *counter) take(t *testing.T, f bulk.Format) string {
	t.Helper()
	var out bytes.Buffer
	_, err := bulk.Export(t.Context(), c.Customers, c.grant, &out, bulk.ExportOptions{Format: f, Progress: func(int) {}})
	require.NoError(t, err)
	return out.String()
}

func TestRows(t *testing.T) {
	t.Parallel()
	const card = "4111111111111111"
	const head = "name,email\n"
	rows := map[string]struct {
		format bulk.Format
		file   string
		want   bulk.Result
		errors string // what the error file says
		err    string // the file as a whole is refused
		hidden string
	}{
		"csv":                {format: bulk.CSV, file: head + "Zoë,zoe@example.com\n王小明 🌸,w@example.com\n", want: bulk.Result{Stored: 2}},
		"byte order mark":    {format: bulk.CSV, file: "\ufeff" + head + "Zoë,zoe@example.com\r\n", want: bulk.Result{Stored: 1}},
		"columns by name":    {format: bulk.CSV, file: "email,billingAddress.city,name\na@example.com,\"Köln, alt\",A\n", want: bulk.Result{Stored: 1}},
		"ndjson":             {format: bulk.NDJSON, file: `{"name":"Zoë","email":"z@example.com"}` + "\n\n" + `{"name":"B","email":"b@example.com"}`, want: bulk.Result{Stored: 2}},
		"empty file":         {format: bulk.CSV, file: "", err: "no header"},
		"header alone":       {format: bulk.CSV, file: head},
		"unknown column":     {format: bulk.CSV, file: "name," + card + "\n", err: "column 2", hidden: card},
		"too few cells":      {format: bulk.CSV, file: head + "A\nB,b@example.com\n", want: bulk.Result{Stored: 1, Refused: 1}, errors: "1,,csv"},
		"bad quotes":         {format: bulk.CSV, file: head + "A\"x\",a@example.com\nB,b@example.com\n", want: bulk.Result{Stored: 1, Refused: 1}, errors: "1,,csv"},
		"twice in one file":  {format: bulk.CSV, file: head + "A,a@example.com\nA,A@EXAMPLE.com\n", want: bulk.Result{Stored: 1, Present: 1}},
		"card in a name":     {format: bulk.CSV, file: head + "A " + card + ",a@example.com\nB,b@example.com\n", want: bulk.Result{Stored: 1, Refused: 1}, errors: "1,/name", hidden: card},
		"card in metadata":   {format: bulk.CSV, file: "name,email,metadata\nA,a@example.com,\"{\"\"note\"\":\"\"" + card + "\"\"}\"\n", want: bulk.Result{Refused: 1}, errors: "card_number", hidden: card},
		"card in a name, js": {format: bulk.NDJSON, file: `{"name":"` + card + `","email":"a@example.com"}`, want: bulk.Result{Refused: 1}, errors: "1,/name", hidden: card},
		"not utf-8":          {format: bulk.CSV, file: head + "M\xfcller,m@example.com\nB,b@example.com\n", want: bulk.Result{Stored: 1, Refused: 1}, errors: "1,/name,invalid"},
		"not utf-8, js":      {format: bulk.NDJSON, file: "{\"name\":\"M\xfcller\",\"email\":\"m@example.com\"}\n", want: bulk.Result{Refused: 1}, errors: "1,,json"},
		"bad metadata":       {format: bulk.CSV, file: "name,email,metadata\nA,a@example.com,{secret\n", want: bulk.Result{Refused: 1}, errors: "must be JSON", hidden: "secret"},
		"several faults":     {format: bulk.CSV, file: head + ",particular-nonsense\n", want: bulk.Result{Refused: 1}, errors: "1,/email", hidden: "particular"},
		"not an object":      {format: bulk.NDJSON, file: "[1]\n{\"name\":\"B\",\"email\":\"b@example.com\"}\n", want: bulk.Result{Stored: 1, Refused: 1}, errors: "1,"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, refused, err := newCounter(t, "").bring(t, row.format, row.file)
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				require.NotContains(t, err.Error(), card)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, result)
			require.Contains(t, refused, row.errors)
			if row.hidden != "" {
				require.NotContains(t, refused, row.hidden)
			}
		})
	}
}

// TestFormulasComeBack: a spreadsheet must not run a cell, and nothing is lost.
func TestFormulasComeBack(t *testing.T) {
	t.Parallel()
	first, second := newCounter(t, ""), newCounter(t, "")
	names := []string{"=1+1", "+49 risky", "-2", "@SUM(A1)", "'quoted", "''twice", "'=both", "plain", "O'Brien", "= "}
	var file strings.Builder
	for i, name := range names {
		fmt.Fprintf(&file, `{"name":"Zoë","email":"p%d@example.com","address":%q,"metadata":{"=k":"=v"}}`+"\n", i, name)
	}
	result, refused, err := first.bring(t, bulk.NDJSON, file.String())
	require.NoError(t, err)
	require.Equal(t, bulk.Result{Stored: len(names)}, result, refused)
	csv := first.take(t, bulk.CSV)
	for _, start := range []string{",=", ",+", ",-", ",@", "\"=", "\"@"} {
		require.NotContains(t, strings.ReplaceAll(csv, `"{""=k"":""=v""}"`, ""), start)
	}
	result, refused, err = second.bring(t, bulk.CSV, csv)
	require.NoError(t, err)
	require.Equal(t, bulk.Result{Stored: len(names)}, result, refused)
	again := second.take(t, bulk.CSV)
	strip := func(text string) (rows []string) {
		for line := range strings.Lines(text) {
			rows = append(rows, line[strings.Index(line, ",active,")+1:])
		}
		return rows
	}
	require.Equal(t, strip(csv), strip(again))
}

func TestTenThousandRowsTwice(t *testing.T) {
	t.Parallel()
	const count = 10_000
	var file strings.Builder
	file.WriteString("name,email,memberId\n")
	for i := range count {
		fmt.Fprintf(&file, "Given%d Family%d,p%d@example.com,M%d\n", i, i%100, i, i)
	}
	dbtest.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url)
		for _, want := range []bulk.Result{{Stored: count}, {Present: count}} {
			result, refused, err := c.bring(t, bulk.CSV, file.String())
			require.NoError(t, err)
			require.Equal(t, want, result, refused)
		}
		require.Equal(t, count, strings.Count(c.take(t, bulk.NDJSON), "\n"))
	})
}

// TestRestrictedStay: whose data are restricted is in no export, unless it is asked for
// (GDPR Art. 18(2)).
//
// Shows: GDPR Art. 18
func TestRestrictedStay(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "")
	_, errs, err := c.bring(t, bulk.CSV, "name,email\nZoë,zoe@example.com\nمريم,maryam@example.com\n")
	require.NoError(t, err, errs)
	var one int64
	_, err = c.Customers.Export(t.Context(), c.grant, false, func(p *customer.Customer) error { one = p.ID; return nil })
	require.NoError(t, err)
	_, err = c.Customers.Restrict(t.Context(), c.grant, one, customer.Restriction{Reason: customer.Contested})
	require.NoError(t, err)
	for all, want := range map[bool]bulk.Exported{false: {Rows: 1, Withheld: 1}, true: {Rows: 2}} {
		var out bytes.Buffer
		got, err := bulk.Export(t.Context(), c.Customers, c.grant, &out, bulk.ExportOptions{Format: bulk.CSV, Restricted: all, Progress: func(int) {}})
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, all, strings.Contains(out.String(), "maryam@"))
		require.Contains(t, out.String(), "zoe@")
	}
}
