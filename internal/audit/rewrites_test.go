package audit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Edits of TestEdits that make everything fit which can be made without the signing key.

// fitted is a segment whose every column follows from its records.
func fitted(s storedSegment, records [][]byte) storedSegment {
	plain := segment{realm: s.realm, records: records}
	packed, err := plain.pack()
	if err != nil {
		panic(err)
	}
	s.packed, s.hashes, s.count = packed, plain.hashes(packed), int64(len(records))
	var named []int64
	for i, text := range records {
		if r, err := parse(text, 0); err == nil {
			named = append(named, r.Customers...)
			if s.lastAt = r.At.UnixMilli(); i == 0 {
				s.firstAt = s.lastAt
			}
		}
	}
	s.customers = customerSet(named)
	return s
}

// rewrite changes one segment's records and makes the row fit.
func (k keeper) rewrite(s *storedTrail, change func([][]byte) [][]byte) string {
	c, i := k.segment(s)
	records, err := unpack(c.packed)
	if err != nil {
		return ""
	}
	if records = change(records); records == nil {
		return ""
	}
	*c = fitted(*c, records)
	return fmt.Sprintf("segment %d", i)
}

func (k keeper) flipRecord(s *storedTrail) string {
	return k.rewrite(s, func(records [][]byte) [][]byte {
		k.flipBytes(records[k.rand.IntN(len(records))])
		return records
	})
}

func (k keeper) deleteRecord(s *storedTrail) string {
	return k.rewrite(s, func(records [][]byte) [][]byte {
		i := k.rand.IntN(len(records))
		return slices.Delete(records, i, i+1)
	})
}

func (k keeper) insertRecord(s *storedTrail) string {
	return k.rewrite(s, func(records [][]byte) [][]byte {
		return slices.Insert(records, k.rand.IntN(len(records)+1), forge(records[k.rand.IntN(len(records))]))
	})
}

func (k keeper) swapRecords(s *storedTrail) string {
	return k.rewrite(s, func(records [][]byte) [][]byte {
		i, j := k.rand.IntN(len(records)), k.rand.IntN(len(records))
		records[i], records[j] = records[j], records[i]
		return records
	})
}

// forge makes somebody else responsible.
func forge(record []byte) []byte {
	return bytes.Replace(record, []byte(`"actorId":`), []byte(`"actorId":9`), 1)
}

// rewriteSigned forges a record, makes the whole trail fit again, and signs every
// checkpoint with another key under the right name.
func (k keeper) rewriteSigned(s *storedTrail) string {
	what := k.rewriteUnsigned(s)
	for i := range s.heads {
		h := &s.heads[i]
		e, err := parseEdge(h.size, h.edge)
		if err != nil {
			return ""
		}
		if h.note, err = signHead(k.stranger, e, h.at, 0); err != nil {
			return ""
		}
	}
	return what
}

// rewriteUnsigned does the same and leaves the signatures as they were.
func (k keeper) rewriteUnsigned(s *storedTrail) string {
	what := k.rewrite(s, func(records [][]byte) [][]byte {
		i := k.rand.IntN(len(records))
		records[i] = forge(records[i])
		return records
	})
	var tree edge
	next := 0
	for _, c := range s.segments {
		for at := 0; at < int(c.count); at++ {
			tree.push(tlog.Hash(c.hashes[at*tlog.HashSize : (at+1)*tlog.HashSize]))
			if next < len(s.heads) && s.heads[next].size == tree.size {
				s.heads[next].edge = tree.bytes()
				next++
			}
		}
	}
	return what
}

// respell writes a checkpoint's signature in another way that a lenient reader takes for the
// same: with bits that base64 leaves unused, or with a stranger's signature below.
func (k keeper) respell(s *storedTrail) string {
	h := &s.heads[k.rand.IntN(len(s.heads))]
	if k.rand.IntN(2) == 0 {
		signed, err := note.Sign(&note.Note{Text: "x\n"}, k.stranger)
		if err != nil {
			return ""
		}
		h.note += string(signed[bytes.Index(signed, []byte("— ")):])
		return fmt.Sprintf("a second signature of checkpoint %d", h.number)
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := strings.LastIndexByte(h.note, '=') - 1
	digit := strings.IndexByte(digits, h.note[last]) | 1 + k.rand.IntN(3)
	h.note = h.note[:last] + digits[digit:digit+1] + h.note[last+1:]
	return fmt.Sprintf("unused bits of checkpoint %d's signature", h.number)
}
