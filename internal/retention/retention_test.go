package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/dbtest"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/retention"
)

// TestPoliciesHaveBounds: what law and schemes want kept can't be set shorter, the trail not
// at all.
// Shows: GDPR Art. 5(1)(e)
func TestPoliciesHaveBounds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, url string) {
		d := open(t, url)
		for name, row := range map[string]struct {
			class string
			days  int64
			code  string
		}{
			"audit, short":         {retention.Audit, 30, fault.ValidationError},
			"audit, long":          {retention.Audit, 5000, fault.ValidationError},
			"chargebacks":          {"payment_requests", 179, fault.ValidationError},
			"chargebacks over":     {"payment_requests", 180, ""},
			"evidence":             {"ended_consents", 364, fault.ValidationError},
			"evidence over":        {"ended_consents", 365, ""},
			"longer than it is":    {"webhook_attempts", 31, fault.ValidationError},
			"shorter than it is":   {"webhook_attempts", 7, ""},
			"in the past":          {"customers", -1, fault.ValidationError},
			"for ever":             {"customers", 40_000, fault.ValidationError},
			"a year":               {"customers", 365, ""},
			"a class that is none": {"moods", 30, fault.RetentionClassNotFound},
			"no policy":            {"interactions", 0, ""},
		} {
			_, err := d.Retention.Put(t.Context(), d.g, row.class, row.days)
			if row.code == "" {
				require.NoError(t, err, name)
			} else {
				require.True(t, fault.Is(err, row.code), "%s: %v", name, err)
			}
		}
		first, err := d.Retention.Put(t.Context(), d.g, "customers", 100)
		require.NoError(t, err)
		second, err := d.Retention.Put(t.Context(), d.g, "customers", 200)
		require.NoError(t, err)
		require.Equal(t, first.Version+1, second.Version)
		all, err := d.Retention.Policies(t.Context(), d.g)
		require.NoError(t, err)
		require.Len(t, all, len(retention.Classes()))
	})
}

// TestDryRunsRemoveNothing, and say what a run then does.
// Shows: GDPR Art. 5(1)(e)
func TestDryRunsRemoveNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, url string) {
		d := open(t, url)
		for range 13 {
			d.newPerson(t)
		}
		held := d.people[3]
		d.clock.Advance(10 * 24 * time.Hour)
		young := d.newPerson(t)
		_, err := d.Privacy.Place(t.Context(), d.g, held.id, privacy.Hold{Reason: "claim", Until: d.now().AddDate(1, 0, 0)}, func(*db.Tx, privacy.Hold, customer.Person) error { return nil })
		require.NoError(t, err)
		_, err = d.Payments.Create(t.Context(), d.g, payment.Draft{Amount: "5", Currency: "USD", ClientID: d.people[5].id}, payment.Keep{})
		require.NoError(t, err)
		_, err = d.Retention.Put(t.Context(), d.g, "customers", 5)
		require.NoError(t, err)
		count := func() int { return len(d.there(t, `SELECT id FROM customer WHERE realm_id = $1`)) }
		dry, err := d.Retention.Run(t.Context(), d.g, true, func(*db.Tx, retention.Report) error { return nil })
		require.NoError(t, err)
		require.Equal(t, 14, count())
		require.EqualValues(t, 11, dry.Classes[0].Removed, "all but who is young, held or asked to pay")
		require.Equal(t, map[string]int64{"legal_hold": 1}, dry.Classes[0].Kept)
		require.Len(t, dry.Classes[0].Samples, 10)
		require.NotContains(t, dry.Classes[0].Samples, young.id)
		real, err := d.Retention.Run(t.Context(), d.g, false, func(*db.Tx, retention.Report) error { return nil })
		require.NoError(t, err)
		require.Equal(t, 3, count())
		require.Equal(t, dry.Classes[0].Removed, real.Classes[0].Removed)
		require.Equal(t, dry.Classes[0].Kept, real.Classes[0].Kept)
		found, err := d.Retention.Get(t.Context(), d.g, real.ID)
		require.NoError(t, err)
		require.Equal(t, real.Classes[0].Removed, found.Classes[0].Removed)
		_, err = d.Retention.Get(t.Context(), d.g, dry.ID)
		require.True(t, fault.Is(err, fault.RetentionRunNotFound))
		for _, sample := range dry.Classes[0].Samples {
			c, err := d.Customers.CertificateOf(t.Context(), d.g, sample)
			require.NoError(t, err)
			require.Contains(t, c.Signed, "retention-")
		}
	})
}
