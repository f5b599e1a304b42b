package verification

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/vault"
)

// Sandbox is the built-in checker of test mode. The last word of the customer's name
// decides, in any case:
//
//	Reject    failed, reason FORGERY
//	Resubmit  resubmit, reason BAD_PROOF_OF_IDENTITY
//	Late      verified, five seconds after
//	Twice     verified, and the callback comes twice
//	Disorder  verified, and then an older callback says pending
//	Away      can't be reached: failed, reason not_sent
//	(others)  verified
//
// Its callbacks are signed and go the way of any other's.
type Sandbox struct{ Secret string }

// late is how long after the start the callback of "Late" comes.
const late = 5 * time.Second

const sandboxSignature = "X-Sandbox-Signature"

type sandboxBody struct {
	External  string   `json:"externalUserId"`
	Reference string   `json:"applicantId"`
	Status    string   `json:"status"`
	Reasons   []string `json:"reasons"`
	AtMillis  int64    `json:"createdAtMs"`
}

// Name implements Checker.
func (*Sandbox) Name() string { return "sandbox" }

func scenarios() []string { return []string{"reject", "resubmit", "late", "twice", "disorder"} }

// Start implements Checker.
func (*Sandbox) Start(_ context.Context, a Applicant) (Applied, error) {
	if a.Scenario == "away" {
		return Applied{}, errNotTaken
	}
	scenario := "approve"
	for _, known := range scenarios() {
		if a.Scenario == known {
			scenario = known
		}
	}
	_, number, _ := strings.Cut(a.External, "-")
	return Applied{Reference: "sandbox-" + scenario + "-" + number}, nil
}

// Fetch implements Checker: the sandbox always tells by itself.
func (*Sandbox) Fetch(context.Context, string) (Result, error) { return Result{Status: Pending}, nil }

var errSignature = errors.New("verification: the signature is not right")

// Parse implements Checker.
func (b *Sandbox) Parse(header http.Header, body []byte) (Notice, error) {
	given, _ := base64.StdEncoding.DecodeString(header.Get(sandboxSignature))
	if b.Secret == "" || subtle.ConstantTimeCompare(given, vault.Sign(b.Secret, body)) != 1 {
		return Notice{}, errSignature
	}
	var told sandboxBody
	if err := json.Unmarshal(body, &told); err != nil {
		return Notice{}, errSignature
	}
	return Notice{External: told.External, Reference: told.Reference, At: time.UnixMilli(told.AtMillis), Result: Result{told.Status, told.Reasons}}, nil
}

type call struct {
	header http.Header
	body   []byte
}

func (b *Sandbox) call(external, reference, status string, at time.Time, reasons ...string) call {
	body, err := json.Marshal(sandboxBody{external, reference, status, reasons, at.UnixMilli()})
	if err != nil {
		panic(err) // texts and a number
	}
	return call{http.Header{sandboxSignature: {base64.StdEncoding.EncodeToString(vault.Sign(b.Secret, body))}}, body}
}

// calls are the callbacks of an applicant that are due, and when there are more.
func (b *Sandbox) calls(external, reference string, started, now time.Time) (due []call, next time.Time) {
	tell := func(status string, after time.Duration, reasons ...string) call {
		return b.call(external, reference, status, started.Add(after), reasons...)
	}
	scenario := strings.Split(reference+"--", "-")[1]
	switch scenario {
	case "reject":
		return []call{tell(Failed, time.Second, "FORGERY")}, next
	case "resubmit":
		return []call{tell(Resubmit, time.Second, "BAD_PROOF_OF_IDENTITY")}, next
	case "late":
		if at := started.Add(late); now.Before(at) {
			return nil, at
		}
		return []call{tell(Verified, late)}, next
	case "twice":
		return []call{tell(Verified, time.Second), tell(Verified, time.Second)}, next
	case "disorder":
		return []call{tell(Verified, 2*time.Second), tell(Pending, time.Second)}, next
	}
	return []call{tell(Verified, time.Second)}, next
}
