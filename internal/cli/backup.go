package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/backup"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/config"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/vault"
)

type backupCommand struct {
	Create  backupCreate  `cmd:"" help:"Back up data and keystore, each by itself, encrypted and signed."`
	Verify  backupVerify  `cmd:"" help:"Read backups to their end and check everything, without touching the installation."`
	Restore backupRestore `cmd:"" help:"Fill an empty place from a backup, and erase again who was erased since."`
	Prune   backupPrune   `cmd:"" help:"Remove backups of the keystore that have had their time."`
}

// keyFolder is the key folder and the two halves of the trail's key, without the databases,
// which a server may have.
func keyFolder(c *config.Config) (*vault.Folder, note.Signer, note.Verifier, error) {
	folder, err := vault.OpenFolder(c.KeyDir(), c.RootKeyFile)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%w: put the key folder into its place first (%s), or name another with --data-dir", err, c.KeyDir())
	}
	secret, err := folder.Secret(app.TrailKey)
	if err != nil {
		return nil, nil, nil, err
	}
	signer, verifier, err := audit.Pair(secret)
	return folder, signer, verifier, err
}

type backupCreate struct {
	Dir          string        `arg:"" help:"Folder for backups of the data."`
	KeystoreOut  string        `placeholder:"DIR" help:"Folder for backups of the keystore; keystore below DIR if not given."`
	Only         string        `enum:"data,keystore," default:"" placeholder:"data|keystore" help:"Back up one of the two."`
	Recipient    []string      `placeholder:"age1…" help:"Public key of age, or a file with some: who can open the backup. May be repeated. Without it, the key keys/backup.agekey, which is made the first time."`
	KeepKeystore time.Duration `default:"168h" help:"How long older backups of the keystore are kept."`
	DryRun       bool          `help:"Say what would be written and removed, and do neither."`
}

// Help is shown by florin backup create --help.
func (backupCreate) Help() string {
	return `Examples:
  florin backup create /mnt/backup
  florin backup create /mnt/backup --keystore-out /mnt/other/keys --recipient age1ql3z…
  florin backup create /mnt/backup --only keystore

Works beside a running server and holds it up by nothing. The key folder is in no backup: keep a copy of it
elsewhere, replaced whenever keys are rotated, or nothing can be opened. Back up daily, and after each
florin keys rotate: an epoch's end makes older backups of the keystore useless, which is their purpose.`
}

func (b *backupCreate) kinds() []backup.Kind {
	if b.Only != "" {
		return []backup.Kind{backup.Kind(b.Only)}
	}
	// In this order: a key is made before its customer, so the later keystore has every key.
	return []backup.Kind{backup.Data, backup.Keystore}
}

func (b *backupCreate) dir(kind backup.Kind) string {
	switch {
	case kind == backup.Data:
		return b.Dir
	case b.KeystoreOut != "":
		return b.KeystoreOut
	}
	return filepath.Join(b.Dir, "keystore")
}

// Run makes the backups.
func (b *backupCreate) Run(c *config.Config, out *console) error {
	if b.DryRun {
		return b.rehearse(out)
	}
	folder, signer, _, err := keyFolder(c)
	if err != nil {
		return err
	}
	to, err := b.recipients(c, out)
	if err != nil {
		return err
	}
	ctx, stop := interrupted()
	defer stop()
	main, keys := app.Stores(*c)
	maker := &backup.Maker{Main: main, Keys: keys, Folder: folder, Signer: signer, To: to, Clock: clock.System()}
	for _, kind := range b.kinds() {
		meter := newMeter(out, "Backing up the "+string(kind), 0, "bytes")
		made, err := maker.Create(ctx, kind, b.dir(kind), meter.done)
		meter.end()
		if err != nil {
			return fmt.Errorf("no backup of the %s was made: %w", kind, err)
		}
		_, _ = fmt.Fprintln(out.out, made.Describe())
	}
	if b.Only == string(backup.Data) {
		return nil
	}
	return pruneKeystores(b.dir(backup.Keystore), b.KeepKeystore, false, out)
}

func (b *backupCreate) rehearse(out *console) error {
	for _, kind := range b.kinds() {
		_, _ = fmt.Fprintf(out.out, "Would back up the %s into %s\n", kind, b.dir(kind))
	}
	if _, err := os.Stat(b.dir(backup.Keystore)); err != nil {
		return nil
	}
	return pruneKeystores(b.dir(backup.Keystore), b.KeepKeystore, true, out)
}

func (b *backupCreate) recipients(c *config.Config, out *console) (backup.Recipients, error) {
	if len(b.Recipient) > 0 {
		return backup.ParseRecipients(b.Recipient)
	}
	to, made, err := backup.OwnRecipients(c.KeyDir())
	if made && err == nil {
		_, _ = fmt.Fprintf(out.err, "Made %s, which alone opens these backups. KEEP A COPY OF %s ELSEWHERE: with this disk both would be lost.\n",
			filepath.Join(c.KeyDir(), "backup.agekey"), c.KeyDir())
	}
	return to, err
}

func pruneKeystores(dir string, keep time.Duration, dryRun bool, out *console) error {
	pruned, err := backup.Prune(dir, backup.Keystore, clock.System().Now().Add(-keep), dryRun)
	for _, path := range pruned {
		_, _ = fmt.Fprintf(out.out, "%s %s: older than %s\n", map[bool]string{true: "Would remove", false: "Removed"}[dryRun], path, keep)
	}
	return err
}

type backupPrune struct {
	Dir          string        `arg:"" help:"Folder with backups of the keystore."`
	KeepKeystore time.Duration `default:"168h" help:"How long they are kept."`
	DryRun       bool          `help:"Name what would be removed and remove nothing."`
}

// Help is shown by florin backup prune --help.
func (backupPrune) Help() string {
	return `Examples:
  florin backup prune /mnt/backup/keystore --dry-run
  florin backup prune /mnt/backup/keystore

What florin backup create does at its end; for a folder that no new backups come to.`
}

// Run removes what is too old.
func (b *backupPrune) Run(_ *config.Config, out *console) error {
	return pruneKeystores(b.Dir, b.KeepKeystore, b.DryRun, out)
}

type backupVerify struct {
	Backups  []string `arg:"" placeholder:"BACKUP" help:"Folders that florin backup create made."`
	Identity []string `placeholder:"FILE" help:"What opens them; keys/backup.agekey if not given. May be repeated."`
	Verifier string   `placeholder:"FILE" help:"Public half of the trail's key (audit/verifier.txt), where the key folder is not at hand."`
	Temp     string   `placeholder:"DIR" help:"Where an SQLite file is opened for looking at it; the system's folder for temporary files if not given."`
}

// Help is shown by florin backup verify --help.
func (backupVerify) Help() string {
	return `Examples:
  florin backup verify /mnt/backup/data-* /mnt/backup/keystore/keystore-*
  florin backup verify BACKUP --identity backup.agekey --verifier verifier.txt

Checks the signature, the digests, that each decrypts to its end, SQLite's integrity, and the rows of each
table. Exit code 2 means that a backup is damaged or not of this installation.`
}

// Run verifies backups.
func (b *backupVerify) Run(c *config.Config, out *console) error {
	folder, _, verifier, err := keyFolder(c)
	if err != nil || b.Verifier != "" {
		if verifier, err = readVerifier(c, b.Verifier); err != nil {
			return err
		}
	}
	ids, err := backup.ReadIdentities(c.KeyDir(), b.Identity)
	if err != nil {
		return err
	}
	ctx, stop := interrupted()
	defer stop()
	reader := backup.Reader{Verifier: verifier, By: ids, Temp: b.Temp}
	for _, path := range b.Backups {
		meter := newMeter(out, "Verifying "+path, 0, "bytes")
		whole, err := reader.Verify(ctx, path, meter.done)
		meter.end()
		if errors.Is(err, backup.ErrRefused) {
			return found{err.Error()}
		}
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out.out, "Whole and genuine. %s\n", whole.Describe())
		if folder != nil && whole.Locks != nil {
			tellLocks(folder, whole, out)
		}
	}
	return nil
}

func tellLocks(folder *vault.Folder, b backup.Backup, out *console) {
	if err := folder.Opens(*b.Locks); err != nil {
		_, _ = fmt.Fprintf(out.out, "It opens nothing by the keys at hand: %v.\n", err)
		return
	}
	_, _ = fmt.Fprintln(out.out, "It opens by the keys at hand.")
}

type backupRestore struct {
	Backups  []string `arg:"" placeholder:"BACKUP" help:"A backup of the data, one of the keystore, or both."`
	Identity []string `placeholder:"FILE" help:"What opens them; keys/backup.agekey if not given. May be repeated."`
	Ledger   []string `placeholder:"FILE" help:"A ledger of erasures kept elsewhere (SINK.erasures). May be repeated. That of the data folder and those beside --audit-sink are read in any case."`
	DryRun   bool     `help:"Say what would be restored, and whether it can be, and change nothing."`
}

// Help is shown by florin backup restore --help.
func (backupRestore) Help() string {
	return `Examples:
  florin backup restore /mnt/backup/data-20261125T020000.000Z /mnt/backup/keystore/keystore-20261125T020004.000Z
  florin backup restore /mnt/backup/data-20251125T020000.000Z      (the keystore is still here)
  florin backup restore BACKUP --dry-run

Into an empty place only, with the key folder put there before. Restore with the newest keystore there is: it
knows who was erased, and is the only one that opens. Then everybody who was erased since the backup is erased
again, before a port can open; customers whose keys are lost are named.`
}

// Run restores.
func (b *backupRestore) Run(c *config.Config, out *console) error {
	folder, signer, verifier, err := keyFolder(c)
	if err != nil {
		return err
	}
	ids, err := backup.ReadIdentities(c.KeyDir(), b.Identity)
	if err != nil {
		return err
	}
	main, keys := app.Stores(*c)
	t := &backup.Target{Reader: backup.Reader{Verifier: verifier, By: ids}, Main: main, Keys: keys, Dir: c.DataDir, Folder: folder,
		Signer: signer, Clock: clock.System(), Outside: readAll(c.Sinks())}
	ctx, stop := interrupted()
	defer stop()
	plan, err := t.Plan(ctx, b.Backups)
	if errors.Is(err, backup.ErrRefused) {
		return found{err.Error()}
	}
	if err != nil {
		return err
	}
	tellPlan(plan, out)
	if b.DryRun {
		_, err = fmt.Fprintln(out.out, "It can be restored. Nothing was changed.")
		return err
	}
	if err := b.takeLedgers(c, verifier); err != nil {
		return err
	}
	if err := b.restore(ctx, t, plan, out); err != nil {
		return err
	}
	return withApp(c, out, func(_ context.Context, a *app.App) error { return tellReplay(a.Replayed, out) })
}

func tellPlan(p backup.Plan, out *console) {
	for _, b := range []*backup.Backup{p.Data, p.Keystore} {
		if b != nil {
			_, _ = fmt.Fprintln(out.out, b.Describe())
		}
	}
	if w := p.Warning(); w != "" {
		_, _ = fmt.Fprintln(out.err, "WARNING:", w)
	}
}

func (b *backupRestore) restore(ctx context.Context, t *backup.Target, plan backup.Plan, out *console) error {
	var kind backup.Kind
	var m *meter
	_, err := t.Restore(ctx, plan, func(k backup.Kind, n int64) {
		if k != kind {
			if m != nil {
				m.end()
			}
			kind, m = k, newMeter(out, "Restoring the "+string(k), 0, "bytes")
		}
		m.done(n)
	})
	if m != nil {
		m.end()
	}
	if errors.Is(err, backup.ErrRefused) {
		return found{err.Error()}
	}
	return err
}

// takeLedgers adds what ledgers from elsewhere have to the installation's own.
func (b *backupRestore) takeLedgers(c *config.Config, verifier note.Verifier) error {
	for _, path := range b.Ledger {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all, unreadable := customer.ReadLedger(string(text), verifier)
		if len(all) == 0 && unreadable > 0 {
			return fmt.Errorf("%s holds no entry of this installation", path)
		}
		if err := os.MkdirAll(c.AuditDir(), 0o700); err != nil {
			return err
		}
		own := audit.NewFileSink(c.Ledgers()[0])
		for _, e := range all {
			if err := own.Publish(e.Signed); err != nil {
				return err
			}
		}
	}
	return nil
}

func readAll(paths []string) []string {
	var texts []string
	for _, path := range paths {
		if text, err := os.ReadFile(path); err == nil {
			texts = append(texts, string(text))
		}
	}
	return texts
}

// tellReplay says what the first start after a restore did.
func tellReplay(r *backup.Outcome, out *console) error {
	if r == nil {
		return errors.New("the store was restored, and nothing of that is recorded in it: do not use it")
	}
	_, _ = fmt.Fprintf(out.out, "%s.\nErased again: %d customers, %d owners.\n", r.Restore.Describe(), r.Erased, r.Owners)
	if r.UnreadableCount > 0 {
		_, _ = fmt.Fprintf(out.out, "%d customers can't be read, because they are younger than the keystore: %v\n", r.UnreadableCount, r.Unreadable)
	}
	if len(r.Keyless) > 0 {
		_, _ = fmt.Fprintf(out.out, "Owners without keys, because they are younger than the keystore: %v\n", r.Keyless)
	}
	_, err := fmt.Fprintln(out.out, "Next: florin audit verify, then florin serve; revoke again what API keys and users were revoked since the backup, and ask the providers for payments since (POST /reconciliations).")
	return err
}
