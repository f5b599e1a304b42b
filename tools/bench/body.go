package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
)

// people invents create bodies; no two of a run share an e-mail address or member id.
type people struct {
	tag  string // of this run
	last atomic.Uint64
}

func names() ([]string, []string, []string) {
	return []string{"Anna", "José", "Zoë", "Мария", "Nguyễn", "Łukasz", "محمد", "Ελένη", "Siân", "Chloé"},
		[]string{"María", "van", "del", "Анна", "Thị", "Jan", "بن", "Μαρία", "Mary", "Ann"},
		[]string{"García", "Dijk", "Søndergård", "Иванова", "Hương", "Wiśniewski", "أحمد", "Παπαδοπούλου", "Smith", "Lefèvre"}
}

// phones are spellings that people use; each # is a digit.
func phones() []string {
	return []string{"+44 7400 #####4", "+49 1512 34####5", "0033 6 12 3# ## ##", "+1 (415) 23#-####", "+81 90-1234-####",
		"+91 98765 4####", "+55 11 91234-####", "+61 412 34# ###", "0034 612 34 ## ##", "+48 512 34# ###"}
}

func streets() []string {
	return []string{"%d Main Street, Springfield", "Rue de l’Église %d, Liège", "Hauptstraße %d, Köln", "ул. Ленина, д. %d, Москва",
		"%d Đường Láng, Hà Nội", "Calle Mayor %d, Alcalá de Henares", "شارع التحرير %d، القاهرة", "Storgatan %d, Malmö"}
}

// body appends one create body of about 230 bytes.
func (p *people) body(b []byte, r *rand.Rand) []byte {
	n := p.last.Add(1)
	first, second, third := names()
	b = append(append(b, `{"name":"`...), pick(r, first)...)
	b = append(append(b, ' '), pick(r, second)...)
	b = append(append(b, ' '), pick(r, third)...)
	b = append(append(b, `","email":"customer.`...), p.tag...)
	b = append(strconv.AppendUint(append(b, '.'), n, 36), `@example.com","phone":"`...)
	b = appendDigits(b, r, pick(r, phones()))
	b = fmt.Appendf(append(b, `","address":"`...), pick(r, streets()), 1+r.IntN(400))
	b = append(append(b, `","memberId":"M-`...), p.tag...)
	return append(strconv.AppendUint(append(b, '-'), n, 36), `"}`...)
}

func appendDigits(b []byte, r *rand.Rand, pattern string) []byte {
	for i := range len(pattern) {
		if pattern[i] == '#' {
			b = append(b, '0'+byte(r.IntN(10)))
		} else {
			b = append(b, pattern[i])
		}
	}
	return b
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// wire writes requests of one API.
type wire struct {
	host string // also where to connect
	key  string
}

const customersPath = "/ipg/2.0.0/customers"

func (w wire) get(b []byte, path string) []byte {
	b = append(append(append(b, "GET "...), path...), " HTTP/1.1\r\n"...)
	return append(w.headers(b), "\r\n"...)
}

func (w wire) post(b []byte, path, idempotencyKey string, body []byte) []byte {
	b = append(append(append(b, "POST "...), path...), " HTTP/1.1\r\n"...)
	b = append(w.headers(b), "Content-Type: application/json\r\n"...)
	if idempotencyKey != "" {
		b = append(append(append(b, "Idempotency-Key: "...), idempotencyKey...), "\r\n"...)
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

func (w wire) headers(b []byte) []byte {
	b = append(append(append(b, "Host: "...), w.host...), "\r\nUser-Agent: florin-bench\r\nAccept: application/json\r\nX-API-Key: "...)
	return append(append(b, w.key...), "\r\n"...)
}
