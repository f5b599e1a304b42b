package api

import (
	"context"
	"io"
	"net/http"

	"github.com/florin-gateway/florin/internal/auth"
	"github.com/florin-gateway/florin/internal/fault"
	"github.com/florin-gateway/florin/internal/gate"
	"github.com/florin-gateway/florin/internal/provider"
)

// MaxCallback is the size of a provider's callback.
const MaxCallback = 256 << 10

// Callback takes what a provider tells: any media type, verified on its raw bytes.
func (a *API) Callback(ctx context.Context, r *http.Request, origin auth.Origin) (*gate.Answer, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fault.New(fault.TooLarge, fault.PayloadTooLarge, "The callback is too large or did not arrive whole")
	}
	err = a.Payments.Callback(ctx, r.PathValue("provider"), origin, provider.Callback{Header: r.Header, Query: r.URL.Query(), Body: body})
	if err != nil {
		return nil, err
	}
	return &gate.Answer{Status: http.StatusOK, Body: []byte(`{"received":true}`)}, nil
}
