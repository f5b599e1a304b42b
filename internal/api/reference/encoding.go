package reference

import (
	"bytes"
	"compress/gzip"
	"io"
	"strconv"
	"strings"
	"sync"
)

// content is one file's bytes: either plain, or zipped with unzip to open it.
type content struct {
	plain  []byte
	zipped []byte
	unzip  func() []byte
}

// ready makes unzip work at most once, and only when a client that does not accept gzip first asks: 1.7 MB of script
// stay out of the memory of a server whose visitors are browsers.
func (c content) ready() content {
	c.unzip = sync.OnceValue(func() []byte {
		r, err := gzip.NewReader(bytes.NewReader(c.zipped))
		if err != nil {
			panic("reference: embedded gzip: " + err.Error())
		}
		out, err := io.ReadAll(r)
		if err != nil {
			panic("reference: embedded gzip: " + err.Error())
		}
		return out
	})
	return c
}

// acceptsGzip reads Accept-Encoding as RFC 9110 §12.5.3 has it: a weight of 0 refuses, gzip's own weight goes before
// that of "*", and an absent field is read as "no": such clients are scripts that seldom unpack.
func acceptsGzip(fields []string) bool {
	star := false
	for member := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		coding, params, _ := strings.Cut(member, ";")
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return weight(params) > 0
		case "*":
			star = weight(params) > 0
		}
	}
	return star
}

// weight is the q of a member, 1 where there is none; one that cannot be read counts as 0, the safe side.
func weight(params string) float64 {
	key, value, found := strings.Cut(params, "=")
	if !found {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(key), "q") {
		return 0
	}
	return q
}
