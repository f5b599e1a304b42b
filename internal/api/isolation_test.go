package api_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/gate"
)

// fixture is what one owner has in one mode, for requests that work.
type fixture struct {
	s      *apptest.Server
	admin  string // admin key of this owner and mode
	mode   auth.Mode
	canary string // in every text of this fixture's data
	count  int
}

func newFixture(t *testing.T, s *apptest.Server, admin string) *fixture {
	t.Helper()
	mode := auth.Live
	if strings.HasPrefix(admin, "florin_test_") {
		mode = auth.Test
	}
	return &fixture{s: s, admin: admin, mode: mode, canary: "canaryzz" + strconv.Itoa(len(s.Logs.String()))}
}

func (f *fixture) email() string {
	f.count++
	return fmt.Sprintf("%s%d@example.com", f.canary, f.count)
}

// customer makes one more.
func (f *fixture) customer(t *testing.T) int64 {
	t.Helper()
	return create(t, f.s, f.admin, m{"name": f.canary + " Person", "email": f.email(), "metadata": m{"c": f.canary}}).ID(t)
}

func (f *fixture) key(t *testing.T) int64 {
	t.Helper()
	got := f.s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Key: f.admin, Body: m{"name": f.canary, "mode": f.mode, "permissions": []string{"events:read"}}})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return got.ID(t)
}

// body is what an operation takes, so that it works for who may.
func (f *fixture) body(r gate.Route) any {
	switch r.ID {
	case "createCustomer":
		return m{"name": f.canary + " New", "email": f.email()}
	case "updateCustomer", "patchCustomer":
		return m{"address": f.canary + " Street " + f.email()}
	case "createInteraction":
		return m{"channel": "chat", "subject": f.canary}
	case "createApiKey":
		return m{"name": f.canary, "mode": f.mode, "permissions": []string{"customers:read"}}
	case "startKeyRotation":
		return m{"epoch": true}
	case "createOwner":
		return m{"name": "One more", "baseCurrency": "EUR"}
	}
	return m{}
}

// request makes one request that works on things of this fixture.
func (f *fixture) request(t *testing.T, r gate.Route, key string) apptest.Request {
	t.Helper()
	path := r.Path
	if strings.Contains(path, "{id}") {
		thing := f.key
		if r.OnCustomer {
			thing = f.customer
		}
		path = strings.Replace(path, "{id}", strconv.FormatInt(thing(t), 10), 1)
	}
	send := apptest.Request{Method: r.Method, Path: path, Key: key}
	if r.Body != gate.NoBody {
		send.Body = f.body(r)
	}
	return send
}

// caller is one row of the probe.
type caller struct {
	name        string
	permissions []auth.Permission
	keys        map[auth.Mode]string
}

// callers are keys of the first owner: each role, a custom key for each permission, the
// operator and nobody.
func callers(t *testing.T, s *apptest.Server) []caller {
	t.Helper()
	var all []caller
	both := func(name string, permissions []auth.Permission, role auth.Role) {
		c := caller{name, permissions, map[auth.Mode]string{}}
		for _, mode := range []auth.Mode{auth.Live, auth.Test} {
			c.keys[mode] = newKey(t, s, "", mode, role, permissions...)
		}
		all = append(all, c)
	}
	for _, role := range auth.Roles() {
		if role != auth.Operator {
			both(string(role), role.Permissions(), role)
		}
	}
	for _, p := range auth.Admin.Permissions() {
		both("only "+string(p), []auth.Permission{p}, "")
	}
	all = append(all, caller{"Operator", auth.Operator.Permissions(), map[auth.Mode]string{auth.Live: s.Operator}})
	return append(all, caller{"none", nil, map[auth.Mode]string{auth.Live: "-"}})
}

var varying = regexp.MustCompile(`"(timestamp|requestId|customerId)":"[^"]*"|Customer with ID \d+|row-\d+`)

// sameButIDs removes what must differ between two answers.
func sameButIDs(body []byte) string { return varying.ReplaceAllString(string(body), "_") }

// TestIsolation probes every route × caller × owner × mode.
func TestIsolation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		stranger := otherOwner(t, s.Server, "Stranger")
		strangerTest := newKey(t, s.Server, stranger, auth.Test, auth.Admin)
		own := map[auth.Mode]*fixture{auth.Live: newFixture(t, s.Server, s.Live), auth.Test: newFixture(t, s.Server, s.Test)}
		other := map[auth.Mode]*fixture{auth.Live: newFixture(t, s.Server, stranger), auth.Test: newFixture(t, s.Server, strangerTest)}
		other[auth.Live].canary, other[auth.Test].canary = "foreigncanarylive", "foreigncanarytest"
		own[auth.Live].canary, own[auth.Test].canary = "owncanarylive", "owncanarytest"
		for _, f := range other {
			f.customer(t)
		}
		p := &probe{s: s, own: own, other: other}
		doc := readOpenAPI(t, s.Server)
		for _, r := range s.App.API().Routes() {
			require.Contains(t, doc.Paths[r.Path], strings.ToLower(r.Method))
			for _, c := range callers(t, s.Server) {
				for mode, key := range c.keys {
					p.cell(t, r, c, mode, key)
				}
			}
		}
		t.Logf("%d probes in %d cells; empty cells: none but Operator and none in test mode, which have no such key", p.probes, p.cells)
	})
}

type probe struct {
	s             *suite
	own, other    map[auth.Mode]*fixture
	probes, cells int
}

func opposite(mode auth.Mode) auth.Mode {
	return map[auth.Mode]auth.Mode{auth.Live: auth.Test, auth.Test: auth.Live}[mode]
}

func (p *probe) do(t *testing.T, r apptest.Request, foreign ...string) apptest.Response {
	t.Helper()
	p.probes++
	got := p.s.Do(t, r)
	for _, canary := range foreign {
		require.NotContains(t, strings.ToLower(string(got.Body)), canary, "%s %s", r.Method, r.Path)
	}
	return got
}

func (p *probe) cell(t *testing.T, r gate.Route, c caller, mode auth.Mode, key string) {
	t.Helper()
	what := fmt.Sprintf("%s %s as %s in %s", r.Method, r.Path, c.name, mode)
	foreign := []string{"foreigncanary", p.own[opposite(mode)].canary}
	if r.ID == "listApiKeys" || r.ID == "listOwners" { // a live admin sees the owner's keys of both modes
		foreign = foreign[:1]
	}
	p.cells++
	got := p.do(t, p.own[mode].request(t, r, key), foreign...)
	want := expected(r, c)
	if want == 200 {
		require.Less(t, got.Status, 300, "%s: %s", what, got.Body)
	} else {
		require.Equal(t, want, got.Status, "%s: %s", what, got.Body)
	}
	if !strings.Contains(r.Path, "{id}") {
		return
	}
	missing := p.do(t, apptest.Request{Method: r.Method, Path: strings.Replace(r.Path, "{id}", "123456789", 1), Key: key, Body: bodyOf(r, p.own[mode])}, foreign...)
	foreigners := []*fixture{p.other[mode]}
	if r.OnCustomer || mode == auth.Test { // live admins reach test keys of their own owner
		foreigners = append(foreigners, p.own[opposite(mode)])
	}
	for _, f := range foreigners {
		p.cells++
		theirs := f.request(t, r, key)
		theirs.Body = bodyOf(r, p.own[mode])
		got := p.do(t, theirs, foreign...)
		require.Equal(t, missing.Status, got.Status, "%s on another's: %s", what, got.Body)
		require.Equal(t, sameButIDs(missing.Body), sameButIDs(got.Body), what)
		if want == 200 {
			require.Equal(t, 404, got.Status, what)
			rightful := theirs
			rightful.Key, rightful.Body = f.admin, bodyOf(r, f)
			require.Less(t, p.do(t, rightful).Status, 300, "the twin of %s", what)
		}
	}
}

func bodyOf(r gate.Route, f *fixture) any {
	if r.Body == gate.NoBody {
		return nil
	}
	return f.body(r)
}

func expected(r gate.Route, c caller) int {
	switch {
	case c.name == "none":
		return 401
	case !slices.Contains(c.permissions, r.Permission):
		return 403
	case r.ID == "createApiKey" && !slices.Contains(c.permissions, auth.CustomersRead), r.ID == "rotateApiKey" && !slices.Contains(c.permissions, auth.EventsRead):
		return 403 // nobody gives rights that they do not have
	}
	return 200
}

// TestKeysDoNotEscalate: a test key can't get at live data by making or rotating keys.
func TestKeysDoNotEscalate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		keys := newKey(t, s.Server, "", auth.Live, "", auth.APIKeysManage)
		support := s.Do(t, apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "S", "mode": "live", "role": "Support"}}).ID(t)
		rotate := fmt.Sprintf("/api-keys/%d/rotate", support)
		s.run(t, map[string]row{
			"test key makes a live key":      {send: apptest.Request{Method: "POST", Path: "/api-keys", Key: s.Test, Body: m{"name": "x", "mode": "live", "role": "ReadOnly"}}, status: 403, code: "FORBIDDEN"},
			"test key makes a test key":      {send: apptest.Request{Method: "POST", Path: "/api-keys", Key: s.Test, Body: m{"name": "x", "mode": "test", "role": "ReadOnly"}}, status: 200},
			"test key rotates a live key":    {send: apptest.Request{Method: "POST", Path: rotate, Key: s.Test}, status: 404, code: "API_KEY_NOT_FOUND"},
			"test key revokes a live key":    {send: apptest.Request{Method: "DELETE", Path: rotate[:len(rotate)-7], Key: s.Test}, status: 404, code: "API_KEY_NOT_FOUND"},
			"key manager makes an admin":     {send: apptest.Request{Method: "POST", Path: "/api-keys", Key: keys, Body: m{"name": "x", "mode": "live", "role": "Admin"}}, status: 403, code: "FORBIDDEN"},
			"key manager rotates a wider":    {send: apptest.Request{Method: "POST", Path: rotate, Key: keys}, status: 403, code: "FORBIDDEN"},
			"key manager makes its like":     {send: apptest.Request{Method: "POST", Path: "/api-keys", Key: keys, Body: m{"name": "x", "mode": "live", "permissions": []string{"api-keys:manage"}}}, status: 200},
			"nobody gives owners:manage":     {send: apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "x", "mode": "live", "permissions": []string{"owners:manage"}}}, status: 400, code: "VALIDATION_ERROR"},
			"nobody makes an operator":       {send: apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "x", "mode": "live", "role": "Operator"}}, status: 400, code: "VALIDATION_ERROR"},
			"admin rotates":                  {send: apptest.Request{Method: "POST", Path: rotate}, status: 200, has: []string{`"key":"florin_live_sk_`}},
			"role and permissions are a 400": {send: apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": "x", "mode": "live", "role": "Support", "permissions": []string{"events:read"}}}, status: 400, code: "VALIDATION_ERROR"},
		})
		var list struct{ Data []struct{ Mode string } }
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/api-keys", Key: s.Test}).Body, &list))
		require.NotEmpty(t, list.Data)
		for _, k := range list.Data {
			require.Equal(t, "test", k.Mode)
		}
		revoked := newKey(t, s.Server, "", auth.Live, auth.ReadOnly)
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: revoked}).Status)
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/api-keys"}).Body, &list))
		var ids struct{ Data []struct{ ID int64 } }
		require.NoError(t, json.Unmarshal(s.Do(t, apptest.Request{Method: "GET", Path: "/api-keys"}).Body, &ids))
		last := ids.Data[len(ids.Data)-1].ID
		require.Equal(t, 204, s.Do(t, apptest.Request{Method: "DELETE", Path: fmt.Sprint("/api-keys/", last)}).Status)
		require.Equal(t, 401, s.Do(t, apptest.Request{Method: "GET", Path: "/customers", Key: revoked}).Status)
	})
}
