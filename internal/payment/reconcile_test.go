package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/payment"
)

// TestReconciliation: books that agree give no difference; one of each kind is found.
func TestReconciliation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		var paid []*payment.Request
		for range 4 {
			q := d.request(t, c, "10", "USD")
			d.paid(t, q.ID)
			paid = append(paid, q)
		}
		_, err := d.Payments.Refund(t.Context(), d.g, paid[0].ID, "4", payment.Keep{})
		require.NoError(t, err)
		_, err = d.pay(t, d.request(t, c, "10", "USD").ID, declined)
		require.NoError(t, err)

		compare := func() []payment.Difference {
			all, err := d.Payments.Reconcile(t.Context(), d.g, start)
			require.NoError(t, err)
			require.Len(t, all, 1)
			require.NotZero(t, all[0].Entries)
			return all[0].Differences
		}
		require.Empty(t, compare())

		realm := d.g.Realm()
		write := func(sql string, args ...any) {
			require.NoError(t, d.Store.Write(t.Context(), db.Realm(realm), func(tx *db.Tx) error { tx.Exec(sql, args...); return nil }))
		}
		write(`UPDATE sandbox_charge SET refunded = 300 WHERE realm_id = $1 AND charge_key = (SELECT 'florin-' || CAST(attempt_id AS TEXT) FROM payment_request WHERE realm_id = $1 AND id = $2)`, realm, paid[1].ID)
		write(`DELETE FROM sandbox_charge WHERE realm_id = $1 AND charge_key = (SELECT 'florin-' || CAST(attempt_id AS TEXT) FROM payment_request WHERE realm_id = $1 AND id = $2)`, realm, paid[2].ID)
		write(`UPDATE sandbox_charge SET charge_key = 'somebody-elses' WHERE realm_id = $1 AND charge_key = (SELECT 'florin-' || CAST(attempt_id AS TEXT) FROM payment_request WHERE realm_id = $1 AND id = $2)`, realm, paid[3].ID)
		write(`UPDATE payment_attempt SET reference = '' WHERE realm_id = $1 AND request_id = $2`, realm, paid[3].ID)
		kinds := map[string]int{}
		for _, f := range compare() {
			kinds[f.Kind]++
		}
		require.Equal(t, 1, kinds[payment.UnknownHere])
		require.Equal(t, 1, kinds[payment.Unequal])
		require.Equal(t, 2, kinds[payment.MissingThere])

		kept, err := d.Payments.Reconciliations(t.Context(), d.g, 10)
		require.NoError(t, err)
		require.Len(t, kept, 1, "a day is kept once")
		require.NotEmpty(t, kept[0].Differences)
		d.clock.Advance(26 * time.Hour)
		require.NoError(t, d.Payments.ReconcileYesterday(t.Context(), d.g))
	})
}
