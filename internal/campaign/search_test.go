//go:build unix

package campaign

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// needle is one way in which a value may be written.
type needle struct {
	what string
	text []byte // in lower case: files are searched case-folded
}

// needles are all ways in which we look for a value. What is shorter than six bytes
// would be found everywhere.
func needles(field, value string, hashed bool) []needle {
	var all []needle
	add := func(form string, text []byte) {
		if len(text) >= 6 {
			all = append(all, needle{field + " as " + form, lowerASCII(text)})
		}
	}
	add("text", []byte(value))
	add("hex", []byte(hex.EncodeToString([]byte(value))))
	add("percent-encoding", []byte(url.QueryEscape(value)))
	add("percent-encoding of a path", []byte(url.PathEscape(value)))
	quoted, _ := json.Marshal(value)
	add("JSON", bytes.Trim(quoted, `"`))
	add("ASCII JSON", []byte(strings.Trim(strconv.QuoteToASCII(value), `"`)))
	units := utf16.Encode([]rune(value))
	for name, order := range map[string]binary.AppendByteOrder{"UTF-16LE": binary.LittleEndian, "UTF-16BE": binary.BigEndian} {
		var text []byte
		for _, u := range units {
			text = order.AppendUint16(text, u)
		}
		add(name, text)
	}
	for shift := range 3 {
		add(fmt.Sprintf("base64 at %d", shift), base64At(base64.RawStdEncoding, value, shift))
		add(fmt.Sprintf("base64url at %d", shift), base64At(base64.RawURLEncoding, value, shift))
	}
	if hashed {
		all = append(all, hashes(field, value)...)
	}
	return all
}

// base64At encodes a value that stands shift bytes into a group of three, and drops
// the characters that its neighbours share.
func base64At(e *base64.Encoding, value string, shift int) []byte {
	text := e.EncodeToString([]byte(strings.Repeat("\x00", shift) + value))
	text = text[[]int{0, 2, 3}[shift]:]
	if (shift+len(value))%3 != 0 {
		text = text[:len(text)-1]
	}
	return []byte(text)
}

func hashes(field, value string) []needle {
	var all []needle
	for _, v := range []string{value, strings.ToLower(value)} {
		a, b, c := sha256.Sum256([]byte(v)), sha1.Sum([]byte(v)), md5.Sum([]byte(v))
		for name, sum := range map[string][]byte{"SHA-256": a[:], "SHA-1": b[:], "MD5": c[:]} {
			all = append(all, needle{field + " as " + name + " in hex", []byte(hex.EncodeToString(sum))}, needle{field + " as " + name, lowerASCII(sum)})
		}
	}
	return all
}

// search looks through every file below the roots and says what it found where.
func search(t *testing.T, all []needle, roots ...string) (found []string) {
	t.Helper()
	var files, size int
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil // a live database recycles its files
			}
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return nil
			}
			files, size = files+1, size+len(text)
			lower := lowerASCII(text)
			for _, n := range all {
				if bytes.Contains(lower, n.text) {
					found = append(found, fmt.Sprintf("%s in %s", n.what, path))
				}
			}
			return err
		})
		require.NoError(t, err)
	}
	t.Logf("searched %d files, %d bytes, for %d forms", files, size, len(all))
	require.Positive(t, files)
	return found
}

// lowerASCII folds what a byte-wise search can fold without changing lengths; needles
// are searched folded in the same way.
func lowerASCII(text []byte) []byte {
	out := make([]byte, len(text))
	for i, b := range text {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		out[i] = b
	}
	return out
}

func TestSearchFindsEveryForm(t *testing.T) {
	t.Parallel()
	const value = "Zürich 東京 Kenntnis+Q7@example.com"
	all := needles("value", value, true)
	for i, n := range all {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "planted"), append(append([]byte("\x01\x02"), n.text[:1]...), n.text[1:]...), 0o600))
		require.NotEmpty(t, search(t, all[i:i+1], dir), n.what)
		require.Empty(t, search(t, needles("other", "Zürich 大阪 Kenntnis+Q8@example.com", true), dir), n.what)
	}
	for shift := range 3 {
		dir := t.TempDir()
		text := base64.StdEncoding.EncodeToString([]byte("ab" + strings.Repeat("c", shift) + value + "tail"))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "planted"), []byte(text), 0o600))
		require.NotEmpty(t, search(t, all, dir), "base64 inside base64 text at %d", shift)
	}
}
