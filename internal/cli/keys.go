package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
)

type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Make new keys and wrap what is there by them. May be cut and run again."`
}

type keysRotate struct {
	Root  bool  `help:"The root key."`
	Epoch bool  `help:"The epoch key: begins a new epoch and destroys the old one's key."`
	Keys  bool  `name:"owner-key" help:"The owner's wrapping key."`
	Index bool  `help:"The owner's blind indexes."`
	Owner int64 `placeholder:"ID" help:"The owner for --owner-key and --index; not needed while there is only one."`
}

// Help is shown by florin keys rotate --help.
func (keysRotate) Help() string {
	return `Examples:
  florin keys rotate --epoch
  florin keys rotate --root --owner-key --index

With PostgreSQL the servers go on serving meanwhile. With SQLite stop the server first; a running one begins
a new epoch by itself every seven days.`
}

// Run rotates what was asked for.
func (k *keysRotate) Run(c *config.Config, out *console) error {
	if !k.Root && !k.Epoch && !k.Keys && !k.Index {
		return fmt.Errorf("say what to rotate: --root, --epoch, --owner-key, --index")
	}
	return withApp(c, out, func(ctx context.Context, a *app.App) error { return k.rotate(ctx, a, out) })
}

func (k *keysRotate) rotate(ctx context.Context, a *app.App, out *console) error {
	if k.Root {
		if err := step(out, "root key", func(progress func(int64)) error { return a.Vault.RotateRoot(ctx, progress) }); err != nil {
			return err
		}
	}
	if k.Epoch {
		if err := step(out, "epoch key", func(progress func(int64)) error { return a.Vault.RotateEpoch(ctx, progress) }); err != nil {
			return err
		}
	}
	if !k.Keys && !k.Index {
		return nil
	}
	o, err := chosenOwner(ctx, a, k.Owner)
	if err != nil {
		return err
	}
	if k.Keys {
		if err := step(out, "owner key", func(progress func(int64)) error { return a.Vault.RotateOwner(ctx, o.ID, progress) }); err != nil {
			return err
		}
	}
	if k.Index {
		return step(out, "blind indexes", func(progress func(int64)) error { return a.Customers.Reindex(ctx, o, pause, progress) })
	}
	return nil
}

func step(out *console, what string, run func(progress func(int64)) error) error {
	m := newMeter(out, "Rotating "+what, 0, "keys")
	err := run(func(done int64) { m.count(int(done)) })
	m.end()
	if err == nil {
		_, err = fmt.Fprintf(out.err, "Rotated the %s (%d items).\n", what, m.rows.Load())
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
