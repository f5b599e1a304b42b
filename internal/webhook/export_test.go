package webhook

import (
	"context"
	"errors"
)

// Round starts what is due and waits until nothing is under way.
func (s *Service) Round(ctx context.Context) error {
	var failed []error
	err := s.Dispatch(ctx, func(err error) { failed = append(failed, err) })
	s.lines.running.Wait()
	return errors.Join(append(failed, err)...)
}
