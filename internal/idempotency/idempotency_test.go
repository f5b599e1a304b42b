package idempotency_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/vault"
)

type desk struct {
	store   *db.DB
	vault   *vault.Vault
	time    *clock.Fake
	answers *idempotency.Store
	grant   auth.Grant
}

func each(t *testing.T, run func(t *testing.T, d *desk)) {
	t.Helper()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		d := &desk{store: store, time: clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)), grant: auth.System(10, 1, auth.Live, "test")}
		keystore, err := db.Open(t.Context(), vault.Schema(db.Config{URL: filepath.Join(t.TempDir(), "keystore.db")}))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, keystore.Close()) })
		var last atomic.Int64
		d.vault, err = vault.Open(t.Context(), vault.Options{Keystore: keystore, Dir: t.TempDir(), Clock: d.time.Clock(), NextID: func() int64 { return last.Add(1) }})
		require.NoError(t, err)
		require.NoError(t, d.vault.NewOwner(t.Context(), 10))
		ids := id.NewSource(d.time.Clock(), func() uint64 { return 0 }, func(int64) bool { return false })
		d.answers = idempotency.NewStore(store, d.vault, d.time.Clock(), ids.Next)
		run(t, d)
	})
}

func (d *desk) claim(t *testing.T, g auth.Grant, route, key, body string) *idempotency.Claim {
	t.Helper()
	c, err := d.answers.Claim(t.Context(), g, route, key, []byte(body))
	require.NoError(t, err)
	return c
}

func (d *desk) answer(t *testing.T, c *idempotency.Claim, s idempotency.Subject, a idempotency.Answer) error {
	t.Helper()
	return d.store.Write(t.Context(), db.Realm(1), func(tx *db.Tx) error { return c.Record(tx, s, a) })
}

func answers() map[string]idempotency.Answer {
	return map[string]idempotency.Answer{
		"usual":    {Status: 201, ETag: `"1.0"`, Location: "/ipg/2.0.0/customers/9007199254740991", Body: []byte(`{"name":"王小明 🌸","a":1.50}`)},
		"markup":   {Status: 200, Body: []byte("<b>&amp;</b> \u2028 </script>")},
		"newlines": {Status: 200, Body: []byte("\n\n{\r\n}\n\x00\xff\n")},
		"no body":  {Status: 204, ETag: `"2.0"`},
	}
}

func TestAnswerComesBackExactly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		keys, err := d.vault.Keys(t.Context(), 10, 1)
		require.NoError(t, err)
		subject, err := keys.NewSubject(t.Context())
		require.NoError(t, err)
		for name, a := range answers() {
			for _, s := range []idempotency.Subject{{}, {CustomerID: 5, Key: subject}} {
				key := name + string(rune('0'+s.CustomerID))
				first := d.claim(t, d.grant, "POST /customers", key, "{}")
				none, err := first.Lookup(t.Context())
				require.NoError(t, err)
				require.Nil(t, none)
				require.NoError(t, d.answer(t, first, s, a))
				first.End()
				second := d.claim(t, d.grant, "POST /customers", key, "{}")
				require.True(t, db.IsViolation(d.answer(t, second, s, idempotency.Answer{Status: 500}), "idempotency"), "the effect happens once")
				kept, err := second.Lookup(t.Context())
				require.NoError(t, err)
				require.Equal(t, string(a.Body), string(kept.Body))
				kept.Body, a.Body = nil, nil
				require.Equal(t, a, *kept)
				second.End()
			}
		}
	})
}

func TestKeyIsBoundToItsRequest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		const route, key, body = "POST /customers", "key-1", `{"name":"Zoë"}`
		c := d.claim(t, d.grant, route, key, body)
		_, err := d.answers.Claim(t.Context(), d.grant, route, key, []byte(body))
		require.True(t, fault.Is(err, fault.IdempotencyInProgress), err)
		require.NoError(t, d.answer(t, c, idempotency.Subject{}, idempotency.Answer{Status: 201}))
		c.End()
		actor := d.grant.Actor()
		actor.ID = 99
		rows := map[string]struct {
			grant            auth.Grant
			route, key, body string
			code             string
			found            bool
		}{
			"same":          {d.grant, route, key, body, "", true},
			"other body":    {d.grant, route, key, body + " ", fault.IdempotencyKeyReused, false},
			"other key":     {d.grant, route, key + "2", body, "", false},
			"other route":   {d.grant, "POST /payments", key, body, "", false},
			"other actor":   {auth.Refused(actor, auth.Origin{}), route, key, body, "", false},
			"other realm":   {auth.System(10, 2, auth.Test, "test"), route, key, body, "", false},
			"shifted parts": {d.grant, route + "k", "ey-1", body, "", false},
		}
		for name, row := range rows {
			c := d.claim(t, row.grant, row.route, row.key, row.body)
			kept, err := c.Lookup(t.Context())
			require.Equal(t, row.code != "", fault.Is(err, row.code), name)
			require.Equal(t, row.found, kept != nil, name)
			c.End()
		}
	})
}

// Shows: GDPR Art. 17(1)
func TestErasureErasesTheAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		keys, err := d.vault.Keys(t.Context(), 10, 1)
		require.NoError(t, err)
		subject, err := keys.NewSubject(t.Context())
		require.NoError(t, err)
		c := d.claim(t, d.grant, "r", "k", "")
		require.NoError(t, d.answer(t, c, idempotency.Subject{CustomerID: 5, Key: subject}, idempotency.Answer{Status: 201}))
		require.NoError(t, d.vault.Destroy(t.Context(), 1, subject.ID))
		_, err = c.Lookup(t.Context())
		require.True(t, fault.Is(err, fault.CustomerErased), err)
	})
}

func TestPurge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		record := func(key string) {
			c := d.claim(t, d.grant, "r", key, "")
			defer c.End()
			require.NoError(t, d.answer(t, c, idempotency.Subject{}, idempotency.Answer{Status: 201}))
		}
		found := func(key string) bool {
			c := d.claim(t, d.grant, "r", key, "")
			defer c.End()
			kept, err := c.Lookup(t.Context())
			require.NoError(t, err)
			return kept != nil
		}
		purge := func() int {
			n, err := d.answers.Purge(t.Context())
			require.NoError(t, err)
			return n
		}
		record("old")
		d.time.Advance(time.Hour)
		record("young")
		d.time.Advance(idempotency.Window - time.Hour)
		require.Zero(t, purge())
		require.True(t, found("old"))
		d.time.Advance(2 * time.Millisecond)
		require.Equal(t, 1, purge())
		require.False(t, found("old"))
		require.True(t, found("young"))
		record("old") // the key is free again
		d.time.Advance(2 * idempotency.Window)
		require.Equal(t, 2, purge())
		require.Zero(t, purge())
	})
}

// TestAnswersShareAPage: four rows must fit into a page of a clustered table, or each
// takes a second page for its end, and every page is a frame of the write-ahead log.
func TestAnswersShareAPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		facts, err := d.store.Facts(t.Context())
		require.NoError(t, err)
		usual := idempotency.Answer{Status: 200, ETag: `"1.0"`, Body: bytes.Repeat([]byte("a"), 950)}
		for i := range 40 {
			require.NoError(t, d.answer(t, d.claim(t, d.grant, "POST /customers", fmt.Sprint(i), "{}"), idempotency.Subject{}, usual))
		}
		if facts.Engine != "sqlite" {
			return // PostgreSQL's pages hold rows of up to 2 kB whole
		}
		var pages, overflow int64
		require.NoError(t, d.store.One(t.Context(), db.Worker(), `SELECT count(*), sum(pagetype = 'overflow') FROM dbstat WHERE name = 'idempotency_answer'`,
			nil, &pages, &overflow))
		require.Zero(t, overflow)
		require.LessOrEqual(t, pages, int64(20))
	})
}
