package apptest

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/verification"
)

// Codes takes what is sent to verify in live mode, and looks at no identity.
type Codes struct {
	mu   sync.Mutex
	sent []verification.Message
	// Broken has everybody unreachable.
	Broken bool
}

func (c *Codes) option() app.Option {
	return app.WithVerifiers(func(*app.App) verification.Connectors {
		return verification.Connectors{Mail: c, SMS: c, Checker: undecided{}}
	})
}

// Name implements verification.Sender.
func (*Codes) Name() string { return "quiet" }

// Send implements verification.Sender.
func (c *Codes) Send(_ context.Context, m verification.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Broken {
		return errors.New("nobody answers")
	}
	c.sent = append(c.sent, m)
	return nil
}

// Last is the message that was sent last, the zero Message before any.
func (c *Codes) Last() verification.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sent) == 0 {
		return verification.Message{}
	}
	return c.sent[len(c.sent)-1]
}

// undecided is a checker that never says anything.
type undecided struct{}

func (undecided) Name() string { return "undecided" }

func (undecided) Start(_ context.Context, a verification.Applicant) (verification.Applied, error) {
	return verification.Applied{Reference: "applicant of " + a.External, Link: "https://verify.example.com/a"}, nil
}

func (undecided) Fetch(context.Context, string) (verification.Result, error) {
	return verification.Result{Status: verification.Pending}, nil
}

func (undecided) Parse(http.Header, []byte) (verification.Notice, error) {
	return verification.Notice{}, errors.New("no callbacks")
}
