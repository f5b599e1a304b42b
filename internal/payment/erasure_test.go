package payment_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
)

// afterErasure says what each table with a customer_id keeps of an erased customer: no
// row, or rows without the person, whose sealed column is empty or under a key that is gone.
func afterErasure() map[string]string {
	return map[string]string{
		"customer_index": "gone", "interaction": "gone", "customer_deposit": "gone", "consent": "gone", "objection": "gone", "customer_link": "gone", "payment_method": "gone", "notification": "gone", "restriction": "gone", "legal_hold": "gone", "verification": "gone", "screening": "gone", "screening_match": "gone",
		"payment_request": "empty", "payment_attempt": "empty", // amounts and dates are kept by law
		"privacy_request": "bare", "privacy_request_step": "bare", "privacy_request_evidence": "bare", // kinds, days and steps (TestErasureLeavesTheSkeleton of rights)
		"payment_log": "plain", "payment_dispute": "plain", "event": "plain", "event_pending": "plain", // ids, amounts, codes
		"erasure_item": "plain", "recipient_notice": "plain", "disclosure": "gone", "export_link": "gone", "customer_import": "gone", "webhook_delivery": "plain", "webhook_attempt": "plain", // ids and statuses; what receivers answered is cleared (TestAttempts of webhook)
		"idempotency_answer": "sealed", // under the customer's key; the row makes a repeated create answer 410
	}
}

// TestErasureReachesEveryTable: a table with a customer_id that nobody thought of fails
// here.
// Shows: GDPR Art. 17(1)
func TestErasureReachesEveryTable(t *testing.T) {
	t.Parallel()
	c := config.Config{DataDir: t.TempDir(), RatesFile: filepath.Join(t.TempDir(), "rates.json")}
	require.NoError(t, os.WriteFile(c.RatesFile, []byte(rates), 0o600))
	d := open(t, c)
	tables := map[string]bool{} // whether it has a doc
	require.NoError(t, d.Store.Each(t.Context(), db.Worker(), `SELECT m.name, (SELECT count(*) FROM pragma_table_info(m.name) p WHERE p.name = 'doc')
		FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'customer_id'`, nil, func(row db.Row) error {
		var name string
		var doc int64
		err := row.Scan(&name, &doc)
		tables[name] = doc > 0
		return err
	}))
	require.Len(t, tables, len(afterErasure()), "%v", tables)

	person := d.customer(t)
	q := d.request(t, person, "10", "USD")
	_, err := d.Payments.Pay(t.Context(), d.g, q.ID, payment.Order{Method: provider.CreditCard, Card: cardOf(t, good), Save: true}, payment.Keep{})
	require.NoError(t, err)
	count := func(table, more string) (n int64) {
		require.NoError(t, d.Store.One(t.Context(), db.Worker(), `SELECT count(*) FROM `+table+` WHERE customer_id = $1`+more, []any{person}, &n))
		return n
	}
	require.NotZero(t, count("payment_method", ""), "the test sees rows")
	require.NoError(t, d.Customers.Erase(t.Context(), d.g, person, nil))
	for table, hasDoc := range tables {
		kept, known := afterErasure()[table]
		require.True(t, known, "say what an erasure leaves in %s", table)
		switch kept {
		case "gone":
			require.Zero(t, count(table, ""), table)
		case "empty":
			require.NotZero(t, count(table, ""), table)
			require.Zero(t, count(table, ` AND length(doc) > 0`), table)
		case "plain":
			require.False(t, hasDoc, table)
		}
	}
}
