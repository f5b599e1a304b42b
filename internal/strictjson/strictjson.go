package strictjson

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep objects and arrays may nest (wire contract, section 1).
const MaxDepth = 32

// Kind is the JSON type of a value.
type Kind uint8

// Null is the zero Value's kind.
const (
	Null Kind = iota
	Bool
	Number
	String
	Object
	Array
)

// Value is one JSON value. Text holds a string's decoded characters, a number's
// literal, or "true"/"false".
type Value struct {
	Kind    Kind
	Text    string
	Members []Member
	Items   []Value
}

// Member is one name and value of an object.
type Member struct {
	Name  string
	Value Value
}

// SyntaxError says why a text is refused, in words for people.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return e.Reason }

// Parse reads exactly one JSON value.
func Parse(text []byte) (Value, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	value, err := read(d, 0)
	if err != nil {
		return Value{}, explain(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return Value{}, &SyntaxError{"there is data after the JSON value"}
	}
	return value, nil
}

func read(d *jsontext.Decoder, depth int) (Value, error) {
	token, err := d.ReadToken()
	if err != nil {
		return Value{}, err
	}
	switch token.Kind() {
	case '{':
		return readObject(d, depth+1)
	case '[':
		return readArray(d, depth+1)
	case '"':
		return Value{Kind: String, Text: token.String()}, nil
	case '0':
		return Value{Kind: Number, Text: token.String()}, nil
	case 't', 'f':
		return Value{Kind: Bool, Text: token.String()}, nil
	default:
		return Value{}, nil
	}
}

func readObject(d *jsontext.Decoder, depth int) (Value, error) {
	if depth > MaxDepth {
		return Value{}, &SyntaxError{"the JSON is nested deeper than 32 levels"}
	}
	object := Value{Kind: Object, Members: make([]Member, 0, 12)}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return Value{}, err
		}
		text := name.String()
		value, err := read(d, depth)
		if err != nil {
			return Value{}, err
		}
		object.Members = append(object.Members, Member{text, value})
	}
	_, err := d.ReadToken()
	return object, err
}

func readArray(d *jsontext.Decoder, depth int) (Value, error) {
	if depth > MaxDepth {
		return Value{}, &SyntaxError{"the JSON is nested deeper than 32 levels"}
	}
	array := Value{Kind: Array}
	for d.PeekKind() != ']' {
		item, err := read(d, depth)
		if err != nil {
			return Value{}, err
		}
		array.Items = append(array.Items, item)
	}
	_, err := d.ReadToken()
	return array, err
}

// explain keeps only the sort of mistake: the decoder's own text quotes names and
// characters of the input.
func explain(err error) error {
	var own *SyntaxError
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &SyntaxError{"an object has the same name twice"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &SyntaxError{"the JSON ends too early"}
	default:
		return &SyntaxError{"the body is not valid UTF-8 JSON"}
	}
}

// Get is the member of that name; false if there is none.
func (v Value) Get(name string) (Value, bool) {
	for i := range v.Members {
		if v.Members[i].Name == name {
			return v.Members[i].Value, true
		}
	}
	return Value{}, false
}

// Append writes the value as compact JSON.
func (v Value) Append(dst []byte) []byte {
	switch v.Kind {
	case Bool, Number:
		return append(dst, v.Text...)
	case String:
		return AppendString(dst, v.Text)
	case Object:
		return v.appendObject(dst)
	case Array:
		return v.appendArray(dst)
	default:
		return append(dst, "null"...)
	}
}

func (v Value) appendObject(dst []byte) []byte {
	dst = append(dst, '{')
	for i, m := range v.Members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, m.Name)
		dst = append(dst, ':')
		dst = m.Value.Append(dst)
	}
	return append(dst, '}')
}

func (v Value) appendArray(dst []byte) []byte {
	dst = append(dst, '[')
	for i, item := range v.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = item.Append(dst)
	}
	return append(dst, ']')
}

// AppendString writes a JSON string. Text that is not UTF-8 has its bad bytes
// replaced by U+FFFD.
func AppendString(dst []byte, text string) []byte {
	quoted, err := jsontext.AppendQuote(dst, text)
	if err != nil && quoted == nil {
		return append(dst, `""`...)
	}
	return quoted
}

// Pointer adds one reference token to a JSON pointer (RFC 6901 §3).
func Pointer(base, token string) string {
	escaped := make([]byte, 0, len(base)+1+len(token))
	escaped = append(append(escaped, base...), '/')
	for i := range len(token) {
		switch token[i] {
		case '~':
			escaped = append(escaped, "~0"...)
		case '/':
			escaped = append(escaped, "~1"...)
		default:
			escaped = append(escaped, token[i])
		}
	}
	return string(escaped)
}
