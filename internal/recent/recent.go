package recent

import (
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
)

// freshness bounds how old a value may be.
const freshness = time.Second

// Values are the recent values by key. The zero value is empty and ready.
type Values[V any] struct {
	mu     sync.RWMutex
	kept   map[int64]entry[V]
	change int64 // counts Forget: what was read before one is not kept after it
}

type entry[V any] struct {
	value V
	until time.Time
}

// Of gives the value of a key, loaded at most a second ago.
func (v *Values[V]) Of(c clock.Clock, key int64, load func() (V, error)) (V, error) {
	now := c.Now()
	v.mu.RLock()
	found, ok := v.kept[key]
	change := v.change
	v.mu.RUnlock()
	if ok && now.Before(found.until) {
		return found.value, nil
	}
	value, err := load()
	if err == nil {
		v.keep(key, change, entry[V]{value, now.Add(freshness)})
	}
	return value, err
}

func (v *Values[V]) keep(key, change int64, e entry[V]) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.change != change {
		return
	}
	if v.kept == nil {
		v.kept = map[int64]entry[V]{}
	}
	v.kept[key] = e
}

// Forget has the next Of load anew; call it after a change was committed.
func (v *Values[V]) Forget(key int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.change++
	delete(v.kept, key)
}
