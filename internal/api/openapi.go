package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/gate"
)

// Version is the API's own version, as the vendor's base path has it.
const Version = "2.0.0"

const introduction = `Customer profiles of an internet payment gateway. Every operation is served under /ipg/2.0.0 and /api.

Authenticate with an API key, as X-API-Key or as a Bearer token. Send an Idempotency-Key with every POST: a repetition within 24 hours gets the first answer. Errors have one shape; their code is stable.`

// OpenAPI makes the document from the routes themselves, so that it can't say what
// they do not do.
func OpenAPI(routes []gate.Route, server string) *huma.OpenAPI {
	d := &document{registry: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)}
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Florin", Version: Version, Description: introduction,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}, Contact: &huma.Contact{Name: "Florin"}},
		Paths:      map[string]*huma.PathItem{},
		Components: &huma.Components{Schemas: d.registry, SecuritySchemes: securitySchemes()},
		Security:   []map[string][]string{{"apiKey": {}}, {"bearer": {}}},
		Tags: []*huma.Tag{{Name: "Customers", Description: "Profiles of the people who pay"}, {Name: "Payment methods", Description: "Saved ways to pay"},
			{Name: "Events", Description: "What happened, in order"}, {Name: "Audit", Description: "Who did or saw what"},
			{Name: "Administration", Description: "The owner's own settings and keys"}, {Name: "Users", Description: "People who sign in"}, {Name: "Verification", Description: "Whether what a customer told is theirs, and sanctions lists"}, {Name: "Privacy", Description: "What a data protection officer does"}, {Name: "OAuth 2", Description: "Access tokens for machines"}, {Name: "Sign-in", Description: "One's own password and second factors"},
			{Name: "Operator", Description: "The platform's owners"}},
	}
	for _, base := range Bases() {
		doc.Servers = append(doc.Servers, &huma.Server{URL: server + base})
	}
	for _, r := range routes {
		d.add(doc, r)
	}
	d.allowNull()
	return doc
}

// allowNull lets every pointer be null: huma makes neither a reference nor an optional
// member nullable, and answers have null there.
func (d *document) allowNull() {
	for name, schema := range d.registry.Map() {
		for _, field := range reflect.VisibleFields(d.registry.TypeFromRef("#/components/schemas/" + name)) {
			member, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := schema.Properties[member]
			switch {
			case field.Type.Kind() != reflect.Pointer || property == nil:
			case property.Ref != "":
				schema.Properties[member] = &huma.Schema{AnyOf: []*huma.Schema{property, {Type: "null"}}}
			default:
				property.Nullable = true
			}
		}
	}
}

func securitySchemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		"apiKey": {Type: "apiKey", In: "header", Name: "X-API-Key"},
		"bearer": {Type: "http", Scheme: "bearer"},
		"client": {Type: "http", Scheme: "basic", Description: "A key's id and the whole key, for OAuth 2 alone"},
	}
}

// document is an OpenAPI document in the making.
type document struct {
	registry huma.Registry
}

func (d *document) schema(t reflect.Type) *huma.Schema { return d.registry.Schema(t, true, t.Name()) }

func (d *document) add(doc *huma.OpenAPI, r gate.Route) {
	op, ok := r.Doc.(operation)
	if !ok {
		return
	}
	item := doc.Paths[r.Path]
	if item == nil {
		item = &huma.PathItem{}
		doc.Paths[r.Path] = item
	}
	o := &huma.Operation{OperationID: r.ID, Summary: op.summary, Description: strings.TrimSpace(op.description + needs(r)),
		Tags: []string{op.tag}, Parameters: d.parameters(r), Responses: d.responses(r, op)}
	if r.Open {
		o.Security = []map[string][]string{}
	}
	if r.Client {
		o.Security = []map[string][]string{{"client": {}}, {}} // or in the form
	}
	if op.body != nil {
		o.RequestBody = d.body(r, op)
	}
	switch r.Method {
	case http.MethodGet:
		item.Get = o
	case http.MethodPost:
		item.Post = o
	case http.MethodPut:
		item.Put = o
	case http.MethodPatch:
		item.Patch = o
	case http.MethodDelete:
		item.Delete = o
	}
}

// needs says who may, in words.
func needs(r gate.Route) string {
	text := "\n\nNeeds the permission `" + string(r.Permission) + "`."
	switch {
	case r.Open:
		text = "\n\nNeeds no credential."
	case r.Permission == auth.SessionsOwn:
		text = "\n\nFor whoever has signed in."
	case r.Client:
		text = "\n\nFor API keys."
	}
	if r.AtRoot {
		text += " Served without a base path too."
	}
	return text
}

func (d *document) parameters(r gate.Route) []*huma.Param {
	var params []*huma.Param
	if strings.Contains(r.Path, "{id}") {
		one := 1.0
		params = append(params, &huma.Param{Name: "id", In: "path", Required: true, Example: 1234567890123,
			Schema: &huma.Schema{Type: "integer", Format: "int64", Minimum: &one}})
	}
	if strings.Contains(r.Path, "{name}") {
		params = append(params, &huma.Param{Name: "name", In: "path", Required: true, Example: map[bool]string{true: "customers", false: "newsletter"}[strings.Contains(r.Path, "retention")], Schema: &huma.Schema{Type: "string"}})
	}
	for _, p := range r.Query {
		params = append(params, &huma.Param{Name: p.Name, In: "query", Description: p.Doc, Example: p.Example, Schema: paramSchema(p.Type)})
	}
	if r.Method == http.MethodPost && !r.Open && !r.Client {
		most := 255
		params = append(params, &huma.Param{Name: "Idempotency-Key", In: "header", Example: "7f9c2ba4-create-1001",
			Description: "The same key with the same body gets the first answer again, for 24 hours", Schema: &huma.Schema{Type: "string", MaxLength: &most}})
	}
	if r.OnCustomer && (r.Method == http.MethodPut || r.Method == http.MethodPatch || r.Method == http.MethodDelete) {
		params = append(params, &huma.Param{Name: "If-Match", In: "header", Description: "The ETag that the change is based on", Schema: &huma.Schema{Type: "string"}})
	}
	if op, ok := r.Doc.(operation); ok && op.notModified {
		params = append(params, &huma.Param{Name: "If-None-Match", In: "header", Description: "An ETag that the caller has already", Schema: &huma.Schema{Type: "string"}})
	}
	return params
}

func paramSchema(kind string) *huma.Schema {
	switch kind {
	case "date-time":
		return &huma.Schema{Type: "string", Format: "date-time"}
	case "integer":
		return &huma.Schema{Type: "integer", Format: "int64"}
	}
	return &huma.Schema{Type: kind}
}

// body lists every media type that is accepted for the same object.
func (d *document) body(r gate.Route, op operation) *huma.RequestBody {
	schema := d.schema(op.body)
	if r.Body == gate.Form {
		return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/x-www-form-urlencoded": {Schema: schema}}}
	}
	b := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, media := range []string{"application/json", "application/json-patch+json", "text/json", "application/*+json"} {
		b.Content[media] = &huma.MediaType{Schema: schema}
	}
	if r.Body == gate.Patch {
		operations := &huma.Schema{Type: "array", Items: d.schema(of[PatchOperation]())}
		for _, media := range b.Content {
			media.Schema = &huma.Schema{OneOf: []*huma.Schema{schema, operations}}
		}
	}
	return b
}

func (d *document) responses(r gate.Route, op operation) map[string]*huma.Response {
	all := map[string]*huma.Response{}
	switch {
	case op.redirects:
		all["302"] = &huma.Response{Description: "Elsewhere"}
	case r.Method == http.MethodDelete, op.answer == nil:
		all["204"] = &huma.Response{Description: "Done"}
		if r.ID == "eraseCustomer" {
			all["200"] = d.answer("What would go (dryRun)", of[ErasurePlan]())
		}
	case op.answer != nil:
		all["200"] = d.answer("OK", op.answer)
		if op.media != "" {
			all["200"].Content = map[string]*huma.MediaType{op.media: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}
		}
		all["200"].Headers = headers(op.headers)
	}
	if op.notModified {
		all["304"] = &huma.Response{Description: "The caller has this already"}
	}
	fails := op.fails
	if fails == nil {
		fails = of[Error]()
	}
	for _, status := range append([]int{400, 401, 403, 429, 500, 503}, op.errors...) {
		all[strconv.Itoa(status)] = d.answer(http.StatusText(status), fails)
	}
	return all
}

func (d *document) answer(text string, t reflect.Type) *huma.Response {
	return &huma.Response{Description: text, Content: map[string]*huma.MediaType{"application/json": {Schema: d.schema(t)}}}
}

func headers(names []string) map[string]*huma.Param {
	if len(names) == 0 {
		return nil
	}
	all := map[string]*huma.Param{}
	for _, name := range names {
		all[name] = &huma.Param{Schema: &huma.Schema{Type: "string"}}
	}
	return all
}

// Documents serves /openapi.json and /openapi.yaml, each rendered once somebody asks: a
// server need not have them to start.
func Documents(doc func() *huma.OpenAPI) map[string]http.Handler {
	serve := func(kind string, render func(*huma.OpenAPI) ([]byte, error)) http.Handler {
		text := sync.OnceValues(func() ([]byte, error) { return render(doc()) })
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			content, err := text()
			if err != nil {
				panic(err) // the gate answers; TestGeneratedDocuments renders both
			}
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(content)
		})
	}
	return map[string]http.Handler{
		"GET /openapi.json": serve(jsonType, func(d *huma.OpenAPI) ([]byte, error) { return json.Marshal(d) }),
		"GET /openapi.yaml": serve("application/yaml; charset=utf-8", (*huma.OpenAPI).YAML),
	}
}

const jsonType = "application/json; charset=utf-8"
