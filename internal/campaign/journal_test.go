//go:build unix

package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// entry is what is known of one customer: what was sent and what was acknowledged.
type entry struct {
	key, name, email string
	id               int64 // 0 while no create was acknowledged
	acked, sent      int   // revisions of the address
	touched          bool  // since the last comparison
}

func (e *entry) body() map[string]string {
	return map[string]string{"name": e.name, "email": e.email, "address": revision(0)}
}

func revision(n int) string { return fmt.Sprintf("Straße der Änderung %d, 東京 🏠", n) }

func revisionOf(address string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(address, "Straße der Änderung "), ", 東京 🏠"))
	return n
}

// writer is one client. Its customers are its own, so that it knows which of its
// updates came last.
type writer struct {
	number  int
	random  *rand.Rand
	entries []*entry
}

// journal is all that clients were told.
type journal struct {
	writers []*writer
	faults  faults
	// unavailable says that 503 with Retry-After is an answer to live with.
	unavailable bool

	answers, refused, broken atomic.Int64 // 200s, 503s, requests without an answer
}

func newJournal(writers int) *journal {
	j := &journal{}
	for n := range writers {
		j.writers = append(j.writers, &writer{number: n, random: rand.New(rand.NewPCG(*seedFlag, uint64(n)))})
	}
	return j
}

// load runs all writers until ctx ends or the server is gone; the channel is closed
// when the last of them has stopped.
func (j *journal) load(ctx context.Context, c *client) <-chan struct{} {
	var running sync.WaitGroup
	for _, w := range j.writers {
		running.Go(func() {
			for ctx.Err() == nil && w.step(j, c) {
			}
		})
	}
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	return done
}

// step does one thing and reports whether the server still answers.
func (w *writer) step(j *journal, c *client) bool {
	known := w.pick()
	switch kind := w.random.IntN(10); {
	case kind < 4 || known == nil:
		return w.create(j, c)
	case kind < 8:
		return w.update(j, c, known)
	default:
		return w.read(j, c, known)
	}
}

func (w *writer) pick() *entry {
	if len(w.entries) == 0 {
		return nil
	}
	e := w.entries[w.random.IntN(len(w.entries))]
	if e.id == 0 {
		return nil
	}
	return e
}

func (w *writer) create(j *journal, c *client) bool {
	n := len(w.entries)
	names := []string{"Ólafur Ragnarsson", "محمد بن سلمان الأحمد", "王小明", "Nguyễn Thị Minh Khai", "Zoë 👩‍🚀 O'Neill", strings.Repeat("Хосе ", 38)}
	e := &entry{key: fmt.Sprintf("create-%d-%d", w.number, n), name: strings.TrimSpace(names[n%len(names)]),
		email: fmt.Sprintf("w%d.n%d@example.com", w.number, n), touched: true}
	w.entries = append(w.entries, e)
	a, ok := j.call(c, http.MethodPost, "/customers", e.key, e.body())
	if !ok || a.status != http.StatusOK {
		return ok
	}
	got, err := a.customer()
	if err != nil || got.Email != e.email || got.Name != e.name {
		j.faults.add("create %s: answered something else: %v", e.key, err)
	}
	e.id = got.ID
	return true
}

func (w *writer) update(j *journal, c *client, e *entry) bool {
	e.sent++
	e.touched = true
	a, ok := j.call(c, http.MethodPut, customerPath(e.id), "", map[string]string{"address": revision(e.sent)})
	if !ok || a.status != http.StatusOK {
		return ok
	}
	if got, err := a.customer(); err != nil || got.Address != revision(e.sent) {
		j.faults.add("update of %d to revision %d: answered something else: %v", e.id, e.sent, err)
	}
	e.acked = e.sent
	return true
}

func (w *writer) read(j *journal, c *client, e *entry) bool {
	a, ok := j.call(c, http.MethodGet, customerPath(e.id), "", nil)
	if ok && a.status == http.StatusOK {
		e.compare(&j.faults, a)
	}
	return ok
}

// call sends one request of the load. Without an answer it says false, unless the
// campaign takes the database away and expects the server to go on.
func (j *journal) call(c *client, method, path, key string, body any) (answer, bool) {
	a, err := c.call(method, path, key, body)
	if err != nil {
		j.broken.Add(1)
		if j.unavailable {
			j.faults.add("%s: no answer within %s: %v", method, answerTimeout, err)
		}
		return a, j.unavailable
	}
	switch {
	case a.status == http.StatusOK:
		j.answers.Add(1)
	case a.status == http.StatusServiceUnavailable && j.unavailable && a.header.Get("Retry-After") != "":
		j.refused.Add(1)
	default:
		j.faults.add("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a, true
}

// compare holds a read against what was acknowledged.
func (e *entry) compare(f *faults, a answer) {
	got, err := a.customer()
	if err != nil {
		f.add("customer %d: %v", e.id, err)
		return
	}
	n := revisionOf(got.Address)
	if got.Name != e.name || got.Email != e.email || got.ID != e.id {
		f.add("customer %d (%s) is not who was acknowledged", e.id, e.key)
	}
	if n < e.acked || n > e.sent || got.Address != revision(n) {
		f.add("customer %d: revision %d was acknowledged, %d sent, and it reads %q", e.id, e.acked, e.sent, got.Address)
	}
	e.acked, e.sent = n, n
}

// check compares everything that was touched since the last check with what the
// server has. Creates without an answer are sent again with their key first.
func (j *journal) check(t *testing.T, c *client) (lost int) {
	t.Helper()
	var running sync.WaitGroup
	var missing atomic.Int64
	for _, w := range j.writers {
		running.Go(func() {
			for _, e := range w.entries {
				if e.touched && !e.check(&j.faults, c) {
					missing.Add(1)
				}
				e.touched = false
			}
		})
	}
	running.Wait()
	return int(missing.Load())
}

// check says false if an acknowledged customer or revision is not there.
func (e *entry) check(f *faults, c *client) bool {
	if e.id == 0 {
		a, err := c.call(http.MethodPost, "/customers", e.key, e.body())
		got, bad := a.customer()
		if err != nil || bad != nil || a.status != http.StatusOK {
			f.add("sending %s again: %d %s %v", e.key, a.status, a.body, err)
			return true
		}
		e.id = got.ID
	}
	a, err := c.call(http.MethodGet, customerPath(e.id), "", nil)
	if err != nil || a.status != http.StatusOK {
		f.add("acknowledged customer %d (%s) is lost: %d %v", e.id, e.key, a.status, err)
		return false
	}
	before := e.acked
	e.compare(f, a)
	return e.acked >= before && e.alone(f, c)
}

// alone looks the customer up by e-mail: the index must know it, and once.
func (e *entry) alone(f *faults, c *client) bool {
	a, err := c.call(http.MethodPost, "/customers/search", "", map[string]string{"email": e.email})
	var p page
	if err != nil || a.status != http.StatusOK || json.Unmarshal(a.body, &p) != nil {
		f.add("search of %s: %d %v", e.key, a.status, err)
		return true
	}
	if len(p.Data) != 1 {
		f.add("%s made %d customers", e.key, len(p.Data))
	}
	return len(p.Data) > 0
}

// checkAll compares the whole list and the whole event log with the journal.
func (j *journal) checkAll(t *testing.T, c *client) {
	t.Helper()
	want, got, events := map[int64]int{}, map[int64]int{}, map[int64]int{}
	for _, w := range j.writers {
		for _, e := range w.entries {
			want[e.id]++
		}
	}
	for _, row := range c.all(t, "/customers") {
		var one customer
		require.NoError(t, json.Unmarshal(row, &one))
		got[one.ID]++
	}
	for _, row := range c.all(t, "/events") {
		var event struct {
			Type string
			Data struct{ CustomerID int64 }
		}
		require.NoError(t, json.Unmarshal(row, &event))
		if event.Type == "customer.created" {
			events[event.Data.CustomerID]++
		}
	}
	require.Equal(t, want, got, "customers: acknowledged and listed")
	require.Equal(t, want, events, "customers: acknowledged and announced as created")
	j.checkTrail(t, c)
}

// checkTrail holds a sample of customers against the audit trail: one create each.
func (j *journal) checkTrail(t *testing.T, c *client) {
	t.Helper()
	for _, w := range j.writers {
		for i := 0; i < len(w.entries); i += max(1, len(w.entries)/3) {
			var p page
			a := c.must(t, http.StatusOK, http.MethodGet, fmt.Sprintf("/audit?customerId=%d&action=customer.create", w.entries[i].id), "", nil)
			require.NoError(t, json.Unmarshal(a.body, &p))
			require.Len(t, p.Data, 1, "creates of customer %d in the audit trail", w.entries[i].id)
		}
	}
}

func (j *journal) customers() int {
	n := 0
	for _, w := range j.writers {
		n += len(w.entries)
	}
	return n
}
