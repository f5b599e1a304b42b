package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/florin-gateway/florin/internal/egress"
	"github.com/florin-gateway/florin/internal/provider"
)

// failure is an error of the library in our words: how far the call came, Stripe's status
// and code, nothing else. harmless says that a refusal of this call promises that nothing
// happened.
func failure(step string, err error, harmless bool) error {
	var theirs *sdk.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &theirs):
		return refusal(step, theirs, harmless)
	case errors.Is(err, egress.ErrRefused):
		return fmt.Errorf("stripe: %s: %w: %w", step, egress.ErrRefused, provider.ErrUnavailable)
	case egress.NotSent(err):
		return withContext(fmt.Errorf("stripe: %s: %w: %w", step, egress.ErrNotSent, provider.ErrUnavailable), err)
	}
	return withContext(fmt.Errorf("stripe: %s: %w", step, egress.ErrBroken), err)
}

func withContext(ours, err error) error {
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ended) {
			return fmt.Errorf("%w: %w", ours, ended)
		}
	}
	return ours
}

func refusal(step string, e *sdk.Error, harmless bool) error {
	ours := fmt.Errorf("stripe: %s: status %d %s", step, e.HTTPStatusCode, word(string(e.Code)))
	switch {
	case e.HTTPStatusCode == 401, e.HTTPStatusCode == 403,
		e.HTTPStatusCode == 429 && e.Code != sdk.ErrorCodeLockTimeout,
		e.HTTPStatusCode == 400 && harmless && e.Type != sdk.ErrorTypeIdempotency:
		return fmt.Errorf("%w: %w", ours, provider.ErrUnavailable)
	}
	return ours // 409: the same key is at work in another call; 5xx: nobody knows
}

// word keeps Stripe's codes and drops anything that is none.
func word(code string) string {
	if len(code) > 60 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return ""
	}
	return code
}

// cardError is the refusal of a card: Stripe's answer to a payment that was declined.
func cardError(err error) *sdk.Error {
	var theirs *sdk.Error
	if errors.As(err, &theirs) && theirs.Type == sdk.ErrorTypeCard {
		return theirs
	}
	return nil
}

func hasCode(err error, codes ...sdk.ErrorCode) bool {
	var theirs *sdk.Error
	if !errors.As(err, &theirs) {
		return false
	}
	for _, c := range codes {
		if theirs.Code == c {
			return true
		}
	}
	return false
}

func status(err error) int {
	var theirs *sdk.Error
	if errors.As(err, &theirs) {
		return theirs.HTTPStatusCode
	}
	return 0
}

// reason translates a decline (docs.stripe.com/declines/codes).
func reason(e *sdk.Error) string {
	if e == nil {
		return provider.GenericDecline
	}
	if ours, ok := byCode(string(e.DeclineCode)); ok {
		return ours
	}
	if ours, ok := byCode(string(e.Code)); ok {
		return ours
	}
	return provider.GenericDecline
}

func byCode(code string) (string, bool) {
	ours, ok := map[string]string{
		"do_not_honor": provider.DoNotHonor, "do_not_try_again": provider.DoNotHonor, "call_issuer": provider.DoNotHonor, "no_action_taken": provider.DoNotHonor,
		"insufficient_funds": provider.InsufficientFunds,
		"lost_card":          provider.LostCard,
		"stolen_card":        provider.StolenCard, "pickup_card": provider.StolenCard,
		"expired_card": provider.ExpiredCard, "invalid_expiry_month": provider.ExpiredCard, "invalid_expiry_year": provider.ExpiredCard,
		"incorrect_cvc": provider.IncorrectCVC, "invalid_cvc": provider.IncorrectCVC,
		"incorrect_number": provider.IncorrectNumber, "invalid_number": provider.IncorrectNumber, "invalid_account": provider.IncorrectNumber,
		"authentication_required": provider.AuthenticationFail, "payment_intent_authentication_failure": provider.AuthenticationFail, "setup_intent_authentication_failure": provider.AuthenticationFail,
		"fraudulent": provider.Fraud, "merchant_blacklist": provider.Fraud, "security_violation": provider.Fraud,
		"card_velocity_exceeded": provider.LimitExceeded, "withdrawal_count_limit_exceeded": provider.LimitExceeded, "card_decline_rate_limit_exceeded": provider.LimitExceeded, "pin_try_exceeded": provider.LimitExceeded,
		"not_permitted": provider.NotPermitted, "transaction_not_allowed": provider.NotPermitted, "service_not_allowed": provider.NotPermitted, "card_not_supported": provider.NotPermitted,
		"currency_not_supported": provider.NotPermitted, "restricted_card": provider.NotPermitted, "stop_payment_order": provider.NotPermitted,
		"revocation_of_authorization": provider.NotPermitted, "revocation_of_all_authorizations": provider.NotPermitted,
		"payment_method_unactivated": provider.MethodUnusable, "payment_method_unexpected_state": provider.MethodUnusable, "resource_missing": provider.MethodUnusable, "payment_method_provider_decline": provider.GenericDecline,
		"issuer_not_available": provider.ProviderError, "processing_error": provider.ProviderError, "reenter_transaction": provider.ProviderError, "try_again_later": provider.ProviderError,
	}[code]
	return ours, ok
}
