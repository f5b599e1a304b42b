package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/florin-gateway/florin/internal/api"
	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/rotation"
)

type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Make new keys and wrap what is there by them. May be cut and run again."`
}

type keysRotate struct {
	Root        bool   `help:"The root key."`
	Epoch       bool   `help:"The epoch key: begins a new epoch and destroys the old one's key."`
	Keys        bool   `name:"owner-key" help:"The owner's wrapping key."`
	Index       bool   `help:"The owner's blind indexes."`
	Owner       int64  `placeholder:"ID" help:"The owner for --owner-key and --index; every owner if not given."`
	Server      string `placeholder:"URL" help:"A running server to ask; found by itself when one runs on this data folder."`
	OperatorKey string `env:"FLORIN_OPERATOR_KEY" placeholder:"KEY" help:"For asking a running server; from first-run.env if that is still there."`
}

// Help is shown by florin keys rotate --help.
func (keysRotate) Help() string {
	return `Examples:
  florin keys rotate --epoch
  florin keys rotate --root --owner-key --index

Works while the server serves: with PostgreSQL beside it, with SQLite by asking it. A server begins a new
epoch by itself every seven days.`
}

func (k *keysRotate) plan() rotation.Plan {
	return rotation.Plan{Root: k.Root, Epoch: k.Epoch, OwnerKey: k.Keys, Index: k.Index, Owner: k.Owner}
}

// Run rotates what was asked for.
func (k *keysRotate) Run(c *config.Config, out *console) error {
	if k.plan().Empty() {
		return errors.New("say what to rotate: --root, --epoch, --owner-key, --index")
	}
	if k.Server != "" {
		return k.ask(c, out, k.Server)
	}
	err := withApp(c, out, func(ctx context.Context, a *app.App) error {
		t := &teller{out: out}
		return a.Rotations.Run(ctx, k.plan(), t.tell)
	})
	if !errors.Is(err, db.ErrInUse) {
		return err
	}
	url, readErr := os.ReadFile(servingFile(c))
	if readErr != nil {
		return err
	}
	return k.ask(c, out, strings.TrimSpace(string(url)))
}

// servingFile tells where the server of a data folder listens.
func servingFile(c *config.Config) string { return filepath.Join(c.DataDir, "server.url") }

// ask lets a running server rotate and shows how far it is.
func (k *keysRotate) ask(c *config.Config, out *console, server string) error {
	ctx, stop := interrupted()
	defer stop()
	if k.OperatorKey == "" {
		k.OperatorKey = firstCredential(c, "FLORIN_OPERATOR_KEY")
	}
	if k.OperatorKey == "" {
		return errors.New("a server uses this data folder; give its operator's key as FLORIN_OPERATOR_KEY to let it rotate")
	}
	body, err := json.Marshal(api.RotationInput{Root: k.Root, Epoch: k.Epoch, OwnerKey: k.Keys, Index: k.Index, OwnerID: k.Owner})
	if err != nil {
		return err
	}
	state, err := k.call(ctx, http.MethodPost, server, body)
	t := &teller{out: out}
	for err == nil && state.Running {
		t.tell(stateOf(state))
		if err = wait(ctx, 200*time.Millisecond); err == nil {
			state, err = k.call(ctx, http.MethodGet, server, nil)
		}
	}
	if err != nil {
		return err
	}
	t.tell(stateOf(state))
	if state.Failed != nil {
		return fmt.Errorf("the server could not rotate the %s; see its log, then run this again", *state.Failed)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// firstCredential reads what the first start wrote, while the file is still there.
func firstCredential(c *config.Config, name string) string {
	text, _ := os.ReadFile(c.FirstRun())
	for line := range strings.Lines(string(text)) {
		if key, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return key
		}
	}
	return ""
}

// maxReply bounds what is read of a server's answer.
const maxReply = 64 << 10

func (k *keysRotate) call(ctx context.Context, method, server string, body []byte) (api.Rotation, error) {
	var state api.Rotation
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(server, "/")+api.Bases()[0]+"/key-rotations", bytes.NewReader(body))
	if err != nil {
		return state, err
	}
	request.Header.Set("X-API-Key", k.OperatorKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return state, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		return state, err
	}
	if response.StatusCode != http.StatusOK {
		var e api.Error
		_ = json.Unmarshal(text, &e)
		return state, fmt.Errorf("the server answered %d: %s", response.StatusCode, e.Error.Message)
	}
	return state, json.Unmarshal(text, &state)
}

func stateOf(r api.Rotation) rotation.State {
	s := rotation.State{Running: r.Running, Done: r.Done, Finished: r.Finished}
	if r.Step != nil {
		s.Step = *r.Step
	}
	return s
}

// teller shows a rotation's steps, each with a meter of its own.
type teller struct {
	out   *console
	step  string
	meter *meter
	told  int
}

func (t *teller) tell(s rotation.State) {
	for ; t.told < len(s.Finished); t.told++ {
		if t.meter != nil {
			t.meter.end()
		}
		_, _ = fmt.Fprintf(t.out.err, "Rotated: %s\n", s.Finished[t.told])
		t.step, t.meter = "", nil
	}
	if s.Step == "" {
		return
	}
	if t.step != s.Step {
		t.step, t.meter = s.Step, newMeter(t.out, "Rotating "+s.Step, 0, "items")
	}
	t.meter.count(int(s.Done))
}
