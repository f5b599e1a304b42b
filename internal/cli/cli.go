package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/florin-gateway/florin/internal/app"
	"github.com/florin-gateway/florin/internal/config"
)

// Version is the program's own.
const Version = "0.1.0"

// commands is the whole command line.
type commands struct {
	ConfigFile kong.ConfigFlag `name:"config" env:"FLORIN_CONFIG" placeholder:"FILE" help:"JSON file with any of the settings, by their flag names."`
	config.Config

	Serve     serveCommand     `cmd:"" help:"Run the server. Makes everything it needs in an empty data folder."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database up to date and stop."`
	Import    importCommand    `cmd:"" help:"Import customers from a CSV or NDJSON file."`
	Export    exportCommand    `cmd:"" help:"Export customers as CSV or NDJSON."`
	Audit     auditCommand     `cmd:"" help:"Verify the audit trail."`
	Backup    backupCommand    `cmd:"" help:"Make, check and restore backups, beside a running server."`
	Owner     ownerCommand     `cmd:"" help:"Let an owner leave: export everything, destroy everything."`
	Keys      keysCommand      `cmd:"" help:"Rotate keys."`
	Demo      demoCommand      `cmd:"" help:"Make believable customers and payments."`
	Webhooks  webhooksCommand  `cmd:"" help:"Hear of events at a desk."`
	Screening screeningCommand `cmd:"" help:"Load sanctions lists."`
	Doctor    doctorCommand    `cmd:"" help:"Report unsafe settings and what to do about them."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// console is where a command reads and writes.
type console struct {
	out, err io.Writer
	terminal bool
}

// Run runs the command line and returns the exit code: 0 done, 1 failed, 2 found
// something wrong (verify, doctor, rows that were refused).
func Run(args []string, stdout, stderr *os.File) int {
	c := &commands{}
	code := 0
	parser, err := kong.New(c, kong.Name("florin"), kong.Description("Customer platform for an internet payment gateway."),
		kong.Configuration(readConfig), kong.UsageOnError(), kong.Writers(stdout, stderr), kong.Exit(func(n int) { code = n; panic(stopped{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "florin:", err)
		return 1
	}
	return guarded(&code, func() int {
		ctx, err := parser.Parse(args)
		if err != nil {
			_, _ = fmt.Fprintf(stderr, "florin: %v\nRun florin --help for the commands.\n", err)
			return 1
		}
		return finish(ctx.Run(&c.Config, &console{stdout, stderr, isTerminal(stderr)}), stderr)
	})
}

// stopped carries kong's wish to exit (after --help) out of the parser.
type stopped struct{}

func guarded(code *int, run func() int) (result int) {
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(stopped); !ok {
				panic(v)
			}
			result = *code
		}
	}()
	return run()
}

// found is the exit code of a command that ran well and found something wrong.
type found struct{ text string }

func (f found) Error() string { return f.text }

func finish(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintln(stderr, "florin:", err)
	var f found
	if errors.As(err, &f) {
		return 2
	}
	return 1
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// interrupted gives a context that ends with SIGINT or SIGTERM.
func interrupted() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

func logger(c *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel))
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// withApp opens the app for one command.
func withApp(c *config.Config, out *console, run func(context.Context, *app.App) error) error {
	ctx, stop := interrupted()
	defer stop()
	a, err := app.Open(ctx, *c, logger(c, out.err), forTests(os.Getenv, out.err)...)
	if err != nil {
		return err
	}
	err = run(ctx, a)
	if closed := a.Close(ctx); err == nil {
		err = closed
	}
	return err
}

// forTests reads what only the power-cut campaign sets: with anything but FULL the
// program loses acknowledged writes, which that campaign must be able to see.
func forTests(env func(string) string, warn io.Writer) []app.Option {
	level := env("FLORIN_TEST_SYNCHRONOUS")
	if level == "" {
		return nil
	}
	_, _ = fmt.Fprintf(warn, "WARNING: FLORIN_TEST_SYNCHRONOUS=%s is set. A POWER CUT WILL LOSE ACKNOWLEDGED WRITES. It is for tests only: unset it.\n", level)
	return []app.Option{app.WithSynchronous(level)}
}

type versionCommand struct{}

func (versionCommand) Run(out *console) error {
	_, err := fmt.Fprintln(out.out, "florin", Version)
	return err
}

type migrateCommand struct{}

func (migrateCommand) Run(c *config.Config, out *console) error {
	return withApp(c, out, func(context.Context, *app.App) error {
		_, err := fmt.Fprintln(out.err, "The database is up to date.")
		return err
	})
}
