package idempotency

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/vault"
)

// Window is how long an answer is kept (wire contract, section 1).
const Window = 24 * time.Hour

// Answer is what the first request was told.
type Answer struct {
	Status   int
	ETag     string
	Location string
	Body     []byte
}

// append writes the answer as three lines and the body, byte for byte: a JSON encoder
// would be free to write the same value differently.
func (a Answer) append(dst []byte) []byte {
	dst = slices.Grow(dst, 8+len(a.ETag)+len(a.Location)+len(a.Body))
	dst = append(strconv.AppendInt(dst, int64(a.Status), 10), '\n')
	dst = append(append(dst, a.ETag...), '\n')
	dst = append(append(dst, a.Location...), '\n')
	return append(dst, a.Body...)
}

func parseAnswer(text []byte) (*Answer, error) {
	parts := bytes.SplitN(text, []byte("\n"), 4)
	if len(parts) != 4 {
		return nil, errors.New("idempotency: a kept answer is damaged")
	}
	status, err := strconv.Atoi(string(parts[0]))
	return &Answer{Status: status, ETag: string(parts[1]), Location: string(parts[2]), Body: parts[3]}, err
}

// Store keeps answers.
type Store struct {
	store   *db.DB
	vault   *vault.Vault
	clock   clock.Clock
	nextID  func() int64
	running sync.Map // of claimRef: requests under way on this node
}

type claimRef struct {
	realm int64
	hash  vault.Sum
}

// NewStore makes the store; nextID numbers answers in order of time.
func NewStore(store *db.DB, v *vault.Vault, c clock.Clock, nextID func() int64) *Store {
	return &Store{store: store, vault: v, clock: c, nextID: nextID}
}

// Claim is one request's key in its scope: owner, mode, credential and route.
type Claim struct {
	from        *Store
	keys        *vault.Keys
	ref         claimRef
	fingerprint vault.Sum
	answerID    int64 // of the answer that Record kept
}

// Claim begins a request with an Idempotency-Key. End must be called when it is
// answered. While another request with the key runs on this node it fails with
// IDEMPOTENCY_IN_PROGRESS.
func (s *Store) Claim(ctx context.Context, g auth.Grant, route, key string, body []byte) (*Claim, error) {
	keys, err := s.vault.Keys(ctx, g.Owner(), g.Realm())
	if err != nil {
		return nil, err
	}
	hash, err := keys.MAC("idempotency key", actorText(g.Actor()), route, key)
	if err != nil {
		return nil, err
	}
	fingerprint, err := keys.MAC("idempotency body", string(body))
	if err != nil {
		return nil, err
	}
	c := &Claim{from: s, keys: keys, ref: claimRef{g.Realm(), hash}, fingerprint: fingerprint}
	if _, busy := s.running.LoadOrStore(c.ref, true); busy {
		return nil, fault.New(fault.Conflict, fault.IdempotencyInProgress, "A request with this Idempotency-Key is still running")
	}
	return c, nil
}

// End lets the key be used again on this node.
func (c *Claim) End() { c.from.running.Delete(c.ref) }

// Subject is whose key seals an answer: a customer's, or the owner's for the zero value.
type Subject struct {
	CustomerID int64
	Key        vault.Subject
}

// Record adds the answer to the unit of the effect, as its first statement: then a
// repetition breaks on this key before it can break on anything else.
func (c *Claim) Record(tx *db.Tx, subject Subject, a Answer) error {
	sealed, err := c.seal(subject, a.append(nil))
	if err != nil {
		return err
	}
	answerID := c.from.nextID()
	c.answerID = answerID
	tx.Insert(`INSERT INTO idempotency (realm_id, hash, answer_id)`, 3, c.ref.realm, c.ref.hash[:], answerID)
	tx.Insert(`INSERT INTO idempotency_answer (id, realm_id, hash, fingerprint, customer_id, key_id, answer)`, 7,
		answerID, c.ref.realm, c.ref.hash[:], c.fingerprint[:], subject.CustomerID, subject.Key.ID, sealed)
	return nil
}

// Amend replaces the answer that Record kept in an earlier unit of this request. Between
// the two lies what can't be undone, a provider's answer: whoever repeats the request
// after a crash in between gets the first.
func (c *Claim) Amend(tx *db.Tx, subject Subject, a Answer) error {
	sealed, err := c.seal(subject, a.append(nil))
	if err != nil {
		return err
	}
	tx.Exec(`UPDATE idempotency_answer SET answer = $3 WHERE id = $1 AND realm_id = $2`, c.answerID, c.ref.realm, sealed)
	return nil
}

func (c *Claim) place() vault.Place {
	return vault.Place{Realm: c.ref.realm, Table: "idempotency", Column: "answer"}
}

func (c *Claim) seal(s Subject, plain []byte) ([]byte, error) {
	place := c.place()
	place.Row = s.CustomerID
	if s.CustomerID == 0 {
		return c.keys.Seal(place, plain)
	}
	return s.Key.Seal(place, plain)
}

// Lookup finds the answer of an earlier request with the key; nil if there is none.
// Another body is IDEMPOTENCY_KEY_REUSED, an erased customer CUSTOMER_ERASED.
func (c *Claim) Lookup(ctx context.Context) (*Answer, error) {
	var fingerprint, sealed []byte
	var customer, keyID int64
	err := c.from.store.One(ctx, db.Realm(c.ref.realm), `SELECT a.fingerprint, a.customer_id, a.key_id, a.answer
		FROM idempotency k JOIN idempotency_answer a ON a.id = k.answer_id AND a.realm_id = k.realm_id WHERE k.realm_id = $1 AND k.hash = $2`,
		[]any{c.ref.realm, c.ref.hash[:]}, &fingerprint, &customer, &keyID, &sealed)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if string(fingerprint) != string(c.fingerprint[:]) {
		return nil, fault.New(fault.Unprocessable, fault.IdempotencyKeyReused, "This Idempotency-Key was used with another request body")
	}
	plain, err := c.open(ctx, customer, keyID, sealed)
	if err != nil {
		return nil, err
	}
	return parseAnswer(plain)
}

func (c *Claim) open(ctx context.Context, customer, keyID int64, sealed []byte) ([]byte, error) {
	place := c.place()
	place.Row = customer
	if customer == 0 {
		return c.keys.Open(place, sealed)
	}
	key, err := c.keys.Subject(ctx, keyID)
	if errors.Is(err, vault.ErrNoKey) {
		return nil, fault.Erased(customer)
	}
	if err != nil {
		return nil, err
	}
	return key.Open(place, sealed)
}

// purgeBatch bounds how long one purge holds SQLite's writer.
const purgeBatch = 2000

// Purge deletes answers past their window, with their keys, and says how many.
func (s *Store) Purge(ctx context.Context) (int, error) {
	count := 0
	err := s.store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		count = 0
		var expired []claimRef
		err := tx.Each(`DELETE FROM idempotency_answer WHERE id IN
			(SELECT id FROM idempotency_answer WHERE id < $1 ORDER BY id LIMIT $2) RETURNING realm_id, hash`,
			[]any{id.First(s.clock.Now().Add(-Window)), purgeBatch}, func(r db.Row) error {
				var ref claimRef
				var hash []byte
				err := r.Scan(&ref.realm, &hash)
				ref.hash = vault.Sum(hash)
				expired = append(expired, ref)
				return err
			})
		for _, ref := range expired {
			tx.Exec(`DELETE FROM idempotency WHERE realm_id = $1 AND hash = $2`, ref.realm, ref.hash[:])
			count++
		}
		return err
	})
	return count, err
}

// PurgeAll deletes until nothing is past its window.
func (s *Store) PurgeAll(ctx context.Context) error {
	for {
		count, err := s.Purge(ctx)
		if err != nil || count < purgeBatch {
			return err
		}
	}
}

func actorText(a auth.Actor) string {
	return string(a.Kind) + "/" + strconv.FormatInt(a.ID, 10)
}
