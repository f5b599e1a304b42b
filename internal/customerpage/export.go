package customerpage

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"github.com/florin-gateway/florin/internal/privacy"
	"github.com/florin-gateway/florin/internal/webpage"
)

func (v *visit) offered() (privacy.Offered, error) {
	o, err := v.Privacy.Find(v.ctx(), v.r.PathValue("token"), v.from)
	if err != nil {
		return o, err
	}
	v.owner, err = v.Owners.Get(v.ctx(), o.Grant.Owner())
	return o, err
}

func (v *visit) showExport() error {
	o, err := v.offered()
	if err != nil {
		return err
	}
	p := v.page("export")
	p.Until = date(v.tongue, o.Expires)
	v.write(http.StatusOK, "export.html", p)
	return nil
}

// fetchExport gives the file. All of it is made before the first byte leaves: one that
// breaks off would pass for whole.
func (v *visit) fetchExport() error {
	o, err := v.offered()
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := v.Privacy.Fetch(v.ctx(), o, &file); err != nil {
		return err
	}
	h := v.w.Header()
	webpage.Guard(h, "default-src 'none'")
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Length", strconv.Itoa(file.Len()))
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="customer-%d.zip"`, o.CustomerID))
	_, _ = v.w.Write(file.Bytes()) // the customer has gone: nobody to tell
	return nil
}
