package screening

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Entry is one person, body, ship or aircraft of a list. Lists are public: nothing here is
// a customer's.
type Entry struct {
	Reference string   `json:"reference"` // the publisher's own number
	Type      string   `json:"type"`      // person, entity or other
	Names     []string `json:"names"`     // the first is the chief one
	Births    []string `json:"births,omitempty"`
	Programs  []string `json:"programs,omitempty"`
}

// Types of entries. Ships and aircraft are no customers and are not searched.
const (
	Person = "person"
	Body   = "entity"
	Thing  = "other"
)

// Hash changes whenever the entry does: what was decided about an entry holds for as long as
// it says the same.
func (e Entry) Hash() string {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts alone
	}
	h := fnv.New128a()
	_, _ = h.Write(text)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// List is one publisher's list as it was loaded.
type List struct {
	Name    string    `json:"list"` // ofac-sdn, un or eu
	Date    string    `json:"date"` // the publisher's, as written
	Version string    `json:"version"`
	Entries int       `json:"entries"`
	Loaded  time.Time `json:"loadedAt"`
}

// Difference is what a new list changes.
type Difference struct{ Added, Changed, Removed int }

// Compare tells what a list would change of another.
func Compare(before, after []Entry) Difference {
	was := map[string]string{}
	for _, e := range before {
		was[e.Reference] = e.Hash()
	}
	var d Difference
	for _, e := range after {
		old, known := was[e.Reference]
		delete(was, e.Reference)
		switch {
		case !known:
			d.Added++
		case old != e.Hash():
			d.Changed++
		}
	}
	d.Removed = len(was)
	return d
}

// version names the contents of a list.
func version(entries []Entry) string {
	h := fnv.New128a()
	for _, e := range entries {
		_, _ = h.Write([]byte(e.Hash()))
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func listFile(dir, name string) string { return filepath.Join(dir, name+".ndjson") }

// Install puts a list into the place of the one before, whole or not at all: it is written
// beside it, made durable and renamed.
func Install(dir string, l List, entries []Entry) (List, error) {
	l.Entries, l.Version = len(entries), version(entries)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return l, err
	}
	f, err := os.CreateTemp(dir, "."+l.Name+"-*")
	if err != nil {
		return l, err
	}
	err = writeList(f, l, entries)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), listFile(dir, l.Name))
	}
	if err != nil {
		return l, errors.Join(err, os.Remove(f.Name()))
	}
	return l, nil
}

func writeList(w io.Writer, l List, entries []Entry) error {
	b := bufio.NewWriter(w)
	out := json.NewEncoder(b)
	out.SetEscapeHTML(false)
	if err := out.Encode(l); err != nil {
		return err
	}
	for _, e := range entries {
		if err := out.Encode(e); err != nil {
			return err
		}
	}
	return b.Flush()
}

// ReadList reads an installed list; a list that is not there is empty.
func ReadList(dir, name string) (List, []Entry, error) {
	f, err := os.Open(listFile(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return List{Name: name}, nil, nil
	}
	if err != nil {
		return List{}, nil, err
	}
	defer func() { _ = f.Close() }()
	in := json.NewDecoder(bufio.NewReader(f))
	var l List
	if err := in.Decode(&l); err != nil {
		return l, nil, fmt.Errorf("the list %s is damaged; load it again", name)
	}
	entries := make([]Entry, 0, l.Entries)
	for {
		var e Entry
		err := in.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l, nil, fmt.Errorf("the list %s is damaged; load it again", name)
		}
		entries = append(entries, e)
	}
	if len(entries) != l.Entries {
		return l, nil, fmt.Errorf("the list %s is damaged; load it again", name)
	}
	return l, entries, nil
}

// Formats are those that can be loaded, which are also the names of the lists.
func Formats() []string { return []string{"ofac-sdn", "un", "eu"} }

// Parse reads a publisher's file. alt is OFAC's ALT.CSV beside its SDN.CSV, nil for XML.
// each hears of every entry as it is read.
func Parse(format string, r, alt io.Reader, each func(n int)) (List, []Entry, error) {
	c := &collector{each: each}
	in := bufio.NewReaderSize(r, 64<<10)
	start, _ := in.Peek(16)
	isXML := strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(string(start), "\uFEFF"), " \r\n\t"), "<")
	var date string
	var err error
	switch {
	case format == "ofac-sdn" && isXML:
		date, err = parseOFAC(in, c)
	case format == "ofac-sdn":
		err = parseOFACTable(in, alt, c)
	case format == "un":
		date, err = parseUN(in, c)
	case format == "eu":
		date, err = parseEU(in, c)
	default:
		return List{}, nil, fmt.Errorf("the format must be one of %s", strings.Join(Formats(), ", "))
	}
	if err == nil && len(c.entries) == 0 {
		err = errors.New("no entry was found: is it the right file and format?")
	}
	return List{Name: format, Date: date}, c.entries, err
}

// collector takes entries in the order of the file.
type collector struct {
	entries []Entry
	each    func(int)
}

func (c *collector) add(e Entry) {
	e.Names, e.Births, e.Programs = tidy(e.Names), tidy(e.Births), tidy(e.Programs)
	if len(e.Names) == 0 || e.Reference == "" {
		return
	}
	c.entries = append(c.entries, e)
	if c.each != nil {
		c.each(len(c.entries))
	}
}

// tidy drops empty and repeated texts and keeps the order.
func tidy(texts []string) []string {
	var all []string
	for _, text := range texts {
		text = strings.Join(strings.Fields(text), " ")
		if text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
