package rest

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/florin-gateway/florin/internal/provider"
)

// Kind is the connector's name in the registry.
const Kind = "rest"

// Names of an account's settings and secrets.
const (
	Setting        = "configuration"
	KeySecret      = "api_key"
	CallbackSecret = "callback"
)

// config is the document.
type config struct {
	BaseURL string            `json:"base_url"`
	Headers map[string]string `json:"headers"`
	Amounts string            `json:"amounts"` // minor or decimal
	Calls   struct {
		Authorise *callConfig `json:"authorise"`
		Capture   *callConfig `json:"capture"`
		Cancel    *callConfig `json:"cancel"`
		Refund    *callConfig `json:"refund"`
		Fetch     *callConfig `json:"fetch"`
		Page      *callConfig `json:"page"`
	} `json:"calls"`
	Statuses     statuses          `json:"statuses"`
	Charge       chargePaths       `json:"charge"`
	Refund       refundPaths       `json:"refund"`
	States       map[string]string `json:"states"`
	RefundStates map[string]string `json:"refund_states"`
	Declines     map[string]string `json:"declines"`
	Callback     *callbackConfig   `json:"callback"`
}

type callConfig struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body"`
}

// statuses say what a status means: every status that is not listed leaves us in doubt.
type statuses struct {
	Answer  []int `json:"answer"`  // the body tells how things stand
	Nothing []int `json:"nothing"` // nothing happened and nothing will
	Absent  []int `json:"absent"`  // of fetch: the provider promises not to act on the key
}

type chargePaths struct {
	Key             string `json:"key"`
	Reference       string `json:"reference"`
	State           string `json:"state"`
	Amount          string `json:"amount"`
	Currency        string `json:"currency"`
	Refunded        string `json:"refunded"`
	RedirectURL     string `json:"redirect_url"`
	Decline         string `json:"decline"`
	IssuerResponse  string `json:"issuer_response"`
	ThreeDS         string `json:"three_ds"`
	Brand           string `json:"brand"`
	BIN             string `json:"bin"`
	Last4           string `json:"last4"`
	Country         string `json:"country"`
	ExpMonth        string `json:"exp_month"`
	ExpYear         string `json:"exp_year"`
	Token           string `json:"token"`
	TokenType       string `json:"token_type"`
	SchemeReference string `json:"scheme_reference"`
	Fingerprint     string `json:"fingerprint"`
	Payer           string `json:"payer"`
}

type refundPaths struct {
	Key       string `json:"key"`
	Reference string `json:"reference"`
	State     string `json:"state"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
}

// callbackConfig says how callbacks are signed and where they have what.
type callbackConfig struct {
	Header    string            `json:"header"`
	Algorithm string            `json:"algorithm"` // sha256 or sha512
	Encoding  string            `json:"encoding"`  // hex or base64
	Signature string            `json:"signature"` // name of the part in "t=…,v1=…"; empty: the header is the signature
	Prefix    string            `json:"prefix"`    // before the signature, as in "sha256=…"
	Timestamp string            `json:"timestamp"` // name of the part, or of a header of its own
	Unit      string            `json:"unit"`      // s or ms
	Signed    string            `json:"signed"`    // as in "{timestamp}.{body}"
	Event     string            `json:"event"`     // path of the event's id
	Type      string            `json:"type"`
	Types     map[string]string `json:"types"`  // theirs to charge or refund
	Charge    string            `json:"charge"` // path of the object that the charge's paths start from
	Refund    string            `json:"refund"`
}

// About is what the registry says of the connector.
func About() provider.About {
	return provider.About{
		Kind: Kind, Title: "JSON API", Methods: provider.Kinds(),
		Credentials: []provider.Field{
			{Name: Setting, Doc: "The document that describes the provider's API.", Required: true, Check: Check},
			{Name: KeySecret, Doc: "The provider's key, for {{secret \"api_key\" | header}} in a header.", Secret: true, Required: true},
			{Name: CallbackSecret, Doc: "Verifies the provider's callbacks.", Secret: true},
		},
	}
}

var errConfig = errors.New("rest: the account's configuration is not usable; save it again to see why")

// readConfig reads a document. Members that are not known are
// refused: a word with a slip would be silently without effect.
func readConfig(text string) (*config, error) {
	var c config
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("something follows the document")
	}
	return &c, nil
}

// call names one call of the document.
func (c *config) call(name string) *callConfig {
	return map[string]*callConfig{"authorise": c.Calls.Authorise, "capture": c.Calls.Capture, "cancel": c.Calls.Cancel,
		"refund": c.Calls.Refund, "fetch": c.Calls.Fetch, "page": c.Calls.Page}[name]
}
