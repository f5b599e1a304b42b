package app_test

import (
	"context"
	"fmt"
	"log/slog"
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
