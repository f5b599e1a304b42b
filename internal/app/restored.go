package app

import (
	"context"
	"errors"
	"os"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/backup"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
)

// ledger appends certificates of erasures to every ledger.
func (a *App) ledger() func(string) error {
	var files []*audit.FileSink
	for _, path := range a.Config.Ledgers() {
		files = append(files, audit.NewFileSink(path))
	}
	return func(signed string) error {
		for _, f := range files {
			if err := f.Publish(signed); err != nil {
				return err
			}
		}
		return nil
	}
}

// readLedgers gives what is in any of them.
func (a *App) readLedgers() ([]customer.Erased, error) {
	var all []customer.Erased
	for _, path := range a.Config.Ledgers() {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		some, unreadable := customer.ReadLedger(string(text), a.Verifier)
		if unreadable > 0 {
			a.Log.Warn("entries of the ledger of erasures can't be read", "file", path, "entries", unreadable)
		}
		all = append(all, some...)
	}
	return all, nil
}

// replay erases again what was erased since the backup that the store was restored from. It
// runs before anything is served, once.
func (a *App) replay(ctx context.Context) error {
	restores, err := audit.Restored(ctx, a.Store, a.Verifier)
	if errors.Is(err, audit.ErrRestore) {
		a.Log.Error("run florin audit verify", "error", err) // which needs a start
		return nil
	}
	if err != nil {
		return err
	}
	if len(restores) == 0 || restores[len(restores)-1].Replayed {
		return nil
	}
	p := &backup.Replay{Store: a.Store, Vault: a.Vault, Owners: a.Owners, Customers: a.Customers, Audit: a.Audit, Clock: a.Clock, Destroy: a.destroyAgain}
	if p.Ledger, err = a.readLedgers(); err != nil {
		return err
	}
	out, err := p.Run(ctx, restores)
	if err != nil {
		return err
	}
	a.Replayed = &out
	a.Log.Warn("this store was restored from a backup", "erased again", out.Erased, "owners destroyed again", out.Owners, "customers that can't be read", out.UnreadableCount)
	return nil
}

// destroyAgain ends an owner who was destroyed since the backup.
func (a *App) destroyAgain(ctx context.Context, o owner.Owner) error {
	if !o.Suspended() {
		standing := o.Standing
		standing.Status, standing.Reason, standing.Since = owner.Suspended, "destroyed before older data were restored", a.Clock.Now()
		if err := a.Owners.Stand(ctx, o.ID, standing, func(*db.Tx) error { return nil }); err != nil {
			return err
		}
		o.Standing = standing
	}
	return a.Leaving.Destroy(ctx, o, func(int64) {})
}
