package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Replay erases in a restored store what was erased since its backup. Two things tell: the
// ledger, a file outside the databases, and the keystore, where the keys of the erased are
// missing.
type Replay struct {
	Store     *db.DB
	Vault     *vault.Vault
	Owners    *owner.Service
	Customers *customer.Service
	Audit     *audit.Log
	Clock     clock.Clock
	Ledger    []customer.Erased
	// Destroy ends an owner whose keys are gone already.
	Destroy func(context.Context, owner.Owner) error
}

// Outcome is what a replay did.
type Outcome struct {
	Restore audit.Restore
	Erased  int // customers
	Owners  int // destroyed again
	// Unreadable are customers, and Keyless owners, that were made after the keystore's
	// backup: their keys are lost. The list of customers has the first of them.
	Unreadable      []int64
	UnreadableCount int
	Keyless         []int64
}

// margin is how far clocks of several nodes may differ, where the time of a customer is held
// against that of a keystore.
const margin = time.Minute

// mostNamed bounds the list of customers that can't be read.
const mostNamed = 1000

// Run replays all restores that were not yet. It may be cut and run again.
func (p *Replay) Run(ctx context.Context, restores []audit.Restore) (Outcome, error) {
	var last Outcome
	for _, r := range restores {
		if r.Replayed {
			continue
		}
		last = Outcome{Restore: r}
		if err := p.run(ctx, r, &last); err != nil {
			return last, err
		}
	}
	return last, nil
}

func (p *Replay) run(ctx context.Context, r audit.Restore, out *Outcome) error {
	keys := r.KeysAt
	if keys.IsZero() {
		keys = r.At() // the keystore that was here
	}
	owners, err := p.Owners.List(ctx)
	if err != nil {
		return err
	}
	ledger := byRealm(p.Ledger)
	before := keys.Add(-margin).UnixMilli()
	for _, o := range owners {
		if err := p.owner(ctx, o, before, ledger, out); err != nil {
			return err
		}
	}
	for realm, rest := range ledger { // of owners whom these data don't know
		for _, e := range rest {
			if err := p.Vault.Destroy(ctx, realm, e.KeyID); err != nil {
				return err
			}
		}
	}
	if _, err := p.Customers.FinishErasures(ctx); err != nil {
		return err
	}
	if err := p.Vault.Scrub(ctx); err != nil {
		return err
	}
	return p.finish(ctx, r, *out)
}

// byRealm sorts the ledger. Somebody may stand in it twice: in more than one file, or because
// a crash came between the ledger and the tombstone.
func byRealm(ledger []customer.Erased) map[int64][]customer.Erased {
	type who struct{ realm, customer int64 }
	seen := map[who]bool{}
	all := map[int64][]customer.Erased{}
	for _, e := range ledger {
		if !seen[who{e.Realm, e.CustomerID}] {
			seen[who{e.Realm, e.CustomerID}] = true
			all[e.Realm] = append(all[e.Realm], e)
		}
	}
	return all
}

func (p *Replay) finish(ctx context.Context, r audit.Restore, out Outcome) error {
	entry := audit.Entry{Action: audit.BackupRestore, Object: r.ID, Fields: []string{
		fmt.Sprintf("kept=%d", r.Kept.Size), fmt.Sprintf("outside=%d", r.Outside.Size),
		fmt.Sprintf("erased=%d", out.Erased), fmt.Sprintf("owners=%d", out.Owners), fmt.Sprintf("unreadable=%d", out.UnreadableCount)}}
	return p.Store.Write(ctx, db.Worker(), func(tx *db.Tx) error {
		audit.Replayed(tx, r.ID, p.Clock.Millis())
		return p.Audit.Add(tx, auth.System(0, 0, "", "restore"), entry)
	})
}

func (p *Replay) owner(ctx context.Context, o owner.Owner, before int64, ledger map[int64][]customer.Erased, out *Outcome) error {
	has, err := p.Vault.HasOwner(ctx, o.ID)
	if err != nil {
		return err
	}
	if !has {
		if id.Millis(o.ID) >= before {
			out.Keyless = append(out.Keyless, o.ID)
			return nil
		}
		out.Owners++
		return p.Destroy(ctx, o)
	}
	for _, mode := range []auth.Mode{auth.Live, auth.Test} {
		realm := o.Realm(mode)
		g := auth.System(o.ID, realm, mode, "restore")
		n, err := p.Customers.EraseAgain(ctx, g, ledger[realm])
		out.Erased += n
		if err != nil {
			return err
		}
		delete(ledger, realm)
		if err := p.keyless(ctx, g, before, out); err != nil {
			return err
		}
	}
	return nil
}

// keyless finds customers without a key: erased, unless they are younger than the keystore.
func (p *Replay) keyless(ctx context.Context, g auth.Grant, before int64, out *Outcome) error {
	return p.Customers.EachHeld(ctx, g.Realm(), func(all []customer.Held) error {
		ids := make([]int64, len(all))
		for i, h := range all {
			ids[i] = h.KeyID
		}
		missing, err := p.Vault.Missing(ctx, g.Realm(), ids)
		if err != nil || len(missing) == 0 {
			return err
		}
		gone := map[int64]bool{}
		for _, key := range missing {
			gone[key] = true
		}
		var erased []customer.Erased
		for _, h := range all {
			switch {
			case !gone[h.KeyID]:
			case id.Millis(h.CustomerID) >= before:
				out.unreadable(h.CustomerID)
			default:
				erased = append(erased, customer.Erased{Realm: g.Realm(), CustomerID: h.CustomerID, KeyID: h.KeyID, At: p.Clock.Now(),
					Report: "found erased when older data were restored: the key was gone\nremoved what those data had of the customer"})
			}
		}
		n, err := p.Customers.EraseAgain(ctx, g, erased)
		out.Erased += n
		return err
	})
}

func (o *Outcome) unreadable(customerID int64) {
	o.UnreadableCount++
	if len(o.Unreadable) < mostNamed {
		o.Unreadable = append(o.Unreadable, customerID)
	}
}
