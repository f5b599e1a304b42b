package api_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/privacy"
)

// system is a server's first owner's own work in live mode.
func system(t *testing.T, s *apptest.Server) auth.Grant {
	t.Helper()
	owners, err := s.App.Owners.List(t.Context())
	require.NoError(t, err)
	return auth.System(owners[0].ID, owners[0].Realm(auth.Live), auth.Live, "test")
}

func exported(t *testing.T, s *apptest.Server, id int64) map[string]string {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "GET", Path: fmt.Sprintf("/customers/%d/export", id)})
	require.Equal(t, 200, got.Status, "%s", got.Body)
	return unpack(t, got.Body)
}

// customersOwn are the members of customer.json that the person gave: all but what each
// Florin says of its own.
func customersOwn(t *testing.T, text string) map[string]any {
	t.Helper()
	var c map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	for _, name := range []string{"id", "ownerId", "userId", "ownerName", "createDate", "updateDate", "version", "hasPaymentRequests", "totalDeposits", "depositsByCurrency", "verification"} {
		require.Contains(t, c, name)
		delete(c, name)
	}
	return c
}

// TestExportIsTakenInElsewhere: another Florin makes a customer of it who is the same
// person, keeps all else as what they brought along, and gives it out again as it was.
// Shows: GDPR Art. 15
func TestExportIsTakenInElsewhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		f := newFixture(t, s.Server, s.Live)
		person := full("moving@example.com")
		person["name"] = "Zoë Ångström 王小明 مريم"
		id := create(t, s.Server, "", person).ID(t)
		path := fmt.Sprint("/customers/", id)
		f.do(t, "POST", path+"/interactions", m{"channel": "chat", "subject": "about <b>an invoice</b> 🙂"})
		f.provider(t)
		method := f.made(t, path+"/payment-methods", f.card(m{"label": "my card", "consent": m{"text": "I agree to it"}}))
		request := f.made(t, "/payment-requests", m{"amount": 12.5, "unit": f.unit(t), "clientId": id, "notes": "notes of the request"})
		f.do(t, "POST", fmt.Sprint("/payments/saved/", request), m{"paymentMethodId": method})
		file := s.Do(t, apptest.Request{Method: "GET", Path: path + "/export"}).Body
		before := unpack(t, file)

		there := apptest.SQLite(t)
		in, err := privacy.ReadExport(bytes.NewReader(file), int64(len(file)))
		require.NoError(t, err)
		require.NoError(t, there.App.Privacy.CheckReceive(t.Context(), system(t, there), in))
		got, err := there.App.Privacy.Receive(t.Context(), system(t, there), in)
		require.NoError(t, err)
		after := exported(t, there, got)
		require.Equal(t, customersOwn(t, before["customer.json"]), customersOwn(t, after["customer.json"]))
		require.Contains(t, after["customer.json"], `"totalDeposits": 0`)
		var brought []map[string]any
		require.NoError(t, json.Unmarshal([]byte(after["customer_import.json"]), &brought))
		require.Len(t, brought, 1)
		kinds := 0
		for name, text := range before {
			kind, isJSON := strings.CutSuffix(name, ".json")
			if !isJSON || kind == "customer" {
				continue
			}
			kept, err := json.Marshal(brought[0][kind])
			require.NoError(t, err)
			require.JSONEq(t, text, string(kept), kind)
			kinds++
		}
		require.Greater(t, kinds, 10)
		history := there.Do(t, apptest.Request{Method: "GET", Path: fmt.Sprintf("/customers/%d/history", got)})
		require.Contains(t, string(history.Body), `"type":"customer.imported"`)
		_, err = there.App.Privacy.Receive(t.Context(), system(t, there), in)
		require.ErrorContains(t, err, "CUSTOMER_DUPLICATE")
		require.ErrorContains(t, there.App.Privacy.CheckReceive(t.Context(), system(t, there), in), "CUSTOMER_DUPLICATE")
		require.Equal(t, 204, there.Do(t, apptest.Request{Method: "DELETE", Path: fmt.Sprint("/customers/", got)}).Status)
	})
}

func packed(t *testing.T, files m) []byte {
	t.Helper()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for name, text := range files {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = fmt.Fprint(w, text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return file.Bytes()
}

// TestHostileExports are refused before anything is stored, and no error repeats them.
func TestHostileExports(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	many := m{"customer.json": `{"name":"Zoë","email":"zoe@example.com"}`}
	good := packed(t, many)
	for i := range 201 {
		many[fmt.Sprint("k", i, ".json")] = "[]"
	}
	for name, row := range map[string]struct {
		file []byte
		says string
	}{
		"good":            {good, ""},
		"no zip":          {[]byte("PK hello"), "no export of a customer"},
		"cut":             {good[:len(good)-30], "no export of a customer"},
		"no customer":     {packed(t, m{"index.html": "<p>zoe@example.com"}), "no export of a customer"},
		"a list":          {packed(t, m{"customer.json": `[]`}), "no export of a customer"},
		"no JSON":         {packed(t, m{"customer.json": `{"name":`}), "no export of a customer"},
		"deep":            {packed(t, m{"customer.json": `{"name":"Zoë"}`, "consent.json": strings.Repeat("[", 100) + strings.Repeat("]", 100)}), "no export of a customer"},
		"many files":      {packed(t, many), "no export of a customer"},
		"a bomb":          {packed(t, m{"customer.json": `{"name":"` + strings.Repeat("z", 65<<20) + `"}`}), "too large"},
		"a card":          {packed(t, m{"customer.json": `{"name":"Zoë 4242 4242 4242 4242","email":"zoe@example.com"}`}), "VALIDATION_ERROR"},
		"a card in notes": {packed(t, m{"customer.json": `{"name":"Zoë","email":"zoe@example.com"}`, "payment_request.json": `[{"notes":"4242424242424242"}]`}), "VALIDATION_ERROR"},
	} {
		_, err := privacy.ReadExport(bytes.NewReader(row.file), int64(len(row.file)))
		if row.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, row.says, name)
		require.NotContains(t, err.Error(), "zoe@", name)
		require.NotContains(t, err.Error(), "4242", name)
	}
	file := packed(t, m{"customer.json": `{"name":"Zoë","email":"nonsense","unheard":1}`})
	in, err := privacy.ReadExport(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	_, err = s.App.Privacy.Receive(t.Context(), system(t, s), in)
	require.ErrorContains(t, err, "VALIDATION_ERROR")
}

// TestExportLinks: a link gives the data to whoever has it, until it is over.
// Shows: GDPR Art. 15
func TestExportLinks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *suite) {
		id := create(t, s.Server, "", full("link@example.com")).ID(t)
		path := fmt.Sprintf("/customers/%d/exports", id)
		send := func(method, path string, body any) apptest.Request {
			return apptest.Request{Method: method, Path: path, Body: body}
		}
		s.newEvents(t)
		s.run(t, map[string]row{
			"in the past": {send: send("POST", path, m{"until": "2020-01-01T00:00:00Z"}), status: 400, code: "VALIDATION_ERROR"},
			"for ever":    {send: send("POST", path, m{"until": time.Now().Add(31 * 24 * time.Hour)}), status: 400, code: "VALIDATION_ERROR"},
			"for nobody":  {send: send("POST", "/customers/123456789/exports", m{}), status: 404, code: "CUSTOMER_NOT_FOUND"},
		})
		made := s.check(t, row{send: send("POST", path, m{}), status: 200, audit: "export_link.create ok"})
		url := made.JSON(t)["url"].(string)
		require.Regexp(t, `^`+s.URL+`/export/[A-Za-z0-9_-]{22}$`, url)
		page, status := fetch(t, "GET", url)
		require.Equal(t, 200, status)
		require.NotContains(t, page, "link@example.com", "opening it is not fetching it: mail scanners open links")
		file, status := fetch(t, "POST", url)
		require.Equal(t, 200, status)
		require.Contains(t, unpack(t, []byte(file))["customer.json"], "link@example.com")
		require.Contains(t, trailOf(t, s, "customer.export"), "ok")
		require.NotContains(t, s.Logs.String(), url[strings.LastIndexByte(url, '/')+1:], "the token is in no log")
		listed := string(s.Do(t, send("GET", path, nil)).Body)
		require.Contains(t, listed, `"fetched":1`)
		require.NotContains(t, listed, `"url"`)
		for range privacy.MostFetched - 1 {
			_, status = fetch(t, "POST", url)
			require.Equal(t, 200, status)
		}
		_, status = fetch(t, "POST", url)
		require.Equal(t, 404, status, "used up")

		second := s.check(t, row{send: send("POST", path, m{}), status: 200})
		url = second.JSON(t)["url"].(string)
		s.check(t, row{send: send("DELETE", fmt.Sprint(path, "/", second.ID(t)), nil), status: 204, audit: "export_link.withdraw ok"})
		for _, address := range []string{url, s.URL + "/export/" + strings.Repeat("A", 22), s.URL + "/export/x", s.URL + "/export/"} {
			for _, method := range []string{"GET", "POST"} {
				_, status = fetch(t, method, address)
				require.Equal(t, 404, status, "%s %s", method, address)
			}
		}
		s.check(t, row{send: send("DELETE", fmt.Sprint(path, "/", second.ID(t)), nil), status: 404, code: "EXPORT_NOT_FOUND"})
		third := s.check(t, row{send: send("POST", path, m{}), status: 200}).JSON(t)["url"].(string)
		s.check(t, row{send: send("DELETE", fmt.Sprint("/customers/", id), nil), status: 204, events: []string{"customer.deleted", "customer.erased"}})
		_, status = fetch(t, "POST", third)
		require.Equal(t, 404, status, "of somebody who was erased")
	})
}

// fetch is a browser at a page of this server.
func fetch(t *testing.T, method, address string) (body string, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	got, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, got.Body.Close()) }()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return string(text), got.StatusCode
}
