package rate

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/money"
)

//go:embed example.json
var example []byte

// Table is the rates of one day: how much of each currency one unit of Base buys.
type Table struct {
	Base  string
	Day   string // YYYY-MM-DD
	Rates map[string]money.Rate
}

// book is a whole file.
type book struct {
	Base string                           `json:"base"`
	Days map[string]map[string]money.Rate `json:"days"`
	days []string                         // in order
}

// Source reads rates. Methods are safe for concurrent use.
type Source struct {
	path    string
	example *book

	mu       sync.Mutex
	current  *book
	modified time.Time
	size     int64
}

// Open reads the file at path, or only the built-in one if path is empty.
func Open(path string) (*Source, error) {
	built, err := parse(example)
	if err != nil {
		return nil, err
	}
	s := &Source{path: path, example: built}
	if path == "" {
		return s, nil
	}
	_, err = s.read()
	return s, err
}

func parse(text []byte) (*book, error) {
	var b book
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, errors.New("the rates file is not JSON of the form {\"base\":\"USD\",\"days\":{\"2026-11-24\":{\"EUR\":\"0.92\"}}}")
	}
	if !money.Known(b.Base) || len(b.Days) == 0 {
		return nil, errors.New("the rates file needs a base currency and at least one day")
	}
	for day, rates := range b.Days {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return nil, fmt.Errorf("the rates file has a day that is none: write 2026-11-24")
		}
		for code, text := range rates {
			if _, err := money.ParseRate(string(text)); err != nil || !money.Known(code) {
				return nil, fmt.Errorf("the rates file has a bad rate on %s: write codes in capitals and rates as decimal text, like \"EUR\":\"0.92\"", day)
			}
		}
	}
	b.days = slices.Sorted(maps.Keys(b.Days))
	return &b, nil
}

// read gives the file's rates and reads it again if it changed. A file that is broken or
// gone leaves what was read before.
func (s *Source) read() (*book, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.path)
	if err != nil {
		return s.current, s.keep(err)
	}
	if s.current != nil && info.ModTime().Equal(s.modified) && info.Size() == s.size {
		return s.current, nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return s.current, s.keep(err)
	}
	b, err := parse(text)
	if err != nil {
		return s.current, s.keep(err)
	}
	s.current, s.modified, s.size = b, info.ModTime(), info.Size()
	return b, nil
}

func (s *Source) keep(err error) error {
	if s.current != nil {
		return nil
	}
	return fmt.Errorf("the rates file can't be used: %w", err)
}

func (s *Source) book(mode auth.Mode) (*book, error) {
	if s.path != "" {
		return s.read()
	}
	if mode == auth.Live {
		return nil, NoRate()
	}
	return s.example, nil
}

// NoRate says that the source has no such rate.
func NoRate() *fault.Error {
	return fault.New(fault.Unprocessable, fault.NoRate, "There is no exchange rate for this currency: the operator can name a source with --rates-file")
}

// Latest is the newest day's rates, in terms of a base; "" is the file's own.
func (s *Source) Latest(mode auth.Mode, base string) (Table, error) {
	return s.On(mode, base, "9999-12-31")
}

// On is the rates of the last day that is not after the given one.
func (s *Source) On(mode auth.Mode, base, day string) (Table, error) {
	b, err := s.book(mode)
	if err != nil {
		return Table{}, err
	}
	at, found := slices.BinarySearch(b.days, day)
	if !found {
		at--
	}
	if at < 0 {
		return Table{}, NoRate()
	}
	return b.on(b.days[at], base)
}

func (b *book) on(day, base string) (Table, error) {
	t := Table{Base: b.Base, Day: day, Rates: maps.Clone(b.Days[day])}
	t.Rates[b.Base] = money.One
	if base == "" || base == b.Base {
		return t, nil
	}
	divisor, ok := t.Rates[base]
	if !ok {
		return Table{}, NoRate()
	}
	t.Base = base
	for code, r := range t.Rates {
		cross, err := r.Over(divisor)
		if err != nil {
			delete(t.Rates, code)
			continue
		}
		t.Rates[code] = cross
	}
	t.Rates[base] = money.One
	return t, nil
}

// Between is how much of to one unit of from is worth on the newest day.
func (s *Source) Between(mode auth.Mode, from, to string) (money.Rate, error) {
	if from == to {
		return money.One, nil
	}
	t, err := s.Latest(mode, "")
	if err != nil {
		return "", err
	}
	source, ok := t.Rates[from]
	target, known := t.Rates[to]
	if !ok || !known {
		return "", NoRate()
	}
	r, err := target.Over(source)
	if err != nil {
		return "", NoRate()
	}
	return r, nil
}
