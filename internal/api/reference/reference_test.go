package reference_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/api/reference"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// sha256 of the files inside swagger-ui-dist-5.35.0.tgz.
const (
	bundleSum = "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2"
	sheetSum  = "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d"
)

func ask(method, target string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for k, v := range header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	reference.Handler("/openapi.json").ServeHTTP(w, r)
	return w
}

func TestAssets(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		target, mediaType string
		zipped            bool
		sum, contains     string
	}{
		{target: "/docs/", mediaType: "text/html; charset=utf-8", contains: "<title>Florin API reference</title>"},
		{target: "/docs/start.js", mediaType: "text/javascript; charset=utf-8", contains: "validatorUrl: null"},
		{target: "/docs/page.css", mediaType: "text/css; charset=utf-8", contains: "max-width"},
		{target: "/docs/swagger-ui-bundle.js", mediaType: "text/javascript; charset=utf-8", zipped: true, sum: bundleSum},
		{target: "/docs/swagger-ui.css", mediaType: "text/css; charset=utf-8", zipped: true, sum: sheetSum},
		{target: "/docs/LICENSE", mediaType: "text/plain; charset=utf-8", contains: "Apache License"},
		{target: "/docs/NOTICE", mediaType: "text/plain; charset=utf-8", contains: "SmartBear"},
		{target: "/docs/swagger-ui-bundle.js.LICENSE.txt", mediaType: "text/plain; charset=utf-8", contains: "Permission is hereby granted"},
	} {
		t.Run(row.target, func(t *testing.T) {
			t.Parallel()
			plain := ask(http.MethodGet, row.target, nil)
			requireSecured(t, plain, row.mediaType)
			require.Empty(t, plain.Header().Get("Content-Encoding"))
			require.Contains(t, plain.Body.String(), row.contains)
			if row.sum != "" {
				sum := sha256.Sum256(plain.Body.Bytes())
				require.Equal(t, row.sum, hex.EncodeToString(sum[:]))
			}

			packed := ask(http.MethodGet, row.target, http.Header{"Accept-Encoding": {"br, gzip"}})
			requireSecured(t, packed, row.mediaType)
			if !row.zipped {
				require.Empty(t, packed.Header().Get("Content-Encoding"))
				require.Equal(t, plain.Body.String(), packed.Body.String())
				return
			}
			require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
			require.Equal(t, "Accept-Encoding", packed.Header().Get("Vary"))
			require.Equal(t, "Accept-Encoding", plain.Header().Get("Vary"))
			require.NotEqual(t, plain.Header().Get("ETag"), packed.Header().Get("ETag"))
			require.Less(t, packed.Body.Len(), plain.Body.Len()/2)
			z, err := gzip.NewReader(packed.Body)
			require.NoError(t, err)
			require.Empty(t, z.Name, "a name makes the file differ between machines")
			require.True(t, z.ModTime.IsZero(), "a time makes the file differ between builds")
			opened, err := io.ReadAll(z)
			require.NoError(t, err)
			require.Equal(t, plain.Body.String(), string(opened))
		})
	}
}

func requireSecured(t *testing.T, w *httptest.ResponseRecorder, mediaType string) {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code)
	h := w.Header()
	require.Equal(t, mediaType, h.Get("Content-Type"))
	require.Equal(t, policy, h.Get("Content-Security-Policy"))
	require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	require.Equal(t, "no-cache", h.Get("Cache-Control"))
	require.Regexp(t, `^"[0-9a-f]{24}(-gzip)?"$`, h.Get("ETag"))
}

func TestRevalidation(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"identity", "gzip"} {
		for _, target := range []string{"/docs/", "/docs/start.js", "/docs/swagger-ui-bundle.js"} {
			tag := ask(http.MethodGet, target, http.Header{"Accept-Encoding": {encoding}}).Header().Get("ETag")
			same := ask(http.MethodGet, target, http.Header{"Accept-Encoding": {encoding}, "If-None-Match": {tag}})
			require.Equal(t, http.StatusNotModified, same.Code, "%s %s", encoding, target)
			require.Zero(t, same.Body.Len())
			other := ask(http.MethodGet, target, http.Header{"Accept-Encoding": {encoding}, "If-None-Match": {`"old"`}})
			require.Equal(t, http.StatusOK, other.Code, "%s %s", encoding, target)
		}
	}
}

func TestAcceptEncoding(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		fields []string
		want   string
	}{
		{"absent", nil, ""},
		{"empty", []string{""}, ""},
		{"plain", []string{"gzip"}, "gzip"},
		{"browser", []string{"gzip, deflate, br, zstd"}, "gzip"},
		{"two fields", []string{"br", "gzip"}, "gzip"},
		{"old name, other case", []string{"X-GZip"}, "gzip"},
		{"weighted", []string{"br;q=1.0, gzip ; q=0.2"}, "gzip"},
		{"refused", []string{"gzip;q=0"}, ""},
		{"refused, anything else taken", []string{"*, gzip;q=0.000"}, ""},
		{"anything", []string{"*"}, "gzip"},
		{"nothing but identity", []string{"identity, *;q=0"}, ""},
		{"a longer word", []string{"gzipped"}, ""},
		{"weight is no number", []string{"gzip;q=yes"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := ask(http.MethodGet, "/docs/swagger-ui.css", http.Header{"Accept-Encoding": row.fields})
			require.Equal(t, row.want, w.Header().Get("Content-Encoding"))
		})
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		method, target string
		want           int
		header, value  string
	}{
		{http.MethodGet, "/docs", http.StatusPermanentRedirect, "Location", "docs/"},
		{http.MethodHead, "/docs/", http.StatusOK, "Content-Type", "text/html; charset=utf-8"},
		{http.MethodPost, "/docs/", http.StatusMethodNotAllowed, "Allow", "GET, HEAD"},
		{http.MethodDelete, "/docs/start.js", http.StatusMethodNotAllowed, "Allow", "GET, HEAD"},
		{http.MethodGet, "/docs/missing.js", http.StatusNotFound, "Content-Security-Policy", policy},
		{http.MethodGet, "/docs/README.md", http.StatusNotFound, "Content-Security-Policy", policy},
		{http.MethodGet, "/docs/swagger-ui.css.gz", http.StatusNotFound, "Content-Security-Policy", policy},
		{http.MethodGet, "/docs/page.html", http.StatusNotFound, "Content-Security-Policy", policy},
		{http.MethodGet, "/other", http.StatusNotFound, "Content-Security-Policy", policy},
	} {
		w := ask(row.method, row.target, nil)
		require.Equal(t, row.want, w.Code, "%s %s", row.method, row.target)
		require.Equal(t, row.value, w.Header().Get(row.header), "%s %s", row.method, row.target)
	}
}

func TestSpecURLIsEscaped(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ specURL, want string }{
		{"/openapi.json", `href="/openapi.json"`},
		{"../openapi.json?v=1&x=2", `href="../openapi.json?v=1&amp;x=2"`},
		{`"><script>alert(1)</script>`, `href="%22%3e%3cscript%3ealert%281%29%3c/script%3e"`},
		{"javascript:alert(1)", `href="#ZgotmplZ"`},
	} {
		w := httptest.NewRecorder()
		reference.Handler(row.specURL).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/docs/", nil))
		require.Contains(t, w.Body.String(), row.want)
	}
}

// The vendor's bundle is full of addresses that it never fetches, and the policy stops the rest; ours must have none.
// Shows: GDPR Art. 44
func TestOwnFilesNameNoOtherHost(t *testing.T) {
	t.Parallel()
	outside := regexp.MustCompile(`(?i)https?:|wss?:|["'(=\s]//[a-z0-9]|@import`)
	require.Regexp(t, outside, `<script src="https://cdn.example/x.js">`)
	require.Regexp(t, outside, `<link href="//cdn.example/x.css">`)
	for _, name := range []string{"page.html", "start.js", "page.css"} {
		body, err := os.ReadFile("assets/" + name)
		require.NoError(t, err)
		require.NotRegexp(t, outside, stripComments(string(body)), name)
	}
}

// Shows: PCI DSS 6.4.3
func TestPageHasNoInlineScript(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`(?i)<script(?:\s+[^>]*)?>[^<]|\son[a-z]+\s*=|<style|javascript:`)
	require.Regexp(t, inline, `<script>go()</script>`)
	require.Regexp(t, inline, `<body onload="go()">`)
	body := ask(http.MethodGet, "/docs/", nil).Body.String()
	require.NotRegexp(t, inline, body)
	require.Equal(t, 2, strings.Count(body, "<script src="))
}

func stripComments(s string) string {
	return regexp.MustCompile(`(?m)^\s*// .*$`).ReplaceAllString(s, "")
}
