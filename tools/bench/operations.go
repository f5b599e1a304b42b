package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"sync"
)

// random is a worker's own source: a shared one would be a lock between connections.
func random(number int) *rand.Rand { return rand.New(rand.NewPCG(uint64(number), rand.Uint64())) }

// idSet collects the ids that creates were answered with.
type idSet struct {
	mu     sync.Mutex
	ids    []int64
	count  int      // of customers there are, also where ids are a sample
	emails []string // of some of them, if known
}

const maxIDs = 1 << 20

func (s *idSet) add(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count++; len(s.ids) < maxIDs {
		s.ids = append(s.ids, id)
	}
}

func (s *idSet) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// snapshot is safe to read while others add.
func (s *idSet) snapshot() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[:len(s.ids):len(s.ids)]
}

// creates posts new customers; seen may be nil.
func creates(w wire, p *people, seen *idSet) func(int) worker {
	return func(number int) worker {
		r := random(number)
		var body []byte
		send := func(b []byte) []byte {
			body = p.body(body[:0], r)
			key := "bench-" + strconv.FormatUint(r.Uint64(), 36) + strconv.FormatUint(r.Uint64(), 36)
			return w.post(b, customersPath, key, body)
		}
		if seen == nil {
			return worker{request: send}
		}
		return worker{request: send, answered: func(body []byte) {
			if id := idOf(body); id > 0 {
				seen.add(id)
			}
		}}
	}
}

// idOf reads the id that every customer's JSON begins with.
func idOf(body []byte) int64 {
	rest, ok := bytes.CutPrefix(body, []byte(`{"id":`))
	if end := bytes.IndexByte(rest, ','); ok && end > 0 {
		id, _ := strconv.ParseInt(string(rest[:end]), 10, 64)
		return id
	}
	return 0
}

// gets reads customers at random.
func gets(w wire, ids []int64) func(int) worker {
	return func(number int) worker {
		r := random(number)
		path := []byte(customersPath + "/")
		return worker{request: func(b []byte) []byte {
			path = strconv.AppendInt(path[:len(customersPath)+1], ids[r.IntN(len(ids))], 10)
			return w.get(b, string(path))
		}}
	}
}

// pagesDeep is how far a list is followed by its cursor before it starts anew.
const pagesDeep = 4

// lists reads pages of 25; every fourth list is followed for a few pages.
func lists(w wire) func(int) worker {
	return func(number int) worker {
		r := random(number)
		const first = customersPath + "?limit=25"
		path, deep := first, 0
		return worker{
			request: func(b []byte) []byte { return w.get(b, path) },
			answered: func(body []byte) {
				cursor := cursorOf(body)
				if deep = (deep + 1) % pagesDeep; cursor == "" || deep == 0 || (deep == 1 && r.IntN(4) > 0) {
					path, deep = first, 0
					return
				}
				path = first + "&cursor=" + cursor
			},
		}
	}
}

func cursorOf(body []byte) string {
	const member = `"nextCursor":"`
	at := bytes.LastIndex(body, []byte(member))
	if at < 0 {
		return ""
	}
	value, _, _ := bytes.Cut(body[at+len(member):], []byte(`"`))
	return string(value)
}

// searches finds customers by their exact address.
func searches(w wire, emails []string) func(int) worker {
	return func(number int) worker {
		r := random(number)
		return worker{request: func(b []byte) []byte {
			email, _ := json.Marshal(pick(r, emails)) // a string always can
			return w.post(b, customersPath+"/search", "", append(append([]byte(`{"email":`), email...), '}'))
		}}
	}
}
