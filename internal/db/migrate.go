package db

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
)

func migrateSQLite(ctx context.Context, source string, files fs.FS) error {
	connector, err := sqlite.NewConnector(source)
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	defer func() { _ = pool.Close() }()
	pool.SetMaxOpenConns(1)
	words := map[string]string{"${BLOB}": "BLOB", "${CLUSTERED}": "WITHOUT ROWID", "${ROWID}": "INTEGER"}
	provider, err := goose.NewProvider(goose.DialectSQLite3, pool, translated{files, words})
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return upToDate(ctx, provider)
}

func migratePostgres(ctx context.Context, config *pgx.ConnConfig, files fs.FS) error {
	return withPostgresMigrations(config, files, func(p *goose.Provider) error { return upToDate(ctx, p) })
}

// withPostgresMigrations runs what has to do with migrations while no other node does.
func withPostgresMigrations(config *pgx.ConnConfig, files fs.FS, run func(*goose.Provider) error) error {
	pool := stdlib.OpenDB(*config)
	defer func() { _ = pool.Close() }()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	words := map[string]string{"${BLOB}": "BYTEA", "${CLUSTERED}": "", "${ROWID}": "BIGINT"}
	provider, err := goose.NewProvider(goose.DialectPostgres, pool, translated{files, words}, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return run(provider)
}

func upToDate(ctx context.Context, provider *goose.Provider) error {
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return fmt.Errorf("the database is of a newer Florin (schema %d, this program knows %d): use that version", current, target)
	}
	return nil
}

// translated is a file system whose SQL files have an engine's own words put in.
type translated struct {
	fs.FS
	words map[string]string
}

func (t translated) Open(name string) (fs.File, error) {
	f, err := t.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	text, err := fs.ReadFile(t.FS, name)
	if err != nil {
		return nil, err
	}
	for word, own := range t.words {
		text = bytes.ReplaceAll(text, []byte(word), []byte(own))
	}
	return &translatedFile{File: f, Reader: bytes.NewReader(text), size: int64(len(text))}, nil
}

type translatedFile struct {
	fs.File
	*bytes.Reader
	size int64
}

func (f *translatedFile) Read(p []byte) (int, error) { return f.Reader.Read(p) }

func (f *translatedFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return translatedInfo{info, f.size}, err
}

type translatedInfo struct {
	fs.FileInfo
	size int64
}

func (i translatedInfo) Size() int64        { return i.size }
func (i translatedInfo) ModTime() time.Time { return time.Time{} }
