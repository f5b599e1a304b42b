package vault

import (
	"context"
	"errors"
	"sync"

	"github.com/florin-gateway/florin/internal/db"
)

const (
	poolFirst = 8
	poolMost  = 4096
)

// keyPool holds subject keys that were written to the keystore ahead of need, so
// that creating a customer costs no second fsync. Its size follows the demand.
type keyPool struct {
	mu      sync.Mutex
	free    []Subject
	size    int
	filling chan struct{} // closed when the refill under way has ended
	err     error
}

// NewSubject takes a subject key that is already durable in the keystore. Setting up its
// cipher costs as much as sealing a profile, and a new customer's key seals the profile
// and the answer.
func (k *Keys) NewSubject(ctx context.Context) (Subject, error) {
	for {
		s, wait, err := k.take()
		if err == nil && wait == nil {
			s.set, err = s.cipher()
		}
		if err != nil || wait == nil {
			return s, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return Subject{}, ctx.Err()
		}
	}
}

// take pops a key and starts a refill when the pool runs low; with an empty pool it
// returns what to wait for.
func (k *Keys) take() (Subject, chan struct{}, error) {
	p := k.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		err := p.err
		p.err = nil
		return Subject{}, nil, err
	}
	if len(p.free) <= p.size/2 && p.filling == nil {
		p.size = min(max(poolFirst, p.size*2), poolMost)
		p.filling = make(chan struct{})
		go k.refill(p.size, p.filling)
	}
	if len(p.free) == 0 {
		return Subject{}, p.filling, nil
	}
	s := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	k.vault.cache.Set(subjectRef{k.realm, s.ID}, s)
	return s, nil, nil
}

// Return gives back a key that was taken and surely not used.
func (k *Keys) Return(s Subject) {
	k.pool.mu.Lock()
	defer k.pool.mu.Unlock()
	k.pool.free = append(k.pool.free, s)
}

func (k *Keys) refill(count int, done chan struct{}) {
	made, err := k.makeSubjects(count)
	p := k.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	p.filling = nil
	if p.err = err; err == nil {
		p.free = append(made, p.free...)
	}
	close(done)
}

func (k *Keys) makeSubjects(count int) ([]Subject, error) {
	epochID, epoch := k.vault.epochs.now()
	made := make([]Subject, count)
	wrapped := make([][]byte, count)
	for i := range made {
		// Taken from the end, so the last made is the first in order.
		s, err := newSubject(k.vault.nextID())
		if err != nil {
			return nil, err
		}
		if wrapped[i], err = wrapSubject(s, k.realm, k.wrapping, epoch); err != nil {
			return nil, err
		}
		made[count-1-i] = s
	}
	err := k.vault.store.Write(context.Background(), db.Realm(k.realm), func(tx *db.Tx) error {
		// Holds the epoch until the commit: a rotation that ends it waits for this.
		tx.ExecOne(errEpochOver, `UPDATE epoch SET created_at = created_at WHERE id = $1`, epochID)
		rows := make([]any, 0, 4*count)
		for i := range made {
			rows = append(rows, k.realm, made[count-1-i].ID, epochID, wrapped[i])
		}
		tx.Insert(`INSERT INTO subject_key (realm_id, id, epoch, wrapped)`, 4, rows...)
		return nil
	})
	if errors.Is(err, errEpochOver) {
		if err := k.vault.epochs.reload(context.Background()); err != nil {
			return nil, err
		}
		return k.makeSubjects(count)
	}
	return made, err
}

// errEpochOver says that another node has begun a new epoch.
var errEpochOver = errors.New("vault: the epoch is over")

// giveBack deletes the keys that were made ahead and never used.
func (k *Keys) giveBack(ctx context.Context) error {
	p := k.pool
	p.mu.Lock()
	filling := p.filling
	p.mu.Unlock()
	if filling != nil {
		<-filling
	}
	p.mu.Lock()
	unused := p.free
	p.free = nil
	p.mu.Unlock()
	if len(unused) == 0 {
		return nil
	}
	return k.vault.store.Write(ctx, db.Realm(k.realm), func(tx *db.Tx) error {
		for _, s := range unused {
			tx.Exec(`DELETE FROM subject_key WHERE realm_id = $1 AND id = $2`, k.realm, s.ID)
		}
		return nil
	})
}
