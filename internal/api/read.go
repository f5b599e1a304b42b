package api

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// form reads a flat body and collects every fault of it.
type form struct {
	request *gate.Request
	under   string // the JSON pointer of the object; "" is the body
	known   []string
	faults  []fault.Field
}

func (f *form) bad(name, code, message string) {
	f.faults = append(f.faults, fault.Field{Path: strictjson.Pointer(f.under, name), Code: code, Message: message})
}

func (f *form) get(name string, kind strictjson.Kind, what string) (strictjson.Value, bool) {
	f.known = append(f.known, name)
	v, ok := f.request.Body.Get(name)
	if !ok || v.Kind == strictjson.Null {
		return v, false
	}
	if v.Kind != kind {
		f.bad(name, "type", "must be "+what)
		return v, false
	}
	return v, true
}

func (f *form) text(name string) string {
	v, _ := f.get(name, strictjson.String, "a string")
	if v.Kind != strictjson.String {
		return ""
	}
	return v.Text
}

// number is a JSON number's literal, read exactly by whoever knows its decimals.
func (f *form) number(name string) string {
	v, ok := f.get(name, strictjson.Number, "a number")
	if !ok {
		return ""
	}
	return v.Text
}

func (f *form) whole(name string, low, high, otherwise int64) int64 {
	text := f.number(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		f.bad(name, "invalid", "must be a whole number from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10))
	}
	return n
}

func (f *form) flag(name string) bool {
	v, _ := f.get(name, strictjson.Bool, "true or false")
	return v.Kind == strictjson.Bool && v.Text == "true"
}

// inner is a member that is an object, as a form of its own whose faults are reported
// under the member's name.
func (f *form) inner(name string) *form {
	v, ok := f.get(name, strictjson.Object, "an object")
	if !ok {
		return nil
	}
	sub := *f.request
	sub.Body = v
	return &form{request: &sub, under: strictjson.Pointer(f.under, name)}
}

// join takes the faults of an inner form.
func (f *form) join(inner *form) {
	inner.unknowns()
	f.faults = append(f.faults, inner.faults...)
}

// ignore names members that may be sent and mean nothing.
func (f *form) ignore(names ...string) { f.known = append(f.known, names...) }

func (f *form) texts(name string) []string {
	v, ok := f.get(name, strictjson.Array, "an array of strings")
	if !ok {
		return nil
	}
	var all []string
	for _, item := range v.Items {
		if item.Kind != strictjson.String {
			f.bad(name, "type", "must be an array of strings")
			return nil
		}
		all = append(all, item.Text)
	}
	return all
}

func (f *form) time(name string) time.Time {
	text := f.text(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		f.bad(name, "invalid", "must be a time like 2026-11-22T10:30:00Z")
	}
	return t.UTC()
}

// end refuses unknown members and reports everything that was wrong.
func (f *form) end() error {
	f.unknowns()
	if len(f.faults) == 0 {
		return nil
	}
	return fault.Fields(f.faults)
}

func (f *form) unknowns() {
	for _, m := range f.request.Body.Members {
		if !slices.Contains(f.known, m.Name) && !f.request.Lenient {
			name := []rune(m.Name)
			f.bad(string(name[:min(64, len(name))]), "unknown", "is not a field of this object")
		}
	}
}

func readSearch(r *gate.Request) (customer.Query, error) {
	f := &form{request: r}
	q := customer.Query{Email: f.text("email"), Phone: f.text("phone"), MemberID: f.text("memberId"), Status: f.text("status"), Words: f.text("q"),
		CreatedFrom: f.time("createdFrom"), CreatedTo: f.time("createdTo"), Sort: f.text("sort"), Cursor: f.text("cursor"),
		Limit: defaultLimit, Fields: f.texts("fields"), Search: true}
	if v, ok := f.get("limit", strictjson.Number, "a number"); ok {
		limit, err := strconv.Atoi(v.Text)
		if err != nil || limit < 1 || limit > maxLimit {
			f.bad("limit", "invalid", "must be a whole number from 1 to 200")
		}
		q.Limit = limit
	}
	for _, name := range q.Fields {
		if !slices.Contains(customer.FieldNames(), name) {
			f.bad("fields", "invalid", "names a field that does not exist")
		}
	}
	return q, f.end()
}

func (a *API) readSettings(r *gate.Request, s owner.Settings) (owner.Settings, error) {
	f := &form{request: r}
	f.ignore("limits")
	set := func(name string, to func(string)) {
		if text := f.text(name); text != "" {
			to(text)
		}
	}
	set("name", func(v string) { s.Name = v })
	set("baseCurrency", func(v string) { s.BaseCurrency = v })
	set("defaultRegion", func(v string) { s.DefaultRegion = v })
	set("notifyUrl", func(v string) { s.NotifyURL = v })
	set("brandColor", func(v string) { s.BrandColor = v })
	set("duplicatePolicy", func(v string) { s.DuplicatePolicy = owner.Policy(v) })
	if v, ok := r.Body.Get("defaultRegion"); ok && v.Kind == strictjson.Null {
		s.DefaultRegion = ""
	}
	if v, ok := r.Body.Get("notifyUrl"); ok && v.Kind == strictjson.Null {
		s.NotifyURL = ""
	}
	if v, ok := r.Body.Get("brandColor"); ok && v.Kind == strictjson.Null {
		s.BrandColor = ""
	}
	if v, ok := f.get("strictPhone", strictjson.Bool, "true or false"); ok {
		s.StrictPhone = v.Text == "true"
	}
	if v, ok := f.get("requireSecondFactor", strictjson.Bool, "true or false"); ok {
		s.RequireSecondFactor = v.Text == "true"
	}
	if v, ok := f.get("screenCustomers", strictjson.Bool, "true or false"); ok {
		s.ScreenCustomers = v.Text == "true"
	}
	a.collect(f, r, &s)
	f.faults = append(f.faults, owner.Check(&s)...)
	return s, f.end()
}

func (a *API) readNewKey(ctx context.Context, r *gate.Request) (access.NewKey, error) {
	f := &form{request: r}
	n := access.NewKey{Mode: auth.Mode(f.text("mode")), Expires: f.time("expiresAt")}
	name, err := contact.ParseName(f.text("name"))
	if err != nil {
		f.bad("name", "invalid", err.Error())
	}
	n.Name = name
	if !n.Mode.Valid() {
		f.bad("mode", "invalid", "must be live or test")
	}
	if err := a.rights(ctx, f, &n); err != nil {
		return n, err
	}
	for _, text := range f.texts("cidrs") {
		c, err := netip.ParsePrefix(text)
		if err != nil {
			f.bad("cidrs", "invalid", "must be networks like 203.0.113.0/24")
		}
		n.CIDRs = append(n.CIDRs, c.Masked())
	}
	return n, f.end()
}
