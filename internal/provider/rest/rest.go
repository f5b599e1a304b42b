package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/money"
	"github.com/florin-gateway/florin/internal/provider"
)

// Connector calls providers by their documents.
type Connector struct{ Client *egress.Client }

// Authorise implements provider.Connector.
func (c *Connector) Authorise(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	return c.charge(ctx, a, "authorise", chargeValues(a, ch))
}

// Page implements provider.HostedPage, for a document that has the call.
func (c *Connector) Page(ctx context.Context, a provider.Account, ch provider.Charge) (provider.Outcome, error) {
	ch.Card, ch.Token, ch.Wallet = nil, "", nil
	return c.charge(ctx, a, "page", chargeValues(a, ch))
}

// Capture implements provider.Connector.
func (c *Connector) Capture(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return c.charge(ctx, a, "capture", refValues(a, r))
}

// Cancel implements provider.Connector.
func (c *Connector) Cancel(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return c.charge(ctx, a, "cancel", refValues(a, r))
}

// Fetch implements provider.Connector.
func (c *Connector) Fetch(ctx context.Context, a provider.Account, r provider.Ref) (provider.Outcome, error) {
	return c.charge(ctx, a, "fetch", refValues(a, r))
}

func (c *Connector) charge(ctx context.Context, a provider.Account, name string, v values) (provider.Outcome, error) {
	cfg, doc, err := c.do(ctx, a, name, v)
	if errors.Is(err, errAbsent) {
		return provider.Outcome{State: provider.Absent}, nil
	}
	if err != nil {
		return provider.Outcome{}, err
	}
	return cfg.outcome(doc)
}

// Refund implements provider.Connector.
func (c *Connector) Refund(ctx context.Context, a provider.Account, o provider.RefundOrder) (provider.RefundOutcome, error) {
	cfg, doc, err := c.do(ctx, a, "refund", refundValues(a, o))
	if err != nil {
		return provider.RefundOutcome{}, err
	}
	return cfg.refundOutcome(doc)
}

var errAbsent = errors.New("rest: the provider does not know the key")

// do makes one call. What fails before the first byte leaves wraps ErrUnavailable.
func (c *Connector) do(ctx context.Context, a provider.Account, name string, v values) (*config, any, error) {
	cfg, err := load(a.Settings[Setting])
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errConfig, provider.ErrUnavailable)
	}
	r, err := cfg.request(ctx, a, name, v)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", err, provider.ErrUnavailable)
	}
	answer, err := c.Client.Do(r)
	if egress.NotSent(err) {
		return nil, nil, fmt.Errorf("rest: %s: %w: %w", name, err, provider.ErrUnavailable)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("rest: %s: %w", name, err)
	}
	defer func() { _ = answer.Body.Close() }()
	doc, err := cfg.read(answer, name)
	return cfg, doc, err
}

// request makes the call's request, or tells what the document lacks.
func (c *config) request(ctx context.Context, a provider.Account, name string, v values) (*http.Request, error) {
	call := c.call(name)
	if call == nil {
		return nil, errors.New("rest: the document has no call " + name)
	}
	path, err := render(call.Path, intoPath, v, nil)
	if err != nil {
		return nil, errConfig
	}
	body, err := render(call.Body, intoBody, v, nil)
	if err != nil {
		return nil, errConfig
	}
	r, err := http.NewRequestWithContext(ctx, call.Method, strings.TrimSuffix(c.BaseURL, "/")+path, strings.NewReader(body))
	if err != nil {
		return nil, errConfig
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json")
	for header, text := range c.Headers {
		value, err := render(text, intoHeader, v, a.Secrets)
		if err != nil {
			return nil, errConfig
		}
		r.Header.Set(header, value)
	}
	return r, nil
}

// read gives the answer's document, if its status promises one.
func (c *config) read(answer *http.Response, name string) (any, error) {
	switch {
	case name == "fetch" && slices.Contains(c.Statuses.Absent, answer.StatusCode):
		return nil, errAbsent
	case slices.Contains(c.Statuses.Nothing, answer.StatusCode):
		return nil, fmt.Errorf("rest: %s: status %d: %w", name, answer.StatusCode, provider.ErrUnavailable)
	case !slices.Contains(c.Statuses.Answer, answer.StatusCode):
		return nil, fmt.Errorf("rest: %s: status %d leaves the outcome open", name, answer.StatusCode)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("rest: %s: %w", name, err)
	}
	return decode(text)
}

func decode(text []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var doc any
	if d.Decode(&doc) != nil || d.More() {
		return nil, errors.New("rest: the answer is no JSON document")
	}
	return doc, nil
}

// outcome reads a charge. A state that the document does not translate is asked for again.
func (c *config) outcome(doc any) (provider.Outcome, error) {
	p := c.Charge
	amount, err := c.amount(doc, p.Amount, p.Currency)
	if err != nil {
		return provider.Outcome{}, err
	}
	refunded, err := c.amount(doc, p.Refunded, p.Currency)
	if err != nil {
		return provider.Outcome{}, err
	}
	out := provider.Outcome{
		State: provider.ParseState(c.States[text(doc, p.State)]), Reference: text(doc, p.Reference), Amount: amount, Refunded: refunded.Minor,
		RedirectURL: text(doc, p.RedirectURL), IssuerResponse: printable(text(doc, p.IssuerResponse)), ThreeDS: threeDS(text(doc, p.ThreeDS)), Payer: text(doc, p.Payer),
		Card: provider.CardFacts{Brand: text(doc, p.Brand), BIN: digits(text(doc, p.BIN), 8), Last4: digits(text(doc, p.Last4), 4), Country: text(doc, p.Country),
			ExpMonth: number(doc, p.ExpMonth), ExpYear: number(doc, p.ExpYear)},
	}
	if out.State == provider.Declined {
		out.Decline = c.decline(text(doc, p.Decline))
	}
	if token := text(doc, p.Token); token != "" {
		out.Saved = &provider.Saved{Token: token, Type: text(doc, p.TokenType), SchemeReference: text(doc, p.SchemeReference), Fingerprint: text(doc, p.Fingerprint)}
	}
	return out, nil
}

func (c *config) decline(theirs string) string {
	if ours, ok := c.Declines[theirs]; ok {
		return ours
	}
	return provider.GenericDecline
}

func (c *config) refundOutcome(doc any) (provider.RefundOutcome, error) {
	amount, err := c.amount(doc, c.Refund.Amount, c.Refund.Currency)
	if err != nil {
		return provider.RefundOutcome{}, err
	}
	return provider.RefundOutcome{State: provider.ParseState(c.RefundStates[text(doc, c.Refund.State)]), Reference: text(doc, c.Refund.Reference), Amount: amount}, nil
}

// amount reads a sum in the provider's unit; one that is not there is zero.
func (c *config) amount(doc any, at, currency string) (money.Amount, error) {
	literal, code := text(doc, at), strings.ToUpper(text(doc, currency))
	a := money.Amount{Currency: code}
	if literal == "" || strings.Trim(literal, "0.") == "" {
		return a, nil
	}
	exponent := 0
	if c.Amounts == "decimal" {
		exponent = money.Exponent(code)
	}
	minor, err := money.Parse(literal, exponent)
	a.Minor = minor
	if err != nil {
		return a, errors.New("rest: an amount of the answer can't be read")
	}
	return a, nil
}
