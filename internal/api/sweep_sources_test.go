package api_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"

	"github.com/florin-gateway/florin/internal/app/apptest"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/pan"
)

// source makes the pair of one operation and one place where an id can stand.
type source struct {
	name, operation string
	make            func(w *sweep, from sender, of *party, random *rand.Rand) probePair
}

// spellings are other ways to write an id in a path. Most are refused, and then for what
// nobody has too.
func spellings() []func(string) string {
	return []func(string) string{
		func(id string) string { return id },
		func(id string) string { return id },
		func(id string) string { return "0" + id },
		func(id string) string { return "%3" + id[:1] + id[1:] },
		func(id string) string { return escaped(id) },
		func(id string) string { return "+" + id },
		func(id string) string { return "%2B" + id },
		func(id string) string { return id + "%20" },
		func(id string) string { return id + "%00" },
		func(id string) string { return id + ".0" },
		func(id string) string { return id + "e0" },
		func(id string) string { return id + ".json" },
		func(id string) string { return "-" + id },
		func(id string) string { return id[:1] + "_" + id[1:] },
		func(id string) string { return id + "," + id },
		func(id string) string { return id + "%2F.." },
		func(id string) string { return id + ";a=1" },
		func(id string) string { return arabic(id) },
	}
}

func escaped(id string) string {
	var b strings.Builder
	for _, digit := range []byte(id) {
		fmt.Fprintf(&b, "%%%02X", digit)
	}
	return b.String()
}

func arabic(id string) string {
	var b strings.Builder
	for _, digit := range id {
		b.WriteRune(digit - '0' + '٠')
	}
	return url.PathEscape(b.String())
}

// absent is an id like another that nobody has: things of these tests are younger than
// three seconds before themselves only in name.
func absent(id int64) int64 {
	gone := id - 3_000<<12
	for pan.LooksLike(gone) {
		gone--
	}
	return gone
}

// replies are the two spellings that an answer may repeat.
func replies(ids ...int64) []string {
	var words []string
	for _, id := range ids {
		words = append(words, fmt.Sprint(id), fmt.Sprint(absent(id)))
	}
	return words
}

// sources are all of them.
func (w *sweep) sources() []source {
	var all []source
	for _, id := range sorted(w.routes) {
		if r := w.routes[id]; reachable(r) {
			name := "path"
			if id == "listWebhookAttempts" {
				name = "webhook log"
			}
			all = append(all, source{name, id, byPath(r)})
			if second := secondID(r); second != "" {
				all = append(all, source{"second id of the path", id, bySecondID(r, second)})
			}
		}
	}
	return append(append(append(all, inQuery()...), inBody()...), elsewhere()...)
}

func byPath(r gate.Route) func(*sweep, sender, *party, *rand.Rand) probePair {
	return func(_ *sweep, from sender, of *party, random *rand.Rand) probePair {
		spell := spellings()[random.IntN(len(spellings()))]
		theirs := of.old[r.ID]
		there, nowhere := r.Path, r.Path
		var words []string
		for name, id := range theirs {
			there = strings.Replace(there, name, spell(fmt.Sprint(id)), 1)
			nowhere = strings.Replace(nowhere, name, spell(fmt.Sprint(absent(id))), 1)
			words = append(words, replies(id)...)
		}
		body := from.of.bodies[r.ID]
		return from.pair(r, fill(there, nil), fill(nowhere, nil), body, body, words)
	}
}

// secondID is the other id that a path names, "" if none.
func secondID(r gate.Route) string {
	for _, name := range []string{"{methodId}", "{holdId}", "{verificationId}", "{consentId}", "{objectionId}", "{evidenceId}", "{exportId}"} {
		if strings.Contains(r.Path, name) {
			return name
		}
	}
	return ""
}

// bySecondID asks for another's method, hold or evidence below what is the caller's own.
func bySecondID(r gate.Route, name string) func(*sweep, sender, *party, *rand.Rand) probePair {
	return func(_ *sweep, from sender, of *party, _ *rand.Rand) probePair {
		own := fill(r.Path, map[string]int64{"{id}": from.of.old[r.ID]["{id}"]})
		second := of.old[r.ID][name]
		body := from.of.bodies[r.ID]
		return from.pair(r, fill(own, map[string]int64{name: second}), fill(own, map[string]int64{name: absent(second)}), body, body, replies(second))
	}
}

// pair is a request as somebody, twice.
func (from sender) pair(r gate.Route, there, nowhere string, theirs, nobodys any, words []string) probePair {
	send := func(path string, body any) apptest.Request {
		return apptest.Request{Method: r.Method, Path: path, Key: from.key, Body: body}
	}
	return probePair{foreign: send(there, theirs), missing: send(nowhere, nobodys), words: append([]string{from.of.canary}, words...)}
}

// inQuery are ids and values of others as parameters.
func inQuery() []source {
	number := func(operation, name string, of func(*party) int64, changes bool) source {
		return source{"query", operation, func(w *sweep, from sender, p *party, _ *rand.Rand) probePair {
			r, id := w.routes[operation], of(p)
			at := fill(r.Path, from.of.old[operation])
			pair := from.pair(r, fmt.Sprintf("%s?%s=%d", at, name, id), fmt.Sprintf("%s?%s=%d", at, name, absent(id)), nil, nil, replies(id))
			pair.changes = changes
			return pair
		}}
	}
	customer := func(p *party) int64 { return p.known.id }
	payer := func(p *party) int64 { return p.person }
	return []source{
		number("listPaymentRequests", "customerId", payer, false),
		number("offerPaymentMethods", "customerId", payer, false),
		number("listWebhookAttempts", "eventId", func(p *party) int64 { return p.known.event }, false),
		number("listAudit", "customerId", customer, true), // the trail has the sweep's own refusals
		filter("email", func(k known) string { return k.email }), filter("phone", func(k known) string { return k.phone }),
		filter("memberId", func(k known) string { return k.member }), filter("q", func(k known) string { return k.email }),
		search("email", func(k known) string { return k.email }), search("phone", func(k known) string { return k.phone }),
		search("memberId", func(k known) string { return k.member }), search("q", func(k known) string { return k.member }),
		cursor("listCustomers"), cursor("listPaymentRequests"), cursor("listEvents"), cursor("listAudit"),
	}
}

// nobodys is a value like one of a customer's that no customer has.
func nobodys(value string) string {
	if strings.HasPrefix(value, "+") {
		return "+12025559999"
	}
	return "x" + strings.Replace(value, "canary", "nobody", 1)
}

func filter(name string, of func(known) string) source {
	return source{"filter", "listCustomers", func(w *sweep, from sender, p *party, _ *rand.Rand) probePair {
		query := func(value string) string { return "/customers?" + url.Values{name: {value}}.Encode() }
		return from.pair(w.routes["listCustomers"], query(of(p.known)), query(nobodys(of(p.known))), nil, nil, nil)
	}}
}

func search(name string, of func(known) string) source {
	return source{"filter", "searchCustomers", func(w *sweep, from sender, p *party, _ *rand.Rand) probePair {
		return from.pair(w.routes["searchCustomers"], "/customers/search", "/customers/search", m{name: of(p.known)}, m{name: nobodys(of(p.known))}, nil)
	}}
}

// cursor goes on in another's list, beside a cursor that nobody was given.
func cursor(operation string) source {
	return source{"cursor", operation, func(w *sweep, from sender, p *party, random *rand.Rand) probePair {
		theirs := p.cursors[operation]
		at := random.IntN(len(theirs))
		other := byte('A')
		if theirs[at] == other {
			other = 'B'
		}
		path := w.routes[operation].Path + "?cursor="
		return from.pair(w.routes[operation], path+theirs, path+theirs[:at]+string(other)+theirs[at+1:], nil, nil, nil)
	}}
}

// inBody are ids of others as members of a body.
func inBody() []source {
	member := func(operation string, of func(*party) int64, body func(id int64) any) source {
		return source{"body", operation, func(w *sweep, from sender, p *party, _ *rand.Rand) probePair {
			id := of(p)
			at := fill(w.routes[operation].Path, from.of.old[operation])
			return from.pair(w.routes[operation], at, at, body(id), body(absent(id)), replies(id))
		}}
	}
	payer := func(p *party) int64 { return p.person }
	batch := source{"batch", "eraseCustomers", func(w *sweep, from sender, p *party, _ *rand.Rand) probePair {
		pair := from.pair(w.routes["eraseCustomers"], "/erasures", "/erasures", m{"customerIds": []int64{p.known.id}}, m{"customerIds": []int64{absent(p.known.id)}}, nil)
		pair.changes = true // each answer has an id of its own; that nobody was erased is looked at afterwards
		return pair
	}}
	return []source{batch,
		member("createPaymentRequest", payer, func(id int64) any { return m{"amount": 3, "unit": "USD", "clientId": id} }),
		member("createPaymentRequest", payer, func(id int64) any { return m{"amount": 3, "unit": "USD", "client": m{"id": id}} }),
		member("payBySavedMethod", func(p *party) int64 { return p.saved }, func(id int64) any { return m{"paymentMethodId": id} }),
		member("createRoutingRule", func(p *party) int64 { return p.account }, func(id int64) any { return m{"providerId": id, "currencies": []string{"CHF"}} }),
		member("updateCustomer", func(p *party) int64 { return p.owner }, func(id int64) any { return m{"ownerId": id, "id": id, "userId": id} }),
		member("discloseCustomer", func(p *party) int64 { return p.old["getRecipient"]["{id}"] }, func(id int64) any { return m{"recipientId": id} }),
		member("createPrivacyRequest", func(p *party) int64 { return p.known.id }, func(id int64) any { return m{"type": "access", "channel": "email", "customerId": id} }),
		member("searchCustomers", func(p *party) int64 { return p.owner }, func(id int64) any { return m{"ownerId": id} }),
	}
}

// elsewhere are idempotency keys and headers.
func elsewhere() []source {
	return []source{
		{"idempotency key", "createInteraction", func(_ *sweep, from sender, of *party, random *rand.Rand) probePair {
			subject := from.of.canary + " " + from.role
			return probePair{foreign: from.of.interaction(from.key, "key-of-"+of.canary, subject), words: []string{from.of.canary}, changes: true,
				missing: from.of.interaction(from.key, fmt.Sprint("own-", random.Uint32()), subject)}
		}},
		hint("getSettings"), hint("offerPaymentMethods"), hint("listProviders"), hint("listFeeTables"),
	}
}

// hint names another owner in headers and parameters that other systems believe.
func hint(operation string) source {
	return source{"header", operation, func(w *sweep, from sender, p *party, _ *rand.Rand) probePair {
		r := w.routes[operation]
		named := func(id int64) apptest.Request {
			of := fmt.Sprint(id)
			return apptest.Request{Method: r.Method, Path: r.Path + "?ownerId=" + of, Key: from.key,
				Header: h("Prefer", "handling=lenient", "X-Owner-Id", of, "X-Tenant-Id", of, "X-Realm", of, "X-Forwarded-User", of, "X-Original-Url", "/api/customers/"+of)}
		}
		return probePair{foreign: named(p.owner), missing: named(absent(p.owner)), words: append([]string{from.of.canary}, replies(p.owner)...)}
	}}
}

// relation says whose things are reached for; "" where they may be reached.
func relation(from, of *party, r gate.Route) string {
	switch {
	case from.owner != of.owner && from.mode == of.mode:
		return "another owner"
	case from.owner != of.owner:
		return "another owner, other mode"
	case from.mode == of.mode:
		return ""
	case strings.HasPrefix(r.Path, "/users") && r.Permission == auth.UsersManage || strings.HasPrefix(r.Path, "/api-keys") || strings.HasPrefix(r.Path, "/users/{id}") || strings.HasPrefix(r.Path, "/roles") || strings.HasPrefix(r.Path, "/identity-providers"):
		return "" // live admins manage the users, roles and keys of both modes
	}
	return "the own other mode"
}

// others are the parties whose things may not be reached, by how they stand to one.
func (w *sweep) others(from *party, r gate.Route) map[string][]*party {
	all := map[string][]*party{}
	for _, of := range w.parties {
		if how := relation(from, of, r); how != "" {
			all[how] = append(all[how], of)
		}
	}
	return all
}

// pairs are one for each cell.
func (w *sweep) pairs() []func(*rand.Rand) probePair {
	var all []func(*rand.Rand) probePair
	for _, src := range w.sources() {
		for _, p := range w.parties {
			for _, role := range sorted(p.keys) {
				from := sender{p, role, p.keys[role]}
				groups := w.others(p, w.routes[src.operation])
				for _, how := range sorted(groups) {
					others := groups[how]
					cell := sweepCell{src.operation, src.name, role, how, p.owner, p.mode}
					all = append(all, func(random *rand.Rand) probePair {
						pair := src.make(w, from, others[random.IntN(len(others))], random)
						pair.cell = cell
						return pair
					})
				}
			}
		}
	}
	rand.New(rand.NewPCG(11, 13)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
