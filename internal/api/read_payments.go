package api

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/card"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/fee"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/routing"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// ignoredInRequests are the members of a payment request that only answers set.
func ignoredInRequests() []string {
	return []string{"id", "ownerId", "userId", "recipientName", "paymentRequestStatusId", "transactionId", "transactionNumber", "link", "createDate",
		"transactionStatusId", "targetAccountTypeId", "chargedBack", "feeAmount", "grossAmount", "netAmount", "transactionCurrency", "exchangeRate", "cardBin",
		"device", "browser", "osName", "cardLastDigits", "sumSubApplicantId", "threeDs", "logMessage", "logTransactionId", "logTransactionStatusId",
		"logPayerCountry", "logPaymentProviderId", "paymentMethodId", "paymentProviderId", "logCreateDate", "lastLog", "refundedAmount", "paymentMethod"}
}

// typedInRequests are the members of a payment request that the card guard leaves to their
// own parsers.
func typedInRequests(name string) bool {
	return oneOf(name, "amount", "date", "clientId", "clientPhone", "phone", "expireDate") || slices.Contains(ignoredInRequests(), name)
}

func oneOf(name string, all ...string) bool { return slices.Contains(all, name) }

func (a *API) readRequest(r *gate.Request) (payment.Draft, error) {
	f := &form{request: r}
	f.ignore(ignoredInRequests()...)
	d := payment.Draft{Amount: f.number("amount"), Currency: strings.ToUpper(strings.TrimSpace(f.text("unit"))), Expires: f.time("expireDate"), Lenient: r.Lenient,
		Details: payment.Details{PayerCountry: f.text("payerCountry"), ReferenceID: f.text("referenceId"), Notes: f.text("notes"), NotifyURL: f.text("notifyUrl"),
			SuccessURL: f.text("successUrl"), FailureURL: f.text("failureUrl"), OriginDomain: f.text("originDomain")}}
	f.client(&d)
	f.faults = append(f.faults, a.Payments.Check(r.Grant, &d)...)
	return d, f.end()
}

// client reads the customer: by id, or by fields, in either of their two spellings.
func (f *form) client(d *payment.Draft) {
	d.ClientID = f.whole("clientId", 1, 1<<53-1, 0)
	inline := strictjson.Value{Kind: strictjson.Object}
	add := func(name, text string) {
		if text != "" {
			inline.Members = append(inline.Members, strictjson.Member{Name: name, Value: strictjson.Value{Kind: strictjson.String, Text: text}})
		}
	}
	for _, name := range []string{"name", "email", "address", "phone", "memberId"} {
		add(name, f.text("client"+strings.ToUpper(name[:1])+name[1:]))
	}
	if c := f.inner("client"); c != nil {
		if clientID := c.whole("id", 1, 1<<53-1, 0); d.ClientID == 0 {
			d.ClientID = clientID
		}
		for _, name := range []string{"name", "email", "address", "phone", "memberId"} {
			add(name, c.text(name))
		}
		f.join(c)
	}
	d.Inline = unique(inline)
}

// unique keeps the first of two members of one name: the flat spelling wins.
func unique(v strictjson.Value) strictjson.Value {
	var kept []strictjson.Member
	for _, m := range v.Members {
		if !slices.ContainsFunc(kept, func(k strictjson.Member) bool { return k.Name == m.Name }) {
			kept = append(kept, m)
		}
	}
	v.Members = kept
	return v
}

// clientFaults names the fields of an inline customer as the request names them.
func clientFaults(err error) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	for i, f := range e.Fields {
		if name := strings.TrimPrefix(f.Path, "/"); oneOf(name, "name", "email", "address", "phone", "memberId") {
			e.Fields[i].Path = "/client" + strings.ToUpper(name[:1]) + name[1:]
		}
	}
	return err
}

// typedOnCards are the members of a card payment that are no free text.
func typedOnCards(name string) bool {
	return oneOf(name, "number", "cvv", "expiration", "phoneNumber", "authenticationValue", "xid", "eci", "amount", "captureDelayHours", "ipAddress", "ip", "browserIP",
		"colorDepth", "screenHeight", "screenWidth", "timezone", "userAgent", "browserUserAgent", "token")
}

// sameCard is what makes two card payments the same for an Idempotency-Key: everything
// but the code and a wallet's proof. The number's bytes enter a keyed fingerprint alone
// (PCI DSS 3.5.1.1).
func sameCard(body strictjson.Value) []byte {
	kept := strictjson.Value{Kind: strictjson.Object}
	for _, m := range body.Members {
		if m.Name != "cvv" && m.Name != "wallet" {
			kept.Members = append(kept.Members, m)
		}
	}
	return kept.Append(nil)
}

func (a *API) readCardPayment(r *gate.Request) (payment.Order, error) {
	f := &form{request: r}
	f.ignore("amount", "unit", "originDomain")
	o := payment.Order{Method: provider.CreditCard, ThreeDS: f.flag("is3ds"), Save: f.flag("savePaymentMethod"), Address: f.address("ipAddress"),
		CaptureDelay: time.Duration(f.whole("captureDelayHours", 0, 7, 0)) * time.Hour, Merchant: false}
	o.Billing = provider.Billing{Name: f.line("name", 200), Email: f.text("email"), Phone: f.text("phoneNumber"), Line1: f.line("address", 200), City: f.line("city", 200),
		State: f.line("state", 200), PostalCode: f.line("postalCode", 20), Country: f.text("country")}
	o.Browser = f.browser()
	f.wallet(&o)
	if o.Wallet == nil {
		o.Card = f.card(a.Clock.Now())
		if o.Card.Holder = o.Billing.Name; o.Billing.Name == "" {
			f.bad("name", "required", "is required")
		}
	}
	o.Consent = f.consent("api")
	if f.flag("isSandbox") && r.Grant.Actor().Mode != "test" {
		f.bad("isSandbox", "invalid", "is for test keys")
	}
	if o.Save && r.Grant.Actor().Mode == "live" && o.Consent.Text == "" && o.Consent.Reference == "" {
		f.bad("consent", "required", "is required in live mode to save a payment method")
	}
	return o, f.end()
}

// line is optional free text of one line.
func (f *form) line(name string, limit int) string {
	text := strings.TrimSpace(f.text(name))
	if text == "" {
		return ""
	}
	parsed, err := contact.ParseText(text, limit)
	if err != nil {
		f.bad(name, "invalid", err.Error())
	}
	return parsed
}

func (f *form) address(name string) string {
	text := f.text(name)
	if text == "" {
		return ""
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		f.bad(name, "invalid", "must be an IP address")
		return ""
	}
	return address.Unmap().String()
}

// card reads number, code and expiry into a type that can't be printed. An error repeats
// none of them.
func (f *form) card(now time.Time) *card.Card {
	c := &card.Card{}
	var err error
	if c.Number, err = card.ParseNumber(f.text("number")); err != nil {
		f.bad("number", "invalid", err.Error())
	}
	if c.Code, err = card.ParseCode(f.text("cvv")); err != nil {
		f.bad("cvv", "invalid", err.Error())
	}
	if c.ExpMonth, c.ExpYear, err = card.ParseExpiry(f.text("expiration"), now); err != nil {
		f.bad("expiration", "invalid", err.Error())
	}
	return c
}

func (f *form) wallet(o *payment.Order) {
	w := f.inner("wallet")
	if w == nil {
		return
	}
	kind := provider.Kind(w.text("walletType"))
	o.Wallet = &provider.Wallet{Type: string(kind), Cryptogram: card.NewCryptogram(w.text("authenticationValue")), XID: w.text("xid"), ECI: w.text("eci")}
	if kind != provider.ApplePay && kind != provider.GooglePay {
		w.bad("walletType", "invalid", "must be APPLE_PAY or GOOGLE_PAY")
	}
	if o.Wallet.Cryptogram.IsZero() {
		w.bad("authenticationValue", "required", "is required")
	}
	o.Method = kind
	f.ignore("number", "cvv", "expiration")
	f.join(w)
}

// browser reads both spellings of browserInfo.
func (f *form) browser() provider.Browser {
	b := f.inner("browserInfo")
	if b == nil {
		return provider.Browser{}
	}
	either := func(name, long string) string {
		if text := b.text(name); text != "" {
			b.ignore(long)
			return contact.Clip(text, 1000)
		}
		return contact.Clip(b.text(long), 1000)
	}
	number := func(name, long string) int {
		n := b.whole(name, -100_000, 100_000, 0)
		if long := b.whole(long, -100_000, 100_000, 0); n == 0 {
			n = long
		}
		return int(n)
	}
	flag := func(name, long string) bool { short, other := b.flag(name), b.flag(long); return short || other }
	info := provider.Browser{AcceptHeader: either("acceptHeader", "browserAcceptHeader"), IP: either("ip", "browserIP"), Language: either("language", "browserLanguage"),
		UserAgent: either("userAgent", "browserUserAgent"), ColorDepth: number("colorDepth", "browserColorDepth"), ScreenHeight: number("screenHeight", "browserScreenHeight"),
		ScreenWidth: number("screenWidth", "browserScreenWidth"), Timezone: number("timezone", "browserTimezone"), Java: flag("javaEnabled", "browserJavaEnabled"),
		JavaScript: flag("javascriptEnabled", "browserJavascriptEnabled")}
	b.ignore("browserIp", "browserTZ")
	f.join(b)
	return info
}

func (f *form) consent(channel string) payment.Consent {
	c := f.inner("consent")
	if c == nil {
		return payment.Consent{Channel: channel}
	}
	given := payment.Consent{Channel: channel, Text: c.line("text", 1000), PolicyVersion: c.line("policyVersion", 200), Language: c.text("language"), Reference: c.line("reference", 200)}
	f.join(c)
	return given
}

func (a *API) readMethod(r *gate.Request) (payment.NewMethod, error) {
	f := &form{request: r}
	n := payment.NewMethod{Token: f.text("token"), Label: f.line("label", 100), Default: f.flag("isDefault"), Consent: f.consent("api")}
	n.Billing.Name = f.line("name", 200)
	if n.Token == "" {
		n.Card = f.card(a.Clock.Now())
		n.Card.Holder = n.Billing.Name
	} else {
		f.ignore("number", "cvv", "expiration")
		if len(n.Token) > 255 {
			f.bad("token", "invalid", "must be at most 255 characters")
		}
	}
	return n, f.end()
}

func readRule(r *gate.Request) (routing.Rule, error) {
	f := &form{request: r}
	rule := routing.Rule{ProviderID: f.whole("providerId", 1, 1<<53-1, 0), Priority: f.whole("priority", 0, 1000, 0), Weight: f.whole("weight", 1, 1000, 1),
		Methods: f.texts("methods"), Currencies: f.texts("currencies"), Countries: f.texts("countries")}
	currency := ""
	if len(rule.Currencies) == 1 {
		currency = rule.Currencies[0]
	}
	rule.AmountFrom, rule.AmountTo = f.minor("amountFrom", currency), f.minor("amountTo", currency)
	for i, c := range rule.Countries {
		country, err := contact.Country(c)
		if err != nil {
			f.bad("countries", "invalid", err.Error())
		}
		rule.Countries[i] = country
	}
	return rule, f.end()
}

// minor is an optional amount of a currency, 0 if absent.
func (f *form) minor(name, currency string) int64 {
	literal := f.number(name)
	if literal == "" || literal == "0" {
		return 0
	}
	n, err := money.Parse(literal, money.Exponent(currency))
	if err != nil {
		f.bad(name, "invalid", err.Error())
	}
	return n
}

func readFee(r *gate.Request) (fee.Table, error) {
	f := &form{request: r}
	t := fee.Table{Method: f.text("paymentMethod"), Currency: f.text("unit")}
	if t.Method != "" && !slices.Contains(provider.Kinds(), provider.Kind(t.Method)) {
		f.bad("paymentMethod", "invalid", "is no way of paying")
	}
	if t.Currency != "" && !money.Known(t.Currency) {
		f.bad("unit", "invalid", "must be a currency code in capitals")
	}
	t.Fixed, t.Minimum, t.Maximum = f.minor("fixed", t.Currency), f.minor("minimum", t.Currency), f.minor("maximum", t.Currency)
	if literal := f.number("percent"); literal != "" && literal != "0" {
		n, err := money.Parse(literal, fee.PercentExponent)
		if err != nil {
			f.bad("percent", "invalid", "must be a number from 0 to 100 with at most four decimals")
		}
		t.Percent = n
	}
	return t, f.end()
}

func readProvider(r *gate.Request, d routing.Draft, kind bool) (routing.Draft, error) {
	f := &form{request: r}
	if kind {
		d.Kind = f.text("kind")
	}
	if name := f.line("name", 200); name != "" {
		d.Name = name
	}
	if v, ok := f.get("enabled", strictjson.Bool, "true or false"); ok {
		d.Enabled = v.Text == "true"
	}
	d.Credentials = map[string]string{}
	if v, ok := f.get("credentials", strictjson.Object, "an object of strings"); ok {
		for _, m := range v.Members {
			if m.Value.Kind != strictjson.String && m.Value.Kind != strictjson.Null || len(m.Value.Text) > 64<<10 {
				f.bad("credentials", "type", "must be an object of strings")
			}
			d.Credentials[m.Name] = strings.TrimSpace(m.Value.Text)
		}
	}
	return d, f.end()
}

func statusFilter(r *gate.Request) *payment.Status {
	if r.Text("status") == "" {
		return nil
	}
	s := payment.Status(r.Int("status", 0, 5, 0))
	return &s
}

func text(n int64) string { return strconv.FormatInt(n, 10) }
