package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Check tells every fault of a document, each by its JSON pointer and with what to do;
// none for a document that can be saved.
func Check(text string) []fault.Field {
	if _, err := strictjson.Parse([]byte(text)); err != nil {
		return []fault.Field{{Path: "", Code: "invalid", Message: "is no JSON document: " + err.Error()}}
	}
	c, err := readConfig(text)
	if err != nil {
		return []fault.Field{{Path: "", Code: "invalid", Message: strings.TrimPrefix(err.Error(), "json: ") + ": see docs/providers.md for the members"}}
	}
	k := &checker{}
	k.base(c)
	k.calls(c)
	k.words(c)
	k.callback(c)
	return k.faults
}

// load reads a document that was checked when it was saved, and again now: it may come
// from an older version.
func load(text string) (*config, error) {
	if len(Check(text)) > 0 {
		return nil, errConfig
	}
	return readConfig(text)
}

type checker struct{ faults []fault.Field }

func (k *checker) wrong(path, format string, args ...any) {
	k.faults = append(k.faults, fault.Field{Path: path, Code: "invalid", Message: fmt.Sprintf(format, args...)})
}

func (k *checker) want(ok bool, path, format string, args ...any) {
	if !ok {
		k.wrong(path, format, args...)
	}
}

func (k *checker) base(c *config) {
	u, err := url.Parse(c.BaseURL)
	ok := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
	k.want(ok, "/base_url", "must be like https://api.psp.example/v1, without user, query and fragment")
	k.want(c.Amounts == "minor" || c.Amounts == "decimal", "/amounts", `must be "minor" (1999) or "decimal" (19.99)`)
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		path := strictjson.Pointer("/headers", name)
		k.want(name != "" && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && !reservedHeader(name), path,
			"is no header that may be set: letters, digits and hyphens, and not Host, Content-Length, Transfer-Encoding or Connection")
		k.template(path, c.Headers[name], intoHeader, samples(nil))
	}
	k.want(len(c.Statuses.Answer) > 0, "/statuses/answer", "list the statuses whose body tells how a charge stands, like [200, 402]")
	for name, list := range map[string][]int{"answer": c.Statuses.Answer, "nothing": c.Statuses.Nothing, "absent": c.Statuses.Absent} {
		for i, s := range list {
			k.want(s >= 100 && s <= 599, fmt.Sprintf("/statuses/%s/%d", name, i), "must be a status from 100 to 599")
		}
	}
	for _, s := range c.Statuses.Nothing {
		k.want(!slices.Contains(c.Statuses.Answer, s), "/statuses/nothing", "%d is listed under answer, too: a status means one thing", s)
		k.want(s != 408 && s != 409 && s != 500 && s != 502 && s != 504, "/statuses/nothing",
			"%d never promises that nothing happened; leave it out and the provider is asked how the charge stands", s)
	}
}

func reservedHeader(name string) bool {
	return slices.Contains([]string{"Host", "Content-Length", "Transfer-Encoding", "Connection"}, http.CanonicalHeaderKey(name))
}

func (k *checker) calls(c *config) {
	for _, name := range []string{"authorise", "capture", "cancel", "refund", "fetch", "page"} {
		call, path := c.call(name), "/calls/"+name
		if call == nil {
			k.want(name == "page", path, "is missing: the provider must be able to %s", name)
			continue
		}
		k.want(slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, call.Method), path+"/method", "must be GET, POST, PUT, PATCH or DELETE")
		k.want(strings.HasPrefix(call.Path, "/") && !strings.HasPrefix(call.Path, "//") && !strings.Contains(call.Path, ".."), path+"/path", "must begin with one / and have no .. in it")
		k.template(path+"/path", call.Path, intoPath, samplesOf(name))
		k.template(path+"/body", call.Body, intoBody, samplesOf(name))
		keyed := strings.Contains(call.Path+call.Body, ".Key") || strings.Contains(call.Path+call.Body, ".Reference") || inHeaders(c, ".Key")
		k.want(keyed, path, "nowhere sends {{json .Key}}: without our key a call made again would charge again")
		k.want(name != "refund" || strings.Contains(call.Path+call.Body, ".RefundKey") || inHeaders(c, ".RefundKey"), path, "nowhere sends {{json .RefundKey}}: a refund made again would pay twice")
		k.want(name == "refund" || name == "fetch" || name == "cancel" || name == "capture" || strings.Contains(call.Body, ".Amount"), path+"/body", "nowhere sends {{json .Amount}}")
	}
}

func inHeaders(c *config, value string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(c.Headers)), func(t string) bool { return strings.Contains(t, value) })
}

// template tries a template on samples full of quotes: what comes out must still be JSON.
func (k *checker) template(path, text, into string, tries []values) {
	if _, err := compile(text, into, sampleSecrets()); err != nil {
		k.wrong(path, "%s", err)
		return
	}
	for _, v := range tries {
		out, err := render(text, into, v, sampleSecrets())
		if err != nil {
			k.wrong(path, "%s: put what a charge may lack into {{if .Card}} … {{end}}", err)
			return
		}
		if into == intoBody && out != "" && !json.Valid([]byte(out)) {
			k.wrong(path, "gives no JSON document; look for quotes around {{json …}}, which brings its own, and for commas")
			return
		}
	}
}

func sampleSecrets() map[string]provider.Secret {
	return map[string]provider.Secret{KeySecret: provider.NewSecret("sample"), CallbackSecret: provider.NewSecret("sample")}
}

func samplesOf(name string) []values {
	ref := provider.Ref{Key: `k"'\{}`, Reference: `r"/?#`, Amount: money.Amount{Minor: 1999, Currency: "EUR"}}
	switch name {
	case "authorise":
		return samples(&card.Card{Holder: `"quoted" \ Ånström`, ExpMonth: 1, ExpYear: 2030})
	case "page":
		return samples(nil)
	case "refund":
		return []values{refundValues(provider.Account{}, provider.RefundOrder{Key: `"`, Ref: ref, Amount: ref.Amount})}
	}
	return []values{refValues(provider.Account{}, ref)}
}

// samples are charges of every sort; with a card only where there is one.
func samples(c *card.Card) []values {
	plain := provider.Charge{Key: "key", Amount: money.Amount{Minor: 1999, Currency: "EUR"}, Method: provider.CreditCard, ReturnURL: "https://a.example/?b=c&d", Billing: provider.Billing{Name: `"`}}
	all := []values{chargeValues(provider.Account{}, plain)}
	if c != nil {
		carded, saved, wallet := plain, plain, plain
		carded.Card, saved.Token, wallet.Wallet = c, `tok"en`, &provider.Wallet{Type: "APPLE_PAY"}
		all = append(all, chargeValues(provider.Account{}, carded), chargeValues(provider.Account{}, saved), chargeValues(provider.Account{}, wallet))
	}
	return all
}

func (k *checker) words(c *config) {
	k.want(c.Charge.State != "", "/charge/state", "is missing: the path of the state in an answer, like data.status")
	k.want(c.Charge.Amount != "" && c.Charge.Currency != "", "/charge/amount", "give the paths of amount and currency: they are compared with ours")
	k.want(c.Refund.State != "", "/refund/state", "is missing: the path of a refund's state")
	k.want(len(c.States) > 0, "/states", "is missing: the provider's words, each with one of ours")
	for path, table := range map[string]map[string]string{"/states": c.States, "/refund_states": c.RefundStates} {
		for theirs, ours := range table {
			k.want(provider.ParseState(ours) != provider.Unknown || ours == provider.Unknown.String(), strictjson.Pointer(path, theirs), "must be unknown, absent, challenge, pending, authorised, approved, declined or cancelled")
		}
	}
	for theirs, ours := range c.Declines {
		k.want(slices.Contains(reasons(), ours), strictjson.Pointer("/declines", theirs), "must be one of %s", strings.Join(reasons(), ", "))
	}
}

func reasons() []string {
	return []string{provider.DoNotHonor, provider.InsufficientFunds, provider.LostCard, provider.StolenCard, provider.ExpiredCard, provider.IncorrectCVC,
		provider.IncorrectNumber, provider.AuthenticationFail, provider.Fraud, provider.LimitExceeded, provider.NotPermitted, provider.MethodUnusable,
		provider.ProviderError, provider.GenericDecline}
}

func (k *checker) callback(c *config) {
	cb := c.Callback
	if cb == nil {
		return
	}
	k.want(cb.Header != "", "/callback/header", "is missing: the header that has the signature")
	k.want(cb.Algorithm == "sha256" || cb.Algorithm == "sha512", "/callback/algorithm", "must be sha256 or sha512")
	k.want(cb.Encoding == "hex" || cb.Encoding == "base64", "/callback/encoding", "must be hex or base64")
	k.want(cb.Timestamp != "", "/callback/timestamp", "is missing: without a signed time an old callback could be sent again")
	k.want(cb.Unit == "s" || cb.Unit == "ms", "/callback/unit", `must be "s" or "ms"`)
	k.want(strings.Count(cb.Signed, "{body}") == 1 && strings.Contains(cb.Signed, "{timestamp}"), "/callback/signed", "must have {body} once, and {timestamp}, as in {timestamp}.{body}")
	k.want(cb.Event != "", "/callback/event", "is missing: the path of the event's id, by which a repetition is known")
	k.want(c.Charge.Key != "", "/charge/key", "is missing: callbacks need the path of our key")
	k.want(len(cb.Types) > 0 && cb.Type != "", "/callback/types", "is missing: the provider's types of events, each charge or refund, and the path of the type")
	for theirs, ours := range cb.Types {
		k.want(ours == "charge" || ours == "refund", strictjson.Pointer("/callback/types", theirs), "must be charge or refund")
	}
}
