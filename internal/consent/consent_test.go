package consent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
)

// TestPurposesAreChecked: each row has a fault that its neighbour has not.
func TestPurposesAreChecked(t *testing.T) {
	t.Parallel()
	fine := consent.Purpose{Name: "newsletter", Basis: consent.ByConsent, Marketing: true, DoubleOptIn: true, Active: true}
	require.Empty(t, consent.CheckPurpose(fine))
	for name, row := range map[string]struct {
		change func(*consent.Purpose)
		path   string
	}{
		"no name":               {func(p *consent.Purpose) { p.Name = "" }, "path/name"},
		"a card number":         {func(p *consent.Purpose) { p.Name = "a4242424242424242" }, "path/name"},
		"a person":              {func(p *consent.Purpose) { p.Name = "Zoë" }, "path/name"},
		"long":                  {func(p *consent.Purpose) { p.Name = strings.Repeat("a", 41) }, "path/name"},
		"no basis":              {func(p *consent.Purpose) { *p = consent.Purpose{Name: "x"} }, "/basis"},
		"a basis of one's own":  {func(p *consent.Purpose) { *p = consent.Purpose{Name: "x", Basis: "because"} }, "/basis"},
		"marketing by contract": {func(p *consent.Purpose) { p.Basis, p.DoubleOptIn = consent.ByContract, false }, "/marketing"},
		"nothing to confirm":    {func(p *consent.Purpose) { p.Basis = consent.ByInterest }, "/doubleOptIn"},
		"cards by mail":         {func(p *consent.Purpose) { p.Name = consent.SaveMethod }, "/doubleOptIn"},
	} {
		p := fine
		row.change(&p)
		faults := consent.CheckPurpose(p)
		require.Len(t, faults, 1, name)
		require.Equal(t, row.path, faults[0].Path, name)
	}
	for i, b := range consent.Bases() {
		require.Equal(t, "6(1)("+string("abcdef"[i])+")", b.Article())
	}
}

// TestLettersInEveryLanguage say the same, and have their link.
func TestLettersInEveryLanguage(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, language := range []string{"en", "es-MX", "fr", "de-AT", "ar", "pt-BR", "ja", "", "!!"} {
		for _, purpose := range []string{"Our newsletter", ""} {
			subject, body := consent.Letter{Language: language, Name: "Zoë 王", Purpose: purpose}.Write("Łódź & Söhne", "https://pay.example/your-data/x")
			for _, part := range []string{"Łódź & Söhne", "Zoë 王", "https://pay.example/your-data/x", purpose} {
				require.Contains(t, body, part, language)
			}
			require.Contains(t, subject, "Łódź & Söhne")
			require.NotContains(t, subject+body, "{")
			seen[body] = true
		}
	}
	require.Len(t, seen, 12)
}

// TestOwnersWordsAreSealed: what an owner says of a purpose and a customer of an objection
// is in no column in the clear.
func TestOwnersWordsAreSealed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		_, err := d.Consents.PutPurpose(context.Background(), d.g, consent.Purpose{Name: "statistics", Basis: consent.ByInterest, Active: true, Terms: consent.Terms{Description: "canary of the owner"}})
		require.NoError(t, err)
		id := d.customer(t)
		_, err = d.Payments.Object(context.Background(), d.g, id, consent.Objection{Purpose: "statistics", Channel: "email", Note: "canary of the customer"}, func(tx *db.Tx, o consent.Objection, _ customer.Person) error { return nil })
		require.NoError(t, err)
		for _, table := range []string{"purpose", "objection"} {
			require.NoError(t, d.Store.Each(t.Context(), db.Realm(d.g.Realm()), `SELECT doc FROM `+table, nil, func(row db.Row) error {
				var doc []byte
				err := row.Scan(&doc)
				require.NotEmpty(t, doc)
				require.NotContains(t, string(doc), "canary")
				return err
			}))
		}
		p, err := d.Consents.Purpose(context.Background(), d.g, "statistics")
		require.NoError(t, err)
		require.Equal(t, "canary of the owner", p.Description)
		all, err := d.Consents.Objections(context.Background(), d.g, id)
		require.NoError(t, err)
		require.Equal(t, "canary of the customer", all[0].Note)
	})
}
