package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// floorCustomer is the answer's shape for a server that does nothing but HTTP and JSON.
type floorCustomer struct {
	ID                 int64             `json:"id"`
	OwnerID            int64             `json:"ownerId"`
	UserID             int64             `json:"userId"`
	OwnerName          string            `json:"ownerName"`
	Name               string            `json:"name"`
	Email              string            `json:"email"`
	Address            *string           `json:"address"`
	Phone              *string           `json:"phone"`
	MemberID           *string           `json:"memberId"`
	HasPaymentRequests bool              `json:"hasPaymentRequests"`
	TotalDeposits      float64           `json:"totalDeposits"`
	CreateDate         time.Time         `json:"createDate"`
	DateOfBirth        *string           `json:"dateOfBirth"`
	BillingAddress     *struct{}         `json:"billingAddress"`
	ShippingAddress    *struct{}         `json:"shippingAddress"`
	Preferences        floorPreferences  `json:"preferences"`
	Metadata           map[string]string `json:"metadata"`
	Status             string            `json:"status"`
	Verification       floorVerification `json:"verification"`
	DepositsByCurrency map[string]string `json:"depositsByCurrency"`
	UpdateDate         time.Time         `json:"updateDate"`
	Version            int               `json:"version"`
}

type floorPreferences struct {
	Currency      *string `json:"currency"`
	Notifications *bool   `json:"notifications"`
	PaymentMethod *string `json:"paymentMethod"`
	Language      *string `json:"language"`
}

type floorVerification struct {
	Email, Phone, Identity struct {
		Status    string     `json:"status"`
		Time      *time.Time `json:"time"`
		Provider  *string    `json:"provider"`
		Reference *string    `json:"reference"`
	}
}

type floorPage struct {
	Data       []floorCustomer `json:"data"`
	NextCursor string          `json:"nextCursor"`
	HasMore    bool            `json:"hasMore"`
}

func sampleCustomer() floorCustomer {
	address, phone, member := "Hauptstraße 12, Köln", "+4915123456789", "M-k3f9-1a2b"
	at := time.Date(2026, 3, 1, 9, 30, 0, 123_000_000, time.UTC)
	c := floorCustomer{ID: 123456789012345, OwnerID: 123456789012, UserID: 123456789013, OwnerName: "Florin", Name: "Zoë María García",
		Email: "customer.k3f9.1a2b@example.com", Address: &address, Phone: &phone, MemberID: &member, CreateDate: at, UpdateDate: at,
		Metadata: map[string]string{}, DepositsByCurrency: map[string]string{}, Status: "active", Version: 1}
	v := &c.Verification
	v.Email.Status, v.Phone.Status, v.Identity.Status = "unverified", "unverified", "unverified"
	return c
}

// floorHandler answers the measured routes from memory.
func floorHandler() http.Handler {
	one := sampleCustomer()
	page := floorPage{NextCursor: strings.Repeat("c", 120), HasMore: true}
	for range 25 {
		page.Data = append(page.Data, one)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+customersPath, func(w http.ResponseWriter, r *http.Request) {
		c := sampleCustomer()
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			http.Error(w, "bad JSON", http.StatusBadRequest)
			return
		}
		answer(w, &c)
	})
	mux.HandleFunc("GET "+customersPath+"/{id}", func(w http.ResponseWriter, _ *http.Request) { answer(w, &one) })
	mux.HandleFunc("GET "+customersPath, func(w http.ResponseWriter, _ *http.Request) { answer(w, &page) })
	return mux
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

// floorHTTPCommand is the argument that makes this program the floor instead.
const floorHTTPCommand = "floor-http"

// floorHTTP serves on a free port, whose address is its first line of output. It ends
// when its standard input does, so it can't outlive the bench that started it.
func floorHTTP() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: floorHandler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
