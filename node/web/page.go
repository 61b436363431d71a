package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"net/http"
)

//go:embed page/page.html
var pageHTML []byte

//go:embed page/page.css
var pageCSS []byte

//go:embed page/page.js
var pageJS []byte

// page is the one page, with its style and script inside, and the policy that
// allows just these.
type page struct {
	text   []byte
	policy string
}

func newPage() page {
	text := bytes.Replace(pageHTML, []byte("/*style*/"), pageCSS, 1)
	text = bytes.Replace(text, []byte("/*script*/"), pageJS, 1)
	return page{
		text: text,
		policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src 'self' blob: data:; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", hashSource(pageCSS), hashSource(pageJS)),
	}
}

// hashSource names an inline text in a policy (CSP level 3 section 2.3.1).
func hashSource(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (p page) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(p.text)
}
