package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"parley/mgmt/auth"
	"parley/mgmt/resource"
)

// File is an answer that is a file.
type File struct {
	Name, Type string // Type is a media type
	Content    []byte
}

// send writes a file for the client to keep.
func (f *File) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", f.Type)
	w.Header().Set("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(f.Content)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(f.Content) // the client is gone if it fails
}

// fileAnswer is the schema of answers that are files, see operation.
const fileAnswer = "file"

// Files is a resource of the configuration that is files with secrets in them:
// administrators alone may have them.
type Files struct {
	Kind resource.Kind // its id is the field filename
	// List returns all, pointers to structs of the kind.
	List func() ([]any, error)
	// Read returns one; a *Refused is told to the client. Remove deletes one.
	Read   func(name string) (File, error)
	Remove func(name string) error
}

// FileURI returns the URI of a file of a resource.
func FileURI(kind, name string) string {
	return configurationRoot + kind + "/" + url.PathEscape(name) + "/"
}

// ServeFiles adds a resource of files. Call it before the first request.
func (a *API) ServeFiles(all ...Files) {
	a.files = all
	for i := range all {
		f := &all[i]
		at := configurationRoot + f.Kind.Name + "/"
		show := func(object any) any {
			out := a.statusObject(&f.Kind, at, object)
			name, _ := out["filename"].(string)
			out["resource_uri"] = FileURI(f.Kind.Name, name)
			return out
		}
		a.mux.HandleFunc("GET "+at+"{$}", func(w http.ResponseWriter, r *http.Request) {
			list, err := f.List()
			if err != nil {
				a.fail(w, r, &Refused{http.StatusServiceUnavailable, err.Error()})
				return
			}
			a.replyList(w, r, &f.Kind, list, show)
		})
		a.mux.HandleFunc("GET "+at+"schema/{$}", func(w http.ResponseWriter, _ *http.Request) {
			s := schema(&f.Kind)
			s["allowed_list_http_methods"], s["allowed_detail_http_methods"] = []string{"get"}, []string{"get", "delete"}
			reply(w, http.StatusOK, s)
		})
		a.mux.HandleFunc("GET "+at+"{id}/{$}", func(w http.ResponseWriter, r *http.Request) { a.file(w, r, f, show) })
		a.mux.HandleFunc("DELETE "+at+"{id}/{$}", func(w http.ResponseWriter, r *http.Request) {
			if err := f.Remove(r.PathValue("id")); err != nil {
				a.fail(w, r, err)
				return
			}
			by := By(r.Context())
			a.log.Info("file deleted", "resource", f.Kind.Name, "name", r.PathValue("id"), "user", by.User, "via", by.Via, "address", by.Address)
			w.WriteHeader(http.StatusNoContent)
		})
		a.mux.HandleFunc(at+"{$}", notAllowed("GET"))
		a.mux.HandleFunc(at+"{id}/{$}", notAllowed("GET, DELETE"))
	}
}

// file gives one: the file itself, or to those who ask for JSON what it is.
func (a *API) file(w http.ResponseWriter, r *http.Request, f *Files, show func(any) any) {
	name := r.PathValue("id")
	if strings.HasPrefix(r.Header.Get("Accept"), "application/json") {
		list, err := f.List()
		if err != nil {
			a.fail(w, r, &Refused{http.StatusServiceUnavailable, err.Error()})
			return
		}
		field, _ := f.Kind.Field("filename")
		for _, one := range list {
			if field.Value(one) == name {
				reply(w, http.StatusOK, show(one))
				return
			}
		}
		a.fail(w, r, resource.ErrNoObject)
		return
	}
	if who := auth.Who(r.Context()); who.Role != auth.Administrator {
		Refuse(w, http.StatusForbidden, "secrets are in it: the account "+who.User+" may not have it")
		return
	}
	content, err := f.Read(name)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	by := By(r.Context())
	a.log.Info("file given", "resource", f.Kind.Name, "name", name, "user", by.User, "via", by.Via, "address", by.Address)
	content.send(w)
}
