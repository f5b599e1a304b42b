package customer

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// Interaction is one contact between a customer and the merchant's service.
type Interaction struct {
	ID           int64
	UserID       int64
	Channel      string // email, phone, chat, in_person or other
	Subject      string
	Status       string // open or closed
	Satisfaction int    // 1 to 5; 0 is unknown
	Closed       time.Time
}

// interactionDoc is what is sealed of an interaction.
type interactionDoc struct {
	Channel      string `json:"channel"`
	Subject      string `json:"subject"`
	Satisfaction int    `json:"satisfaction,omitempty"`
}

func readInteraction(in Input) (Interaction, error) {
	v := in.Body
	r := reader{rules: rules{lenient: in.Lenient}}
	i := Interaction{Status: "open"}
	if v.Kind != strictjson.Object {
		return i, fault.OneField("", "type", "must be a JSON object")
	}
	for _, m := range v.Members {
		switch m.Name {
		case "channel":
			i.Channel = r.oneOf("/channel", m.Value, "email", "phone", "chat", "in_person", "other")
		case "subject":
			i.Subject = r.line("/subject", m.Value, maxPart)
		case "status":
			i.Status = r.oneOf("/status", m.Value, "open", "closed")
		case "satisfaction":
			i.Satisfaction = slices.Index([]string{"", "1", "2", "3", "4", "5"}, m.Value.Text)
			if m.Value.Kind != strictjson.Number || i.Satisfaction < 1 {
				r.bad("/satisfaction", "invalid", "must be a whole number from 1 to 5")
			}
		default:
			r.unknown("", m.Name)
		}
	}
	if i.Channel == "" && !r.has("/channel") {
		r.bad("/channel", "required", "is required")
	}
	if i.Subject == "" && !r.has("/subject") {
		r.bad("/subject", "required", "is required")
	}
	if len(r.faults) > 0 {
		return i, fault.Fields(r.faults)
	}
	return i, nil
}

func (r *reader) oneOf(path string, v strictjson.Value, allowed ...string) string {
	if v.Kind != strictjson.String || !slices.Contains(allowed, v.Text) {
		r.bad(path, "invalid", "is not one of the allowed values")
		return ""
	}
	return v.Text
}

// AlsoInteraction runs in the unit of a new interaction.
type AlsoInteraction func(tx *db.Tx, i Interaction, key vault.Subject) error

// AddInteraction records a contact with a customer (the seed's "customer service
// interaction tracking").
func (s *Service) AddInteraction(ctx context.Context, g auth.Grant, customerID int64, in Input, also AlsoInteraction) (Interaction, error) {
	r, err := s.enter(ctx, g)
	if err != nil {
		return Interaction{}, err
	}
	i, err := readInteraction(in)
	if err != nil {
		return i, err
	}
	c, err := s.find(ctx, r, customerID)
	if err != nil {
		return i, err
	}
	key, err := r.Keys.Subject(ctx, c.keyID)
	if err != nil {
		return i, err
	}
	i.ID, i.UserID = s.IDs.Next(), g.Actor().ID
	if i.Status == "closed" {
		i.Closed = s.Clock.Now()
	}
	return i, s.storeInteraction(ctx, r, c, i, key, also)
}

func (s *Service) storeInteraction(ctx context.Context, r room, c *Customer, i Interaction, key vault.Subject, also AlsoInteraction) error {
	plain, err := json.Marshal(interactionDoc{i.Channel, i.Subject, i.Satisfaction})
	if err != nil {
		return err
	}
	sealed, err := key.Seal(r.interactionPlace(i.ID), plain)
	if err != nil {
		return err
	}
	closed := int64(0)
	if !i.Closed.IsZero() {
		closed = i.Closed.UnixMilli()
	}
	return s.Store.Write(ctx, r.Scope(), func(tx *db.Tx) error {
		if err := also(tx, i, key); err != nil {
			return err
		}
		tx.ExecOne(fault.NoCustomer(c.ID), `INSERT INTO interaction (realm_id, customer_id, id, user_id, status, closed_at, doc)
			SELECT $1, $2, $3, $4, $5, $6, $7 WHERE EXISTS (SELECT 1 FROM customer WHERE realm_id = $1 AND id = $2)`,
			r.Realm(), c.ID, i.ID, i.UserID, int64(slices.Index([]string{"open", "closed"}, i.Status)), closed, sealed)
		return s.Audit.Add(tx, r.Grant, audit.Entry{Action: "interaction.create", Customers: []int64{c.ID}})
	})
}

func (r room) interactionPlace(rowID int64) vault.Place {
	return r.Place("interaction", rowID, "doc")
}

func (s *Service) interactions(ctx context.Context, r room, c *Customer, before int64, limit int) ([]HistoryItem, error) {
	if before == 0 {
		before = id.Max
	}
	key, err := r.Keys.Subject(ctx, c.keyID)
	if err != nil {
		return nil, err
	}
	var items []HistoryItem
	err = s.Store.Each(ctx, r.Scope(), `SELECT id, user_id, status, closed_at, doc FROM interaction
		WHERE realm_id = $1 AND customer_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`,
		[]any{r.Realm(), c.ID, before, limit}, func(row db.Row) error {
			i, err := r.scanInteraction(row, key)
			if a := r.Grant.Actor(); !a.Unmasked() && !a.May(auth.InteractionsWrite) {
				i.Subject = hide(i.Subject)
			}
			items = append(items, HistoryItem{Type: "interaction", ID: i.ID, Interaction: &i})
			return err
		})
	return items, err
}

func (r room) scanInteraction(row db.Row, key vault.Subject) (Interaction, error) {
	var i Interaction
	var status, closed int64
	var sealed []byte
	if err := row.Scan(&i.ID, &i.UserID, &status, &closed, &sealed); err != nil {
		return i, err
	}
	plain, err := key.Open(r.interactionPlace(i.ID), sealed)
	if err != nil {
		return i, err
	}
	var d interactionDoc
	err = json.Unmarshal(plain, &d)
	i.Channel, i.Subject, i.Satisfaction = d.Channel, d.Subject, d.Satisfaction
	i.Status = []string{"open", "closed"}[min(max(status, 0), 1)]
	if closed != 0 {
		i.Closed = instant(closed)
	}
	return i, err
}

// RemoveInteraction deletes one, in the unit of a retention run.
func RemoveInteraction(tx *db.Tx, realm, customerID, interactionID int64) {
	tx.Exec(`DELETE FROM interaction WHERE realm_id = $1 AND customer_id = $2 AND id = $3`, realm, customerID, interactionID)
}

// WasActive keeps when something happened to a customer, in the unit that removes the row
// that says so: how long they are kept themselves is counted from it.
func WasActive(tx *db.Tx, realm, customerID, at int64) {
	tx.Exec(`UPDATE customer SET active_at = $3 WHERE realm_id = $1 AND id = $2 AND active_at < $3`, realm, customerID, at)
}
