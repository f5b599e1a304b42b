package screening

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/egress"
)

// Watchman asks a moov-io/watchman of the operator's own (v0.50 and later, API v2) in the
// place of the built-in lists. A name stands in the address that is asked: its logs are
// the operator's to keep.
type Watchman struct {
	Client    *egress.Client
	URL       string
	Threshold float64
	Clock     clock.Clock

	mu    sync.Mutex
	asked time.Time
	lists []List
	stamp string
}

var errWatchman = errors.New("screening: watchman does not answer as documented")

// Name implements Engine.
func (*Watchman) Name() string { return "watchman" }

func (w *Watchman) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(w.URL, "/")+path, nil)
	if err != nil {
		return errWatchman
	}
	answer, err := w.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(into) != nil {
		return errWatchman
	}
	return nil
}

// askEvery is how often watchman is asked for its lists.
const askEvery = time.Minute

func (w *Watchman) refresh(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.Clock.Now(); w.stamp != "" && now.Sub(w.asked) < askEvery && !now.Before(w.asked) {
		return nil
	}
	var info struct {
		Lists  map[string]int    `json:"lists"`
		Hashes map[string]string `json:"listHashes"`
		Ended  time.Time         `json:"endedAt"`
	}
	if err := w.get(ctx, "/v2/listinfo", &info); err != nil {
		return err
	}
	w.lists, w.stamp = nil, ""
	h := fnv.New128a()
	for _, name := range slices.Sorted(maps.Keys(info.Lists)) {
		w.lists = append(w.lists, List{Name: name, Version: info.Hashes[name], Entries: info.Lists[name], Loaded: info.Ended})
		_, _ = fmt.Fprintf(h, "%s %s %d|", name, info.Hashes[name], info.Lists[name])
	}
	w.stamp, w.asked = fmt.Sprintf("watchman:%x", h.Sum(nil)[:8]), w.Clock.Now()
	return nil
}

// Stamp implements Engine.
func (w *Watchman) Stamp(ctx context.Context) (string, error) {
	err := w.refresh(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stamp, err
}

// Lists implements Engine.
func (w *Watchman) Lists(ctx context.Context) ([]List, error) {
	err := w.refresh(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lists, err
}

// most is how many entries one search gives.
const most = 20

// Search implements Engine. Watchman weighs the birth date itself.
func (w *Watchman) Search(ctx context.Context, who Subject) ([]Hit, error) {
	var found struct {
		Error    string `json:"error"`
		Entities []struct {
			Name   string  `json:"name"`
			Type   string  `json:"entityType"`
			List   string  `json:"sourceList"`
			ID     string  `json:"sourceID"`
			Match  float64 `json:"match"`
			Person *struct {
				Also []string `json:"altNames"`
				Born string   `json:"birthDate"`
			} `json:"person"`
		} `json:"entities"`
	}
	query := url.Values{"type": {"person"}, "name": {who.Name}, "limit": {fmt.Sprint(most)}, "minMatch": {fmt.Sprintf("%.2f", w.Threshold)}}
	if len(who.Births) > 0 {
		query.Set("birthDate", who.Births[0])
	}
	if err := w.get(ctx, "/v2/search?"+query.Encode(), &found); err != nil {
		return nil, err
	}
	if found.Error != "" {
		return nil, errWatchman
	}
	var hits []Hit
	for _, e := range found.Entities {
		if e.Match < w.Threshold || e.ID == "" {
			continue
		}
		entry := Entry{Reference: e.ID, Type: e.Type, Names: []string{e.Name}}
		if e.Person != nil {
			entry.Names = append(entry.Names, e.Person.Also...)
			if e.Person.Born != "" {
				entry.Births = []string{e.Person.Born[:min(10, len(e.Person.Born))]}
			}
		}
		hits = append(hits, Hit{List: e.List, Entry: entry, Name: e.Name, Score: e.Match})
	}
	return hits, nil
}
