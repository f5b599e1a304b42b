package sandbox_test

import (
	"testing"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/providertest"
	"github.com/florin-gateway/florin/internal/provider/sandbox/sandboxtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	dbtest.Open(t, schema.Main, func(t *testing.T, store *db.DB) {
		d := sandboxtest.New(t, store)
		live := d.Account
		live.Mode = auth.Live
		providertest.Run(t, providertest.Harness{
			Connector: d.Connector, Account: d.Account, Stranger: d.Stranger(), Failing: []provider.Account{live},
			Charge: d.Meeting, Meets: sandboxtest.Meets(),
			Confirm:   func(t *testing.T, address string) { d.Decide(t, address, "confirm") },
			Callbacks: d.LateCallbacks, Book: d.Book,
		})
	})
}
