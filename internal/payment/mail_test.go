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
	"github.com/florin-gateway/florin/internal/consent"
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

// TestMailsServeAPurpose: a letter that waits is not sent once its purpose is closed to the
// customer, and goes out for one to whom it is not.
// Shows: GDPR Art. 21
func TestMailsServeAPurpose(t *testing.T) {
	t.Parallel()
	box, address := mailtest.New(t)
	c := config.Config{DataDir: t.TempDir(), RatesFile: filepath.Join(t.TempDir(), "rates.json"), SMTPURL: address, MailFrom: "pay@shop.example"}
	require.NoError(t, os.WriteFile(c.RatesFile, []byte(rates), 0o600))
	d := open(t, c)
	ask := func(customerID int64) int64 {
		given, _, err := d.Consents.Ask(t.Context(), d.g, customerID, consent.Consent{Purpose: consent.PaymentMessages, Channel: "web"}, func(*db.Tx, consent.Consent, customer.Person) error { return nil })
		require.NoError(t, err)
		return given.ID
	}
	put := func(p consent.Purpose) {
		p.Name = consent.PaymentMessages
		_, err := d.Consents.PutPurpose(t.Context(), d.g, p)
		require.NoError(t, err)
	}
	agrees, changes, silent := d.wishes(t, `true`, "en"), d.wishes(t, `true`, "fr"), d.wishes(t, `true`, "de")
	for _, row := range []struct {
		name   string
		before func()
		sent   int
	}{
		{"by the contract", func() {}, 3},
		{"by consent that nobody gave", func() { put(consent.Purpose{Basis: consent.ByConsent, Active: true}) }, 0},
		{"by consent that two gave and one withdrew", func() {
			ask(agrees)
			require.NoError(t, d.Payments.WithdrawConsent(t.Context(), d.g, changes, ask(changes), consent.Trace{}))
		}, 1},
		{"by interest that one objects to", func() {
			put(consent.Purpose{Basis: consent.ByInterest, Active: true})
			_, err := d.Payments.Object(t.Context(), d.g, silent, consent.Objection{Purpose: consent.PaymentMessages}, func(*db.Tx, consent.Objection, customer.Person) error { return nil })
			require.NoError(t, err)
		}, 2},
		{"switched off", func() { put(consent.Purpose{Basis: consent.ByContract}) }, 0},
	} {
		for _, customerID := range []int64{agrees, changes, silent} {
			d.paid(t, d.request(t, customerID, "12.50", "EUR").ID)
		}
		row.before() // while the letters wait
		_, err := d.Notifications.DeliverDue(t.Context())
		require.NoError(t, err)
		require.Len(t, box, row.sent, row.name)
		for range row.sent {
			<-box
		}
		_, err = d.Notifications.DeliverDue(t.Context())
		require.NoError(t, err)
		require.Empty(t, box, "%s: none is kept for later", row.name)
	}
}
