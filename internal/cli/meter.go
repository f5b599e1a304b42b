package cli

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/schollz/progressbar/v3"

	"github.com/florin-gateway/florin/internal/clock"
)

// meter shows how far a long piece of work is: a bar with rate and remaining time on
// a terminal, a line now and then elsewhere.
type meter struct {
	out   *console
	what  string
	unit  string
	bar   *progressbar.ProgressBar
	bytes bool // the bar counts bytes read, because the rows are not known ahead
	rows  atomic.Int64

	mu   sync.Mutex
	said int64
	at   int64
}

// newMeter begins a meter. size is the input's in bytes, 0 if it is not known.
func newMeter(out *console, what string, size int64, unit string) *meter {
	m := &meter{out: out, what: what, unit: unit, bytes: size > 0, at: clock.System().Millis()}
	if !out.terminal {
		return m
	}
	total := size
	if total == 0 {
		total = -1
	}
	m.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(out.err), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(m.bytes), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(1e8), progressbar.OptionClearOnFinish())
	return m
}

// newCounter begins a meter of a known number of things.
func newCounter(out *console, what string, total int, unit string) *meter {
	m := newMeter(out, what, 0, unit)
	if m.bar != nil {
		m.bar.ChangeMax(total)
	}
	return m
}

// reader counts the bytes of an input as they are read.
func (m *meter) reader(r io.Reader) io.Reader {
	if m.bar == nil || !m.bytes {
		return r
	}
	return io.TeeReader(r, m.bar)
}

// lineEvery is how often a plain line is written, in milliseconds.
const lineEvery = 2000

// count says how many rows are done.
func (m *meter) count(rows int) {
	m.rows.Store(int64(rows))
	if m.bar != nil {
		if !m.bytes {
			_ = m.bar.Set(rows)
		}
		return
	}
	if rows%500 != 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := clock.System().Millis()
	if now-m.at >= lineEvery {
		_, _ = fmt.Fprintf(m.out.err, "%s: %d %s (%d a second)\n", m.what, rows, m.unit, (int64(rows)-m.said)*1000/(now-m.at))
		m.at, m.said = now, int64(rows)
	}
}

// done says how many bytes are done.
func (m *meter) done(bytes int64) {
	if m.bar != nil {
		_ = m.bar.Set64(bytes)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := clock.System().Millis()
	if now-m.at >= lineEvery {
		_, _ = fmt.Fprintf(m.out.err, "%s: %d MB (%d MB a second)\n", m.what, bytes/1e6, (bytes-m.said)/1000/(now-m.at))
		m.at, m.said = now, bytes
	}
}

func (m *meter) end() {
	if m.bar != nil {
		_ = m.bar.Finish()
	}
}
