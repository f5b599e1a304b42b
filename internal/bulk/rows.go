package bulk

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/pan"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Format is how a file is written.
type Format string

// CSV has a header line; NDJSON has one object a line.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// FormatOf guesses the format from a file's name.
func FormatOf(name string) (Format, error) {
	switch {
	case strings.HasSuffix(name, ".csv"):
		return CSV, nil
	case strings.HasSuffix(name, ".ndjson"), strings.HasSuffix(name, ".jsonl"):
		return NDJSON, nil
	}
	return "", errors.New("the format is not clear from the file's name: give --format csv or --format ndjson")
}

// source gives one row after another as the body of a create.
type source interface {
	// next answers io.EOF at the end; a *fault.Error is about this row alone.
	next() (strictjson.Value, error)
}

// Columns are the header of a CSV file, in the order in which exports write them.
func Columns() []string {
	columns := []string{"name", "email", "phone", "address", "memberId", "dateOfBirth"}
	for _, kind := range []string{"billingAddress", "shippingAddress"} {
		for _, part := range []string{"line1", "line2", "city", "state", "postalCode", "country"} {
			columns = append(columns, kind+"."+part)
		}
	}
	return append(columns, "preferences.currency", "preferences.language", "preferences.notifications", "preferences.paymentMethod", "metadata")
}

// csvSource reads a CSV file whose first line names the columns.
type csvSource struct {
	reader *csv.Reader
	header []string
}

// readableOnly are columns that an export has and an import leaves out.
func readableOnly() []string { return []string{"id", "createDate", "updateDate", "status", "version"} }

func newCSV(r io.Reader) (*csvSource, error) {
	s := &csvSource{reader: csv.NewReader(r)}
	s.reader.ReuseRecord = true
	s.reader.FieldsPerRecord = -1
	header, err := s.reader.Read()
	if err != nil {
		return nil, errors.New("the file has no header line")
	}
	for i, name := range header {
		name = strings.TrimPrefix(strings.TrimSpace(name), "\ufeff")
		if !slices.Contains(Columns(), name) && !slices.Contains(readableOnly(), name) {
			return nil, fmt.Errorf("column %d of the header has a name that is not known; these are: %s", i+1, strings.Join(Columns(), ", "))
		}
		s.header = append(s.header, name)
	}
	return s, nil
}

func (s *csvSource) next() (strictjson.Value, error) {
	cells, err := s.reader.Read()
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return strictjson.Value{}, fault.OneField("", "csv", "the line is not well-formed CSV")
	}
	if err != nil {
		return strictjson.Value{}, err
	}
	if len(cells) != len(s.header) {
		return strictjson.Value{}, fault.OneField("", "csv", fmt.Sprintf("the line has %d cells and the header %d", len(cells), len(s.header)))
	}
	row := strictjson.Value{Kind: strictjson.Object}
	for i, cell := range cells {
		if err := s.add(&row, s.header[i], unescape(cell)); err != nil {
			return row, err
		}
	}
	return row, nil
}

func (s *csvSource) add(row *strictjson.Value, column, cell string) error {
	if cell == "" || slices.Contains(readableOnly(), column) {
		return nil
	}
	path := "/" + strings.ReplaceAll(column, ".", "/")
	if !utf8.ValidString(cell) {
		return fault.OneField(path, "invalid", "is not UTF-8")
	}
	value := strictjson.Value{Kind: strictjson.String, Text: strings.Clone(cell)}
	if column == "metadata" || column == "preferences.notifications" {
		if pan.Find(cell) {
			return fault.OneField(path, "card_number", "must not contain a card number")
		}
		parsed, err := strictjson.Parse([]byte(cell))
		if err != nil {
			return fault.OneField(path, "invalid", "must be JSON")
		}
		value = parsed
	}
	put(row, strings.Split(column, "."), value)
	return nil
}

func put(object *strictjson.Value, names []string, value strictjson.Value) {
	if len(names) == 1 {
		object.Members = append(object.Members, strictjson.Member{Name: names[0], Value: value})
		return
	}
	for i := range object.Members {
		if object.Members[i].Name == names[0] {
			put(&object.Members[i].Value, names[1:], value)
			return
		}
	}
	inner := strictjson.Value{Kind: strictjson.Object}
	put(&inner, names[1:], value)
	object.Members = append(object.Members, strictjson.Member{Name: names[0], Value: inner})
}

// formula is what a spreadsheet takes for the beginning of one.
const formula = "=+-@\t\r"

// escape keeps a spreadsheet from running a cell.
func escape(cell string) string {
	if cell != "" && strings.IndexByte(formula+"'", cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}

func unescape(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.IndexByte(formula+"'", cell[1]) >= 0 {
		return cell[1:]
	}
	return cell
}

// maxLine bounds one line of NDJSON.
const maxLine = 256 << 10

type jsonSource struct{ scanner *bufio.Scanner }

func newNDJSON(r io.Reader) *jsonSource {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	return &jsonSource{s}
}

func (s *jsonSource) next() (strictjson.Value, error) {
	for s.scanner.Scan() {
		line := s.scanner.Bytes()
		if len(strings.TrimSpace(string(line))) == 0 {
			continue
		}
		v, err := strictjson.Parse(line)
		if err != nil {
			return v, fault.OneField("", "json", "the line is not a JSON object: "+err.Error())
		}
		return v, nil
	}
	if err := s.scanner.Err(); err != nil {
		return strictjson.Value{}, fmt.Errorf("the file can't be read on: %w", err)
	}
	return strictjson.Value{}, io.EOF
}
