package notification

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/florin-gateway/florin/internal/owner"
)

// Pair is one field of a form.
type Pair struct{ Name, Value string }

// Encode writes a form in the given order, an empty value as "name=".
func Encode(pairs []Pair) []byte {
	var b bytes.Buffer
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.Value))
	}
	return b.Bytes()
}

// FormSender posts forms signed by the owner: X-Signature is Base64 of HMAC-SHA-512 over
// the exact body, its key the ASCII bytes of the signing secret.
type FormSender struct {
	Owners *owner.Service
	Client *http.Client // egress's: it decides where an address may lead
}

var errAnswer = errors.New("notification: the receiver did not take it")

// Send posts one message; anything but 2xx is an error.
func (f FormSender) Send(ctx context.Context, r owner.Room, m Delivery) error {
	signature, err := f.Owners.Sign(ctx, r.Owner.ID, m.Body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.To, bytes.NewReader(m.Body))
	if err != nil {
		return errAnswer
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "Florin")
	req.Header.Set("X-Signature", base64.StdEncoding.EncodeToString(signature))
	resp, err := f.Client.Do(req)
	if err != nil {
		return errAnswer // its text may hold the address
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return errAnswer
	}
	return nil
}
