package verification

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/notification"
)

// Message is a code on its way to somebody.
type Message struct {
	ID      int64
	From    string // the merchant's name
	To      string
	Subject string
	Text    string
	Code    string // as it stands in the text
}

// Sender takes a message to somebody, now or not at all. Its errors hold nothing of it.
type Sender interface {
	Name() string
	Send(ctx context.Context, m Message) error
}

// LogSender is test mode's: nobody is written to, the code stands in the answer and in the
// log.
type LogSender struct{ Log *slog.Logger }

// Name implements Sender.
func (LogSender) Name() string { return "log" }

// Send implements Sender.
func (l LogSender) Send(_ context.Context, m Message) error {
	l.Log.Info("verification code of test mode", "verification", m.ID, "code", m.Code)
	return nil
}

// MailSender writes by the server of --smtp-url. Unlike other mails a code is sent to whoever
// wants no mail: they ask for it themselves.
type MailSender struct{ Mail *notification.MailSender }

// Name implements Sender.
func (MailSender) Name() string { return "smtp" }

// Send implements Sender.
func (s MailSender) Send(ctx context.Context, m Message) error {
	return s.Mail.Post(ctx, notification.Letter{ID: m.ID, From: m.From, To: m.To, Subject: m.Subject, Body: m.Text})
}

// Twilio sends SMS by Twilio's Messages resource, or by whoever speaks like it: a form of
// From, To and Body, posted with Basic authentication.
type Twilio struct {
	Client  *egress.Client
	URL     string // https://api.twilio.com
	Account string
	Token   string
	From    string // a number, or an alphanumeric sender
}

// Name implements Sender.
func (Twilio) Name() string { return "twilio" }

var errNotTaken = errors.New("verification: the connector did not take it")

// Send implements Sender.
func (t Twilio) Send(ctx context.Context, m Message) error {
	form := url.Values{"To": {m.To}, "From": {t.From}, "Body": {m.Text}}
	address := strings.TrimSuffix(t.URL, "/") + "/2010-04-01/Accounts/" + url.PathEscape(t.Account) + "/Messages.json"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return errNotTaken
	}
	req.SetBasicAuth(t.Account, t.Token)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := t.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusCreated && answer.StatusCode != http.StatusOK {
		return errNotTaken
	}
	return nil
}
