package access_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/florin-gateway/florin/internal/access"
	"github.com/florin-gateway/florin/internal/audit"
	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/fault"
)

// phone is somebody's authenticator app.
type phone struct {
	p   *porter
	key *otp.Key
}

// code is what the app shows some time from now.
func (a phone) code(t *testing.T, from time.Duration) string {
	t.Helper()
	code, err := totp.GenerateCode(a.key.Secret(), a.p.time.Clock().Now().Add(from))
	require.NoError(t, err)
	return code
}

func (p *porter) signIn(ctx context.Context, in access.SignIn, from string) (access.Session, string, error) {
	if in.Mode == "" {
		in.Mode = auth.Live
	}
	session, token, err := p.Access.Login(ctx, in, auth.Origin{Address: from})
	return session, token.Reveal(), err
}

// me is the grant of a session's user for what is their own.
func (p *porter) me(t *testing.T, token string) auth.Grant {
	t.Helper()
	actor, err := p.Access.Authenticate(t.Context(), token, netip.MustParseAddr(home))
	require.NoError(t, err)
	g, err := auth.Allow(actor, auth.Origin{Address: home}, auth.SessionsOwn)
	require.NoError(t, err)
	return g
}

// enrol sets up one-time codes for a user who signs in now.
func (p *porter) enrol(t *testing.T, email string) (phone, []access.Secret) {
	t.Helper()
	token, err := p.login(t, email, password, home)
	require.NoError(t, err)
	g := p.me(t, token)
	made, err := p.Access.StartTOTP(t.Context(), g, access.Proof{}, nothing)
	require.NoError(t, err)
	key, err := otp.NewKeyFromURL(made.URI.Reveal())
	require.NoError(t, err)
	require.Equal(t, made.Secret.Reveal(), key.Secret())
	require.Equal(t, []any{"totp", email, uint64(30), otp.DigitsSix, otp.AlgorithmSHA1}, []any{key.Type(), key.AccountName(), key.Period(), key.Digits(), key.Algorithm()})
	app := phone{p, key}
	_, err = p.Access.ConfirmTOTP(t.Context(), g, "000000", nothing)
	require.True(t, fault.Is(err, fault.ValidationError), "%v", err)
	_, err = p.login(t, email, password, home)
	require.NoError(t, err, "not confirmed, not asked for")
	codes, err := p.Access.ConfirmTOTP(t.Context(), g, app.code(t, 0), nothing)
	require.NoError(t, err)
	require.Len(t, codes, 10)
	_, err = p.Access.ConfirmTOTP(t.Context(), g, app.code(t, 0), nothing)
	require.True(t, fault.Is(err, fault.FactorNotFound), "once")
	p.time.Advance(time.Minute) // past the step that was taken, and its neighbours
	return app, codes
}

// TestOneTimeCodes: each row is one sign-in with a code, and says whether it opens.
// Shows: PCI DSS 8.3.1, 8.5.1
func TestOneTimeCodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.staff(t, email)
		app, codes := p.enrol(t, email)
		recovery := codes[0].Reveal()
		for _, row := range []struct {
			name, password string
			code           string
			want           string // the refusal's code; none if it opens
		}{
			{"no code", password, "", fault.OTPRequired},
			{"no code with a wrong password says nothing of factors", "wrong", "", fault.UnauthorizedCode},
			{"wrong password", "wrong", app.code(t, 0), fault.UnauthorizedCode},
			{"too old", password, app.code(t, -time.Minute), fault.UnauthorizedCode},
			{"too new", password, app.code(t, time.Minute), fault.UnauthorizedCode},
			{"the step before", password, app.code(t, -30*time.Second), ""},
			{"again", password, app.code(t, -30*time.Second), fault.UnauthorizedCode},
			{"with a space", password, app.code(t, 0)[:3] + " " + app.code(t, 0)[3:], ""},
			{"the step after", password, app.code(t, 30*time.Second), ""},
			{"an older one than was taken", password, app.code(t, 0), fault.UnauthorizedCode},
			{"a recovery code", password, strings.ToUpper(strings.ReplaceAll(recovery, "-", " ")), ""},
			{"a recovery code again", password, recovery, fault.UnauthorizedCode},
			{"another recovery code", password, codes[1].Reveal(), ""},
			{"a seed is no code", password, app.key.Secret(), fault.UnauthorizedCode},
		} {
			session, token, err := p.signIn(t.Context(), access.SignIn{Email: email, Password: row.password, Code: row.code}, home)
			if row.want != "" {
				require.True(t, fault.Is(err, row.want), "%s: %v", row.name, err)
				continue
			}
			require.NoError(t, err, row.name)
			require.True(t, session.Proven)
			require.NoError(t, p.enter(t, token, home))
		}
		for _, secret := range []string{app.key.Secret(), recovery} {
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", codes, codes, codes), secret)
		}
	})
}

// TestOneCodeAtOnce: of two who show one code at the same moment one comes in.
// Shows: PCI DSS 8.5.1
func TestOneCodeAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u := p.staff(t, email)
		app, codes := p.enrol(t, email)
		for _, code := range []string{app.code(t, 0), codes[0].Reveal()} {
			ends, err := p.Access.SpendTwice(t.Context(), u, code)
			require.NoError(t, err)
			require.NoError(t, ends[0])
			require.True(t, fault.Is(ends[1], fault.UnauthorizedCode), "%v", ends[1])
		}
	})
}

// TestCodesAreGuessedAsSlowlyAsPasswords: wrong codes wait, and asking for a code between
// them buys no more guesses.
func TestCodesAreGuessedAsSlowlyAsPasswords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.staff(t, email)
		app, _ := p.enrol(t, email)
		p.time.Advance(24 * time.Hour)
		require.NoError(t, p.Access.Purge(t.Context()))
		guess := access.SignIn{Email: email, Password: password, Code: "000000"}
		for i := range 5 {
			_, _, err := p.signIn(t.Context(), access.SignIn{Email: email, Password: password}, away)
			require.True(t, fault.Is(err, fault.OTPRequired), "%d: %v", i, err)
			_, _, err = p.signIn(t.Context(), guess, away)
			require.Zero(t, waits(t, err), i)
		}
		_, _, err := p.signIn(t.Context(), guess, away)
		require.Equal(t, 30*time.Second, waits(t, err))
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: app.code(t, 0)}, away)
		require.Equal(t, 30*time.Second, waits(t, err), "the right one too")
		p.time.Advance(30 * time.Second)
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password}, away)
		require.True(t, fault.Is(err, fault.OTPRequired), "%v", err)
		_, _, err = p.signIn(t.Context(), guess, away)
		require.Zero(t, waits(t, err))
		_, _, err = p.signIn(t.Context(), guess, away)
		require.Equal(t, time.Minute, waits(t, err), "the sixth failure")
		p.time.Advance(time.Minute)
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: app.code(t, 0)}, away)
		require.NoError(t, err)
		for range 30 {
			_, _, err := p.signIn(t.Context(), access.SignIn{Email: email, Password: password}, away)
			require.True(t, fault.Is(err, fault.OTPRequired), "who types slowly is kept out by nothing")
		}
	})
}

// TestConfirmingIsNotGuessing: whoever has a session and not the seed finds no code by trying.
func TestConfirmingIsNotGuessing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.staff(t, email)
		token, err := p.login(t, email, password, home)
		require.NoError(t, err)
		g := p.me(t, token)
		made, err := p.Access.StartTOTP(t.Context(), g, access.Proof{}, nothing)
		require.NoError(t, err)
		key, err := otp.NewKeyFromURL(made.URI.Reveal())
		require.NoError(t, err)
		confirm := func(code string) error {
			_, err := p.Access.ConfirmTOTP(t.Context(), g, code, nothing)
			return err
		}
		for range 5 {
			require.True(t, fault.Is(confirm("000000"), fault.ValidationError))
		}
		require.Equal(t, 30*time.Second, waits(t, confirm(phone{p, key}.code(t, 0))))
		p.time.Advance(30 * time.Second)
		require.NoError(t, confirm(phone{p, key}.code(t, 0)))
	})
}

// TestProofs: what lets somebody in is changed with the password or a code alone, and wrong
// ones are counted.
// Shows: PCI DSS 8.3.3
func TestProofs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		u := p.staff(t, email)
		app, codes := p.enrol(t, email)
		session := func(code string) auth.Grant {
			_, token, err := p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: code}, home)
			require.NoError(t, err)
			return p.me(t, token)
		}
		g := session(app.code(t, 0))
		for name, proof := range map[string]access.Proof{"none": {}, "wrong password": {Password: "wrong"}, "wrong code": {Code: "000000"}, "used": {Code: app.code(t, 0)}} {
			require.True(t, fault.Is(p.Access.RemoveTOTP(t.Context(), g, proof, nothing), fault.ProofRequired), name)
			if !strings.HasPrefix(name, "wrong") {
				continue // five failures cost nothing
			}
			_, err := p.Access.RenewRecovery(t.Context(), g, proof, nothing)
			require.True(t, fault.Is(err, fault.ProofRequired), name)
		}
		require.Equal(t, 30*time.Second, waits(t, p.Access.RemoveTOTP(t.Context(), g, access.Proof{Password: "wrong"}, nothing)), "five were wrong")
		p.time.Advance(time.Minute)
		_, err := p.Access.StartTOTP(t.Context(), g, access.Proof{Password: password}, nothing)
		require.True(t, fault.Is(err, fault.FactorExists), "nothing replaces a confirmed one: %v", err)
		p.time.Advance(10 * time.Minute)
		_, err = p.Access.StartTOTP(t.Context(), g, access.Proof{}, nothing)
		require.True(t, fault.Is(err, fault.ProofRequired), "signing in is too long ago: %v", err)
		_, err = p.Access.RenewRecovery(t.Context(), g, access.Proof{Code: codes[2].Reveal()}, nothing)
		require.NoError(t, err)
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: codes[3].Reveal()}, home)
		require.Zero(t, waits(t, err), "those before are gone")
		p.time.Advance(time.Minute)
		has, err := p.Access.Factors(t.Context(), g)
		require.NoError(t, err)
		require.Equal(t, access.Factors{TOTP: true, Codes: 10}, has)
		u, err = p.Access.User(t.Context(), p.grant, u.ID)
		require.NoError(t, err)
		require.True(t, u.Factor)
		require.NoError(t, p.Access.RemoveTOTP(t.Context(), g, access.Proof{Code: app.code(t, 0)}, nothing))
		has, err = p.Access.Factors(t.Context(), g)
		require.NoError(t, err)
		require.Equal(t, access.Factors{}, has, "recovery codes go with the last factor")
		u, err = p.Access.User(t.Context(), p.grant, u.ID)
		require.NoError(t, err)
		require.False(t, u.Factor)
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password}, home)
		require.NoError(t, err)

		app, _ = p.enrol(t, email)
		require.NoError(t, p.Access.ResetFactors(t.Context(), u, nothing))
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password}, home)
		require.NoError(t, err, "somebody who may has taken them away")
	})
}

// TestShortPasswords stand beside a factor and never alone.
// Shows: PCI DSS 8.3.6
func TestShortPasswords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		const short = "teal wombat"
		u := p.staff(t, email)
		token, err := p.login(t, email, password, home)
		require.NoError(t, err)
		change := func(g auth.Grant, current, code, next string) error {
			return p.Access.ChangePassword(t.Context(), g, current, code, next, nothing)
		}
		require.True(t, fault.Is(change(p.me(t, token), password, "", short), fault.ValidationError), "alone")
		require.True(t, fault.Is(change(p.me(t, token), "wrong", "", password+"!"), fault.ProofRequired))
		app, codes := p.enrol(t, email)
		_, token, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: app.code(t, 0)}, home)
		require.NoError(t, err)
		_, other, err := p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: codes[0].Reveal()}, home)
		require.NoError(t, err)
		g := p.me(t, token)
		require.True(t, fault.Is(change(g, password, "", "wombats"), fault.ValidationError), "seven")
		p.time.Advance(11 * time.Minute)
		require.NoError(t, p.enter(t, other, home))
		require.True(t, fault.Is(change(g, password, "", short), fault.ProofRequired), "a code too")
		require.NoError(t, change(g, password, app.code(t, 0), short))
		require.ErrorIs(t, p.enter(t, other, home), access.ErrRefused, "other sessions end")
		require.NoError(t, p.enter(t, token, home))
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: short}, home)
		require.True(t, fault.Is(err, fault.OTPRequired), "%v", err)
		require.True(t, fault.Is(p.Access.RemoveTOTP(t.Context(), g, access.Proof{Password: short}, nothing), fault.FactorNeeded))
		require.NoError(t, p.Access.ResetFactors(t.Context(), u, nothing))
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: short}, home)
		require.True(t, fault.Is(err, fault.UnauthorizedCode), "it went with the factor: %v", err)
		u, err = p.Access.User(t.Context(), p.grant, u.ID)
		require.NoError(t, err)
		require.Equal(t, access.Invited, u.Status)
		accept := func(next string) error {
			var link string
			require.NoError(t, p.Access.Reinvite(t.Context(), u, func(_ *db.Tx, _ access.User, s access.Secret) error { link = s.Reveal(); return nil }))
			_, err := p.Access.Accept(t.Context(), link, next, auth.Origin{Address: home})
			return err
		}
		require.True(t, fault.Is(accept(short), fault.ValidationError))
		require.NoError(t, accept(password))
		_, err = p.login(t, email, password, home)
		require.NoError(t, err)
	})
}

// TestAFactorIsRequired: a session without one can only add one, from the moment that the
// owner wants it.
// Shows: PCI DSS 8.3.9, 8.4.1
func TestAFactorIsRequired(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		p.staff(t, email)
		old, err := p.login(t, email, password, home)
		require.NoError(t, err)
		may := func(token string) bool {
			actor, err := p.Access.Authenticate(t.Context(), token, netip.MustParseAddr(home))
			require.NoError(t, err)
			require.True(t, actor.May(auth.SessionsOwn))
			return actor.May(auth.CustomersRead)
		}
		require.True(t, may(old))
		o, err := p.Owners.Get(t.Context(), p.grant.Owner())
		require.NoError(t, err)
		o.RequireSecondFactor = true
		require.NoError(t, p.Owners.Update(t.Context(), o.ID, o.Settings, nothing))
		p.time.Advance(time.Second)
		require.False(t, may(old), "sessions of before too")
		session, token, err := p.signIn(t.Context(), access.SignIn{Email: email, Password: password}, home)
		require.NoError(t, err)
		require.True(t, session.Restricted)
		require.False(t, may(token))
		app, _ := p.enrol(t, email)
		session, token, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: app.code(t, 0)}, home)
		require.NoError(t, err)
		require.False(t, session.Restricted)
		require.True(t, may(token))
		require.False(t, may(old), "another session has shown nothing")
		require.NoError(t, p.Access.RemoveTOTP(t.Context(), p.me(t, token), access.Proof{Password: password}, nothing))
		require.False(t, may(token), "nothing stands behind it any more")
	})
}

// TestNewLinks replace older ones, end sessions when they are used, and are not for the
// disabled.
// Shows: PCI DSS 8.3.5
func TestNewLinks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		const next = "nine herons on a bicycle"
		u := p.staff(t, email)
		app, _ := p.enrol(t, email)
		link := func() (link string, err error) {
			err = p.Access.Reinvite(t.Context(), u, func(_ *db.Tx, _ access.User, s access.Secret) error { link = s.Reveal(); return nil })
			return link, err
		}
		first, err := link()
		require.NoError(t, err)
		second, err := link()
		require.NoError(t, err)
		_, token, err := p.signIn(t.Context(), access.SignIn{Email: email, Password: password, Code: app.code(t, 0)}, home)
		require.NoError(t, err, "the password goes on until then")
		_, err = p.Access.Accept(t.Context(), first, next, auth.Origin{Address: home})
		require.True(t, fault.Is(err, fault.UnauthorizedCode), "%v", err)
		_, err = p.Access.Accept(t.Context(), second, next, auth.Origin{Address: home})
		require.NoError(t, err)
		require.ErrorIs(t, p.enter(t, token, home), access.ErrRefused)
		_, _, err = p.signIn(t.Context(), access.SignIn{Email: email, Password: next}, home)
		require.True(t, fault.Is(err, fault.OTPRequired), "a link takes no factor away: %v", err)
		gone := u
		gone.Status = access.Disabled
		third, err := link()
		require.NoError(t, err)
		require.NoError(t, p.Access.Change(t.Context(), u, gone, nothing))
		_, err = link()
		require.True(t, fault.Is(err, fault.UserDisabled), "%v", err)
		_, err = p.Access.Accept(t.Context(), third, next, auth.Origin{Address: home})
		require.True(t, fault.Is(err, fault.UnauthorizedCode), "%v", err)
	})
}

// TestSeedsAreSealed looks for the seed and the codes in the file.
// Shows: PCI DSS 8.3.2
func TestSeedsAreSealed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p *porter) {
		if p.Config.Postgres() {
			return // its files are not ours to read; the statement is the same
		}
		p.staff(t, email)
		app, codes := p.enrol(t, email)
		require.NoError(t, p.Store.Scrub(t.Context()))
		file, err := os.ReadFile(filepath.Join(p.Config.DataDir, "florin.db"))
		require.NoError(t, err)
		for _, secret := range []string{app.key.Secret(), codes[0].Reveal(), strings.ReplaceAll(codes[0].Reveal(), "-", "")} {
			require.NotContains(t, string(file), secret)
		}
	})
}

// trail is "action result" of each record of the owner's.
func (p *porter) trail(t *testing.T) []string {
	t.Helper()
	_, err := p.Sealer.Seal(t.Context())
	require.NoError(t, err)
	found, err := p.Audit.Find(t.Context(), p.grant, audit.Filter{Limit: 200})
	require.NoError(t, err)
	var all []string
	for _, r := range found.Records {
		all = append(all, r.Action+" "+r.Result)
	}
	return all
}
