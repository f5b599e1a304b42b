package config

import (
	"path/filepath"
	"strings"
)

// Config is everything that can be set. The tags are the command line's.
type Config struct {
	DataDir          string   `name:"data-dir" env:"FLORIN_DATA_DIR" default:"./florin-data" placeholder:"DIR" help:"Folder for the database, keys and first-run.env."`
	DatabaseURL      string   `name:"database-url" env:"FLORIN_DATABASE_URL" placeholder:"URL" help:"postgres://user:password@host:port/name; SQLite in the data folder if not set."`
	DatabaseAdminURL string   `name:"database-admin-url" env:"FLORIN_DATABASE_ADMIN_URL" placeholder:"URL" help:"Runs migrations and makes roles, so that --database-url needs no such rights."`
	KeystoreURL      string   `name:"keystore-url" env:"FLORIN_KEYSTORE_URL" placeholder:"URL" help:"Another PostgreSQL for the keystore; a schema of its own in --database-url if not set."`
	RootKeyFile      string   `name:"root-key-file" env:"FLORIN_ROOT_KEY_FILE" placeholder:"FILE" help:"The root key; keys/root.key in the data folder if not set."`
	AuditSink        []string `name:"audit-sink" env:"FLORIN_AUDIT_SINK" placeholder:"FILE" help:"Also append signed audit checkpoints to this file, best on another machine's disk. May be repeated."`
	SMTPURL          string   `name:"smtp-url" env:"FLORIN_SMTP_URL" placeholder:"URL" help:"Where mail to customers is handed in: smtp://user:password@host:587 (STARTTLS) or smtps://…:465. No mail is sent if not set."`
	MailFrom         string   `name:"mail-from" env:"FLORIN_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of that mail."`
	SMSURL           string   `name:"sms-url" env:"FLORIN_SMS_URL" default:"https://api.twilio.com" placeholder:"URL" help:"Where SMS with codes are handed in, at Twilio or whoever speaks like it."`
	SMSAccount       string   `name:"sms-account" env:"FLORIN_SMS_ACCOUNT" placeholder:"SID" help:"The account there. No SMS is sent in live mode if not set."`
	SMSToken         string   `name:"sms-token" env:"FLORIN_SMS_TOKEN" placeholder:"TOKEN" help:"Its auth token."`
	SMSFrom          string   `name:"sms-from" env:"FLORIN_SMS_FROM" placeholder:"NUMBER" help:"Sender of SMS: a number, or a name where the country allows it."`
	SumsubURL        string   `name:"sumsub-url" env:"FLORIN_SUMSUB_URL" default:"https://api.sumsub.com" placeholder:"URL" help:"Where Sumsub looks at identities."`
	SumsubToken      string   `name:"sumsub-token" env:"FLORIN_SUMSUB_TOKEN" placeholder:"TOKEN" help:"Sumsub's app token. No identity is verified in live mode if not set."`
	SumsubSecret     string   `name:"sumsub-secret" env:"FLORIN_SUMSUB_SECRET" placeholder:"SECRET" help:"The app token's secret key."`
	SumsubWebhook    string   `name:"sumsub-webhook-secret" env:"FLORIN_SUMSUB_WEBHOOK_SECRET" placeholder:"SECRET" help:"Secret key of the webhook to …/callbacks/identity/sumsub, SHA-256 or SHA-512."`
	SumsubLevel      string   `name:"sumsub-level" env:"FLORIN_SUMSUB_LEVEL" placeholder:"NAME" help:"Verification level: which documents Sumsub asks for."`
	ScreeningScore   float64  `name:"screening-threshold" env:"FLORIN_SCREENING_THRESHOLD" default:"0.9" placeholder:"SCORE" help:"How like an entry of a sanctions list a customer must be to be looked at, from 0.7 to 1."`
	WatchmanURL      string   `name:"watchman-url" env:"FLORIN_WATCHMAN_URL" placeholder:"URL" help:"Ask this moov-io/watchman in the place of the lists that were loaded. Its network must be in --egress-allow unless it is public."`
	RatesFile        string   `name:"rates-file" env:"FLORIN_RATES_FILE" placeholder:"FILE" help:"Exchange rates: {\"base\":\"USD\",\"days\":{\"2026-11-24\":{\"EUR\":\"0.92\"}}}. Read again when it changes. Without it live mode takes the base currency only."`
	EgressAllow      string   `name:"egress-allow" env:"FLORIN_EGRESS_ALLOW" placeholder:"CIDRS" help:"Private networks that outgoing calls (notifications, providers) may reach, also by plain http, like 127.0.0.0/8,10.1.2.0/24."`
	LogLevel         string   `name:"log-level" env:"FLORIN_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
}

// Serve is what only a running server needs.
type Serve struct {
	Listen         string `name:"listen" env:"FLORIN_LISTEN" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to listen on."`
	MetricsListen  string `name:"metrics-listen" env:"FLORIN_METRICS_LISTEN" placeholder:"ADDR" help:"Serve /metrics without a key on this address of its own; on --listen it needs one."`
	PublicURL      string `name:"public-url" env:"FLORIN_PUBLIC_URL" placeholder:"URL" help:"How the outside reaches this server; from --listen if not set."`
	TLSCert        string `name:"tls-cert" env:"FLORIN_TLS_CERT" placeholder:"FILE" help:"Certificate chain in PEM."`
	TLSKey         string `name:"tls-key" env:"FLORIN_TLS_KEY" placeholder:"FILE" help:"Private key in PEM."`
	PlainHTTP      bool   `name:"allow-plain-http" env:"FLORIN_ALLOW_PLAIN_HTTP" help:"Serve plain HTTP on a public address, behind a proxy that speaks TLS."`
	TrustedProxies string `name:"trusted-proxies" env:"FLORIN_TRUSTED_PROXIES" placeholder:"CIDRS" help:"Networks whose X-Forwarded-For is believed."`
	RateLimit      int    `name:"rate-limit" env:"FLORIN_RATE_LIMIT" default:"5000" placeholder:"N" help:"Requests a second for each key, with bursts of twice that; 0 turns it off."`
	AcceptCardData bool   `name:"accept-card-data" env:"FLORIN_ACCEPT_CARD_DATA" help:"Take card numbers in live mode too. Your PCI DSS assessment is then SAQ D, not SAQ A: without this the provider's own page takes them."`
}

// Postgres reports whether the main database is a PostgreSQL server.
func (c Config) Postgres() bool {
	return strings.HasPrefix(c.DatabaseURL, "postgres://") || strings.HasPrefix(c.DatabaseURL, "postgresql://")
}

// KeyDir holds the keys that are in no database.
func (c Config) KeyDir() string { return filepath.Join(c.DataDir, "keys") }

// AuditDir holds the default sink and the key that verifies it.
func (c Config) AuditDir() string { return filepath.Join(c.DataDir, "audit") }

// Ledgers are the files that erasures are kept in outside the databases: one beside each sink
// of the audit trail.
func (c Config) Ledgers() []string {
	all := []string{filepath.Join(c.AuditDir(), "erasures")}
	for _, sink := range c.AuditSink {
		all = append(all, sink+".erasures")
	}
	return all
}

// Sinks are the files that signed checkpoints are appended to.
func (c Config) Sinks() []string {
	return append([]string{filepath.Join(c.AuditDir(), "checkpoints")}, c.AuditSink...)
}

// ScreeningDir holds the sanctions lists that were loaded.
func (c Config) ScreeningDir() string { return filepath.Join(c.DataDir, "screening") }

// FirstRun is the file with the first credentials.
func (c Config) FirstRun() string { return filepath.Join(c.DataDir, "first-run.env") }
