package panscan

import (
	"errors"
	"io"
)

// Form is how a number was written.
type Form string

// Forms that are found.
const (
	Text    Form = "digits"
	UTF16   Form = "UTF-16"
	Hex     Form = "hex"
	Base64  Form = "base64"
	Escaped Form = "escapes"
)

// Hit is a card number in a file; Offset is where it, or what it is encoded in, begins, to
// within a few bytes.
type Hit struct {
	Offset int64
	Form   Form
}

const (
	window = 1 << 20
	// overlap is more than any form of a number takes.
	overlap = 1 << 10
	// near is how far apart two sights of one number can be.
	near = 8
)

// Reader finds the numbers in everything that r has.
func Reader(r io.Reader) (hits []Hit, err error) {
	buffer := make([]byte, 0, window)
	for at := int64(0); ; {
		n, err := io.ReadFull(r, buffer[len(buffer):window])
		buffer = buffer[:len(buffer)+n]
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return hits, err
		}
		v := view{text: buffer, openStart: at > 0, openEnd: !last}
		v.all(func(offset int, f Form) { hits = add(hits, Hit{at + int64(offset), f}) })
		if last {
			return hits, nil
		}
		kept := copy(buffer, buffer[len(buffer)-overlap:])
		at += int64(len(buffer) - kept)
		buffer = buffer[:kept]
	}
}

// add leaves out what the window before has told.
func add(hits []Hit, h Hit) []Hit {
	for i := len(hits) - 1; i >= 0 && hits[i].Offset > h.Offset-2*overlap; i-- {
		if d := h.Offset - hits[i].Offset; hits[i].Form == h.Form && -near <= d && d <= near {
			return hits
		}
	}
	return append(hits, h)
}

// view is a window of a file, or what was decoded of a part of it. An open end may cut a
// number in two: what touches it belongs to the neighbouring window.
type view struct {
	text               []byte
	openStart, openEnd bool
}

// all tells every number in every form.
func (v view) all(tell func(offset int, f Form)) {
	v.digits(tell)
	v.hex(tell)
	v.base64(tell)
	v.escapes(tell)
}

// decoded looks for digits in what a part of the window decodes to. At is where the byte i
// of it stood.
func decoded(text []byte, f Form, at func(i int) int, tell func(int, Form)) {
	view{text: text}.digits(func(offset int, _ Form) { tell(at(offset), f) })
}

// run is the end of the longest run of bytes of a class from i on.
func (v view) run(i int, in func(byte) bool) int {
	for i < len(v.text) && in(v.text[i]) {
		i++
	}
	return i
}
