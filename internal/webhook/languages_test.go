package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Drivers of the guide's files: each reads messages, one JSON object a line, and prints 1
// for each that verifies and 0 for the others.
var languages = map[string]struct {
	command      []string
	guide, as    string // the file, and under what name it is loaded
	driver, name string
}{
	"Go": {[]string{"go", "run", "main.go", "verify.go"}, "verify.go", "verify.go", `package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var m struct {
			Secret  string
			Headers map[string]string
			Body    []byte
		}
		_ = json.Unmarshal(lines.Bytes(), &m)
		h := http.Header{}
		for k, v := range m.Headers {
			h.Set(k, v)
		}
		if verify(m.Secret, h, m.Body) {
			fmt.Println(1)
		} else {
			fmt.Println(0)
		}
	}
}
`, "main.go"},
	"TypeScript": {[]string{"node", "main.mjs"}, "verify.ts", "verify.mjs", `import { verify } from "./verify.mjs";
import { readFileSync } from "node:fs";
for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const m = JSON.parse(line);
  console.log(verify(m.secret, m.headers, Buffer.from(m.body, "base64")) ? 1 : 0);
}
`, "main.mjs"},
	"Python": {[]string{"python3", "main.py"}, "verify.py", "verify.py", `import base64, json, sys
from verify import verify
for line in sys.stdin:
    m = json.loads(line)
    print(1 if verify(m["secret"], m["headers"], base64.b64decode(m["body"])) else 0)
`, "main.py"},
	"PHP": {[]string{"php", "main.php"}, "verify.php", "verify.php", `<?php
require 'verify.php';
while (($line = fgets(STDIN)) !== false) {
    $m = json_decode($line, true);
    echo verify($m['secret'], $m['headers'], base64_decode($m['body'])) ? 1 : 0, "\n";
}
`, "main.php"},
	"npm standardwebhooks": {[]string{"node", "main.cjs"}, "", "", `const { Webhook } = require("standardwebhooks");
for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const m = JSON.parse(line);
  try { new Webhook(m.secret).verify(Buffer.from(m.body, "base64").toString(), m.headers); console.log(1); } catch { console.log(0); }
}
`, "main.cjs"},
}

// TestLanguages: the guide's files, and the standard's own library, verify a thousand of
// our messages and none of a thousand altered ones.
func TestLanguages(t *testing.T) {
	t.Parallel()
	in, want := messages(t)
	for name, l := range languages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(l.command[0]); err != nil {
				t.Skipf("no %s on this machine: the file of the guide for it was not run", l.command[0])
			}
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, l.name), []byte(l.driver), 0o600))
			if l.guide == "" {
				install(t, dir)
			} else {
				text, err := os.ReadFile(filepath.Join("../../docs/webhooks", l.guide))
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(dir, l.as), text, 0o600))
			}
			cmd := exec.CommandContext(t.Context(), l.command[0], l.command[1:]...)
			cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
			var said bytes.Buffer
			cmd.Stderr = &said
			out, err := cmd.Output()
			require.NoError(t, err, "%s", said.String())
			require.Equal(t, want, strings.ReplaceAll(string(out), "\r", ""))
		})
	}
}

// install fetches the standard's library. Without a way to npm's registry there is none.
func install(t *testing.T, dir string) {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("no npm on this machine: the standard's own library was not run")
	}
	cmd := exec.CommandContext(t.Context(), npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries", "1", "--fetch-timeout", "20000", "standardwebhooks@1.1.1")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("npm could not fetch standardwebhooks, which was not run: %v\n%.300s", err, out)
	}
}

// messages are a thousand that verify and a thousand that differ from one by a bit of the
// body, the id, the time, the signature or the secret.
func messages(t *testing.T) (lines []byte, want string) {
	t.Helper()
	now := time.Now() // the files of the guide read the machine's clock
	var b bytes.Buffer
	for n := range 1000 {
		key, err := newSecret(false)
		require.NoError(t, err)
		other, err := newSecret(false)
		require.NoError(t, err)
		body := fmt.Appendf(nil, `{"n":%d,"text":"%s"}`, n, strings.Repeat("é王", n%20))
		h := map[string]string{"webhook-id": fmt.Sprint(n), "webhook-timestamp": fmt.Sprint(now.Unix())}
		h["webhook-signature"] = signatures([]secret{other, key}, now, h["webhook-id"], h["webhook-timestamp"], body)
		message(t, &b, key.shown(), h, body)
		want += "1\n"
		shown := key.shown()
		switch n % 5 {
		case 0:
			body[n%len(body)] ^= 1
		case 1:
			h["webhook-id"] += "0"
		case 2:
			h["webhook-timestamp"] = fmt.Sprint(now.Unix() - 301)
			h["webhook-signature"] = signatures([]secret{key}, now, h["webhook-id"], h["webhook-timestamp"], body)
		case 3:
			h["webhook-signature"] = flipped(h["webhook-signature"], n)
		case 4:
			wrong, err := newSecret(false)
			require.NoError(t, err)
			shown = wrong.shown()
		}
		message(t, &b, shown, h, body)
		want += "0\n"
	}
	return b.Bytes(), want
}

func message(t *testing.T, b *bytes.Buffer, secret string, h map[string]string, body []byte) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"secret": secret, "headers": h, "body": base64.StdEncoding.EncodeToString(body)})
	require.NoError(t, err)
	b.Write(append(text, '\n'))
}
