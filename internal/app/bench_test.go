package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

// BenchmarkCreate is a create without HTTP, by 64 callers at once on SQLite.
func BenchmarkCreate(b *testing.B) {
	a, g := openForBench(b)
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			body := fmt.Sprintf(`{"name":"Maria Santos Bench%d","email":"user%d@example.com","phone":"+3461%07d","memberId":"M-%d","address":"Calle Mayor 1, Madrid"}`, i%500, i, i%10_000_000, i)
			v, err := strictjson.Parse([]byte(body))
			require.NoError(b, err)
			claim, err := a.Answers.Claim(context.Background(), g, "POST /customers", fmt.Sprint("key", i), []byte(body))
			require.NoError(b, err)
			_, err = a.Customers.Create(context.Background(), g, customer.Input{Body: v}, func(tx *db.Tx, c *customer.Customer, key vault.Subject) error {
				return claim.Record(tx, idempotency.Subject{CustomerID: c.ID, Key: key}, idempotency.Answer{Status: 200, ETag: c.ETag(), Body: c.AppendJSON(nil)})
			})
			require.NoError(b, err)
			claim.End()
		}
	})
}

func openForBench(b *testing.B) (*app.App, auth.Grant) {
	b.Helper()
	a, err := app.Open(b.Context(), config.Config{DataDir: b.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, a.Close(context.Background())) })
	_, err = a.FirstRun(b.Context())
	require.NoError(b, err)
	require.NoError(b, a.Start(b.Context()))
	owners, err := a.Owners.List(b.Context())
	require.NoError(b, err)
	return a, auth.System(owners[0].ID, owners[0].LiveRealm, auth.Live, "bench")
}

// BenchmarkGet is a get by id through the whole handler, by 64 callers at once.
func BenchmarkGet(b *testing.B) {
	a, g := openForBench(b)
	handler, err := a.Handler(config.Serve{}, "http://florin.test", func() bool { return false })
	require.NoError(b, err)
	ids := make([]int64, 2000)
	for i := range ids {
		v, err := strictjson.Parse(fmt.Appendf(nil, `{"name":"Maria Santos Bench%d","email":"user%d@example.com"}`, i%500, i))
		require.NoError(b, err)
		c, err := a.Customers.Create(b.Context(), g, customer.Input{Body: v}, func(*db.Tx, *customer.Customer, vault.Subject) error { return nil })
		require.NoError(b, err)
		ids[i] = c.ID
	}
	text, err := os.ReadFile(a.Config.FirstRun())
	require.NoError(b, err)
	_, rest, _ := strings.Cut(string(text), "FLORIN_API_KEY=")
	key, _, _ := strings.Cut(rest, "\n")
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest("GET", fmt.Sprintf("/ipg/2.0.0/customers/%d", ids[n.Add(1)%2000]), nil)
			r.Header.Set("X-API-Key", key)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			require.Equal(b, 200, w.Code)
		}
	})
}
