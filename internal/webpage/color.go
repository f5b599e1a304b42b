package webpage

import (
	_ "embed"
	"fmt"
	"math"

	"github.com/florin-gateway/florin/internal/owner"
)

//go:embed pages/page.css
var style string

// ownColor is for owners who chose none.
const ownColor = "#1f4fd8"

// The page's grounds in page.css, which an edge must stand out from.
const (
	lightGround = "#ffffff"
	darkGround  = "#1b1e24"
)

// readable is black or white, whichever has more contrast: at least 4.58, above the 4.5 of
// WCAG 1.4.3, on any colour.
func readable(ground string) string {
	if contrast(ground, "#000000") > contrast(ground, "#ffffff") {
		return "#000000"
	}
	return "#ffffff"
}

// edge is the colour itself, or its text's where it would sink into the page (WCAG 1.4.11).
func edge(color, page string) string {
	if contrast(color, page) >= 3 {
		return color
	}
	return readable(page)
}

// contrast is WCAG 2.2's contrast ratio, 1 to 21.
func contrast(a, b string) float64 {
	light, dark := luminance(a), luminance(b)
	return (max(light, dark) + 0.05) / (min(light, dark) + 0.05)
}

// luminance is WCAG 2.2's relative luminance of #rrggbb.
func luminance(color string) float64 {
	var r, g, b uint8
	_, _ = fmt.Sscanf(color, "#%02x%02x%02x", &r, &g, &b)
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func linear(channel uint8) float64 {
	c := float64(channel) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// Painted is the style sheet in a brand's colour. The colour was checked when it was set;
// it is checked again, because here it becomes part of a style sheet.
func Painted(brand string) string {
	color, err := owner.ParseColor(brand)
	if err != nil {
		color = ownColor
	}
	return fmt.Sprintf(":root{--brand:%s;--on-brand:%s;--edge-light:%s;--edge-dark:%s}", color, readable(color), edge(color, lightGround), edge(color, darkGround)) + style
}
