package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/bulk"
	"github.com/florin-gateway/florin/internal/gate"
)

// wholeSweep is from how many requests on each cell is probed. With -race there are fewer:
// the same code runs then, and no cell has a race of its own (make volume has all).
const wholeSweep = 26_000

var sweepFlag = flag.Int("sweep", 3_000, "requests of TestSweep for each engine; from 26000 on at least two for each cell")

// sweepOwners make 2 × as many parties, each of which reaches for the things of all others.
const sweepOwners = 3

// sweepWorkers send at once: refusals wait for the audit trail's commit, which they share.
const sweepWorkers = 24

// party is one owner in one mode: somebody for each role, and things that others reach for.
type party struct {
	*fixture
	owner   int64
	keys    map[string]string // role → credential
	mine    int64             // the session of the one who signed in
	bodies  map[string]any    // operation → what it takes
	known   known
	cursors map[string]string // operation → a cursor of this party's list
}

// known is the customer whose values the others search for.
type known struct {
	id, event            int64
	email, phone, member string
}

// sender is somebody of a party.
type sender struct {
	of        *party
	role, key string
}

// sweepCell is what must have been probed. relation is how the thing's owner and mode stand to
// the caller's.
type sweepCell struct {
	operation, source, role, relation string
	owner                             int64
	mode                              auth.Mode
}

// probePair is a request for what is another's, and the same for what nobody has.
type probePair struct {
	cell             sweepCell
	foreign, missing apptest.Request
	words            []string // the ids in both, which the answers may repeat
	changes          bool     // answers change from request to request: only the statuses are compared
}

type sweep struct {
	s       *apptest.Server
	parties []*party
	routes  map[string]gate.Route
	sent    atomic.Int64
	mu      sync.Mutex
	cells   map[sweepCell]int
	faults  []string
}

// TestSweep sends requests for what is another's from every role of every owner and mode,
// by every source that an id can come from. Each is answered as one for what nobody has.
// Shows: PCI DSS A1.1.1, A1.1.4
func TestSweep(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		w := &sweep{s: s.Server, routes: map[string]gate.Route{}, cells: map[sweepCell]int{}}
		for _, r := range s.App.API().Routes() {
			w.routes[r.ID] = r
		}
		w.parties = sweepParties(t, s.Server)
		for i, p := range w.parties {
			p.prepare(t, s.App.API().Routes(), i)
		}
		before := w.look(t)
		pairs := w.pairs()
		w.send(t, pairs)
		for at, now := range w.look(t) {
			require.Equal(t, before[at], now, "%s changed", at)
		}
		w.twins(t)
		w.exports(t)
		w.report(t, pairs)
	})
}

func sweepParties(t *testing.T, s *apptest.Server) []*party {
	t.Helper()
	var all []*party
	for i := range sweepOwners {
		live, test := s.Live, s.Test
		if i > 0 {
			live = otherOwner(t, s, fmt.Sprintf("Shop %d", i))
			test = newKey(t, s, live, auth.Test, auth.Admin)
		}
		for mode, admin := range map[auth.Mode]string{auth.Live: live, auth.Test: test} {
			f := newFixture(t, s, admin)
			f.canary, f.users = fmt.Sprintf("canary%c%s", 'a'+i, mode), live
			p := &party{fixture: f, keys: map[string]string{"Admin": admin}, cursors: map[string]string{}, bodies: map[string]any{}}
			for _, role := range auth.Roles() {
				if role != auth.Admin && role != auth.Operator {
					p.keys[string(role)] = newKey(t, s, admin, mode, role)
				}
			}
			p.keys["manager"] = newKey(t, s, admin, mode, "", auth.APIKeysManage, auth.UsersManage) // has less than those they would manage
			_, email := newUser(t, s, live, f.canary, f.email(), auth.Admin)
			p.keys["signed in"] = logIn(t, s, email, mode)
			p.mine = f.session(t, p.keys["signed in"])
			all = append(all, p)
		}
	}
	return all
}

// prepare makes one thing for each operation, and what the others search for.
func (p *party) prepare(t *testing.T, routes []gate.Route, number int) {
	t.Helper()
	for _, r := range routes {
		id := r.ID
		p.bodies[id] = bodyOf(t, r, p.fixture)
		if !reachable(r) {
			continue
		}
		p.old[id] = p.thing(t, r)
		if id == "endSession" {
			p.old[id] = map[string]int64{"{id}": p.mine}
		}
	}
	p.known = known{email: p.email(), member: p.canary + "-member", phone: fmt.Sprintf("+1202555%04d", 100+number)}
	made := create(t, p.s, p.admin, m{"name": p.canary + " Known", "email": p.known.email, "memberId": p.known.member, "phone": p.known.phone})
	p.known.id, p.owner = made.ID(t), int64(made.JSON(t)["ownerId"].(float64))
	events(t, p.s, p.admin)
	got := p.s.Do(t, apptest.Request{Method: "GET", Path: "/events?limit=1", Key: p.admin}).JSON(t)
	_, err := fmt.Sscan(fmt.Sprint(got["data"].([]any)[0].(m)["id"]), &p.known.event)
	require.NoError(t, err)
	for operation, path := range map[string]string{"listCustomers": "/customers", "listPaymentRequests": "/payment-requests", "listEvents": "/events", "listAudit": "/audit"} {
		p.cursors[operation] = p.s.Do(t, apptest.Request{Method: "GET", Path: path + "?limit=1", Key: p.admin}).JSON(t)["nextCursor"].(string)
	}
	p.s.Do(t, p.interaction(p.admin, "key-of-"+p.canary, p.canary+" first"))
}

func (p *party) interaction(key, idempotency, subject string) apptest.Request {
	return apptest.Request{Method: "POST", Path: path(p.known.id) + "/interactions", Key: key, Header: h("Idempotency-Key", idempotency), Body: m{"channel": "chat", "subject": subject}}
}

func sorted[V any](of map[string]V) []string {
	var names []string
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// reachable reports whether an operation names one of a party's things by its id. A passkey
// is a person's own, and who begins to sign in is nobody yet: tests of signing in.
func reachable(r gate.Route) bool {
	return strings.Contains(r.Path, "{id}") && !r.Open && !strings.HasPrefix(r.Path, "/users/me/passkeys")
}

// ofStaff reports whether an operation manages people, which takes a live credential.
func ofStaff(r gate.Route) bool {
	return r.Permission == auth.UsersManage || r.Permission == auth.RolesManage
}

// looks are the operations that show a thing and change nothing.
func (w *sweep) looks() []gate.Route {
	var all []gate.Route
	for _, id := range sorted(w.routes) {
		r := w.routes[id]
		if r.Method == "GET" && reachable(r) && !oneOf(id, "handlePaymentRequestByGet", "releasePaymentRequestByGet", "refundWholePayment") {
			all = append(all, r)
		}
	}
	return all
}

// look reads every thing as its owner, by every operation that shows it.
func (w *sweep) look(t *testing.T) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, p := range w.parties {
		known := w.s.Do(t, apptest.Request{Method: "GET", Path: path(p.known.id), Key: p.admin})
		require.Equal(t, 200, known.Status, "%s", known.Body)
		for _, r := range w.looks() {
			for of, ids := range p.old {
				if kindOfThing(w.routes[of]) != kindOfThing(r) {
					continue
				}
				at := fill(r.Path, ids)
				key := p.admin
				if ofStaff(r) {
					key = p.users
				}
				got := w.s.Do(t, apptest.Request{Method: "GET", Path: at, Key: key})
				require.Equal(t, 200, got.Status, "%s: %s", at, got.Body)
				if seen[p.canary+at] = string(got.Body); oneOf(kindOfThing(r), "webhook-endpoints", "erasures", "incidents") || r.ID == "exportCustomer" {
					seen[p.canary+at] = "" // posts and erasures go on by themselves, an incident has a clock, and an export says when it was made
				}
			}
		}
	}
	return seen
}

// kindOfThing is what an operation's {id} names, and whether a second id stands behind it.
func kindOfThing(r gate.Route) string {
	kind := strings.Split(r.Path, "/")[1]
	switch {
	case r.ID == "getErasureCertificate":
		kind = "erased customers"
	case oneOf(r.ID, "getRestriction", "liftRestriction"):
		kind = "restricted customers"
	case r.OnCustomer:
		kind = "customers"
	case kind == "payments":
		kind = "payment-requests"
	case kind == "privacy":
		kind = strings.Split(r.Path, "/")[2]
	}
	return kind + secondID(r)
}

func fill(path string, ids map[string]int64) string {
	for name, id := range ids {
		path = strings.Replace(path, name, fmt.Sprint(id), 1)
	}
	return strings.Replace(path, "{paymentMethod}", "CREDIT_CARD", 1)
}

// send works through the pairs once, and goes on with other spellings until enough was sent.
func (w *sweep) send(t *testing.T, pairs []func(*rand.Rand) probePair) {
	t.Helper()
	var next atomic.Int64
	var working sync.WaitGroup
	for worker := range sweepWorkers {
		working.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 7))
			for {
				i := int(next.Add(1)) - 1
				if (i >= len(pairs) || *sweepFlag < wholeSweep) && w.sent.Load() >= int64(*sweepFlag) {
					return
				}
				w.try(t, pairs[i%len(pairs)](random), i)
			}
		})
	}
	working.Wait()
	require.Empty(t, w.faults)
}

// try sends both requests of a pair, in either order.
func (w *sweep) try(t *testing.T, p probePair, i int) {
	requestID := fmt.Sprint("sweep-", i)
	var foreign, missing apptest.Response
	if i%2 == 0 {
		foreign, missing = w.call(t, p.foreign, requestID), w.call(t, p.missing, requestID)
	} else {
		missing, foreign = w.call(t, p.missing, requestID), w.call(t, p.foreign, requestID)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cells[p.cell]++
	if difference := p.compare(foreign, missing); difference != "" && len(w.faults) < 3 {
		w.faults = append(w.faults, fmt.Sprintf("%+v %s %s: %s\nforeign: %d %s\nmissing: %d %s", p.cell, p.foreign.Method, p.foreign.Path, difference, foreign.Status, foreign.Body, missing.Status, missing.Body))
	}
}

func (p probePair) compare(foreign, missing apptest.Response) string {
	switch {
	case foreign.Status != missing.Status:
		return "another status"
	case foreign.Status >= 500:
		return "an error of ours"
	case p.leaks(foreign):
		return "a leak"
	case p.changes:
		return ""
	case p.anonymous(foreign) != p.anonymous(missing):
		return "another body"
	}
	for name := range missing.Header {
		if name != "Date" && !slices.Equal(foreign.Header[name], missing.Header[name]) {
			return "another header " + name
		}
	}
	if len(foreign.Header) != len(missing.Header) {
		return "other headers"
	}
	return ""
}

// leaks looks for texts of anybody's but the caller's.
func (p probePair) leaks(got apptest.Response) bool {
	own := p.words[0]
	text := strings.ToLower(string(got.Body))
	return strings.Count(text, "canary") != strings.Count(text, own)
}

// anonymous is a body without the ids that were asked for and the time.
func (p probePair) anonymous(got apptest.Response) string {
	text := sameButIDs(got.Body)
	for _, word := range p.words[1:] {
		text = strings.ReplaceAll(text, word, "_")
	}
	return text
}

// call asks the handler in this process: the same code, without a connection's cost.
func (w *sweep) call(t *testing.T, r apptest.Request, requestID string) apptest.Response {
	w.sent.Add(1)
	var text []byte
	if r.Body != nil {
		text, _ = json.Marshal(r.Body)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, "http://localhost/api"+r.Path, strings.NewReader(string(text)))
	if err != nil {
		t.Errorf("%s: %v", r.Path, err)
		return apptest.Response{}
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	req.RemoteAddr, req.RequestURI = "127.0.0.1:9", req.URL.RequestURI()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Request-Id", requestID)
	req.Header.Set("Authorization", "Bearer "+r.Key)
	answer := httptest.NewRecorder()
	w.s.Handler.ServeHTTP(answer, req)
	return apptest.Response{Status: answer.Code, Header: answer.Header(), Body: answer.Body.Bytes()}
}

// twins lets the rightful admin of each thing do each operation, which shows that it was
// there to be had the whole time.
func (w *sweep) twins(t *testing.T) {
	t.Helper()
	for _, p := range w.parties {
		done := map[string]bool{}
		for _, id := range append([]string{"removeRoutingRule"}, sorted(w.routes)...) { // it takes no payment of these
			r, key := w.routes[id], p.admin
			if r.Permission == auth.OwnersManage {
				key = w.s.Operator
			}
			if done[id] || !reachable(r) || p.mode == auth.Test && ofStaff(r) {
				continue // users and roles are managed in live mode
			}
			done[id] = true
			if id == "endSession" {
				key = p.keys["signed in"]
			}
			got := w.s.Do(t, apptest.Request{Method: r.Method, Path: fill(r.Path, p.old[id]), Key: key, Body: bodyOf(t, r, p.fixture)})
			require.Less(t, got.Status, 300, "%s of %s: %s", id, p.canary, got.Body)
		}
	}
}

// exports looks for others' texts in each party's export.
func (w *sweep) exports(t *testing.T) {
	t.Helper()
	for _, p := range w.parties {
		o, err := w.s.App.Owners.Get(t.Context(), p.owner)
		require.NoError(t, err)
		var file strings.Builder
		done, err := bulk.Export(t.Context(), w.s.App.Customers, auth.System(p.owner, o.Realm(p.mode), p.mode, "sweep"), &file, bulk.ExportOptions{Format: bulk.NDJSON, Progress: func(int) {}})
		require.NoError(t, err)
		require.Positive(t, done.Rows)
		require.Equal(t, strings.Count(file.String(), "canary"), strings.Count(file.String(), p.canary))
		w.cells[sweepCell{operation: "export", source: "export", role: "system", relation: "all others", owner: p.owner, mode: p.mode}]++
	}
}

func (w *sweep) report(t *testing.T, pairs []func(*rand.Rand) probePair) {
	t.Helper()
	sources := map[string]int{}
	for c, n := range w.cells {
		sources[c.source] += n
	}
	random := rand.New(rand.NewPCG(0, 0))
	for _, make := range pairs {
		require.True(t, *sweepFlag < wholeSweep || w.cells[make(random).cell] > 0)
	}
	require.GreaterOrEqual(t, w.sent.Load(), int64(*sweepFlag))
	t.Logf("%d requests in %d cells of operation × source × role × owner × mode × relation; pairs by source: %v", w.sent.Load(), len(w.cells), sources)
	t.Logf("empty: users, roles and API keys of the own owner's other mode (live admins manage both); operators, who have no owner (TestIsolation)")
}
