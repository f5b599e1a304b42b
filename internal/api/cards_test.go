package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/pan/pantest"
)

var cards = flag.Int("cards", 2_000, "card numbers to send through every door")

// doors are the places where free text comes in; each gives a request that carries it.
func doors(id int64) map[string]func(text string) apptest.Request {
	all := map[string]func(string) apptest.Request{}
	body := func(make func(text string) m) func(string) apptest.Request {
		return func(text string) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/customers", Body: make(text)}
		}
	}
	for _, field := range []string{"name", "email", "address", "memberId", "status", "unknown"} {
		all[field] = body(func(text string) m { return m{"name": "A", "email": "a@example.com", field: text} })
	}
	for field, parts := range map[string][]string{"preferences": {"currency", "language", "paymentMethod"}, "billingAddress": {"line1", "line2", "city", "state", "postalCode", "country"}, "metadata": {"note"}} {
		for _, part := range parts {
			all[field+" "+part] = func(text string) apptest.Request {
				return apptest.Request{Method: "PUT", Path: path(id), Body: m{field: m{part: text}}}
			}
		}
	}
	all["metadata key"] = body(func(text string) m { return m{"name": "A", "email": "a@example.com", "metadata": m{text: "x"}} })
	all["patch"] = func(text string) apptest.Request {
		return apptest.Request{Method: "PATCH", Path: path(id), Body: []m{{"op": "replace", "path": "/address", "value": text}}}
	}
	all["patch path"] = func(text string) apptest.Request {
		return apptest.Request{Method: "PATCH", Path: path(id), Body: []m{{"op": "add", "path": "/metadata/" + text, "value": "x"}}}
	}
	all["subject"] = func(text string) apptest.Request {
		return apptest.Request{Method: "POST", Path: path(id) + "/interactions", Body: m{"channel": "chat", "subject": text}}
	}
	all["search"] = func(text string) apptest.Request {
		return apptest.Request{Method: "POST", Path: "/customers/search", Body: m{"q": text}}
	}
	all["key name"] = func(text string) apptest.Request {
		return apptest.Request{Method: "POST", Path: "/api-keys", Body: m{"name": text, "mode": "test", "role": "Support"}}
	}
	all["owner name"] = func(text string) apptest.Request {
		return apptest.Request{Method: "PUT", Path: "/settings", Body: m{"name": text}}
	}
	for _, name := range []string{"q", "email", "memberId"} {
		all["query "+name] = func(text string) apptest.Request {
			return apptest.Request{Method: "GET", Path: "/customers?" + name + "=" + url.QueryEscape(text)}
		}
	}
	all["audit customerId"] = func(text string) apptest.Request {
		return apptest.Request{Method: "GET", Path: "/audit?customerId=" + url.QueryEscape(text)}
	}
	all["query name"] = func(text string) apptest.Request {
		return apptest.Request{Method: "GET", Path: "/customers?" + url.QueryEscape(text) + "=1"}
	}
	all["path"] = func(text string) apptest.Request {
		return apptest.Request{Method: "GET", Path: "/customers/" + url.PathEscape(text)}
	}
	for _, name := range []string{"Idempotency-Key", "X-Request-Id", "X-Note", "Referer", "Cookie"} {
		all["header "+name] = func(text string) apptest.Request {
			return apptest.Request{Method: "POST", Path: "/customers/search", Body: m{}, Header: http.Header{name: {text}}}
		}
	}
	return all
}

// TestCardGuard sends card numbers through every door and looks for them in every file.
// Shows: PCI DSS 3.5.1, 4.2.2
func TestCardGuard(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	c := create(t, s, "", m{"name": "Guard", "email": "guard@example.com"})
	all := doors(c.ID(t))
	order := slices.Sorted(maps.Keys(all))
	numbers := pantest.Numbers(1, *cards)
	for i, number := range numbers {
		name := order[i%len(order)]
		got := s.Do(t, all[name](number))
		require.Equal(t, 400, got.Status, "%s: %s", name, got.Body)
		require.NotContains(t, string(got.Body), number, name)
		require.NotContains(t, fmt.Sprint(got.Header), number, name)
	}
	disguised := 0
	for _, number := range numbers[:20] {
		for _, text := range pantest.Disguises(number) {
			if encoded, err := json.Marshal(text); err != nil || !bytes.Contains(encoded, []byte(`\ufffd`)) {
				got := s.Do(t, apptest.Request{Method: "PUT", Path: path(c.ID(t)), Body: m{"metadata": m{"note": text}}})
				require.Equal(t, 400, got.Status, "%q: %s", text, got.Body)
				disguised++
			}
		}
		half := len(number) / 2
		if len(number) == 15 || len(number) == 16 {
			got := s.Do(t, apptest.Request{Method: "PUT", Path: path(c.ID(t)), Body: `{"address":"` + number[:half] + `","memberId":"` + number[half:] + `"}`})
			require.Equal(t, 400, got.Status, "%s", got.Body)
		}
		wrong := s.Do(t, apptest.Request{Method: "PUT", Path: path(c.ID(t)), Body: m{"metadata": m{"note": "x"}}})
		require.Equal(t, 200, wrong.Status)
	}
	searchFiles(t, s, numbers)
	require.Zero(t, countIn([]byte(s.Logs.String()), numbers))
	t.Logf("%d numbers through %d doors, %d disguises", len(numbers), len(order), disguised)
}

// countIn says how many of the numbers stand in a text.
func countIn(text []byte, numbers []string) int {
	wanted := map[string]bool{}
	lengths := map[int]bool{}
	for _, n := range numbers {
		wanted[n], lengths[len(n)] = true, true
	}
	count, run := 0, 0
	for end, b := range text {
		if b < '0' || b > '9' {
			run = 0
			continue
		}
		run++
		for length := range lengths {
			if run >= length && wanted[string(text[end+1-length:end+1])] {
				count++
			}
		}
	}
	return count
}

func searchFiles(t *testing.T, s *apptest.Server, numbers []string) {
	t.Helper()
	require.Equal(t, 1, countIn([]byte("x"+numbers[0]+"y"), numbers), "the search finds what is there")
	files := 0
	require.NoError(t, filepath.WalkDir(s.Config.DataDir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		files++
		require.Zero(t, countIn(text, numbers), name)
		return err
	}))
	require.Greater(t, files, 3)
}

// TestTypedValuesAreNotCards: values of other types never raise the alarm.
func TestTypedValuesAreNotCards(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	c := create(t, s, "", m{"name": "Typed", "email": "typed@example.com"})
	for i := range 100 {
		id := 4_000_000_000_000_000 + int64(i)
		got := s.Do(t, apptest.Request{Method: "PUT", Path: path(c.ID(t)), Body: m{"id": id, "ownerId": id, "userId": id, "totalDeposits": id, "version": id, "phone": fmt.Sprintf("+346123%05d", 40000+i), "dateOfBirth": "1990-04-01"},
			Header: h("If-Match", fmt.Sprintf(`"%d.0", *`, id), "User-Agent", fmt.Sprintf("Mozilla/5.0 %d", id), "Traceparent", fmt.Sprintf("00-%032d-%016d-01", id, id))})
		require.Equal(t, 200, got.Status, "%s", got.Body)
	}
	for _, query := range []string{"createdFrom=2026-11-22T10:30:00.123456789Z", "phone=%2B34612345678", "limit=20"} {
		require.Equal(t, 200, s.Do(t, apptest.Request{Method: "GET", Path: "/customers?" + query}).Status)
	}
}
