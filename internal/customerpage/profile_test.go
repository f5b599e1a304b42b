package customerpage_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/browsertest"
)

// TestProfilePage: a customer says what is wrong, and is stopped from sending a card number.
func TestProfilePage(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := s.Do(t, apptest.Request{Method: "POST", Path: "/customers", Body: m{"name": "Quintessa 王", "email": "q-" + name + "@example.com", "phone": "+34612345678", "address": "Calle Mayor 1",
				"dateOfBirth": "1990-04-01", "billingAddress": m{"line1": "Calle Mayor 1", "city": "Madrid", "country": "ES"}, "metadata": m{"crm": "7"}}})
			got := s.Do(t, apptest.Request{Method: "POST", Path: fmt.Sprintf("/customers/%d/profile-prompts", made.ID(t))})
			require.Equal(t, 200, got.Status, "%s", got.Body)
			link := got.JSON(t)["link"].(string)
			b := browser.Open(t, size.width, size.height, size.dark)
			b.Quiet()
			look := func(what string) {
				b.Accessible(what)
				b.Fits(what)
				b.Picture(name + ", profile " + what)
			}
			b.Visit(link + "?lang=" + size.language)
			b.Do(chromedp.WaitVisible(chromedp.CSS("main.profile")))
			require.NotContains(t, b.Text(), "Quintessa")
			look("asked")
			b.Fill("note", "4242 4242 4242 4242")
			b.Click("button[value=wrong]")
			b.Do(chromedp.WaitVisible(chromedp.ID("note-error")))
			look("a card")
			require.Empty(t, browsertest.Eval[string](b, "document.getElementById('note').value"), "a card number is not written back")
			b.Fill("note", "Je m'appelle Ana")
			b.Click("button[value=wrong]")
			b.Do(chromedp.WaitVisible(chromedp.CSS("main.noted")))
			look("noted")
		})
	}
}
