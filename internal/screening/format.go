package screening

import (
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// walk reads an XML file as a stream and gives each element of the named kinds. A file that
// breaks off is an error: half a list must not pass for a whole one.
func walk(r io.Reader, on map[string]func(*xml.Decoder, xml.StartElement) error) error {
	d := xml.NewDecoder(r)
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the file is not whole XML: %w", err)
		}
		start, ok := t.(xml.StartElement)
		if !ok || on[start.Name.Local] == nil {
			continue
		}
		if err := on[start.Name.Local](d, start); err != nil {
			return fmt.Errorf("the file is not whole XML: %w", err)
		}
	}
}

// ofacEntry is sdnEntry of SDN.XML: https://ofac.treasury.gov/sdn-list/sanctions-list-data-formats-data-schemas.
type ofacEntry struct {
	UID      string   `xml:"uid"`
	First    string   `xml:"firstName"`
	Last     string   `xml:"lastName"`
	Type     string   `xml:"sdnType"`
	Programs []string `xml:"programList>program"`
	Also     []struct {
		First string `xml:"firstName"`
		Last  string `xml:"lastName"`
	} `xml:"akaList>aka"`
	Births []string `xml:"dateOfBirthList>dateOfBirthItem>dateOfBirth"`
}

func parseOFAC(r io.Reader, c *collector) (date string, err error) {
	return date, walk(r, map[string]func(*xml.Decoder, xml.StartElement) error{
		"Publish_Date": func(d *xml.Decoder, s xml.StartElement) error { return d.DecodeElement(&date, &s) },
		"sdnEntry": func(d *xml.Decoder, s xml.StartElement) error {
			var o ofacEntry
			if err := d.DecodeElement(&o, &s); err != nil {
				return err
			}
			e := Entry{Reference: o.UID, Type: ofacType(o.Type), Names: []string{o.First + " " + o.Last}, Programs: o.Programs}
			for _, a := range o.Also {
				e.Names = append(e.Names, a.First+" "+a.Last)
			}
			for _, b := range o.Births {
				e.Births = append(e.Births, birthDate(b))
			}
			c.add(e)
			return nil
		},
	})
}

func ofacType(text string) string {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "individual":
		return Person
	case "vessel", "aircraft":
		return Thing
	}
	return Body
}

// parseOFACTable reads SDN.CSV and ALT.CSV: no head, "-0-" for nothing, the birth date in
// the remarks, surname first. ADD.CSV has addresses, which are not searched.
func parseOFACTable(r, alt io.Reader, c *collector) error {
	also := map[string][]string{}
	if alt != nil {
		err := eachRow(alt, func(row []string) error {
			if len(row) < 4 {
				return errors.New("ALT.CSV must have the columns number, number of the name, kind, name, remarks")
			}
			also[row[0]] = append(also[row[0]], turned(row[3]))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return eachRow(r, func(row []string) error {
		if len(row) < 12 {
			return errors.New("SDN.CSV must have twelve columns, from the number to the remarks")
		}
		e := Entry{Reference: row[0], Type: ofacType(row[2]), Names: append([]string{turned(row[1])}, also[row[0]]...), Programs: strings.Split(row[3], "] [")}
		for _, found := range bornOn.FindAllStringSubmatch(row[11], -1) {
			e.Births = append(e.Births, birthDate(found[1]))
		}
		c.add(e)
		return nil
	})
}

var bornOn = regexp.MustCompile(`(?i)DOB (?:circa )?([0-9A-Za-z ]+)`)

// turned puts a surname that stands before a comma behind.
func turned(name string) string {
	last, first, _ := strings.Cut(name, ",")
	return first + " " + last
}

func eachRow(r io.Reader, on func([]string) error) error {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.LazyQuotes = -1, true
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the file is not whole CSV: %w", err)
		}
		if len(row) == 1 && strings.Trim(row[0], "\x1a \t") == "" {
			continue // the files end with a DOS mark
		}
		for i := range row {
			if row[i] = strings.TrimSpace(row[i]); row[i] == "-0-" {
				row[i] = ""
			}
		}
		if err := on(row); err != nil {
			return err
		}
	}
}

// unEntry is INDIVIDUAL or ENTITY of the Security Council's consolidated list:
// https://scsanctions.un.org/resources/xml/en/consolidated.xml.
type unEntry struct {
	Reference string   `xml:"REFERENCE_NUMBER"`
	DataID    string   `xml:"DATAID"`
	First     string   `xml:"FIRST_NAME"`
	Second    string   `xml:"SECOND_NAME"`
	Third     string   `xml:"THIRD_NAME"`
	Fourth    string   `xml:"FOURTH_NAME"`
	Original  string   `xml:"NAME_ORIGINAL_SCRIPT"`
	Program   string   `xml:"UN_LIST_TYPE"`
	Person    []string `xml:"INDIVIDUAL_ALIAS>ALIAS_NAME"`
	Body      []string `xml:"ENTITY_ALIAS>ALIAS_NAME"`
	Births    []struct {
		Date string `xml:"DATE"`
		Year string `xml:"YEAR"`
	} `xml:"INDIVIDUAL_DATE_OF_BIRTH"`
}

func parseUN(r io.Reader, c *collector) (date string, err error) {
	one := func(kind string) func(*xml.Decoder, xml.StartElement) error {
		return func(d *xml.Decoder, s xml.StartElement) error {
			var u unEntry
			if err := d.DecodeElement(&u, &s); err != nil {
				return err
			}
			e := Entry{Reference: u.Reference, Type: kind, Programs: []string{u.Program},
				Names: append(append([]string{strings.Join([]string{u.First, u.Second, u.Third, u.Fourth}, " "), u.Original}, u.Person...), u.Body...)}
			if e.Reference == "" {
				e.Reference = u.DataID
			}
			for _, b := range u.Births {
				e.Births = append(e.Births, birthDate(b.Date), birthDate(b.Year))
			}
			c.add(e)
			return nil
		}
	}
	return date, walk(r, map[string]func(*xml.Decoder, xml.StartElement) error{
		"CONSOLIDATED_LIST": func(_ *xml.Decoder, s xml.StartElement) error {
			date = attribute(s, "dateGenerated")
			return nil
		},
		"INDIVIDUAL": one(Person), "ENTITY": one(Body),
	})
}

func attribute(s xml.StartElement, name string) string {
	for _, a := range s.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// euEntry is sanctionEntity of the Union's file 1.1 (FSF): all of it in attributes.
type euEntry struct {
	LogicalID string `xml:"logicalId,attr"`
	Reference string `xml:"euReferenceNumber,attr"`
	Subject   struct {
		Code string `xml:"code,attr"`
	} `xml:"subjectType"`
	Regulation []struct {
		Programme string `xml:"programme,attr"`
	} `xml:"regulation"`
	Names []struct {
		Whole  string `xml:"wholeName,attr"`
		First  string `xml:"firstName,attr"`
		Middle string `xml:"middleName,attr"`
		Last   string `xml:"lastName,attr"`
	} `xml:"nameAlias"`
	Births []struct {
		Date string `xml:"birthdate,attr"`
		Year string `xml:"year,attr"`
	} `xml:"birthdate"`
}

func parseEU(r io.Reader, c *collector) (date string, err error) {
	return date, walk(r, map[string]func(*xml.Decoder, xml.StartElement) error{
		"export": func(_ *xml.Decoder, s xml.StartElement) error {
			date = attribute(s, "generationDate")
			return nil
		},
		"sanctionEntity": func(d *xml.Decoder, s xml.StartElement) error {
			var u euEntry
			if err := d.DecodeElement(&u, &s); err != nil {
				return err
			}
			e := Entry{Reference: u.Reference, Type: Body}
			if e.Reference == "" {
				e.Reference = u.LogicalID
			}
			if u.Subject.Code == "person" {
				e.Type = Person
			}
			for _, n := range u.Names {
				if n.Whole == "" {
					n.Whole = strings.Join([]string{n.First, n.Middle, n.Last}, " ")
				}
				e.Names = append(e.Names, n.Whole)
			}
			for _, b := range u.Births {
				if b.Date == "" {
					b.Date = b.Year
				}
				e.Births = append(e.Births, birthDate(b.Date))
			}
			for _, g := range u.Regulation {
				e.Programs = append(e.Programs, g.Programme)
			}
			c.add(e)
			return nil
		},
	})
}

// birthDate reads what publishers write: 28 Apr 1957, 1957-04-28, circa 1957, 1957. What is
// less than a year is nothing.
func birthDate(text string) string {
	text = strings.TrimSpace(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "circa "))
	for _, layout := range []string{"2006-01-02", "02 Jan 2006", "2 Jan 2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	if t, err := time.Parse("Jan 2006", text); err == nil {
		return t.Format("2006")
	}
	if t, err := time.Parse("2006", text); err == nil && t.Year() > 1800 {
		return text
	}
	return ""
}
