package verification

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/vault"
)

// Sumsub is the checker of that name. Requests are signed with the app token's secret,
// callbacks with a secret of the webhook's own:
// https://docs.sumsub.com/reference/authentication, https://docs.sumsub.com/docs/webhooks.
type Sumsub struct {
	Client        *egress.Client
	Clock         clock.Clock
	URL           string // https://api.sumsub.com
	Token         string
	Secret        string
	WebhookSecret string
	Level         string // which documents are asked for
}

// linkLife is how long the link to the page where documents are shown is good.
const linkLife = 30 * time.Minute

// Name implements Checker.
func (*Sumsub) Name() string { return "sumsub" }

// Start implements Checker: it makes an applicant and a link for them.
func (s *Sumsub) Start(ctx context.Context, a Applicant) (Applied, error) {
	var made struct {
		ID string `json:"id"`
	}
	path := "/resources/applicants?" + url.Values{"levelName": {s.Level}}.Encode()
	if err := s.do(ctx, http.MethodPost, path, map[string]any{"externalUserId": a.External, "type": "individual"}, &made); err != nil {
		return Applied{}, err
	}
	var link struct {
		URL string `json:"url"`
	}
	path = "/resources/sdkIntegrations/levels/-/websdkLink"
	if base, confidence := language.Make(a.Language).Base(); confidence != language.No {
		path += "?" + url.Values{"lang": {base.String()}}.Encode()
	}
	err := s.do(ctx, http.MethodPost, path, map[string]any{"levelName": s.Level, "userId": a.External, "ttlInSecs": int(linkLife.Seconds())}, &link)
	if err == nil && (made.ID == "" || link.URL == "") {
		err = errNotTaken
	}
	return Applied{made.ID, link.URL}, err
}

// Fetch implements Checker.
func (s *Sumsub) Fetch(ctx context.Context, reference string) (Result, error) {
	var r review
	if err := s.do(ctx, http.MethodGet, "/resources/applicants/"+url.PathEscape(reference)+"/status", nil, &r); err != nil {
		return Result{}, err
	}
	return r.result(), nil
}

// review is how an applicant stands, in answers and in callbacks.
type review struct {
	Status string `json:"reviewStatus"`
	Result struct {
		Answer string   `json:"reviewAnswer"`
		Labels []string `json:"rejectLabels"`
		Type   string   `json:"reviewRejectType"`
	} `json:"reviewResult"`
}

// result reads a review: GREEN is verified; RED is final, or the person may try again.
func (r review) result() Result {
	switch {
	case r.Status != "completed":
		return Result{Status: Pending}
	case r.Result.Answer == "GREEN":
		return Result{Status: Verified}
	case r.Result.Answer == "RED" && r.Result.Type == "RETRY":
		return Result{Resubmit, r.Result.Labels}
	case r.Result.Answer == "RED":
		return Result{Failed, r.Result.Labels}
	}
	return Result{Status: Pending}
}

func mac(secret string, message []byte) []byte {
	return vault.MessageKey{Key: []byte(secret)}.Sign(message)
}

// do makes a signed call: lowercase hex of HMAC-SHA-256 over seconds, method, path with
// query, body.
func (s *Sumsub) do(ctx context.Context, method, path string, send, into any) error {
	var body []byte
	if send != nil {
		var err error
		if body, err = json.Marshal(send); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(s.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return errNotTaken
	}
	at := fmt.Sprint(s.Clock.Now().Unix())
	req.Header.Set("X-App-Token", s.Token)
	req.Header.Set("X-App-Access-Ts", at)
	req.Header.Set("X-App-Access-Sig", hex.EncodeToString(mac(s.Secret, append([]byte(at+method+path), body...))))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	answer, err := s.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		return errNotTaken
	}
	if json.Unmarshal(text, into) != nil {
		return errNotTaken
	}
	return nil
}

// Parse implements Checker. SHA-256 and SHA-512 digests are taken; SHA-1, which the vendor
// offers for old accounts, is not.
func (s *Sumsub) Parse(header http.Header, body []byte) (Notice, error) {
	given, err := hex.DecodeString(header.Get("X-Payload-Digest"))
	if err != nil || s.WebhookSecret == "" || !s.signed(header.Get("X-Payload-Digest-Alg"), body, given) {
		return Notice{}, errSignature
	}
	var told struct {
		Type      string          `json:"type"`
		External  string          `json:"externalUserId"`
		Reference string          `json:"applicantId"`
		At        json.RawMessage `json:"createdAtMs"`
		review
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return Notice{}, errors.New("verification: the callback is not as documented")
	}
	n := Notice{External: told.External, Reference: told.Reference, At: s.madeAt(string(told.At))}
	switch told.Type {
	case "applicantReviewed", "applicantPending", "applicantOnHold", "applicantWorkflowCompleted":
		n.Result = told.result()
	}
	return n, nil
}

func (s *Sumsub) signed(algorithm string, body, given []byte) bool {
	switch algorithm {
	case "HMAC_SHA256_HEX":
		return subtle.ConstantTimeCompare(given, mac(s.WebhookSecret, body)) == 1
	case "HMAC_SHA512_HEX":
		return subtle.ConstantTimeCompare(given, vault.Sign(s.WebhookSecret, body)) == 1
	}
	return false
}

// madeAt is when a callback was made: a text of UTC with milliseconds, or a number of them.
// Without either it is now.
func (s *Sumsub) madeAt(text string) time.Time {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(n)
	}
	if t, err := time.Parse("2006-01-02 15:04:05.000", strings.Trim(text, `"`)); err == nil {
		return t
	}
	return s.Clock.Now()
}
