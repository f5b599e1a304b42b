package leave

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"time"

	"github.com/florin-gateway/florin/internal/archive"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/clock"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/owner"
	"github.com/florin-gateway/florin/internal/vault"
)

// Service lets owners leave.
type Service struct {
	Store  *db.DB
	Vault  *vault.Vault
	Owners *owner.Service
	Audit  *audit.Log
	Clock  clock.Clock
}

// File is one file of an export, as the manifest has it.
type File struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Manifest is the last file of an export.
type Manifest struct {
	Format  string            `json:"format"`
	OwnerID int64             `json:"ownerId"`
	Name    string            `json:"name"`
	Created string            `json:"created"`
	Files   []File            `json:"files"`
	LeftOut map[string]string `json:"leftOut"` // table → why
}

// format is named in each manifest; docs/leaving.md says what it is.
const format = "florin-owner/1"

// parcel is an export while it is written.
type parcel struct {
	*Service
	zip      *zip.Writer
	manifest Manifest
	progress func(rows int)
	rows     int
}

// Export writes everything of an owner, in both modes, to w. Nothing is held in memory
// but a row.
func (s *Service) Export(ctx context.Context, o owner.Owner, w io.Writer, progress func(rows int)) (Manifest, error) {
	a := &parcel{Service: s, zip: zip.NewWriter(w), progress: progress, manifest: Manifest{Format: format, OwnerID: o.ID, Name: o.Name,
		Created: s.Clock.Now().Format(time.RFC3339), LeftOut: map[string]string{}}}
	err := a.all(ctx, o)
	if err == nil {
		err = a.last()
	}
	if err = errors.Join(err, a.zip.Close()); err != nil {
		return a.manifest, err
	}
	return a.manifest, s.note(ctx, o, audit.OwnerExport)
}

// note stands in the owner's trail: they may ask who has taken a copy.
func (s *Service) note(ctx context.Context, o owner.Owner, action string) error {
	return s.Audit.Note(ctx, auth.System(o.ID, o.LiveRealm, auth.Live, "leave"), audit.Entry{Action: action, Object: o.ID})
}

func (a *parcel) all(ctx context.Context, o owner.Owner) error {
	if err := a.owner(o); err != nil {
		return err
	}
	for _, mode := range []auth.Mode{auth.Live, auth.Test} {
		r, err := a.Owners.Enter(ctx, auth.System(o.ID, o.Realm(mode), mode, "leave"), a.Audit)
		if err != nil {
			return err
		}
		for _, t := range archive.Tables() {
			if !t.Exported() {
				a.manifest.LeftOut[t.Name] = t.Why
				continue
			}
			if t.Owner && mode == auth.Test {
				continue // of both modes
			}
			if err := a.table(ctx, r, t, mode); err != nil {
				return err
			}
		}
		if err := a.trail(ctx, r, mode); err != nil {
			return err
		}
	}
	return nil
}

// write makes one file of as many lines as each gives.
func (a *parcel) write(name string, each func(line func(any) error) error) error {
	w, err := a.zip.Create(name)
	if err != nil {
		return err
	}
	file := File{Name: name}
	sum := sha256.New()
	out := json.NewEncoder(io.MultiWriter(w, sum))
	out.SetEscapeHTML(false)
	err = each(func(v any) error {
		file.Rows++
		a.rows++
		a.progress(a.rows)
		return out.Encode(v)
	})
	file.SHA256 = hexOf(sum)
	a.manifest.Files = append(a.manifest.Files, file)
	return err
}

func hexOf(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }

// owner writes what the owner chose.
func (a *parcel) owner(o owner.Owner) error {
	return a.write("owner.ndjson", func(line func(any) error) error {
		return line(showOwner(o))
	})
}

// showOwner has the owner's settings, and the limit that holds for them.
func showOwner(o owner.Owner) archive.Record {
	return archive.Record{}.With("id", o.ID).With("name", o.Name).
		With("base_currency", o.BaseCurrency).With("default_region", o.DefaultRegion).
		With("duplicate_policy", string(o.DuplicatePolicy)).With("strict_phone", o.StrictPhone).With("notify_url", o.NotifyURL).With("brand_color", o.BrandColor).
		With("require_second_factor", o.RequireSecondFactor).With("rate_limit", o.RateLimit).With("screen_customers", o.ScreenCustomers).
		With("live_realm", o.LiveRealm).With("test_realm", o.TestRealm).With("created_at", o.CreateDate.Format(time.RFC3339Nano))
}

func (a *parcel) table(ctx context.Context, r owner.Room, t archive.Table, mode auth.Mode) error {
	name := string(mode) + "/" + t.Name + ".ndjson"
	if t.Owner {
		name = t.Name + ".ndjson"
	}
	return a.write(name, func(line func(any) error) error {
		return archive.Each(ctx, a.Store, r, t, func(rec archive.Record) error { return line(rec) })
	})
}

// trail writes the owner's audit records, newest first.
func (a *parcel) trail(ctx context.Context, r owner.Room, mode auth.Mode) error {
	return a.write(string(mode)+"/audit.ndjson", func(line func(any) error) error {
		f := audit.Filter{Limit: 200}
		for {
			page, err := a.Audit.Find(ctx, r.Grant, f)
			if err != nil {
				return err
			}
			for _, rec := range page.Records {
				if err := line(showRecord(rec)); err != nil {
					return err
				}
			}
			if f.Before = page.Next; f.Before == 0 {
				return nil
			}
		}
	})
}

func showRecord(r audit.Record) archive.Record {
	return archive.Record{}.With("sequence", r.Seq).With("id", r.ID).With("at", r.At.Format(time.RFC3339Nano)).With("actor_kind", r.ActorKind).
		With("actor_id", r.ActorID).With("role", r.Role).With("action", r.Action).With("result", r.Result).
		With("customers", r.Customers).With("object", r.Object).With("fields", r.Fields).With("filters", r.Filters).With("purpose", r.Purpose).
		With("address", r.Address).With("request", r.RequestID)
}

// last writes the manifest.
func (a *parcel) last() error {
	w, err := a.zip.Create("manifest.json")
	if err != nil {
		return err
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(a.manifest)
}
