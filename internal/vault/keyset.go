package vault

import (
	"bytes"

	tinkaead "github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// newAEAD makes a keyset with one random AES-256-GCM key.
func newAEAD() (*keyset.Handle, error) { return keyset.NewHandle(tinkaead.AES256GCMKeyTemplate()) }

// newPRF makes a keyset with one random HMAC-SHA256 PRF key.
func newPRF() (*keyset.Handle, error) { return keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate()) }

// withNewPrimary adds a key that is used from now on; the others still open.
func withNewPrimary(h *keyset.Handle) (*keyset.Handle, error) {
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(tinkaead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	return m.Handle()
}

// primaryOnly drops every key but the one in use.
func primaryOnly(h *keyset.Handle) (*keyset.Handle, error) {
	primary, err := h.Primary()
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(h)
	for i := range h.Len() {
		entry, err := h.Entry(i)
		if err != nil {
			return nil, err
		}
		if entry.KeyID() != primary.KeyID() {
			if err := m.Delete(entry.KeyID()); err != nil {
				return nil, err
			}
		}
	}
	return m.Handle()
}

// wrap seals a keyset under a key, bound to what it is for.
func wrap(h *keyset.Handle, by aead, purpose string) ([]byte, error) {
	var out bytes.Buffer
	err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&out), by, []byte(purpose))
	return out.Bytes(), err
}

func unwrap(wrapped []byte, by aead, purpose string) (*keyset.Handle, error) {
	return keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), by, []byte(purpose))
}

// clearKeyset is the root keyset as it stands in its file: nothing is above it.
func clearKeyset(h *keyset.Handle) ([]byte, error) {
	var out bytes.Buffer
	err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&out))
	return out.Bytes(), err
}

func readClearKeyset(text []byte) (*keyset.Handle, error) {
	return insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
}
