package audit

import (
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is what a Merkle tree (RFC 6962 §2.1) needs to grow: its size and the roots of
// its full subtrees, the largest first.
type edge struct {
	size  int64
	roots []tlog.Hash
}

func (e *edge) push(leaf tlog.Hash) {
	for bits := e.size; bits&1 == 1; bits >>= 1 {
		last := len(e.roots) - 1
		leaf = tlog.NodeHash(e.roots[last], leaf)
		e.roots = e.roots[:last]
	}
	e.roots = append(e.roots, leaf)
	e.size++
}

// root is the tree's head; an empty tree has the hash of nothing.
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		hash, _ := tlog.TreeHash(0, nil)
		return hash
	}
	head := e.roots[len(e.roots)-1]
	for i := len(e.roots) - 2; i >= 0; i-- {
		head = tlog.NodeHash(e.roots[i], head)
	}
	return head
}

func (e *edge) bytes() []byte {
	out := make([]byte, 0, len(e.roots)*tlog.HashSize)
	for _, r := range e.roots {
		out = append(out, r[:]...)
	}
	return out
}

func parseEdge(size int64, text []byte) (edge, error) {
	e := edge{size: size}
	if len(text)%tlog.HashSize != 0 {
		return e, errors.New("audit: a checkpoint's edge is damaged")
	}
	for ; len(text) > 0; text = text[tlog.HashSize:] {
		e.roots = append(e.roots, tlog.Hash(text[:tlog.HashSize]))
	}
	return e, nil
}
