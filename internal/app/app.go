package app

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/backup"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/contact"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/db/schema"
	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/event"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/fee"
	"github.com/florin-gateway/florin/internal/id"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/lease"
	"github.com/florin-gateway/florin/internal/leave"
	"github.com/florin-gateway/florin/internal/limit"
	"github.com/florin-gateway/florin/internal/method"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/pan"
	"github.com/florin-gateway/florin/internal/payment"
	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/provider"
	"github.com/florin-gateway/florin/internal/provider/sandbox"
	"github.com/florin-gateway/florin/internal/rate"
	"github.com/florin-gateway/florin/internal/register"
	"github.com/florin-gateway/florin/internal/retention"
	"github.com/florin-gateway/florin/internal/rights"
	"github.com/florin-gateway/florin/internal/rotation"
	"github.com/florin-gateway/florin/internal/routing"
	"github.com/florin-gateway/florin/internal/screening"
	"github.com/florin-gateway/florin/internal/vault"
	"github.com/florin-gateway/florin/internal/verification"
	"github.com/florin-gateway/florin/internal/webhook"
)

// App is Florin, built and not yet running.
type App struct {
	Config    config.Config
	Clock     clock.Clock
	Log       *slog.Logger
	Store     *db.DB
	Keystore  *db.DB
	Vault     *vault.Vault
	IDs       *id.Source
	Leases    *lease.Desk
	Limits    *limit.Desk
	Audit     *audit.Log
	Sealer    *audit.Sealer
	Verifier  note.Verifier
	Events    *event.Log
	Answers   *idempotency.Store
	Owners    *owner.Service
	Access    *access.Service
	Customers *customer.Service
	Rotations *rotation.Desk
	Metrics   *prometheus.Registry

	Egress        *egress.Client
	Rates         *rate.Source
	Sandbox       *sandbox.Connector
	Consents      *consent.Service
	Fees          *fee.Service
	Methods       *method.Service
	Routing       *routing.Service
	Notifications *notification.Service
	Payments      *payment.Service
	Webhooks      *webhook.Service
	Privacy       *privacy.Service
	Retention     *retention.Service
	Rights        *rights.Service
	Register      *register.Service
	Leaving       *leave.Service
	Verifications *verification.Service
	Screenings    *screening.Service

	Replayed *backup.Outcome // of the restore that this start is the first after; else nil

	mail      *notification.MailSender // nil without --smtp-url
	publicURL string                   // set by Handler
	node      string                   // the lease of this process's node number, on PostgreSQL
	stop      context.CancelFunc
	running   sync.WaitGroup
	// tick runs with the once-a-minute work; the server adds the gate's counts.
	tick []func(context.Context) error
}

// Option changes how an app is built, for tests.
type Option func(*options)

type options struct {
	clock       clock.Clock
	synchronous string
	passwords   uint32
	connectors  func(*App) provider.Registry
	verifiers   func(*App) verification.Connectors
}

// WithConnectors adds kinds of providers.
func WithConnectors(more func(*App) provider.Registry) Option {
	return func(o *options) { o.connectors = more }
}

// WithVerifiers verifies by these in live mode, in the place of what is configured.
func WithVerifiers(by func(*App) verification.Connectors) Option {
	return func(o *options) { o.verifiers = by }
}

// WithClock runs the app on a clock that a test moves.
func WithClock(c clock.Clock) Option { return func(o *options) { o.clock = c } }

// WithSynchronous sets SQLite's synchronous level. NORMAL loses acknowledged rows on
// power loss; it exists for the test that must see that.
func WithSynchronous(level string) Option { return func(o *options) { o.synchronous = level } }

// WithPasswordMemory hashes passwords in so many KiB. Guessing gets as much cheaper as
// signing in: it is for tests, which sign in by the hundred.
func WithPasswordMemory(kib uint32) Option { return func(o *options) { o.passwords = kib } }

// Open builds the app. Databases are migrated and keys are made if there are none.
func Open(ctx context.Context, c config.Config, log *slog.Logger, opts ...Option) (*App, error) {
	o := options{clock: clock.System()}
	for _, set := range opts {
		set(&o)
	}
	a := &App{Config: c, Clock: o.clock, Log: log, Metrics: prometheus.NewRegistry()}
	if err := a.build(ctx, o); err != nil {
		return nil, errors.Join(err, a.Close(ctx))
	}
	return a, nil
}

func (a *App) build(ctx context.Context, o options) error {
	if err := os.MkdirAll(a.Config.DataDir, 0o700); err != nil {
		return fmt.Errorf("the data folder can't be made: %w", err)
	}
	if err := backup.Unfinished(a.Config.DataDir); err != nil {
		return err
	}
	if err := a.openStores(ctx, o.synchronous); err != nil {
		return err
	}
	if err := a.takeNode(ctx); err != nil {
		return err
	}
	keyIDs := id.NewSource(a.Clock, random, pan.LooksLike)
	v, err := vault.Open(ctx, vault.Options{Keystore: a.Keystore, Dir: a.Config.KeyDir(), RootFile: a.Config.RootKeyFile, Clock: a.Clock, NextID: keyIDs.Next})
	if err != nil {
		return err
	}
	a.Vault = v
	a.Limits = a.limits()
	a.Audit = audit.NewLog(a.Store, a.Clock, a.IDs.Next)
	a.Events = event.NewLog(a.Store, a.IDs.Next)
	a.Answers = idempotency.NewStore(a.Store, v, a.Clock, a.IDs.Next)
	a.Owners = owner.NewService(a.Store, v, a.Clock, a.IDs)
	v.UseRealms(a.Owners.Realms)
	a.Access = access.NewService(a.Store, a.Owners, a.Audit, v, a.Clock, a.IDs)
	if o.passwords != 0 {
		a.Access.PasswordMemory = o.passwords
	}
	a.Customers = &customer.Service{Store: a.Store, Vault: v, Owners: a.Owners, Audit: a.Audit, Events: a.Events,
		Phones: contact.NewPhoneParser(pan.Find), Clock: a.Clock, IDs: a.IDs}
	a.Leaving = &leave.Service{Store: a.Store, Vault: v, Owners: a.Owners, Audit: a.Audit, Clock: a.Clock}
	a.Rotations = &rotation.Desk{Vault: v, Owners: a.Owners, Customers: a.Customers}
	if a.Config.Postgres() {
		a.Rotations.Leases = a.Leases
	}
	if err := a.buildPayments(o); err != nil {
		return err
	}
	a.Access.Issuers = access.NewIssuers(a.Egress, a.Clock)
	a.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), a.cacheMetrics())
	if err := a.openSealer(ctx); err != nil {
		return err
	}
	return a.replay(ctx)
}

func (a *App) openStores(ctx context.Context, synchronous string) error {
	main, keys := Stores(a.Config)
	main.Synchronous, keys.Synchronous, main.Log, keys.Log = synchronous, synchronous, a.Log, a.Log
	var err error
	if a.Store, err = db.Open(ctx, main); err != nil {
		return err
	}
	a.Keystore, err = db.Open(ctx, keys)
	return err
}

// Stores says where the two databases of an installation are.
func Stores(c config.Config) (main, keys db.Config) {
	main = schema.Main(db.Config{WriterCacheMB: 32, URL: c.DatabaseURL, AdminURL: c.DatabaseAdminURL})
	keys = vault.Schema(db.Config{URL: c.KeystoreURL, AdminURL: c.DatabaseAdminURL})
	switch {
	case !c.Postgres():
		main.URL = filepath.Join(c.DataDir, "florin.db")
		if keys.URL == "" {
			keys.URL = filepath.Join(c.DataDir, "keystore.db")
		}
	case keys.URL == "":
		keys.URL, keys.Schema = c.DatabaseURL, "florin_keystore"
	default:
		keys.AdminURL = ""
	}
	return main, keys
}

// takeNode gives ids of this process a node number that no other has. SQLite has one
// process, by its lock file.
func (a *App) takeNode(ctx context.Context) error {
	a.IDs = id.NewSource(a.Clock, random, pan.LooksLike)
	host, _ := os.Hostname()
	a.Leases = lease.NewDesk(a.Store, a.Clock, fmt.Sprintf("%s/%d/%x", host, os.Getpid(), random()))
	if !a.Config.Postgres() {
		return nil
	}
	node, name, err := a.Leases.Node(ctx, id.Nodes)
	if err != nil {
		return err
	}
	a.node = name
	a.IDs.UseNode(node)
	return nil
}

// limits counts what callers do together with the other nodes, if there can be any.
func (a *App) limits() *limit.Desk {
	d := limit.NewDesk(a.Clock)
	if !a.Config.Postgres() {
		return d
	}
	d.Share(limit.Shared{Store: a.Store, Nodes: a.Leases.Nodes, Mark: func(ctx context.Context, text string) (string, error) {
		keys, err := a.Vault.Keys(ctx, 0, 0)
		if err != nil {
			return "", err
		}
		sum, err := keys.MAC("rate limit", text)
		return hex.EncodeToString(sum[:]), err
	}})
	return d
}

// random is 64 bits from the system's generator, which never fails (Go 1.24).
func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// openSealer reads the audit trail's signing key and writes its public half where a
// verifier finds it.
func (a *App) openSealer(ctx context.Context) error {
	secret, err := a.Vault.Secret(a.Config.KeyDir(), TrailKey, func() ([]byte, error) {
		signing, verifying, err := note.GenerateKey(rand.Reader, "florin-audit")
		return []byte(signing + "\n" + verifying), err
	})
	if err != nil {
		return err
	}
	signer, verifier, err := audit.Pair(secret)
	if err != nil {
		return err
	}
	a.Verifier = verifier
	_, verifying, _ := strings.Cut(string(secret), "\n")
	if err := os.MkdirAll(a.Config.AuditDir(), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(a.Config.AuditDir(), "verifier.txt"), []byte(verifying+"\n"), 0o600); err != nil {
		return err
	}
	var sinks []audit.Sink
	for _, path := range a.Config.Sinks() {
		sinks = append(sinks, audit.NewFileSink(path))
	}
	a.Sealer = audit.NewSealer(a.Audit, a.Store, signer, sinks...)
	a.Customers.Sign, a.Customers.Ledger, a.Retention.Sign = a.Sealer.Sign, a.ledger(), a.Sealer.Sign
	return a.Sealer.Resume(ctx)
}

// TrailKey is the name of the secret that signs the audit trail.
const TrailKey = "audit-signing"

func (a *App) cacheMetrics() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "florin_key_cache_hit_ratio", Help: "Share of subject keys found in memory."}, func() float64 {
		hits, misses := a.Vault.CacheStats()
		return float64(hits) / float64(max(1, hits+misses))
	})
}

// Ready says whether requests can be served: storage, keys, audit.
func (a *App) Ready(ctx context.Context) error {
	return errors.Join(a.Store.Ping(ctx), a.Vault.Ping(ctx), a.Audit.Ready())
}

// How often background work runs.
const (
	sealEvery      = time.Second
	sequenceEvery  = 250 * time.Millisecond
	scrubEvery     = 5 * time.Second
	paymentsEvery  = 500 * time.Millisecond
	screeningEvery = time.Second
)

// Start begins the work that no request waits for.
func (a *App) Start(ctx context.Context) error {
	g := auth.Refused(auth.Actor{Kind: auth.SystemJob}, auth.Origin{})
	if err := a.Audit.Note(ctx, g, audit.Entry{Action: audit.ServiceStart}); err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	failed := func(what string) func(error) {
		return func(err error) {
			a.Log.Error("background work failed; it will be tried again", "work", what, "error", err.Error())
		}
	}
	a.goRun(func() { a.Sealer.Run(running, sealEvery, failed("seal audit")) })
	a.goRun(func() { a.Events.Run(running, sequenceEvery, failed("sequence events")) })
	a.goRun(func() { every(running, scrubEvery, a.Vault.Scrub, failed("scrub keystore")) })
	a.goRun(func() { every(running, time.Minute, a.minute, failed("purge")) })
	a.goRun(func() { every(running, time.Hour, a.hour, failed("epoch rotation")) })
	a.startPayments(running, failed)
	if a.node != "" {
		a.goRun(func() { a.Leases.Keep(running, a.node, failed("node lease")) })
		a.goRun(func() { a.Limits.Run(running, failed("rate limits")) })
	}
	_, err := a.Customers.FinishErasures(ctx)
	return err
}

func (a *App) goRun(work func()) {
	a.running.Add(1)
	go func() {
		defer a.running.Done()
		work()
	}()
}

func every(ctx context.Context, interval time.Duration, work func(context.Context) error, failed func(error)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := work(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
}

// minute is work that is due once a minute.
func (a *App) minute(ctx context.Context) error {
	purge := a.Answers.PurgeAll(ctx)
	_, erase := a.Customers.FinishErasures(ctx)
	errs := []error{purge, erase, a.Payments.PurgeNotices(ctx), a.Access.Purge(ctx), a.Limits.Purge(ctx)}
	for _, work := range a.tick {
		errs = append(errs, work(ctx))
	}
	return errors.Join(errs...)
}

// hour does what is due in every realm, and begins a new key epoch once the present one
// has served its time.
func (a *App) hour(ctx context.Context) error {
	return errors.Join(a.eachRealm(ctx), a.epoch(ctx))
}

func (a *App) epoch(ctx context.Context) error {
	if !a.Vault.EpochDue() {
		return nil
	}
	err := a.Rotations.Run(ctx, rotation.Plan{Epoch: true}, func(rotation.State) {})
	if fault.Is(err, fault.RotationRunning) {
		return nil // here or on another node
	}
	return err
}

// EachMinute adds work that is due once a minute. Call it before Start.
func (a *App) EachMinute(work func(context.Context) error) { a.tick = append(a.tick, work) }

// Close stops the background work and closes the databases. It may be called on an
// app that was only half built.
func (a *App) Close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if a.stop != nil {
		a.stop()
	}
	a.running.Wait()
	if a.Rotations != nil {
		a.Rotations.Wait()
	}
	var errs []error
	if a.Vault != nil {
		errs = append(errs, a.Vault.Close(ctx))
	}
	if a.node != "" {
		errs = append(errs, a.Leases.Release(ctx, a.node))
	}
	for _, store := range []*db.DB{a.Keystore, a.Store} {
		if store != nil {
			errs = append(errs, store.Close())
		}
	}
	return errors.Join(errs...)
}
