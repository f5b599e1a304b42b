package payment_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/payment"
)

// TestSuspendedOwnersMoney: what was under way when the owner was suspended is settled by
// the provider's callback; who would be told of it is told later.
func TestSuspendedOwnersMoney(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		customer := d.customer(t)
		q, err := d.Payments.Create(t.Context(), d.g, payment.Draft{Amount: "10", Currency: "USD", ClientID: customer, Details: payment.Details{NotifyURL: "https://shop.example/told"}}, payment.Keep{})
		require.NoError(t, err)
		res, err := d.pay(t, q.ID, timesOut)
		require.NoError(t, err)
		require.Equal(t, payment.Pending, res.Status)
		stand := func(to owner.Status) {
			require.NoError(t, d.Owners.Stand(t.Context(), d.g.Owner(), owner.Standing{Status: to}, func(*db.Tx) error { return nil }))
		}
		sender := &counting{}
		d.Notifications.Senders[notification.Form] = sender
		stand(owner.Suspended)
		d.pass(t, 10*time.Second)
		require.Equal(t, payment.Paid, d.get(t, q.ID).Status)
		require.Equal(t, int64(1000), d.requireSums(t, customer).Total)
		for range 3 {
			_, err = d.Notifications.DeliverDue(t.Context())
			require.NoError(t, err)
			d.clock.Advance(2 * time.Minute)
		}
		require.Zero(t, sender.sent.Load())
		stand(owner.Active)
		d.clock.Advance(2 * time.Minute)
		_, err = d.Notifications.DeliverDue(t.Context())
		require.NoError(t, err)
		require.Positive(t, sender.sent.Load())
	})
}

// counting takes every message.
type counting struct{ sent atomic.Int64 }

func (c *counting) Send(context.Context, owner.Room, notification.Delivery) error {
	c.sent.Add(1)
	return nil
}
