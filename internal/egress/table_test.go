package egress_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/egress"
)

// hosts are ways to write an address that is not public, or a name that leads to one.
// Each of them connects when the operator allows everything, which shows that it was the
// guard that refused.
const hosts = `
127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.0 10.0.0.1 10.255.255.255
100.64.0.1 100.127.255.254 100.100.100.200 169.254.0.1 169.254.169.254 169.254.170.2 169.254.169.253
172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.254 192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.192 192.0.2.1
192.31.196.1 192.52.193.1 192.88.99.1 192.175.48.1 198.18.0.1 198.19.255.254 198.51.100.1 203.0.113.1
224.0.0.1 224.0.0.251 239.255.255.250 240.0.0.1 254.1.2.3 255.255.255.255 168.63.129.16
[::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::] [0:0::0:0]
[::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::FFFF:10.0.0.1] [::ffff:a9fe:a9fe] [::ffff:169.254.169.254]
[::ffff:192.168.1.1] [::ffff:0.0.0.0] [::ffff:c0a8:1]
[::127.0.0.1] [::7f00:1] [::a00:1] [::ffff:0:127.0.0.1] [::ffff:0:a00:1]
[64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [64:ff9b:1:fffe::a00:1]
[2002:7f00:1::] [2002:a00:1::1] [2002:a9fe:a9fe::] [2002:c0a8:101::1]
[2001::1] [2001:0:4136:e378:8000:63bf:80ff:fffe] [2001:2::1] [2001:10::1] [2001:20::1] [2001:1ff::1] [2001:db8::1] [2001:0db8:85a3::8a2e:370:7334] [3fff::1] [3fff:fff::1]
[fc00::1] [fd00::1] [fd00:ec2::254] [fdff:ffff::1] [fec0::1]
[ff01::1] [ff02::1] [ff02::fb] [ff05::2] [ff0e::1] [100::1] [100:0:0:1::1] [5f00::1] [4000::1] [8000::1] [e000::1] [1::1]
[2606:4700::5efe:7f00:1] [2606:4700::5efe:10.0.0.1] [2606:4700::200:5efe:a00:1] [2620:4f:8000::1]
localhost LOCALHOST localhost. a.localhost 127.0.0.1.nip.example metadata.google.internal metadata.google.internal.
metadata.example private.example mapped.example nat64.example ula.example rebound.example kubernetes.default.svc
0x7f000001 0x7f.1 0x7F.0x0.0x0.0x1 0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 0x100000000
localtest.example xn--fiqs8s.example internal intranet printer.local router.home.arpa
`

// numeric are old ways to write an IPv4 address (inet_aton) that Go's resolver does not
// take for a name at all.
const numeric = `2130706433 017700000001 0177.0.0.1 0177.1 127.1 127.0.1 0 1 00000177.0.0.1 127.000.000.001 3232235521 2852039166 0251.0376.0251.0376 4294967295 4294967296127.0.0.1 10.1 192.168.257`

// forms are addresses that are no call to make, whatever is allowed.
func forms() []string {
	return []string{
		"", "/", "//127.0.0.1/", "127.0.0.1", "127.0.0.1:443", "https:", "https:/", "https://", "https:///", "https:///127.0.0.1",
		"https:127.0.0.1", `https:\\127.0.0.1`, `https:/\127.0.0.1`, `https://public.example\@127.0.0.1`, "https://:443", "https://?a", "https://#a",
		"ftp://public.example", "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/stat",
		"ldap://127.0.0.1", "ws://127.0.0.1", "wss://public.example", "javascript:alert(1)", "data:text/plain,a", "jar:https://public.example!/", "unix:///run/docker.sock",
		"http+unix://%2Frun%2Fdocker.sock/info", "netdoc:///etc/passwd", "tftp://127.0.0.1:69/a", "smtp://127.0.0.1:25", "mailto:a@b.example", "about:blank",
		"https://user@public.example", "https://user:word@public.example", "https://public.example@127.0.0.1", "https://127.0.0.1:443@public.example", "https://@public.example",
		"https://127.0.0.1%00.public.example", "https://127.0.0.1%2f@public.example", "https://%31%32%37.0.0.1", "https://[fe80::1%25eth0]", "https://[fe80::1%25lo]:443", "https://[::1%25lo]",
		"https://[::1", "https://::1", "https://::1:443", "https://[127.0.0.1]", "https://[]", "https://[::ffff:127.0.0.1]x", "https://127.0.0.1:port", "https://127.0.0.1:99999", "https://127.0.0.1:-1",
		"https://a b.example", "https://a\tb.example", "https://a\nb.example", "https://a\r\nHost: b.example", "https://\x00", "https://\x7f.example", " https://127.0.0.1", "https ://127.0.0.1",
		"https://①②⑦.⓪.⓪.①", "https://１２７.０.０.１", "https://127。0。0。1", "https://127.0.0.1．", "https://127.0.0.1.", "https://127.0.0.1..",
		"https://public.example:22", "https://public.example:25", "https://public.example:80", "https://public.example:6379", "https://public.example:0", "https://public6.example:8080",
		"http://public.example", "http://public.example:443", "http://93.184.216.34", "http://[2606:2800:220:1::1]", "HTTP://public.example",
	}
}

var errStopped = errors.New("the test stops here, no packet leaves")

// counting is a client that counts the addresses it would have connected to.
func counting(t *testing.T, c egress.Config) (*egress.Client, *atomic.Int64) {
	t.Helper()
	var count atomic.Int64
	c.Resolver = dns(t)
	return egress.New(c.Watch(func(string) error { count.Add(1); return errStopped })), &count
}

// call makes a call as a careless caller would; an address that can't be read is none.
func call(t *testing.T, c *egress.Client, address string) error {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("a"))
	if err != nil {
		return err
	}
	answer, err := c.Do(r)
	if err == nil {
		_ = answer.Body.Close()
	}
	return err
}

func everything() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
}

// Shows: PCI DSS 1.3; GDPR Art. 44
func TestNoConnection(t *testing.T) {
	t.Parallel()
	strict, strictly := counting(t, egress.Config{})
	open, opened := counting(t, egress.Config{Allow: everything()})
	addresses := 0
	for _, host := range strings.Fields(hosts) {
		for _, address := range []string{"https://" + host + "/", "http://" + host + ":80/x?y=z"} {
			addresses++
			require.Error(t, call(t, strict, address), address)
			require.Zero(t, strictly.Load(), "a connection was made for %s", address)
			before := opened.Load()
			_ = call(t, open, address)
			require.Greater(t, opened.Load(), before, "%s is refused for another reason than its address", address)
		}
	}
	refused := forms()
	for host := range strings.FieldsSeq(numeric) {
		refused = append(refused, "https://"+host, "http://"+host+":80/a")
	}
	for _, address := range refused {
		addresses++
		require.Error(t, call(t, strict, address), address)
		require.Zero(t, strictly.Load(), "a connection was made for %q", address)
	}
	require.GreaterOrEqual(t, addresses, 150)
	t.Logf("%d addresses made no connection", addresses)
}

func TestConnection(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		allow     string
		addresses []string
	}{
		"public": {"", []string{"https://93.184.216.34", "https://93.184.216.34:8443/a", "https://[2606:2800:220:1::1]", "https://public.example", "https://PUBLIC.example.", "https://public6.example:443", "HTTPS://public.example", "https://[::ffff:93.184.216.34]"}},
		"listed": {"127.0.0.0/8,fd00:1::/64", []string{"https://127.0.0.1:1", "http://127.1.2.3:8080", "https://[fd00:1::9]", "http://localhost", "http://[::ffff:127.0.0.1]", "https://[fd00:1::1]:22"}},
	} {
		allow, err := egress.ParseAllow(row.allow)
		require.NoError(t, err)
		c, count := counting(t, egress.Config{Allow: allow})
		for _, address := range row.addresses {
			before := count.Load()
			err := call(t, c, address)
			require.ErrorIs(t, err, egress.ErrNotSent, name)
			require.Greater(t, count.Load(), before, address)
		}
	}
	c, count := counting(t, egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
	for _, beside := range []string{"https://10.2.0.1", "http://10.0.255.255", "https://127.0.0.1", "http://93.184.216.34"} {
		require.ErrorIs(t, call(t, c, beside), egress.ErrRefused)
		require.Zero(t, count.Load())
	}
}
