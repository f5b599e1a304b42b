//go:build unix

package campaign

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOnDisk puts a value that occurs nowhere else into every personal field, works
// with the customers, and then looks for the values in everything that was written.
// Shows: GDPR Art. 5(1)(f)
func TestOnDisk(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		in := newInstallation(t, "--log-level", "debug")
		onDisk(t, in, in.dir, in.log)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pg := cluster(t, true)
		in := newInstallation(t, "--log-level", "debug", "--database-url", pg.URL())
		all := onDisk(t, in, in.dir, in.log, filepath.Dir(pg.DataDir()))
		require.NoError(t, pg.Stop(t.Context()))
		require.Empty(t, search(t, all, filepath.Dir(pg.DataDir())), "after PostgreSQL wrote everything out")
	})
}

// canary is one person whose every field is unmistakable.
type canary struct {
	n int
	c *client
}

func (p canary) value(field string) string {
	return fmt.Sprintf("Ζqx%s-Кенар%d-鳥Vogel🐤", field, p.n)
}

func (p canary) email() string  { return fmt.Sprintf("Qxmail.Kanarie%d@Vogelhaus%d.example", p.n, p.n) }
func (p canary) phone() string  { return fmt.Sprintf("+4479119%05d", 71350+p.n) }
func (p canary) birth() string  { return fmt.Sprintf("19%02d-11-2%d", 31+p.n%60, p.n%10) }
func (p canary) key() string    { return fmt.Sprintf("qxkey-canary-%d", p.n) }
func (p canary) member() string { return fmt.Sprintf("QXM/%d/Kanarie", p.n) }

func (p canary) address(kind string) map[string]string {
	return map[string]string{"line1": p.value(kind + "L1"), "line2": p.value(kind + "L2"), "city": p.value(kind + "City"),
		"state": p.value(kind + "State"), "postalCode": p.value(kind + "Code"), "country": "ES"}
}

func (p canary) body() map[string]any {
	return map[string]any{"name": p.value("name"), "email": p.email(), "phone": p.phone(), "memberId": p.member(), "address": p.value("flat"),
		"dateOfBirth": p.birth(), "billingAddress": p.address("bill"), "shippingAddress": p.address("ship"),
		"metadata": map[string]string{"qxmetakey" + fmt.Sprint(p.n): p.value("meta")}}
}

// needles are everything that must be nowhere.
func (p canary) needles() []needle {
	var all []needle
	for _, field := range []string{"name", "flat", "meta", "changed", "subject", "refused", "queried"} {
		all = append(all, needles(field, p.value(field), false)...)
	}
	for _, kind := range []string{"bill", "ship"} {
		for _, part := range []string{"L1", "L2", "City", "State", "Code"} {
			all = append(all, needles(kind+part, p.value(kind+part), false)...)
		}
	}
	all = append(all, needles("e-mail", p.email(), true)...)
	all = append(all, needles("phone", p.phone(), true)...)
	all = append(all, needles("national phone", "0"+p.phone()[3:], true)...)
	all = append(all, needles("member id", p.member(), true)...)
	all = append(all, needles("date of birth", p.birth(), false)...)
	all = append(all, needles("idempotency key", p.key(), true)...)
	return append(all, needles("metadata key", "qxmetakey"+fmt.Sprint(p.n), false)...)
}

// live does everything that a customer's data goes through.
func (p canary) live(t *testing.T) int64 {
	t.Helper()
	got, err := p.c.must(t, http.StatusOK, http.MethodPost, "/customers", p.key(), p.body()).customer()
	require.NoError(t, err)
	require.Equal(t, p.value("name"), got.Name)
	path := customerPath(got.ID)
	p.c.must(t, http.StatusOK, http.MethodPost, "/customers", p.key(), p.body())
	p.c.must(t, http.StatusConflict, http.MethodPost, "/customers", "", p.body())
	p.c.must(t, http.StatusOK, http.MethodPut, path, "", map[string]string{"address": p.value("changed")})
	p.c.must(t, http.StatusOK, http.MethodPost, path+"/interactions", p.key()+"-i", map[string]string{"channel": "phone", "subject": p.value("subject")})
	p.c.must(t, http.StatusOK, http.MethodGet, path+"/history", "", nil)
	p.c.must(t, http.StatusOK, http.MethodGet, path+"/duplicates", "", nil)
	p.c.must(t, http.StatusOK, http.MethodPost, "/customers/search", "", map[string]string{"q": p.value("name")})
	for name, value := range map[string]string{"email": p.email(), "phone": p.phone(), "memberId": p.member(), "q": p.value("queried")} {
		p.c.must(t, http.StatusOK, http.MethodGet, "/customers?"+url.Values{name: {value}}.Encode(), "", nil)
	}
	p.c.must(t, http.StatusBadRequest, http.MethodPut, path, "", map[string]string{"dateOfBirth": p.value("refused")})
	p.c.must(t, http.StatusBadRequest, http.MethodPut, path, "", map[string]string{p.value("refused"): "x"})
	return got.ID
}

func onDisk(t *testing.T, in *installation, roots ...string) []needle {
	t.Helper()
	s := in.start(t)
	var all []needle
	ids := map[int64]canary{}
	for n := range 2 {
		p := canary{n, s.client}
		ids[p.live(t)] = p
		all = append(all, p.needles()...)
	}
	require.Empty(t, search(t, all, roots...), "while the server runs")
	planted := filepath.Join(in.dir, "planted")
	require.NoError(t, os.WriteFile(planted, []byte(canary{n: 1}.email()), 0o600))
	require.NotEmpty(t, search(t, all, in.dir), "the search is blind")
	require.NoError(t, os.Remove(planted))
	for id, p := range ids {
		s.must(t, http.StatusNoContent, http.MethodDelete, customerPath(id), "", nil)
		s.must(t, http.StatusGone, http.MethodGet, customerPath(id), "", nil)
		s.must(t, http.StatusGone, http.MethodPost, "/customers", p.key(), p.body())
		a := s.must(t, http.StatusOK, http.MethodPost, "/customers/search", "", map[string]string{"email": p.email()})
		var found page
		require.NoError(t, json.Unmarshal(a.body, &found))
		require.Empty(t, found.Data)
	}
	s.stop(t)
	require.Empty(t, search(t, all, roots...), "after erasure")
	return all
}
