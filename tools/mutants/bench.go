package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// bench builds test programs and runs stages unspoiled when the first mutant needs them.
type bench struct {
	dir     string
	overlay string
	mu      sync.Mutex
	reached map[stage]map[int]bool
}

// result is how a mutant fared: by which stage it was caught, if any.
type result struct {
	mutant
	caught  string
	reached bool
}

func prepare(code *spoiled) (*bench, error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir, reached: map[stage]map[int]bool{}}
	if err := b.write(code.files); err != nil {
		return nil, errors.Join(err, b.remove())
	}
	return b, nil
}

// stage gives which mutants a stage comes by; the first to ask builds it and runs it.
func (b *bench) stage(s stage) (map[int]bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reached[s] == nil {
		if err := b.build(s.dir); err != nil {
			return nil, err
		}
		if err := b.trace(s); err != nil {
			return nil, err
		}
	}
	return b.reached[s], nil
}

func (b *bench) remove() error { return os.RemoveAll(b.dir) }

// write keeps the spoiled files where go build takes them for those of the tree.
func (b *bench) write(files map[string]string) error {
	replace := map[string]string{}
	for path, text := range files {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		to := filepath.Join(b.dir, strings.ReplaceAll(path, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return err
		}
		replace[absolute] = to
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	b.overlay = filepath.Join(b.dir, "overlay.json")
	return os.WriteFile(b.overlay, text, 0o600)
}

func (b *bench) program(dir string) string {
	return filepath.Join(b.dir, strings.ReplaceAll(dir, "/", "_")+".test")
}

func (b *bench) build(dir string) error {
	if _, err := os.Stat(b.program(dir)); err == nil {
		return nil
	}
	said, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", b.overlay, "-o", b.program(dir), "./"+dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("spoiled code does not build: %w\n%s", err, said)
	}
	return nil
}

func (b *bench) trace(s stage) error {
	trace := filepath.Join(b.dir, fmt.Sprint("trace", len(b.reached)))
	if said, err := b.test(s, "FLORIN_MUTANT_TRACE="+trace); err != nil {
		return fmt.Errorf("%s %s fails unspoiled: %w\n%s", s.dir, s.run, err, said)
	}
	text, _ := os.ReadFile(trace)
	b.reached[s] = map[int]bool{}
	for _, line := range strings.Fields(string(text)) {
		id, _ := strconv.Atoi(line)
		b.reached[s][id] = true
	}
	return nil
}

// slow is far more than any stage takes; a mutant that hangs is caught by it.
const slow = 2 * time.Minute

func (b *bench) test(s stage, variable string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), slow+10*time.Second)
	defer cancel()
	args := []string{"-test.failfast", "-test.timeout=" + slow.String()}
	if s.run != "" {
		args = append(args, "-test.run="+s.run)
	}
	cmd := exec.CommandContext(ctx, b.program(s.dir), args...)
	cmd.Dir = s.dir
	cmd.Env = append(without(os.Environ(), "FLORIN_TEST_POSTGRES="), variable)
	return cmd.CombinedOutput()
}

func without(all []string, prefix string) []string {
	var kept []string
	for _, one := range all {
		if !strings.HasPrefix(one, prefix) {
			kept = append(kept, one)
		}
	}
	return kept
}

func (b *bench) run(all []mutant, workers int, known map[string]string) ([]result, error) {
	results := make([]result, len(all))
	failed := make([]error, len(all))
	next := make(chan int)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for i := range next {
				if results[i], failed[i] = b.one(all[i]); failed[i] == nil {
					tell(results[i], known)
				}
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	working.Wait()
	return results, errors.Join(failed...)
}

func (b *bench) one(m mutant) (result, error) {
	r := result{mutant: m}
	for _, s := range m.target.stages {
		reached, err := b.stage(s)
		if err != nil {
			return r, err
		}
		if !reached[m.id] {
			continue
		}
		r.reached = true
		if _, err := b.test(s, "FLORIN_MUTANT="+strconv.Itoa(m.id)); err != nil {
			r.caught = s.dir
			return r, nil
		}
	}
	return r, nil
}
