// Package pages serves the admin pages, which web/admin builds into files/built
// and which are a part of the program. A program that was built without them
// serves one that says so.
package pages

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed files
var files embed.FS

// Built reports whether the program has the admin pages.
func Built() bool {
	_, err := fs.Stat(files, "files/built/index.html")
	return err == nil
}

// Handler returns the handler of everything that is not the API. Paths that are
// no file belong to the one page, which shows what they name.
func Handler() http.Handler {
	at := "files"
	if Built() {
		at = "files/built"
	}
	root, err := fs.Sub(files, at)
	if err != nil {
		panic(err) // of our own files
	}
	return serve(root)
}

// policy (CSP level 3) allows the files of this server and nothing else: no
// text of the API can become a script, whatever the pages do with it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// serve serves files with the headers that they need.
func serve(root fs.FS) http.Handler {
	server := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "pages are only read", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-cache")
		switch {
		case strings.HasPrefix(r.URL.Path, "/assets/"):
			// Their names have a hash of what is in them, so that it never changes.
			if _, err := fs.Stat(root, r.URL.Path[1:]); err != nil {
				http.NotFound(w, r)
				return
			}
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			server.ServeHTTP(w, r)
		case r.URL.Path == "/icon.svg":
			server.ServeHTTP(w, r)
		default:
			http.ServeFileFS(w, r, root, "index.html")
		}
	})
}
