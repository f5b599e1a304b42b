package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/webhook"
)

type webhooksCommand struct {
	Listen listenCommand `cmd:"" help:"Print and verify the events that arrive, for a developer at their desk."`
}

type listenCommand struct {
	Port   int      `default:"9000" help:"Listen on 127.0.0.1 at this port."`
	Secret []string `required:"" env:"FLORIN_WEBHOOK_SECRET" help:"The endpoint's whsec_… or whpk_…; more than one while secrets overlap."`
	Status int      `default:"204" help:"Answer with this status, to see how Florin tries again."`
	Count  int      `help:"End after this many events; 0 is never."`
}

// Help is shown by florin webhooks listen --help.
func (listenCommand) Help() string {
	return `Examples:
  florin serve --egress-allow 127.0.0.0/8
  curl -X POST http://127.0.0.1:8080/api/webhook-endpoints -H "X-API-Key: $FLORIN_TEST_API_KEY" \
       -H 'Content-Type: application/json' -d '{"url":"http://127.0.0.1:9000/","events":["*"]}'
  florin webhooks listen --secret whsec_…
  florin webhooks listen --secret whsec_… --status 503

Events go to standard output, one JSON object a line; whether the signature fits goes to standard error. A message
that does not verify is answered 401 and makes the exit code 2. Ctrl-C ends it.`
}

// Run listens until it is interrupted.
func (l *listenCommand) Run(_ *config.Config, out *console) error {
	ctx, stop := interrupted()
	defer stop()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", l.Port))
	if err != nil {
		return fmt.Errorf("port %d can't be used; choose another with --port", l.Port)
	}
	_, _ = fmt.Fprintf(out.err, "Listening on http://%s/ — Ctrl-C ends it\n", listener.Addr())
	return l.serve(ctx, listener, out)
}

// mostHeard is far more than any event has.
const mostHeard = 1 << 20

func (l *listenCommand) serve(ctx context.Context, listener net.Listener, out *console) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	wrong, heard := 0, 0
	turns := make(chan struct{}, 1) // one message is printed at a time
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostHeard))
		if err != nil {
			return
		}
		turns <- struct{}{}
		defer func() { <-turns }()
		if heard++; !l.hear(out, r.Header, body) {
			wrong++
			w.WriteHeader(http.StatusUnauthorized)
		} else {
			w.WriteHeader(l.Status)
		}
		if heard == l.Count {
			stop()
		}
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	<-ctx.Done()
	err := errors.Join(server.Shutdown(context.WithoutCancel(ctx)), notClosed(<-ended))
	if err == nil && wrong > 0 {
		return found{fmt.Sprintf("%d of %d messages did not verify", wrong, heard)}
	}
	return err
}

func notClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// hear prints one message and says whether a secret fits.
func (l *listenCommand) hear(out *console, h http.Header, body []byte) bool {
	id, at, signature := h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature")
	for _, secret := range l.Secret {
		if webhook.Verify(secret, clock.System().Now(), id, at, signature, body) == nil {
			_, _ = fmt.Fprintf(out.err, "%s %s verified\n", clock.System().Now().Format(time.TimeOnly), id)
			var line bytes.Buffer
			if json.Compact(&line, body) == nil {
				_, _ = fmt.Fprintln(out.out, line.String())
			}
			return true
		}
	}
	_, _ = fmt.Fprintf(out.err, "%s NOT VERIFIED: wrong secret, changed on its way, or older than five minutes\n", clock.System().Now().Format(time.TimeOnly))
	return false
}
