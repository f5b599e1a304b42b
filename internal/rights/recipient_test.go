package rights_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/consent"
	"github.com/florin-gateway/florin/internal/customer"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/rights"
)

func (o *office) recipient(t *testing.T, in rights.Recipient) int64 {
	t.Helper()
	in.Kind, in.Name = "processor", fmt.Sprint("Zoë's parcels ", o.IDs.Next())
	got, err := o.Rights.AddRecipient(t.Context(), o.g, in, func(*db.Tx, rights.Recipient) error { return nil })
	require.NoError(t, err)
	return got.ID
}

// told gives "customer recipient cause fields" of every notice.
func (o *office) told(t *testing.T) []string {
	t.Helper()
	all, _, err := o.Rights.Notices(t.Context(), o.g, "", 0, 1000)
	require.NoError(t, err)
	var lines []string
	for _, n := range all {
		lines = append(lines, fmt.Sprint(n.CustomerID, " ", n.Recipient, " ", n.Cause, " ", strings.Join(n.Fields, ",")))
	}
	return lines
}

// atOnce calls something four times at the same time and wants it to work once.
func atOnce(t *testing.T, do func() error) {
	t.Helper()
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() { errs[i] = do() })
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		}
	}
	require.Equal(t, 1, done, "%v", errs)
}

// TestRecipientsAreToldOnce of each rectification, erasure and restriction: all who got the
// customer's data, nobody else, with nothing of the person.
// Shows: GDPR Art. 19
func TestRecipientsAreToldOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		ended := o.recipient(t, rights.Recipient{Everyone: true, Ended: o.clock.Clock().Now()})
		o.clock.Advance(time.Minute)
		wrong, held, gone, safe := o.customer(t), o.customer(t), o.customer(t), o.customer(t)
		o.clock.Advance(time.Minute)
		everyone, late := o.recipient(t, rights.Recipient{Everyone: true}), o.recipient(t, rights.Recipient{Everyone: true, Ended: o.clock.Clock().Now()})
		some, none := o.recipient(t, rights.Recipient{}), o.recipient(t, rights.Recipient{})
		for _, person := range []int64{wrong, gone, gone, safe} {
			require.NoError(t, o.Rights.Disclose(t.Context(), o.g, person, some), "twice is once")
		}
		q := o.receive(t, rights.Rectification, wrong)
		o.verify(t, q.ID)
		o.clock.Advance(time.Minute)
		o.change(t, wrong, `{"name":"Zoë Corrected","phone":"+34612345678"}`)
		require.Empty(t, o.told(t), "a change by itself is no rectification by request")
		atOnce(t, func() error {
			_, err := o.Rights.Complete(t.Context(), o.g, q.ID, rights.Outcome{}, nil)
			return err
		})
		atOnce(t, func() error {
			_, err := o.Customers.Restrict(t.Context(), o.g, held, customer.Restriction{Reason: customer.Contested})
			return err
		})
		_, err := o.Privacy.Place(t.Context(), o.g, safe, privacy.Hold{Reason: "claim", Until: o.clock.Clock().Now().Add(time.Hour)}, func(*db.Tx, privacy.Hold, customer.Person) error { return nil })
		require.NoError(t, err)
		require.Equal(t, fault.CustomerOnHold, codeOf(o.Customers.Erase(t.Context(), o.g, safe, nil)), "and tells nobody")
		atOnce(t, func() error { return o.Customers.Erase(t.Context(), o.g, gone, nil) })
		var want []string
		for _, r := range []int64{everyone, late, some} {
			want = append(want, fmt.Sprint(wrong, " ", r, " rectification name,phone"), fmt.Sprint(gone, " ", r, " erasure "))
		}
		for _, r := range []int64{everyone, late} {
			want = append(want, fmt.Sprint(held, " ", r, " restriction "))
		}
		require.ElementsMatch(t, want, o.told(t))
		require.Equal(t, len(want), o.events(t, "recipient.notice"))
		all, err := o.Events.After(t.Context(), o.g, 0, 1000)
		require.NoError(t, err)
		require.NotContains(t, fmt.Sprint(all, o.told(t)), "Zoë")
		require.NotContains(t, fmt.Sprint(o.told(t)), fmt.Sprint(none))
		require.NotContains(t, fmt.Sprint(o.told(t)), fmt.Sprint(ended))
		o.checkLists(t, q.ID, wrong, gone)
	})
}

func (o *office) checkLists(t *testing.T, requestID, wrong, gone int64) {
	t.Helper()
	q, err := o.Rights.Get(t.Context(), o.g, requestID)
	require.NoError(t, err)
	require.Len(t, q.Notices, 3, "the request shows whom it made be told")
	recipients, told, err := o.Rights.RecipientsOf(t.Context(), o.g, wrong)
	require.NoError(t, err)
	require.Equal(t, []int{3, 3}, []int{len(recipients), len(told)})
	_, _, err = o.Rights.RecipientsOf(t.Context(), o.g, gone)
	require.Equal(t, fault.CustomerErased, codeOf(err))
	require.NoError(t, o.Rights.Told(t.Context(), o.g, told[0].ID))
	require.NoError(t, o.Rights.Told(t.Context(), o.g, told[0].ID), "twice is once")
	open, _, err := o.Rights.Notices(t.Context(), o.g, "open", 0, 100)
	require.NoError(t, err)
	done, _, err := o.Rights.Notices(t.Context(), o.g, "done", 0, 100)
	require.NoError(t, err)
	require.Equal(t, []int{7, 1}, []int{len(open), len(done)})
	require.Equal(t, told[0].ID, done[0].ID)
	require.Equal(t, fault.NoticeNotFound, codeOf(o.Rights.Told(t.Context(), o.g, 1)))
	certificate, err := o.Customers.CertificateOf(t.Context(), o.g, gone)
	require.NoError(t, err)
	require.Contains(t, certificate.Signed, "recorded a notice to each of 3 recipients")
}

// TestObjectionStopsItsPurpose, once.
func TestObjectionStopsItsPurpose(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		_, err := o.Consents.PutPurpose(t.Context(), o.g, consent.Purpose{Name: "profiling", Basis: consent.ByInterest, Active: true, Terms: consent.Terms{Description: "To know what sells"}})
		require.NoError(t, err)
		q := o.receive(t, rights.Objection, o.customer(t))
		o.verify(t, q.ID)
		_, err = o.Rights.Complete(t.Context(), o.g, q.ID, rights.Outcome{Purpose: "no such"}, nil)
		require.Equal(t, fault.ValidationError, codeOf(err))
		_, err = o.Rights.Complete(t.Context(), o.g, q.ID, rights.Outcome{Purpose: "profiling"}, nil)
		require.NoError(t, err)
		may, err := o.Consents.May(t.Context(), o.g, q.CustomerID, "profiling")
		require.NoError(t, err)
		require.False(t, may)
		again := o.receive(t, rights.Objection, q.CustomerID)
		o.verify(t, again.ID)
		_, err = o.Rights.Complete(t.Context(), o.g, again.ID, rights.Outcome{Purpose: "profiling"}, nil)
		require.NoError(t, err)
		objections, err := o.Consents.Objections(t.Context(), o.g, q.CustomerID)
		require.NoError(t, err)
		require.Len(t, objections, 1)
	})
}

// TestStatements: each point of the article is made, or said not to apply where that can be.
// Shows: GDPR Art. 13
func TestStatements(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		put := func(s rights.Statement) error {
			return o.Rights.Publish(t.Context(), o.g, s, func(*db.Tx, rights.Statement) error { return nil })
		}
		for _, article := range []string{"13", "14"} {
			whole := rights.Statement{Language: "ar", Article: article, Points: rights.Points(article), Wording: rights.Wording{Title: "إشعار الخصوصية", Text: "نحن …"}}
			require.NoError(t, put(whole))
			for i, point := range whole.Points {
				less := whole
				less.Points = append(append([]string{}, whole.Points[:i]...), whole.Points[i+1:]...)
				err := put(less)
				require.Equal(t, fault.ValidationError, codeOf(err), point)
				require.Contains(t, fault.From(err).Fields[0].Message, point)
				less.Without, less.Title = []string{point}, "without "+point
				needed := put(less) != nil
				require.Equal(t, strings.Contains("controller purposes legal_basis retention rights complaint categories source", point), needed, point)
			}
		}
		current, err := o.Rights.Current(t.Context(), o.g, "ar", "14")
		require.NoError(t, err)
		require.Equal(t, "without automated_decisions", current.Title)
		_, err = o.Rights.Current(t.Context(), o.g, "de", "13")
		require.Equal(t, fault.StatementNotFound, codeOf(err))
		all, err := o.Rights.Statements(t.Context(), o.g, "", "13")
		require.NoError(t, err)
		require.Len(t, all, 1+8)
		first, err := o.Rights.Statement(t.Context(), o.g, all[len(all)-1].ID)
		require.NoError(t, err)
		require.Equal(t, "نحن …", first.Text)
	})
}
