package vault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Secret reads a small secret of the installation, kept in the key folder under the
// root key (the audit trail's signing key); make gives its value the first time.
func (v *Vault) Secret(dir, name string, make func() ([]byte, error)) ([]byte, error) {
	v.root.wrapping.RLock()
	defer v.root.wrapping.RUnlock()
	file := filepath.Join(dir, name+".secret")
	sealed, err := os.ReadFile(file)
	if err == nil {
		plain, err := v.root.Decrypt(sealed, []byte("secret|"+name))
		if err != nil {
			return nil, fmt.Errorf("the secret %s does not open under this root key", file)
		}
		return plain, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	plain, err := make()
	if err != nil {
		return nil, err
	}
	sealed, err = v.root.Encrypt(plain, []byte("secret|"+name))
	if err != nil {
		return nil, err
	}
	return plain, writeFile(file, sealed)
}
