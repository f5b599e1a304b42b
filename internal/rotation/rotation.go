package rotation

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/lease"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Plan says what to rotate.
type Plan struct {
	Root     bool
	Epoch    bool
	OwnerKey bool
	Index    bool
	Owner    int64 // for OwnerKey and Index; 0 is every owner
}

// Empty reports a plan that rotates nothing.
func (p Plan) Empty() bool { return !p.Root && !p.Epoch && !p.OwnerKey && !p.Index }

// State is how far the last rotation is.
type State struct {
	Running  bool
	Step     string   // what is being rotated
	Done     int64    // items of this step
	Finished []string // steps that are done
	Failed   string   // the step that failed; it can be run again
}

// Desk runs rotations.
type Desk struct {
	Vault     *vault.Vault
	Owners    *owner.Service
	Customers *customer.Service
	// Leases keeps other nodes from rotating at the same time; nil where there is one
	// process alone.
	Leases *lease.Desk

	mu    sync.Mutex
	state State
	ended sync.WaitGroup
}

// step is one kind of rotation.
type step struct {
	name string
	run  func(ctx context.Context, progress func(int64)) error
}

func (d *Desk) steps(ctx context.Context, p Plan) ([]step, error) {
	var all []step
	if p.Root {
		all = append(all, step{"root key", d.Vault.RotateRoot})
	}
	if p.Epoch {
		all = append(all, step{"epoch key", d.Vault.RotateEpoch})
	}
	owners, err := d.Owners.List(ctx)
	if err != nil {
		return nil, err
	}
	found := p.Owner == 0
	for _, o := range owners {
		if p.Owner != 0 && o.ID != p.Owner || o.Status == owner.Leaving { // whose keys are being destroyed
			continue
		}
		found = true
		if p.OwnerKey {
			all = append(all, step{"owner key", func(ctx context.Context, progress func(int64)) error {
				return d.Vault.RotateOwner(ctx, o.ID, progress)
			}})
		}
		if p.Index {
			all = append(all, step{"blind indexes", func(ctx context.Context, progress func(int64)) error {
				return d.Customers.Reindex(ctx, o, pause, progress)
			}})
		}
	}
	if !found {
		return nil, fault.New(fault.NotFound, fault.OwnerNotFound, "Owner not found")
	}
	return all, nil
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

// Run rotates and returns when it is done. tell hears of every step and its progress.
func (d *Desk) Run(ctx context.Context, p Plan, tell func(State)) error {
	steps, err := d.begin(ctx, p)
	if err != nil {
		return err
	}
	return d.run(ctx, steps, tell)
}

// Start rotates in the background; State tells how far it is.
func (d *Desk) Start(ctx context.Context, p Plan) error {
	steps, err := d.begin(ctx, p)
	if err != nil {
		return err
	}
	d.ended.Go(func() { _ = d.run(context.WithoutCancel(ctx), steps, func(State) {}) })
	return nil
}

// Wait returns when no rotation runs.
func (d *Desk) Wait() { d.ended.Wait() }

// State is how far the last rotation is.
func (d *Desk) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

func (d *Desk) begin(ctx context.Context, p Plan) ([]step, error) {
	steps, err := d.steps(ctx, p)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state.Running {
		return nil, running()
	}
	if d.Leases != nil {
		if err := d.Leases.Hold(ctx, leaseName); errors.Is(err, lease.ErrTaken) {
			return nil, running()
		} else if err != nil {
			return nil, err
		}
	}
	d.state = State{Running: true, Finished: []string{}}
	return steps, nil
}

const leaseName = "rotation"

func running() error {
	return fault.New(fault.Conflict, fault.RotationRunning, "A key rotation is running")
}

// hold keeps the lease until the rotation ends; losing it ends the rotation, which can
// be run again.
func (d *Desk) hold(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	if d.Leases == nil {
		return ctx, func() { cancel(nil) }
	}
	go d.Leases.Keep(ctx, leaseName, cancel)
	return ctx, func() {
		cancel(nil)
		_ = d.Leases.Release(context.WithoutCancel(ctx), leaseName)
	}
}

func (d *Desk) run(ctx context.Context, steps []step, tell func(State)) error {
	ctx, release := d.hold(ctx)
	defer release()
	for _, s := range steps {
		err := s.run(ctx, func(done int64) { tell(d.set(func(st *State) { st.Step, st.Done = s.name, done })) })
		if err != nil {
			tell(d.set(func(st *State) { st.Running, st.Step, st.Failed = false, "", s.name }))
			return err
		}
		tell(d.set(func(st *State) { st.Step, st.Done, st.Finished = "", 0, append(st.Finished, s.name) }))
	}
	tell(d.set(func(st *State) { st.Running = false }))
	return nil
}

func (d *Desk) set(change func(*State)) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.state)
	return d.state
}
