package gate

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what the gate serves, by route and status. No label holds anything
// that a client sent.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// NewMetrics registers the gate's metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "florin_requests_total", Help: "Requests answered, by route and status."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "florin_request_seconds", Help: "Time to answer, by route.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}, []string{"route"}),
	}
	r.MustRegister(m.requests, m.seconds)
	return m
}

// route looks the labels up once, so that a request costs no map of strings.
func (m *Metrics) route(name string) func(status int, took time.Duration) {
	seconds := m.seconds.WithLabelValues(name)
	counters := make([]prometheus.Counter, 600)
	for _, status := range []int{200, 204, 303, 304, 400, 401, 402, 403, 404, 409, 410, 412, 413, 415, 422, 429, statusClientGone, 500, 503} {
		counters[status] = m.requests.WithLabelValues(name, strconv.Itoa(status))
	}
	return func(status int, took time.Duration) {
		seconds.Observe(took.Seconds())
		if status < len(counters) && counters[status] != nil {
			counters[status].Inc()
		}
	}
}
