package stripe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is as much of Stripe as a payment needs, with a memory: idempotency keys, intents
// that are confirmed once, refunds that are never too much.
type fake struct {
	mu       sync.Mutex
	last     int
	keys     map[string]*remembered
	objects  map[string]doc
	charges  map[string]int // by intent: how many were made
	events   []doc
	search   bool // finds metadata at once, and otherwise not at all
	requests []string
}

type doc = map[string]any

// remembered is what an idempotency key answered first.
type remembered struct {
	request string
	done    bool
	status  int
	body    []byte
}

type refusal struct {
	status int
	body   doc
}

const fakeKey = "sk_test_Zk1vQmF0TnVt"

func newFake(t *testing.T) (*fake, string) {
	t.Helper()
	f := &fake{keys: map[string]*remembered{}, objects: map[string]doc{}, charges: map[string]int{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return f, s.URL
}

func no(status int, kind, code string) refusal {
	return refusal{status, doc{"error": doc{"type": kind, "code": code, "message": "Your card ending in 4242 was declined. zofie@canary.example"}}}
}

// ServeHTTP implements http.Handler with Stripe's rules for keys: the first answer again,
// 409 while it is at work, 400 for other parameters.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	if r.Method == http.MethodGet {
		form = r.URL.Query()
	}
	if r.Header.Get("Authorization") != "Bearer "+fakeKey {
		answer(w, no(401, "invalid_request_error", ""))
		return
	}
	key := r.Header.Get("Idempotency-Key")
	request := r.URL.Path + "?" + string(body)
	f.mu.Lock()
	f.requests = append(f.requests, fmt.Sprintf("%s %s", r.Method, r.URL.Path), r.Header.Get("X-Stripe-Client-User-Agent"), r.Header.Get("X-Stripe-Client-Telemetry"))
	before := f.keys[key]
	if key == "" || r.Method != http.MethodPost {
		before = nil
		key = ""
	}
	switch {
	case before != nil && !before.done:
		f.mu.Unlock()
		answer(w, no(409, "invalid_request_error", "idempotency_key_in_use"))
		return
	case before != nil && before.request != request:
		f.mu.Unlock()
		answer(w, no(400, "idempotency_error", ""))
		return
	case before != nil:
		f.mu.Unlock()
		replay(w, r, before)
		return
	}
	mine := &remembered{request: request}
	if key != "" {
		f.keys[key] = mine
	}
	mine.status, mine.body = f.do(r, form)
	mine.done = true
	f.mu.Unlock()
	replay(w, r, mine)
}

// replay answers, or breaks off where the provider shall seem to be lost.
func replay(w http.ResponseWriter, _ *http.Request, m *remembered) {
	if m.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(m.status)
	_, _ = w.Write(m.body)
}

func answer(w http.ResponseWriter, no refusal) {
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(no.body)
}

func (f *fake) do(r *http.Request, form url.Values) (status int, body []byte) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")[1:] // without v1
	out, wrong := f.route(r.Method, parts, form)
	if wrong.status == -1 {
		return 0, nil
	}
	if wrong.status != 0 {
		body, _ = json.Marshal(wrong.body)
		return wrong.status, body
	}
	body, _ = json.Marshal(f.expanded(out))
	return 200, body
}

func (f *fake) route(method string, parts []string, form url.Values) (doc, refusal) {
	switch call := method + " " + shape(parts); call {
	case "POST payment_methods":
		return f.newMethod(form)
	case "POST payment_methods/:/detach":
		return f.detach(parts[1])
	case "POST customers":
		return f.add("cus", doc{"object": "customer"}), refusal{}
	case "DELETE customers/:":
		return f.deleteCustomer(parts[1])
	case "POST payment_intents":
		return f.newIntent(form), refusal{}
	case "GET payment_intents/search":
		return f.find(form.Get("query")), refusal{}
	case "GET payment_intents":
		return f.list(form), refusal{}
	case "POST payment_intents/:":
		return f.assign(parts[1], form)
	case "POST payment_intents/:/confirm":
		return f.confirm(parts[1], form)
	case "POST payment_intents/:/capture":
		return f.capture(parts[1])
	case "POST payment_intents/:/cancel":
		return f.cancel(parts[1], form)
	case "POST refunds":
		return f.refund(form)
	case "POST setup_intents":
		return f.setup(form)
	case "POST checkout/sessions":
		return f.newSession(form), refusal{}
	case "POST checkout/sessions/:/expire":
		return f.expire(parts[2])
	}
	if object, ok := f.objects[parts[len(parts)-1]]; ok && method == http.MethodGet {
		return object, refusal{}
	}
	return nil, no(404, "invalid_request_error", "resource_missing")
}

// shape is the path with ids left out.
func shape(parts []string) string {
	out := append([]string{}, parts...)
	for i, p := range out {
		if prefix, _, found := strings.Cut(p, "_"); found && strings.Contains(" pm cus pi re seti cs ", " "+prefix+" ") {
			out[i] = ":"
		}
	}
	return strings.Join(out, "/")
}

func (f *fake) add(prefix string, d doc) doc {
	f.last++
	d["id"] = fmt.Sprintf("%s_%06d", prefix, f.last)
	f.objects[d["id"].(string)] = d
	return d
}

// expanded puts objects where their ids are, as all our reads ask for.
func (f *fake) expanded(d doc) doc {
	out := doc{}
	for name, v := range d {
		out[name] = v
		if id, ok := v.(string); ok && (name == "latest_charge" || name == "payment_method") && f.objects[id] != nil {
			out[name] = f.objects[id]
		}
	}
	return out
}

func metadata(form url.Values) doc {
	m := doc{}
	for name := range form {
		if rest, found := strings.CutPrefix(name, "metadata["); found {
			m[strings.TrimSuffix(rest, "]")] = form.Get(name)
		}
	}
	return m
}

func (f *fake) newMethod(form url.Values) (doc, refusal) {
	number := form.Get("card[number]")
	if number == "" {
		return nil, no(400, "invalid_request_error", "parameter_missing")
	}
	brand := map[byte]string{'4': "visa", '5': "mastercard", '3': "amex"}[number[0]]
	month, _ := strconv.Atoi(form.Get("card[exp_month]"))
	year, _ := strconv.Atoi(form.Get("card[exp_year]"))
	return f.add("pm", doc{"object": "payment_method", "type": "card", "behaviour": number[12:],
		"card": doc{"brand": brand, "last4": number[12:], "exp_month": month, "exp_year": year, "country": "US", "fingerprint": "Fp" + number[12:]}}), refusal{}
}

func (f *fake) detach(id string) (doc, refusal) {
	m, ok := f.objects[id]
	if !ok || m["gone"] == true {
		return nil, no(400, "invalid_request_error", "payment_method_unexpected_state")
	}
	m["gone"] = true
	return m, refusal{}
}

func (f *fake) deleteCustomer(id string) (doc, refusal) {
	if f.objects[id] == nil {
		return nil, no(404, "invalid_request_error", "resource_missing")
	}
	for _, o := range f.objects {
		if o["object"] == "payment_method" && o["customer"] == id {
			o["gone"] = true
		}
	}
	delete(f.objects, id)
	return doc{"id": id, "deleted": true}, refusal{}
}

func (f *fake) newIntent(form url.Values) doc {
	amount, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
	return f.add("pi", doc{"object": "payment_intent", "amount": amount, "amount_received": 0, "currency": form.Get("currency"), "status": "requires_payment_method",
		"metadata": metadata(form), "created": time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC).Unix()})
}

func (f *fake) find(query string) doc {
	found := []doc{}
	for _, o := range f.objects {
		if m, ok := o["metadata"].(doc); ok && f.search && o["object"] == "payment_intent" && query == fmt.Sprintf("metadata['florin_key']:'%s'", m["florin_key"]) {
			found = append(found, f.expanded(o))
		}
	}
	return doc{"object": "search_result", "data": found, "has_more": false}
}

func (f *fake) list(form url.Values) doc {
	from, _ := strconv.ParseInt(form.Get("created[gte]"), 10, 64)
	to, _ := strconv.ParseInt(form.Get("created[lt]"), 10, 64)
	found := []doc{}
	for _, o := range f.objects {
		if o["object"] == "payment_intent" && o["created"].(int64) >= from && o["created"].(int64) < to {
			found = append(found, f.expanded(o))
		}
	}
	return doc{"object": "list", "data": found, "has_more": false, "url": "/v1/payment_intents"}
}

func unexpected() (doc, refusal) {
	return nil, no(400, "invalid_request_error", "payment_intent_unexpected_state")
}

func (f *fake) assign(id string, form url.Values) (doc, refusal) {
	p := f.objects[id]
	if p["status"] != "requires_payment_method" {
		return unexpected()
	}
	p["customer"] = form.Get("customer")
	return p, refusal{}
}

func (f *fake) confirm(id string, form url.Values) (doc, refusal) {
	p, m := f.objects[id], f.objects[form.Get("payment_method")]
	if p["status"] != "requires_payment_method" {
		return unexpected()
	}
	if m == nil || m["gone"] == true {
		return nil, no(400, "invalid_request_error", "resource_missing")
	}
	p["payment_method"], p["capture_method"], p["setup_future_usage"] = m["id"], form.Get("capture_method"), form.Get("setup_future_usage")
	behaviour := m["behaviour"].(string)
	if decline, declines := declines()[behaviour]; declines {
		return f.decline(p, decline)
	}
	if behaviour == "3220" && form.Get("off_session") != "true" {
		p["status"], p["next_action"] = "requires_action", doc{"type": "redirect_to_url", "redirect_to_url": doc{"url": "https://hooks.stripe.example/" + id}}
		return p, refusal{}
	}
	f.succeed(p)
	if behaviour == "0119" {
		f.event("payment_intent.succeeded", p)
		return nil, refusal{status: -1}
	}
	return p, refusal{}
}

// declines are Stripe's code and decline code, by the end of the number.
func declines() map[string][2]string {
	return map[string][2]string{
		"0002": {"card_declined", "do_not_honor"}, "9995": {"card_declined", "insufficient_funds"}, "9987": {"card_declined", "lost_card"}, "9979": {"card_declined", "stolen_card"},
		"0069": {"expired_card", ""}, "0127": {"incorrect_cvc", ""}, "1881": {"card_declined", "generic_decline"}, "0341": {"card_declined", "fraudulent"}, "3063": {"card_declined", "transaction_not_allowed"},
	}
}

func (f *fake) decline(p doc, why [2]string) (doc, refusal) {
	wrong := no(402, "card_error", why[0])
	e := wrong.body["error"].(doc)
	e["decline_code"] = why[1]
	p["status"], p["last_payment_error"] = "requires_payment_method", doc{"type": "card_error", "code": why[0], "decline_code": why[1], "payment_method": f.objects[p["payment_method"].(string)]}
	charge := f.add("ch", doc{"object": "charge", "status": "failed"})
	p["latest_charge"] = charge["id"]
	delete(p, "payment_method")
	e["payment_intent"] = f.expanded(p)
	return nil, wrong
}

// succeed makes the one charge of an intent.
func (f *fake) succeed(p doc) {
	f.charges[p["id"].(string)]++
	charge := f.add("ch", doc{"object": "charge", "amount_refunded": int64(0), "payment_method_details": doc{"card": doc{"network_transaction_id": "net1"}}})
	p["latest_charge"], p["status"] = charge["id"], "requires_capture"
	delete(p, "next_action")
	if p["capture_method"] != "manual" {
		p["status"], p["amount_received"] = "succeeded", p["amount"]
	}
	if m := f.objects[p["payment_method"].(string)]; p["customer"] != nil {
		m["customer"] = p["customer"]
	}
}

func (f *fake) capture(id string) (doc, refusal) {
	p := f.objects[id]
	if p["status"] != "requires_capture" {
		return unexpected()
	}
	p["status"], p["amount_received"] = "succeeded", p["amount"]
	return p, refusal{}
}

func (f *fake) cancel(id string, form url.Values) (doc, refusal) {
	p := f.objects[id]
	if p["status"] == "succeeded" || p["status"] == "canceled" {
		return unexpected()
	}
	p["status"], p["cancellation_reason"] = "canceled", form.Get("cancellation_reason")
	return p, refusal{}
}

func (f *fake) refund(form url.Values) (doc, refusal) {
	p := f.objects[form.Get("payment_intent")]
	amount, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
	if p == nil || p["status"] != "succeeded" {
		return nil, no(400, "invalid_request_error", "")
	}
	charge := f.objects[p["latest_charge"].(string)]
	if charge["amount_refunded"].(int64)+amount > p["amount"].(int64) {
		return nil, no(400, "invalid_request_error", "charge_already_refunded")
	}
	charge["amount_refunded"] = charge["amount_refunded"].(int64) + amount
	return f.add("re", doc{"object": "refund", "amount": amount, "currency": p["currency"], "status": "succeeded", "payment_intent": p["id"], "metadata": metadata(form)}), refusal{}
}

func (f *fake) setup(form url.Values) (doc, refusal) {
	m := f.objects[form.Get("payment_method")]
	if decline, declines := declines()[m["behaviour"].(string)]; declines {
		return nil, no(402, "card_error", decline[0])
	}
	m["customer"] = form.Get("customer")
	return f.add("seti", doc{"object": "setup_intent", "status": "succeeded", "customer": form.Get("customer"), "payment_method": m["id"], "metadata": metadata(form)}), refusal{}
}

func (f *fake) newSession(form url.Values) doc {
	amount, _ := strconv.ParseInt(form.Get("line_items[0][price_data][unit_amount]"), 10, 64)
	s := f.add("cs", doc{"object": "checkout.session", "status": "open", "amount_total": amount, "currency": form.Get("line_items[0][price_data][currency]"),
		"capture": form.Get("payment_intent_data[capture_method]"), "key": form.Get("payment_intent_data[metadata][florin_key]"), "metadata": metadata(form)})
	s["url"] = "https://checkout.stripe.example/" + s["id"].(string)
	return s
}

func (f *fake) expire(id string) (doc, refusal) {
	s := f.objects[id]
	if s["status"] != "open" {
		return nil, no(400, "invalid_request_error", "")
	}
	s["status"] = "expired"
	return s, refusal{}
}

// visit is the payer on a page of Stripe's, saying yes.
func (f *fake) visit(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.objects[address[strings.LastIndexByte(address, '/')+1:]]
	switch {
	case o["status"] == "requires_action":
		f.succeed(o)
		f.event(map[any]string{"succeeded": "payment_intent.succeeded", "requires_capture": "payment_intent.amount_capturable_updated"}[o["status"]], o)
	case o["status"] == "open":
		p := f.newIntent(url.Values{"amount": {fmt.Sprint(o["amount_total"])}, "currency": {fmt.Sprint(o["currency"])}, "metadata[florin_key]": {fmt.Sprint(o["key"])}})
		m, _ := f.newMethod(url.Values{"card[number]": {"4242424242424242"}})
		p["payment_method"], p["capture_method"] = m["id"], o["capture"]
		f.succeed(p)
		o["status"], o["payment_intent"] = "complete", p["id"]
		f.event("payment_intent.succeeded", p)
	}
}

func (f *fake) event(kind string, object doc) {
	f.last++
	var frozen doc // as it was: the object moves on
	text, _ := json.Marshal(object)
	d := json.NewDecoder(bytes.NewReader(text))
	_ = d.Decode(&frozen)
	f.events = append(f.events, doc{"id": fmt.Sprintf("evt_%06d", f.last), "object": "event", "api_version": "2026-03-25.dahlia", "livemode": false, "type": kind, "data": doc{"object": frozen}})
}
