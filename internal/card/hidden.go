package card

import (
	"errors"
	"fmt"
	"log/slog"
)

// hidden is a text that leaves the process by Reveal alone.
type hidden struct{ text string }

const shown = "[card data]"

var errHidden = errors.New("card: card data can't be marshalled")

// Reveal gives the text to a connector on its way to its provider.
func (h hidden) Reveal() string { return h.text }

// IsZero reports that there is none.
func (h hidden) IsZero() bool { return h.text == "" }

// Format prints the same for every verb and flag.
func (hidden) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(shown)) }

// String is for whoever asks without fmt.
func (hidden) String() string { return shown }

// LogValue is for slog.
func (hidden) LogValue() slog.Value { return slog.StringValue(shown) }

// MarshalText refuses: JSON, XML and the rest ask it.
func (hidden) MarshalText() ([]byte, error) { return nil, errHidden }

// MarshalBinary refuses: gob asks it.
func (hidden) MarshalBinary() ([]byte, error) { return nil, errHidden }
