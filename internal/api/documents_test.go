package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/api"
	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/gate"
)

var update = flag.Bool("update", false, "write docs/permissions.md and docs/openapi.json")

func permissionsPage(routes []gate.Route) string {
	var b strings.Builder
	b.WriteString("# Permissions\n\n<!-- Generated from the routes by `go generate ./internal/api`. Do not edit. -->\n\n" +
		"Every operation needs one permission. A key has a role, which stands for the permissions marked here, or a list of\npermissions of its own. The operator's key serves no owner and sees no customer; `owners:manage` can't be given away.\n`sessions:own` is in no role: it comes with signing in, as `tokens:own` does with a key. `/auth/login` and `/auth/accept` need nothing.\n\n")
	b.WriteString("| Operation | Permission |")
	rule := "|---|---|"
	for _, role := range auth.Roles() {
		fmt.Fprintf(&b, " %s |", role)
		rule += "---|"
	}
	b.WriteString("\n" + rule + "\n")
	line := func(operation string, p auth.Permission) {
		fmt.Fprintf(&b, "| `%s` | `%s` |", operation, p)
		for _, role := range auth.Roles() {
			fmt.Fprintf(&b, " %s |", map[bool]string{true: "yes"}[slices.Contains(role.Permissions(), p)])
		}
		b.WriteString("\n")
	}
	for _, r := range routes {
		if r.Open {
			continue
		}
		line(r.Method+" "+r.Path, r.Permission)
	}
	line("GET /metrics", auth.MetricsRead)
	return b.String()
}

// leaves are the texts of a JSON value by their path.
func leaves(path string, v any, into map[string]string) map[string]string {
	switch v := v.(type) {
	case string:
		into[path] = v
	case m:
		for name, member := range v {
			leaves(strings.TrimPrefix(path+"."+name, "."), member, into)
		}
	}
	return into
}

// fieldsTable asks a running server for the same things as each role and writes down what
// is not the same: personal values, and how those see them who may not.
func fieldsTable(t *testing.T) string {
	t.Helper()
	s := apptest.SQLite(t)
	f := newFixture(t, s, s.Live)
	id := create(t, s, "", m{"name": "Jane Smith", "email": "jsmith@example.com", "phone": "+34612345678", "address": "Calle Mayor 1, Madrid", "memberId": "M-1001", "dateOfBirth": "1990-04-01",
		"billingAddress": m{"line1": "Calle Mayor 1", "line2": "2B", "city": "Madrid", "state": "M", "postalCode": "28013", "country": "ES"},
		"preferences":    m{"currency": "EUR", "language": "es"}, "metadata": m{"crm": "Lead 7"}}).ID(t)
	f.provider(t)
	method := f.made(t, fmt.Sprintf("/customers/%d/payment-methods", id), f.card(m{"name": "Jane Smith", "label": "Visa", "consent": m{"text": "I agree"}}))
	request := f.made(t, "/payment-requests", m{"amount": 5, "unit": f.unit(t), "clientId": id})
	var b strings.Builder
	for _, thing := range [][2]string{{"customer", fmt.Sprint("/customers/", id)}, {"payment request", fmt.Sprint("/payment-requests/", request)},
		{"payment method", fmt.Sprintf("/customers/%d/payment-methods/%d", id, method)}} {
		seen := map[auth.Role]map[string]string{}
		for _, role := range auth.Roles() {
			if role == auth.Operator {
				continue // serves no owner
			}
			if got := s.Do(t, apptest.Request{Method: "GET", Path: thing[1], Key: newKey(t, s, "", auth.Live, role)}); got.Status == 200 {
				seen[role] = leaves("", got.JSON(t), map[string]string{})
			}
		}
		for _, field := range slices.Sorted(maps.Keys(seen[auth.Admin])) {
			b.WriteString(fieldLine(thing[0], field, seen))
		}
	}
	return b.String()
}

// fieldLine is empty for what everybody sees as it is.
func fieldLine(thing, field string, seen map[auth.Role]map[string]string) string {
	plain, masked, cells := seen[auth.Admin][field], "", ""
	for _, role := range auth.Roles() {
		switch shown, may := seen[role][field]; {
		case !may:
			cells += "  |"
		case shown == plain:
			cells += " clear |"
		default:
			masked = shown
			cells += " masked |"
		}
	}
	if masked == "" {
		return ""
	}
	return fmt.Sprintf("| %s | `%s` | `%s` | `%s` |%s\n", thing, field, plain, masked, cells)
}

func fieldsPage(t *testing.T) string {
	t.Helper()
	head, rule := "| Of a | Field | Clear | Masked |", "|---|---|---|---|"
	for _, role := range auth.Roles() {
		head += " " + string(role) + " |"
		rule += "---|"
	}
	return "\n## Fields\n\nPersonal values are shown as they are to whoever has `customers:unmasked`, `customers:write` or `customers:export`, and masked to\nothers who may read customers. " +
		"`POST /customers/{id}/reveal` shows one customer's for a purpose, which the trail keeps. What the table does\nnot name looks the same to everybody. " +
		"The subject of an interaction in a history is `***` too, unless the reader may write interactions. Made by asking a\nrunning server as each role.\n\n" +
		head + "\n" + rule + "\n" + fieldsTable(t)
}

// TestGeneratedDocuments fails when a document in docs/ is not what the routes say.
func TestGeneratedDocuments(t *testing.T) {
	routes := (&api.API{}).Routes()
	text, err := json.Marshal(api.OpenAPI(routes, ""))
	require.NoError(t, err)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, text, "", "  "))
	indented.WriteByte('\n')
	for name, want := range map[string]string{"permissions.md": permissionsPage(routes) + fieldsPage(t), "openapi.json": indented.String()} {
		file := filepath.Join("..", "..", "docs", name)
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
			continue
		}
		have, err := os.ReadFile(file)
		require.NoError(t, err)
		require.True(t, string(have) == want, "docs/%s is stale: run `go generate ./internal/api`", name)
	}
}

type openAPI struct {
	OpenAPI    string `json:"openapi"`
	Servers    []struct{ URL string }
	Paths      map[string]map[string]operationDoc
	Components struct {
		Schemas map[string]struct {
			Properties map[string]any
			Required   []string
		}
		SecuritySchemes map[string]any
	}
	Security []map[string][]string
}

type operationDoc struct {
	OperationID string
	Parameters  []struct {
		Name, In string
		Required bool
		Schema   m
	}
	RequestBody *struct{ Content map[string]any }
	Responses   map[string]struct {
		Description string
		Content     map[string]any
	}
}

func readOpenAPI(t *testing.T, s *apptest.Server) openAPI {
	t.Helper()
	got := s.Do(t, apptest.Request{Method: "GET", Path: "//openapi.json", Key: "-"})
	require.Equal(t, 200, got.Status)
	require.Equal(t, "application/json; charset=utf-8", got.Header.Get("Content-Type"))
	var doc openAPI
	require.NoError(t, json.Unmarshal(got.Body, &doc))
	return doc
}

// TestOpenAPI checks what OpenAPI 3.1.0 demands: §4.8.10 unique ids, §4.8.12 path
// parameters, §4.8.17 descriptions, and that every reference resolves.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	doc := readOpenAPI(t, s)
	require.Equal(t, "3.1.0", doc.OpenAPI)
	require.Len(t, doc.Servers, len(api.Bases()))
	ids := map[string]bool{}
	for path, item := range doc.Paths {
		for method, o := range item {
			require.NotEmpty(t, o.OperationID)
			require.False(t, ids[o.OperationID], o.OperationID)
			ids[o.OperationID] = true
			inPath := slices.ContainsFunc(o.Parameters, func(p struct {
				Name, In string
				Required bool
				Schema   m
			}) bool {
				return p.In == "path" && p.Name == "id" && p.Required
			})
			require.Equal(t, strings.Contains(path, "{id}"), inPath, path)
			require.NotEmpty(t, o.Responses)
			for status, r := range o.Responses {
				require.NotEmpty(t, r.Description, "%s %s %s", method, path, status)
				if o.OperationID == "exportProcessingRecords" && status == "200" {
					require.Contains(t, r.Content, "text/csv; charset=utf-8")
				} else if o.OperationID == "exportCustomer" && status == "200" {
					require.Contains(t, r.Content, "application/zip")
				} else if !oneOf(status, "204", "302", "304") {
					require.Contains(t, r.Content, "application/json", "%s %s %s", method, path, status)
				}
			}
			if o.RequestBody != nil && !strings.HasPrefix(path, "/oauth/") {
				for _, media := range []string{"application/json", "application/json-patch+json", "text/json", "application/*+json"} {
					require.Contains(t, o.RequestBody.Content, media)
				}
			}
		}
	}
	require.Len(t, ids, len(s.App.API().Routes()), "every route is in the document")
	text := string(s.Do(t, apptest.Request{Method: "GET", Path: "//openapi.json"}).Body)
	for _, part := range strings.Split(text, `"$ref":"`)[1:] {
		name, ok := strings.CutPrefix(part[:strings.IndexByte(part, '"')], "#/components/schemas/")
		require.True(t, ok, name)
		require.Contains(t, doc.Components.Schemas, name)
	}
	yaml := s.Do(t, apptest.Request{Method: "GET", Path: "//openapi.yaml", Key: "-"})
	require.Equal(t, "application/yaml; charset=utf-8", yaml.Header.Get("Content-Type"))
	require.Contains(t, string(yaml.Body), "openapi: 3.1.0")
}

func keysInOrder(t *testing.T, object []byte) []string {
	t.Helper()
	var names []string
	d := json.NewDecoder(bytes.NewReader(object))
	_, err := d.Token()
	require.NoError(t, err)
	for d.More() {
		name, err := d.Token()
		require.NoError(t, err)
		names = append(names, name.(string))
		var skipped any
		require.NoError(t, d.Decode(&skipped))
	}
	return names
}

func TestCustomerSchemaIsTheCustomer(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	for _, body := range []m{{"name": "A", "email": "a@example.com"}, full("full@example.com")} {
		require.Equal(t, customer.FieldNames(), keysInOrder(t, create(t, s, "", body).Body), "every field is always present, in order")
	}
	schema := readOpenAPI(t, s).Components.Schemas["Customer"]
	var properties []string
	for name := range schema.Properties {
		properties = append(properties, name)
	}
	require.ElementsMatch(t, customer.FieldNames(), properties)
	require.ElementsMatch(t, customer.FieldNames(), schema.Required)
	require.Equal(t, []string{"id", "ownerId", "userId", "ownerName", "name", "email", "address", "phone", "memberId", "hasPaymentRequests", "totalDeposits", "createDate"},
		customer.FieldNames()[:12], "the first twelve are the vendor's, in its order")
}

// TestAnswersMatchTheirSchemas sends one call of each operation and holds its answer to
// the documented status and schema.
func TestAnswersMatchTheirSchemas(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, config.Config{DataDir: t.TempDir(), LogLevel: "debug"}, config.Serve{AcceptCardData: true, PublicURL: passkeySite})
	routes := s.App.API().Routes()
	doc := api.OpenAPI(routes, "")
	target := newFixture(t, s, s.Live)
	seen := 0
	for _, r := range routes {
		if r.Open || r.Client {
			seen++ // users_test.go, factors_test.go, oidc_test.go, oauth_test.go
			continue
		}
		key, send := s.Live, target.request
		if r.Permission == auth.SessionsOwn {
			_, email := newUser(t, s, s.Live, "Ana", target.email(), auth.Support)
			key, send = logIn(t, s, email, auth.Live), target.ownRequest
		} else if !slices.Contains(auth.Admin.Permissions(), r.Permission) {
			key = s.Operator
		}
		got := s.Do(t, send(t, r, key, true))
		require.Less(t, got.Status, 300, "%s %s: %s", r.Method, r.Path, got.Body)
		item := doc.Paths[r.Path]
		o := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete}[r.Method]
		response := o.Responses[fmt.Sprint(got.Status)]
		require.NotNil(t, response, "%s %s answers %d, which is not documented", r.Method, r.Path, got.Status)
		seen++
		if got.Status == 204 {
			require.Empty(t, got.Body)
			continue
		}
		if response.Content["application/json"] == nil {
			continue // privacy_test.go reads it
		}
		var v any
		require.NoError(t, json.Unmarshal(got.Body, &v))
		result := &huma.ValidateResult{}
		huma.Validate(doc.Components.Schemas, response.Content["application/json"].Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, result)
		require.Empty(t, result.Errors, "%s %s: %s", r.Method, r.Path, got.Body)
	}
	require.Equal(t, len(routes), seen)
}

func TestOpenPages(t *testing.T) {
	t.Parallel()
	s := apptest.SQLite(t)
	support := newKey(t, s, "", auth.Live, auth.Support)
	for _, c := range []struct {
		path, key string
		status    int
		has       string
	}{
		{"//healthz", "-", 200, `{"status":"ok"}`}, {"//readyz", "-", 200, `{"status":"ready"}`}, {"//docs/", "-", 200, "<html"},
		{"//metrics", "-", 401, "UNAUTHORIZED"}, {"//metrics", support, 403, "FORBIDDEN"}, {"//metrics", s.Live, 200, "florin_requests_total"}, {"//metrics", s.Operator, 200, "go_goroutines"},
	} {
		got := s.Do(t, apptest.Request{Method: "GET", Path: c.path, Key: c.key})
		require.Equal(t, c.status, got.Status, c.path)
		require.Contains(t, string(got.Body), c.has, c.path)
	}
}
