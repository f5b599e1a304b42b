package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Record is a JSON object whose members keep their order.
type Record []Member

// Member is one of them.
type Member struct {
	Name  string
	Value any
}

// With adds a member.
func (r Record) With(name string, value any) Record {
	return append(r, Member{Name: name, Value: value})
}

// MarshalJSON writes the members in order.
func (r Record) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range r {
		if i > 0 {
			out.WriteByte(',')
		}
		name, _ := json.Marshal(m.Name)
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		out.Write(append(append(name, ':'), value...))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// cells are a row's values as the engine gives them.
type cells struct {
	numbers []int64
	texts   []string
	bytes   [][]byte
}

// read opens one row. A document whose key was destroyed is null: its customer was erased.
func read(ctx context.Context, r owner.Room, t Table, columns []column, row db.Row) (Record, error) {
	c := cells{make([]int64, len(columns)), make([]string, len(columns)), make([][]byte, len(columns))}
	var keyID int64
	if err := row.Scan(c.into(columns, t, &keyID)...); err != nil {
		return nil, err
	}
	var rec Record
	var rowID int64
	for i, col := range columns {
		switch col.name {
		case "id":
			rowID = c.numbers[i]
		case "key_id":
			keyID = c.numbers[i]
			continue
		}
		v, err := value(ctx, r, t, col, c, i, rowID, keyID)
		if err != nil {
			return nil, err
		}
		rec = append(rec, Member{col.name, v})
	}
	return rec, nil
}

func (c cells) into(columns []column, t Table, keyID *int64) []any {
	var dest []any
	for i, col := range columns {
		switch col.kind {
		case number, instant:
			dest = append(dest, &c.numbers[i])
		case sealed, words:
			dest = append(dest, &c.bytes[i])
		default:
			dest = append(dest, &c.texts[i])
		}
	}
	if t.keyFrom != "" {
		dest = append(dest, keyID)
	}
	return dest
}

func value(ctx context.Context, r owner.Room, t Table, col column, c cells, i int, rowID, keyID int64) (any, error) {
	switch col.kind {
	case number:
		return c.numbers[i], nil
	case instant:
		if c.numbers[i] == 0 {
			return nil, nil
		}
		return time.UnixMilli(c.numbers[i]).UTC().Format(time.RFC3339Nano), nil
	case plain:
		return c.texts[i], nil
	}
	if len(c.bytes[i]) == 0 {
		return nil, nil
	}
	text, err := open(ctx, r, t, col, rowID, keyID, c.bytes[i])
	if errors.Is(err, vault.ErrNoKey) {
		return nil, nil
	}
	if err != nil || col.kind == words {
		return string(bytes.ToValidUTF8(text, []byte("\uFFFD"))), err
	}
	if t.Name == "customer" {
		text, err = customer.DocJSON(text)
	}
	return withoutSecrets(text, t.secret, err)
}

func open(ctx context.Context, r owner.Room, t Table, col column, rowID, keyID int64, sealed []byte) ([]byte, error) {
	place := r.Place(t.Name, rowID, col.name)
	if t.Owner {
		place.Realm = 0
	}
	key, err := r.Key(ctx, keyID)
	if err != nil {
		return nil, err
	}
	return r.Open(key, place, sealed)
}

// withoutSecrets leaves out what opens other systems: whoever holds the file must not be
// able to move money with it.
func withoutSecrets(text []byte, name string, err error) (any, error) {
	if name == "" || err != nil {
		return json.RawMessage(text), err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	delete(members, name)
	return members, nil
}
