package payment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/payment"
)

// A customer whose data were restricted after the request was made pays nothing until
// they are free again (GDPR Art. 18).
// Shows: GDPR Art. 18
func TestRestrictedCustomersDoNotPay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		c := d.customer(t)
		q := d.request(t, c, "10.00", "EUR")
		becomes := func(s customer.Status) {
			require.NoError(t, d.Store.Write(t.Context(), db.Realm(d.g.Realm()), func(tx *db.Tx) error {
				tx.Exec(`UPDATE customer SET status = $3 WHERE realm_id = $1 AND id = $2`, d.g.Realm(), c, int64(s))
				return nil
			}))
		}
		becomes(customer.Restricted)
		_, err := d.pay(t, q.ID, good)
		require.True(t, fault.Is(err, fault.CustomerRestricted), "%v", err)
		require.Equal(t, payment.Waiting, d.get(t, q.ID).Status)
		becomes(customer.Active)
		d.paid(t, q.ID)
	})
}
