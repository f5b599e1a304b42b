package payment_test

import (
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/notification/mailtest"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/strictjson"
	"github.com/florin-gateway/florin/internal/vault"
)

func (d *desk) wishes(t *testing.T, notifications, language string) int64 {
	t.Helper()
	body, err := strictjson.Parse([]byte(`{"name":"Zoë Müller","email":"zoe` + language + strconv.FormatInt(d.count.Add(1), 10) + `@example.com","preferences":{"notifications":` + notifications + `,"language":"` + language + `"}}`))
	require.NoError(t, err)
	c, err := d.Customers.Create(t.Context(), d.g, customer.Input{Body: body}, func(*db.Tx, *customer.Customer, vault.Subject) error { return nil })
	require.NoError(t, err)
	return c.ID
}

func TestMails(t *testing.T) {
	t.Parallel()
	box, address := mailtest.New(t)
	c := config.Config{DataDir: t.TempDir(), RatesFile: filepath.Join(t.TempDir(), "rates.json"), SMTPURL: address, MailFrom: "pay@shop.example"}
	require.NoError(t, os.WriteFile(c.RatesFile, []byte(rates), 0o600))
	d := open(t, c)
	pay := func(customerID int64) *payment.Request {
		q := d.request(t, customerID, "12.50", "EUR")
		_, err := d.Payments.Pay(t.Context(), d.g, q.ID, payment.Order{Method: provider.CreditCard, Card: cardOf(t, good), Save: true}, payment.Keep{})
		require.NoError(t, err)
		return q
	}
	sent := func(want int) []*mail.Message {
		t.Helper()
		_, err := d.Notifications.DeliverDue(t.Context())
		require.NoError(t, err)
		require.Len(t, box, want)
		var all []*mail.Message
		for range want {
			m, err := mail.ReadMessage(strings.NewReader(<-box))
			require.NoError(t, err)
			all = append(all, m)
		}
		return all
	}

	wants := d.wishes(t, `true`, "de")
	q := pay(wants)
	receipt := sent(1)[0]
	require.Contains(t, receipt.Header.Get("To"), "zoede")
	require.Contains(t, receipt.Header.Get("From"), "pay@shop.example")
	body, err := io.ReadAll(receipt.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), "12.5 EUR")
	require.Contains(t, string(body), "Bezahlt mit")
	require.NotContains(t, string(body), good)

	pay(d.wishes(t, `false`, "en"))
	pay(d.wishes(t, `{"sms":true}`, "en"))
	pay(d.customer(t))
	sent(0)
	pay(d.wishes(t, `{"email":true}`, "ja"))
	sent(1)

	_, err = d.Payments.Refund(t.Context(), d.g, q.ID, "2.5", payment.Keep{})
	require.NoError(t, err)
	sent(1)

	// The card ends in September 2030: told once, thirty days ahead, and not before.
	d.clock.Advance(time.Date(2030, 8, 30, 0, 0, 0, 0, time.UTC).Sub(start))
	require.NoError(t, d.Payments.ExpireMethods(t.Context(), d.g))
	sent(0)
	d.clock.Advance(2 * 24 * time.Hour)
	require.NoError(t, d.Payments.ExpireMethods(t.Context(), d.g))
	require.NoError(t, d.Payments.ExpireMethods(t.Context(), d.g))
	sent(2) // of the two who want it
	d.clock.Advance(31 * 24 * time.Hour)
	require.NoError(t, d.Payments.ExpireMethods(t.Context(), d.g))
	all, err := d.Payments.SavedMethods(t.Context(), d.g, wants)
	require.NoError(t, err)
	require.Equal(t, "expired", all[0].Status.String())
}
