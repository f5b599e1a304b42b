package customer_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// shop is one merchant's customers in a built Florin whose background work stands still.
type shop struct {
	*app.App
	owner owner.Owner
	grant auth.Grant
	url   string
	time  *clock.Fake
}

func each(t *testing.T, run func(t *testing.T, s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, url string) {
		c := config.Config{DataDir: t.TempDir()}
		if strings.HasPrefix(url, "postgres") {
			c.DatabaseURL = url
		}
		hands := clock.NewFake(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
		a, err := app.Open(t.Context(), c, slog.New(slog.DiscardHandler), app.WithClock(hands.Clock()))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, a.Close(t.Context())) })
		_, err = a.FirstRun(t.Context())
		require.NoError(t, err)
		owners, err := a.Owners.List(t.Context())
		require.NoError(t, err)
		run(t, &shop{a, owners[0], auth.System(owners[0].ID, owners[0].LiveRealm, auth.Live, "test"), c.DatabaseURL, hands})
	})
}

func input(t *testing.T, text string) customer.Input {
	t.Helper()
	v, err := strictjson.Parse([]byte(text))
	require.NoError(t, err)
	return customer.Input{Body: v}
}

func nothing(*db.Tx, *customer.Customer, vault.Subject) error { return nil }

func (s *shop) create(t *testing.T, text string) int64 {
	t.Helper()
	c, err := s.Customers.Create(t.Context(), s.grant, input(t, text), nothing)
	require.NoError(t, err)
	return c.ID
}

func (s *shop) find(t *testing.T, q customer.Query) (ids []int64) {
	t.Helper()
	q.Limit = 100
	page, err := s.Customers.List(t.Context(), s.grant, q)
	require.NoError(t, err)
	for _, c := range page.Customers {
		ids = append(ids, c.ID)
	}
	return ids
}

// fill makes customers of 40 family names; one in 50 is inactive.
func (s *shop) fill(t *testing.T, count int) {
	t.Helper()
	for at := 0; at < count; at += 500 {
		var rows []customer.Input
		for i := at; i < at+500; i++ {
			status := "active"
			if i%50 == 0 {
				status = "inactive"
			}
			rows = append(rows, input(t, fmt.Sprintf(`{"name":"Given%d Family%d","email":"p%d@example.com","memberId":"M%d","phone":"+4915123%06d","status":%q}`,
				i%97, i%40, i, i, i, status)))
		}
		errs, err := s.Customers.CreateBatch(t.Context(), s.grant, rows)
		require.NoError(t, err)
		for _, err := range errs {
			require.NoError(t, err)
		}
	}
	if s.url == "" {
		return
	}
	conn, err := pgx.Connect(t.Context(), s.url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	// An empty table is read whole, which is right and says nothing of a full one.
	_, err = conn.Exec(t.Context(), `INSERT INTO customer_deposit (realm_id, customer_id, currency, amount) SELECT realm_id, id, 'USD', 1 FROM customer; ANALYZE`)
	require.NoError(t, err)
}

func (s *shop) explain(t *testing.T, sql string, args []any) string {
	t.Helper()
	var lines []string
	prefix := "EXPLAIN QUERY PLAN "
	if s.url != "" {
		prefix = "EXPLAIN (COSTS OFF) "
	}
	err := s.Store.Each(t.Context(), db.Realm(s.grant.Realm()), prefix+sql, args, func(r db.Row) error {
		var a, b, c int64
		var line string
		var err error
		if s.url == "" {
			err = r.Scan(&a, &b, &c, &line)
		} else {
			err = r.Scan(&line)
		}
		lines = append(lines, line)
		return err
	})
	require.NoError(t, err, sql)
	return strings.Join(lines, "\n")
}

// explainPrepared gives PostgreSQL's plan of a prepared statement, made for all values
// or for these.
func (s *shop) explainPrepared(t *testing.T, mode, sql string, args []any) string {
	t.Helper()
	types, values := make([]string, len(args)), make([]string, len(args))
	for i, a := range args {
		types[i], values[i] = "bigint", fmt.Sprint(a)
		if b, ok := a.([]byte); ok {
			types[i], values[i] = "bytea", fmt.Sprintf(`'\x%x'`, b)
		}
	}
	var lines []string
	err := s.Store.Write(t.Context(), db.Realm(s.grant.Realm()), func(tx *db.Tx) error {
		tx.Exec("SET LOCAL plan_cache_mode = " + mode)
		tx.Exec("PREPARE list (" + strings.Join(types, ", ") + ") AS " + sql)
		err := tx.Each("EXPLAIN EXECUTE list ("+strings.Join(values, ", ")+")", nil, func(r db.Row) error {
			var line string
			err := r.Scan(&line)
			lines = append(lines, line)
			return err
		})
		tx.Exec("DEALLOCATE list")
		return err
	})
	require.NoError(t, err, sql)
	return strings.Join(lines, "\n")
}

// TestSearchIsPlannedOnce: planning a search takes PostgreSQL longer than running it. It
// keeps a plan once it believes that one made for all values costs no more.
func TestSearchIsPlannedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		if s.url == "" {
			return // SQLite plans when it prepares
		}
		s.fill(t, 3000)
		// As it believes of a million customers: it counts too few different hashes.
		server, err := pgx.Connect(t.Context(), s.url)
		require.NoError(t, err)
		_, err = server.Exec(t.Context(), `ALTER TABLE customer_index ALTER hash SET (n_distinct = 100); ANALYZE customer_index; ANALYZE customer`)
		require.NoError(t, err)
		require.NoError(t, server.Close(t.Context()))
		for name, q := range map[string]customer.Query{"email": {Email: "p77@example.com"}, "phone": {Phone: "+4915123000077"}, "member id": {MemberID: "M77"}} {
			sql, args, err := s.Customers.Statement(t.Context(), s.grant, q, false)
			require.NoError(t, err)
			forAll, forThese := s.explainPrepared(t, "force_generic_plan", sql, args), s.explainPrepared(t, "force_custom_plan", sql, args)
			require.Less(t, costOf(t, forAll), costOf(t, forThese), "%s\n%s\n%s", name, forAll, forThese)
			require.Contains(t, forAll, "customer_index_pkey")
			require.Contains(t, forAll, "customer_pkey")
			require.NotContains(t, forAll, "Seq Scan")
		}
	})
}

// costOf is what a plan's first line expects its end to cost.
func costOf(t *testing.T, plan string) float64 {
	t.Helper()
	_, rest, found := strings.Cut(plan, "..")
	require.True(t, found, plan)
	number, _, _ := strings.Cut(rest, " ")
	cost, err := strconv.ParseFloat(number, 64)
	require.NoError(t, err, plan)
	return cost
}

// TestListPlans: a page must cost the same at ten thousand customers and at a million,
// so every list walks an index in the order of its answer.
func TestListPlans(t *testing.T) {
	t.Parallel()
	type row struct {
		query  customer.Query
		sorts  bool   // an exact mark leaves a handful, which may be sorted
		sqlite string // what the plan must use
		pg     string
	}
	rows := map[string]row{
		"oldest":        {query: customer.Query{Sort: "createDate"}, sqlite: "SEARCH c USING PRIMARY KEY", pg: "customer_pkey"},
		"newest":        {query: customer.Query{}, sqlite: "SEARCH c USING PRIMARY KEY", pg: "customer_pkey"},
		"changed first": {query: customer.Query{Sort: "updateDate"}, sqlite: "customer_updated", pg: "customer_updated"},
		"changed last":  {query: customer.Query{Sort: "-updateDate"}, sqlite: "customer_updated", pg: "customer_updated"},
		// SQLite does not take its partial index yet: it walks the customers in order of id.
		"inactive":        {query: customer.Query{Status: "inactive"}, sqlite: "SEARCH i USING PRIMARY KEY", pg: "customer_index_pkey"},
		"active":          {query: customer.Query{Status: "active"}, sqlite: "SEARCH c USING PRIMARY KEY", pg: "customer_pkey"},
		"email":           {query: customer.Query{Email: "p77@example.com"}, sorts: true, sqlite: "SEARCH x USING PRIMARY KEY", pg: "customer_index_pkey"},
		"phone":           {query: customer.Query{Phone: "+4915123000077"}, sorts: true, sqlite: "SEARCH x USING PRIMARY KEY", pg: "customer_index_pkey"},
		"member id":       {query: customer.Query{MemberID: "M77"}, sorts: true, sqlite: "SEARCH x USING PRIMARY KEY", pg: "customer_index_pkey"},
		"word":            {query: customer.Query{Words: "family7"}, sqlite: "SEARCH i USING PRIMARY KEY", pg: "customer_index_pkey"},
		"two words":       {query: customer.Query{Words: "family7 given7"}, sqlite: "SEARCH i USING PRIMARY KEY", pg: "customer_index_pkey"},
		"word and status": {query: customer.Query{Words: "family10", Status: "inactive"}, sqlite: "SEARCH i USING PRIMARY KEY", pg: "customer_index_pkey"},
	}
	each(t, func(t *testing.T, s *shop) {
		s.fill(t, 3000)
		for name, row := range rows {
			for _, next := range []bool{false, true} {
				sql, args, err := s.Customers.Statement(t.Context(), s.grant, row.query, next)
				require.NoError(t, err)
				plan := s.explain(t, sql, args)
				message := fmt.Sprintf("%s, next page %v\n%s\n%s", name, next, sql, plan)
				if s.url == "" {
					require.Contains(t, plan, row.sqlite, message)
					require.NotContains(t, plan, "SCAN c", message)
					require.NotContains(t, plan, "SCAN i", message)
					if !row.sorts {
						require.NotContains(t, plan, "TEMP B-TREE", message)
					}
					continue
				}
				require.Contains(t, plan, row.pg, message)
				require.NotContains(t, plan, "Seq Scan on customer", message)
				if !row.sorts {
					require.NotContains(t, plan, "Sort", message)
				}
			}
		}
		require.Len(t, s.find(t, customer.Query{Words: "family7 given7"}), 1+(3000-8)/(97*40))
		require.Len(t, s.find(t, customer.Query{Status: "inactive"}), 60)
	})
}

// TestErasureIsFinished kills the process between the rows and the key.
// Shows: GDPR Art. 17(1)
func TestErasureIsFinished(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		gone := s.create(t, `{"name":"عائشة 🌸","email":"aisha@example.com"}`)
		stays := s.create(t, `{"name":"Zoë","email":"zoe@example.com"}`)
		require.NoError(t, s.Customers.EraseRows(t.Context(), s.grant, gone))
		keys := func() (n int64) {
			require.NoError(t, s.Store.One(t.Context(), db.Worker(), `SELECT count(*) FROM customer_erased WHERE key_id <> 0`, nil, &n))
			return n
		}
		require.Equal(t, int64(1), keys())
		_, err := s.Customers.Get(t.Context(), s.grant, gone, nil)
		require.True(t, fault.Is(err, fault.CustomerErased), err)
		for _, want := range []int{1, 0} {
			n, err := s.Customers.FinishErasures(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, n)
			require.Zero(t, keys())
		}
		_, err = s.Customers.Get(t.Context(), s.grant, stays, nil)
		require.NoError(t, err)
		s.create(t, `{"name":"Another","email":"aisha@example.com"}`) // the address is free again
	})
}

// TestReindexUnderChange changes customers while their blind indexes get a new key.
func TestReindexUnderChange(t *testing.T) {
	t.Parallel()
	const count = 30
	each(t, func(t *testing.T, s *shop) {
		ids := make([]int64, count)
		for i := range ids {
			ids[i] = s.create(t, fmt.Sprintf(`{"name":"Person N%d","email":"old%d@example.com"}`, i, i))
		}
		var failures []error
		var changing sync.WaitGroup
		var underWay sync.RWMutex // real settling is longer than any change takes
		begun, once := make(chan struct{}), sync.Once{}
		changing.Go(func() {
			<-begun
			for i := 0; i < count; i += 2 {
				v, err := strictjson.Parse(fmt.Appendf(nil, `{"email":"new%d@example.com"}`, i))
				if err == nil {
					underWay.RLock()
					_, err = s.Customers.Update(t.Context(), s.grant, ids[i], customer.Change{Input: customer.Input{Body: v}}, nothing)
					underWay.RUnlock()
				}
				if err != nil {
					failures = append(failures, err)
				}
			}
		})
		wait := func(_ context.Context, d time.Duration) error {
			underWay.Lock()
			defer underWay.Unlock()
			s.time.Advance(d)
			once.Do(func() { close(begun) })
			return nil
		}
		require.NoError(t, s.Customers.Reindex(t.Context(), s.owner, wait, func(int64) {}))
		changing.Wait()
		require.Empty(t, failures)
		o, err := s.Owners.Get(t.Context(), s.owner.ID)
		require.NoError(t, err)
		require.Equal(t, 2, o.IndexVersion)
		require.Zero(t, o.NextIndexVersion)
		for i, id := range ids {
			state := map[bool]string{true: "new", false: "old"}[i%2 == 0]
			other := map[bool]string{true: "old", false: "new"}[i%2 == 0]
			require.Equal(t, []int64{id}, s.find(t, customer.Query{Email: fmt.Sprintf("%s%d@example.com", state, i)}))
			require.Empty(t, s.find(t, customer.Query{Email: fmt.Sprintf("%s%d@example.com", other, i)}))
			require.Equal(t, []int64{id}, s.find(t, customer.Query{Words: fmt.Sprintf("n%d", i)}))
		}
		_, err = s.Customers.Create(t.Context(), s.grant, input(t, `{"name":"Twice","email":"new0@example.com"}`), nothing)
		require.True(t, fault.Is(err, fault.CustomerDuplicate), err)
		var old int64
		require.NoError(t, s.Store.One(t.Context(), db.Realm(s.grant.Realm()), `SELECT count(*) FROM customer_index WHERE kind < 32`, nil, &old))
		require.Zero(t, old, "nothing is left under the old key")
	})
}
