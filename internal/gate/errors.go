package gate

import (
	"net/http"
	"strconv"
	"time"

	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// statusOf is the one table from kinds to statuses.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Declined:
		return http.StatusPaymentRequired
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case fault.Conflict:
		return http.StatusConflict
	case fault.Gone:
		return http.StatusGone
	case fault.Precondition:
		return http.StatusPreconditionFailed
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.UnsupportedMedia:
		return http.StatusUnsupportedMediaType
	case fault.Unprocessable:
		return http.StatusUnprocessableEntity
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

const jsonType = "application/json; charset=utf-8"

// schemes are what a caller without a credential is asked for.
const (
	schemes       = `Bearer realm="florin", ApiKey realm="florin"`
	clientSchemes = `Basic realm="florin"`
)

// writeError answers with the one error shape (wire contract, section 2).
func writeError(w http.ResponseWriter, e *fault.Error, requestID string, now time.Time) {
	writeFault(w, e, schemes, errorBody(e, requestID, now))
}

func writeFault(w http.ResponseWriter, e *fault.Error, schemes string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", jsonType)
	h.Set("Cache-Control", "no-store")
	if e.Kind == fault.Unauthorized {
		h.Set("WWW-Authenticate", schemes)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", seconds(e.RetryAfter))
	}
	w.WriteHeader(statusOf(e.Kind))
	_, _ = w.Write(body)
}

// seconds rounds a wait up, so that nobody comes back too early.
func seconds(wait time.Duration) string {
	return strconv.FormatInt(max(1, int64((wait+time.Second-1)/time.Second)), 10)
}

func errorBody(e *fault.Error, requestID string, now time.Time) []byte {
	message := e.Message
	if e.Kind == fault.Internal {
		message = "An internal error occurred"
	}
	b := append(make([]byte, 0, 256), `{"error":{"code":`...)
	b = strictjson.AppendString(b, e.Code)
	b = strictjson.AppendString(append(b, `,"message":`...), message)
	b = append(b, `,"details":{`...)
	for _, d := range e.Details {
		b = append(strictjson.AppendString(b, d.Name), ':')
		b = append(appendDetail(b, d.Value), ',')
	}
	if len(e.Fields) > 0 {
		b = append(appendFields(b, e.Fields), ',')
	}
	b = append(b, `"timestamp":"`...)
	b = now.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = strictjson.AppendString(append(b, `","requestId":`...), requestID)
	return append(b, "}}}"...)
}

func appendDetail(b []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return strictjson.AppendString(b, v)
	case []string:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = strictjson.AppendString(b, s)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

func appendFields(b []byte, fields []fault.Field) []byte {
	b = append(b, `"fields":[`...)
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = strictjson.AppendString(append(b, `{"path":`...), f.Path)
		b = strictjson.AppendString(append(b, `,"code":`...), f.Code)
		b = strictjson.AppendString(append(b, `,"message":`...), f.Message)
		b = append(b, '}')
	}
	return append(b, ']')
}
