package webhook

import "github.com/florin-gateway/florin/internal/event"

// widest is how many posts to one endpoint are under way at the same time.
const widest = 16

// window is what one endpoint has to be told next. It decides and does nothing; one
// goroutine has it.
type window struct {
	fresh  []*item       // from the log, in order of their numbers
	again  []*item       // due rows of webhook_delivery, for each customer the first
	held   map[int64]int // rows of webhook_delivery by customer: later events wait behind them
	width  int           // how many posts may be under way: 1 until the receiver takes one
	flying int           // how many are
}

// item is one event on its way to one endpoint.
type item struct {
	event.Event
	state state
	tries int64 // of a row of webhook_delivery; 0 for a fresh one
	taken bool  // the receiver has it; what is done and not taken is none of the endpoint's
}

type state int

const (
	ready   state = iota
	flying        // posted, no answer yet
	done          // taken, or given a row
	refused       // not taken; given a row as soon as the endpoint takes another
)

func newWindow() *window { return &window{width: 1, held: map[int64]int{}} }

// next is an event that may be posted now: the first whose customer has none before it
// that is not done. nil if all must wait.
func (w *window) next() *item {
	if w.flying >= w.width {
		return nil
	}
	busy := map[int64]bool{}
	for _, queue := range [][]*item{w.again, w.fresh} {
		for _, i := range queue {
			if i.state == done {
				continue
			}
			if i.state == ready && (i.CustomerID == 0 || !busy[i.CustomerID] && (i.tries > 0 || w.held[i.CustomerID] == 0)) {
				i.state = flying
				w.flying++
				return i
			}
			busy[i.CustomerID] = true
		}
	}
	return nil
}

// took notes how a post ended: the window opens with each success and closes with a
// refusal.
func (w *window) took(i *item, ok bool) {
	w.flying--
	if i.state, i.taken = done, ok; ok {
		w.width = min(widest, 2*w.width)
		return
	}
	i.state, w.width = refused, 1
}

// park takes events out of the window that others may overtake: the refused ones and
// those of the same customers behind them. Of an endpoint that is not healthy only those
// before an event that it took, so that nothing is posted twice on their account. waits is
// true for an event behind another of its customer.
func (w *window) park(healthy bool, each func(i *item, waits bool)) {
	end := len(w.fresh)
	for !healthy && end > 0 && !w.fresh[end-1].taken {
		end--
	}
	for _, i := range w.fresh[:end] {
		behind := i.CustomerID != 0 && w.held[i.CustomerID] > 0
		if i.state == done || i.state == flying || healthy && i.state == ready && !behind {
			continue
		}
		each(i, behind)
		i.state = done
		if i.CustomerID != 0 {
			w.held[i.CustomerID]++
		}
	}
}

// refusals reports whether a fresh event was refused and has no row yet.
func (w *window) refusals() bool {
	for _, i := range w.fresh {
		if i.state == refused {
			return true
		}
	}
	return false
}

// blocked reports whether a fresh event waits behind a row of its customer.
func (w *window) blocked() bool {
	for _, i := range w.fresh {
		if i.state == ready && i.CustomerID != 0 && w.held[i.CustomerID] > 0 {
			return true
		}
	}
	return false
}

// advance drops what is done from the front and gives the number of the last that was
// dropped, or position.
func (w *window) advance(position int64) int64 {
	n := 0
	for n < len(w.fresh) && w.fresh[n].state == done {
		position = w.fresh[n].Seq
		n++
	}
	w.fresh = append(w.fresh[:0], w.fresh[n:]...)
	return position
}
