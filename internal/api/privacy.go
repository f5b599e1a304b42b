package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/idempotency"
	"github.com/florin-gateway/florin/internal/pan"
	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/strictjson"
)

// Restriction is why a customer's data are only kept (GDPR Art. 18).
type Restriction struct {
	Reason string  `json:"reason" enum:"accuracy_contested,unlawful_processing,needed_for_claims,objection_pending"`
	Note   *string `json:"note"`
	UserID int64   `json:"userId" doc:"The user or key that set it"`
	Since  string  `json:"since" format:"date-time"`
}

// RestrictionInput restricts a customer.
type RestrictionInput struct {
	Reason string `json:"reason" enum:"accuracy_contested,unlawful_processing,needed_for_claims,objection_pending"`
	Note   string `json:"note,omitempty" maxLength:"500" example:"Says that the birth date is wrong"`
}

// Hold keeps a customer from being erased.
type Hold struct {
	ID         int64   `json:"id"`
	Reason     string  `json:"reason"`
	Until      string  `json:"until" format:"date-time"`
	UserID     int64   `json:"userId" doc:"The user or key that placed it"`
	CreateDate string  `json:"createDate" format:"date-time"`
	ReleasedAt *string `json:"releasedAt" format:"date-time"`
}

// HoldInput places a hold.
type HoldInput struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" example:"Claim 4711 before the district court"`
	Until  string `json:"until" format:"date-time" example:"2027-06-30T00:00:00Z"`
}

// HoldList are a customer's holds.
type HoldList struct {
	Data []Hold `json:"data"`
}

// ErasureCertificate says what an erasure did.
type ErasureCertificate struct {
	CustomerID  int64    `json:"customerId"`
	ErasedAt    string   `json:"erasedAt" format:"date-time"`
	Report      []string `json:"report"`
	Certificate string   `json:"certificate" doc:"The same as a signed note (C2SP signed-note), for florin audit certificate"`
}

// ErasureInput names the customers to erase.
type ErasureInput struct {
	CustomerIDs []int64 `json:"customerIds" minItems:"1" maxItems:"10000"`
}

// Erasure is an erasure of many customers.
type Erasure struct {
	ID         int64            `json:"id"`
	UserID     int64            `json:"userId" doc:"The user or key that asked for it"`
	Total      int64            `json:"total"`
	Erased     int64            `json:"erased"`
	Refused    map[string]int64 `json:"refused" doc:"How many were refused, by error code"`
	CreateDate string           `json:"createDate" format:"date-time"`
	FinishedAt *string          `json:"finishedAt" format:"date-time"`
}

// The texts of privacy. immutable: read by OpenAPI alone.
var (
	restrictionDoc = operation{tag: "Privacy", summary: "Tell why a customer's data are restricted", answer: of[Restriction](), errors: []int{404, 410}}
	restrictDoc    = operation{tag: "Privacy", summary: "Restrict the processing of a customer's data", body: of[RestrictionInput](), answer: of[Restriction](), errors: []int{404, 409, 410, 413, 415},
		description: "GDPR Art. 18: the data are kept and neither read nor used, until the restriction is lifted. Only those with `privacy:manage` see the customer."}
	liftDoc  = operation{tag: "Privacy", summary: "Lift a restriction", errors: []int{404, 409, 410}, description: "The customer must be told before (Art. 18(3)); the event `customer.restriction_lifted` is for whoever tells them."}
	holdsDoc = operation{tag: "Privacy", summary: "List a customer's legal holds", answer: of[HoldList](), errors: []int{404, 410}}
	holdDoc  = operation{tag: "Privacy", summary: "Keep a customer from being erased until a day", body: of[HoldInput](), answer: of[Hold](), errors: []int{404, 409, 410, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "While a hold is in force an erasure is refused: 409 `CUSTOMER_ON_HOLD`."}
	releaseHoldDoc = operation{tag: "Privacy", summary: "Release a legal hold", errors: []int{404, 410}}
	exportDoc      = operation{tag: "Privacy", summary: "Export all that is kept of a customer", media: zipType, answer: of[string](), errors: []int{404, 410},
		description: "GDPR Art. 15 and 20: a zip of JSON, CSV and a page for people, of this customer alone."}
	certificateDoc = operation{tag: "Privacy", summary: "Get the certificate of an erasure", answer: of[ErasureCertificate](), errors: []int{404},
		description: "What was removed, kept and told, when, and from when on no older copy shows the person, signed by the key of the audit trail."}
	erasuresDoc = operation{tag: "Privacy", summary: "Erase many customers", body: of[ErasureInput](), answer: of[Erasure](), errors: []int{409, 413, 415, 422}, headers: []string{"Idempotent-Replayed"},
		description: "Up to 10,000, each as DELETE would, in the background. Customers that can't be erased are counted by the reason."}
	erasureDoc = operation{tag: "Privacy", summary: "Tell how far an erasure of many is", answer: of[Erasure](), errors: []int{404}}
)

// maxNote is how long a reason or a note may be, in bytes.
const maxNote = 2000

func showRestriction(n customer.Restriction) Restriction {
	return Restriction{Reason: n.Reason, Note: orNull(n.Note), UserID: n.UserID, Since: stamp(n.Since())}
}

func (a *API) getRestriction(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	n, err := a.Customers.Restriction(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRestriction(n))
}

func (a *API) restrict(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	n := customer.Restriction{Reason: f.text("reason"), Note: f.line("note", maxNote)}
	if !oneOfReasons(n.Reason) {
		f.bad("reason", "invalid", "must be accuracy_contested, unlawful_processing, needed_for_claims or objection_pending (GDPR Art. 18(1))")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	n, err := a.Customers.Restrict(ctx, r.Grant, r.ID, n)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showRestriction(n))
}

func oneOfReasons(reason string) bool {
	switch reason {
	case customer.Contested, customer.Unlawful, customer.Claims, customer.Objected:
		return true
	}
	return false
}

func (a *API) liftRestriction(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	return done(a.Customers.Lift(ctx, r.Grant, r.ID))
}

func showHold(h privacy.Hold) Hold {
	return Hold{ID: h.ID, Reason: h.Reason, Until: stamp(h.Until), UserID: h.UserID, CreateDate: stamp(h.Placed()), ReleasedAt: stampOrNull(h.Released)}
}

func (a *API) listHolds(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	all, err := a.Privacy.Holds(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, HoldList{Data: list(all, showHold)})
}

func (a *API) placeHold(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	h := privacy.Hold{Reason: f.line("reason", maxNote), Until: f.time("until")}
	if h.Reason == "" {
		f.bad("reason", "required", "is required")
	}
	if h.Until.IsZero() {
		f.bad("until", "required", "is required")
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	_, err := a.Privacy.Place(ctx, r.Grant, r.ID, h, func(tx *db.Tx, h privacy.Hold, p customer.Person) (err error) {
		if answer, err = encode(http.StatusOK, showHold(h)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{CustomerID: p.ID, Key: p.Key}, answer)
	})
	return answer, err
}

func (a *API) releaseHold(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	holdID, err := r.PathID("holdId")
	if err != nil {
		return nil, err
	}
	return done(a.Privacy.Release(ctx, r.Grant, r.ID, holdID))
}

func (a *API) getCertificate(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	c, err := a.Customers.CertificateOf(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, ErasureCertificate{CustomerID: c.CustomerID, ErasedAt: stamp(c.Erased), Report: c.Report, Certificate: c.Signed})
}

// exportCustomer gives a customer's own data. The whole of it is made before the first byte
// goes out: an answer that breaks off in the middle would pass for complete.
func (a *API) exportCustomer(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	var file bytes.Buffer
	if err := a.Privacy.Export(ctx, r.Grant, r.ID, &file); err != nil {
		return nil, err
	}
	name := fmt.Sprintf(`attachment; filename="customer-%d.zip"`, r.ID)
	return &gate.Answer{Status: http.StatusOK, Body: file.Bytes(), Type: zipType, Header: http.Header{"Content-Disposition": {name}}}, nil
}

const zipType = "application/zip"

func showErasure(j privacy.Job) Erasure {
	refused := j.Refused
	if refused == nil {
		refused = map[string]int64{}
	}
	return Erasure{ID: j.ID, UserID: j.UserID, Total: j.Total, Erased: j.Done, Refused: refused, CreateDate: stamp(j.Started()), FinishedAt: stampOrNull(j.Finished)}
}

// customerIDs reads the ids of an erasure of many. What looks like a card number is no id.
func (f *form) customerIDs() []int64 {
	v, ok := f.get("customerIds", strictjson.Array, "an array of ids")
	if !ok || len(v.Items) == 0 || len(v.Items) > privacy.MostErased {
		f.bad("customerIds", "invalid", "must hold 1 to 10,000 ids")
		return nil
	}
	all := make([]int64, len(v.Items))
	for i, item := range v.Items {
		n, err := strconv.ParseInt(item.Text, 10, 64)
		if item.Kind != strictjson.Number || err != nil || n <= 0 || pan.LooksLike(n) {
			f.bad("customerIds", "type", "must hold ids of customers")
			return nil
		}
		all[i] = n
	}
	return all
}

func (a *API) startErasure(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	f := &form{request: r}
	customers := f.customerIDs()
	if err := f.end(); err != nil {
		return nil, err
	}
	var answer *gate.Answer
	err := a.Privacy.Erase(ctx, r.Grant, customers, func(tx *db.Tx, j privacy.Job) (err error) {
		if answer, err = encode(http.StatusOK, showErasure(j)); err != nil {
			return err
		}
		return r.Record(tx, idempotency.Subject{}, answer)
	})
	return answer, err
}

func (a *API) getErasure(ctx context.Context, r *gate.Request) (*gate.Answer, error) {
	j, err := a.Privacy.Job(ctx, r.Grant, r.ID)
	if err != nil {
		return nil, err
	}
	return encode(http.StatusOK, showErasure(j))
}
