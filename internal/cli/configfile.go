package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// configFile is a JSON object of settings by their flag names. A name that no flag has
// is refused: a typing error in a safety setting must not go unnoticed.
type configFile map[string]any

func readConfig(r io.Reader) (kong.Resolver, error) {
	values := configFile{}
	if err := json.NewDecoder(r).Decode(&values); err != nil {
		return nil, fmt.Errorf("the configuration file is not a JSON object: %w", err)
	}
	return values, nil
}

// Validate finds names that are no flags.
func (c configFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	for name := range c {
		if !known[name] {
			return fmt.Errorf("the configuration file has a setting that does not exist: %s", name)
		}
	}
	return err
}

// Resolve gives a flag that stands neither on the command line nor, which comes
// before the file, in the environment.
func (c configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return c[flag.Name], nil
}
