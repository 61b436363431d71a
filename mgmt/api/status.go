package api

import (
	"fmt"
	"net/http"

	"parley/mgmt/resource"
)

// statusRoot is where the state of the deployment is.
const statusRoot = "/api/admin/status/v1/"

// Report is a resource of the status: what runs now.
type Report struct {
	Kind resource.Kind
	// List returns all objects, pointers to structs of the kind.
	List func() []any
	// Parts, if not nil, returns the objects of a list below one object, such as
	// the media streams of a participant; false = there is no such object.
	Parts    func(id string) ([]any, bool)
	PartKind resource.Kind
}

// ServeStatus adds resources of the status. Call it before the first request.
func (a *API) ServeStatus(reports ...Report) {
	a.reports = reports
	index := map[string]map[string]string{}
	for i := range reports {
		p := &reports[i]
		at := statusRoot + p.Kind.Name + "/"
		index[p.Kind.Name] = map[string]string{"list_endpoint": at, "schema": at + "schema/"}
		a.mux.HandleFunc("GET "+at+"{$}", func(w http.ResponseWriter, r *http.Request) {
			a.replyList(w, r, &p.Kind, p.List(), func(object any) any { return a.statusObject(&p.Kind, at, object) })
		})
		a.mux.HandleFunc("GET "+at+"schema/{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, readOnlySchema(&p.Kind)) })
		a.mux.HandleFunc("GET "+at+"{id}/{$}", func(w http.ResponseWriter, r *http.Request) { a.statusOne(w, r, p, at) })
		a.mux.HandleFunc(at, notAllowed("GET"))
		if p.Parts == nil {
			continue
		}
		a.mux.HandleFunc("GET "+at+"{id}/"+p.PartKind.Name+"/{$}", func(w http.ResponseWriter, r *http.Request) {
			parts, ok := p.Parts(r.PathValue("id"))
			if !ok {
				a.fail(w, r, resource.ErrNoObject)
				return
			}
			below := at + r.PathValue("id") + "/" + p.PartKind.Name + "/"
			a.replyList(w, r, &p.PartKind, parts, func(object any) any { return a.statusObject(&p.PartKind, below, object) })
		})
		a.mux.HandleFunc("GET "+at+"{id}/"+p.PartKind.Name+"/{part}/{$}", func(w http.ResponseWriter, r *http.Request) {
			key, _ := p.PartKind.Field("id")
			parts, _ := p.Parts(r.PathValue("id"))
			for _, object := range parts {
				if fmt.Sprint(key.Value(object)) == r.PathValue("part") {
					reply(w, http.StatusOK, a.statusObject(&p.PartKind, at+r.PathValue("id")+"/"+p.PartKind.Name+"/", object))
					return
				}
			}
			a.fail(w, r, resource.ErrNoObject)
		})
	}
	a.mux.HandleFunc("GET "+statusRoot+"{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, index) })
}

func (a *API) statusOne(w http.ResponseWriter, r *http.Request, p *Report, at string) {
	key, _ := p.Kind.Field("id")
	for _, object := range p.List() {
		if fmt.Sprint(key.Value(object)) == r.PathValue("id") {
			reply(w, http.StatusOK, a.statusObject(&p.Kind, at, object))
			return
		}
	}
	a.fail(w, r, resource.ErrNoObject)
}

// statusObject returns an object of the status as the API shows it.
func (a *API) statusObject(k *resource.Kind, at string, object any) map[string]any {
	out := make(map[string]any, len(k.Fields)+1)
	for i := range k.Fields {
		f := &k.Fields[i]
		out[f.Name] = a.value(f, f.Value(object))
	}
	out["resource_uri"] = fmt.Sprintf("%s%v/", at, out["id"])
	return out
}
