package screening

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/fault"
)

// Subject is who is looked up.
type Subject struct {
	Name   string
	Births []string // 2006-01-02
}

// Engine looks people up. Its errors hold nothing of them.
type Engine interface {
	Name() string
	// Stamp names the lists as they are now: another one means that everybody has to be
	// looked up again.
	Stamp(ctx context.Context) (string, error)
	Lists(ctx context.Context) ([]List, error)
	Search(ctx context.Context, who Subject) ([]Hit, error)
}

// Local is the built-in engine: the installed lists, in memory.
type Local struct {
	Dir       string
	Threshold float64
	Clock     clock.Clock

	mu      sync.Mutex
	looked  time.Time
	seen    string // sizes and times of the files that are in memory
	present *loaded
}

type loaded struct {
	lists []List
	stamp string
	index *index
}

// lookEvery is how often the files are asked whether they are others.
const lookEvery = time.Second

// Name implements Engine.
func (*Local) Name() string { return "lists" }

// now gives the lists in memory, read again if there are others.
func (l *Local) now() (*loaded, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Clock.Now()
	if l.present != nil && now.Sub(l.looked) < lookEvery && !now.Before(l.looked) {
		return l.present, nil
	}
	l.looked = now
	seen, err := l.files()
	if err != nil || l.present != nil && seen == l.seen {
		return l.present, err
	}
	fresh, err := l.read()
	if err != nil {
		return nil, err
	}
	l.seen, l.present = seen, fresh
	return fresh, nil
}

func (l *Local) files() (string, error) {
	var seen strings.Builder
	for _, name := range Formats() {
		info, err := os.Stat(listFile(l.Dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", errors.New("screening: the lists can't be read")
		}
		seen.WriteString(name + info.ModTime().UTC().Format(time.RFC3339Nano) + "|")
	}
	return seen.String(), nil
}

func (l *Local) read() (*loaded, error) {
	fresh := &loaded{index: newIndex()}
	for _, name := range Formats() {
		list, entries, err := ReadList(l.Dir, name)
		if err != nil {
			return nil, err
		}
		if list.Version == "" {
			continue
		}
		fresh.lists = append(fresh.lists, list)
		fresh.stamp += list.Name + ":" + list.Version + " "
		for _, e := range entries {
			fresh.index.add(name, e)
		}
	}
	fresh.stamp = strings.TrimSpace(fresh.stamp)
	return fresh, nil
}

// Stamp implements Engine; it is empty where no list is installed.
func (l *Local) Stamp(context.Context) (string, error) {
	now, err := l.now()
	if err != nil {
		return "", err
	}
	return now.stamp, nil
}

// Lists implements Engine.
func (l *Local) Lists(context.Context) ([]List, error) {
	now, err := l.now()
	if err != nil {
		return nil, err
	}
	return now.lists, nil
}

// Search implements Engine.
func (l *Local) Search(_ context.Context, who Subject) ([]Hit, error) {
	now, err := l.now()
	if err != nil {
		return nil, err
	}
	if len(now.lists) == 0 {
		return nil, fault.New(fault.Unprocessable, fault.NoScreeningList, "No sanctions list is loaded: the operator runs florin screening load")
	}
	return now.index.search(who.Name, who.Births, l.Threshold), nil
}
