package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"parley/mgmt/auth"
	"parley/mgmt/resource"
)

// Limits of lists.
const (
	limitDefault = 20
	limitMost    = 5000
)

// serveKind routes the requests for one kind of object.
func (a *API) serveKind(k *resource.Kind) {
	at := configurationRoot + k.Name + "/"
	a.mux.HandleFunc("GET "+at+"{$}", func(w http.ResponseWriter, r *http.Request) { a.list(w, r, k) })
	a.mux.HandleFunc("GET "+at+"schema/{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, schema(k)) })
	a.mux.HandleFunc("GET "+at+"{id}/{$}", func(w http.ResponseWriter, r *http.Request) { a.get(w, r, k) })
	a.mux.HandleFunc("PATCH "+at+"{id}/{$}", func(w http.ResponseWriter, r *http.Request) { a.patch(w, r, k) })
	a.mux.HandleFunc("PUT "+at+"{id}/{$}", func(w http.ResponseWriter, r *http.Request) { a.put(w, r, k) })
	allowed, allowedOne := "GET", "GET, PUT, PATCH"
	if !k.Singleton {
		a.mux.HandleFunc("POST "+at+"{$}", func(w http.ResponseWriter, r *http.Request) { a.create(w, r, k) })
		a.mux.HandleFunc("PATCH "+at+"{$}", func(w http.ResponseWriter, r *http.Request) { a.bulk(w, r, k) })
		a.mux.HandleFunc("DELETE "+at+"{$}", func(w http.ResponseWriter, r *http.Request) { a.wipe(w, r, k) })
		a.mux.HandleFunc("DELETE "+at+"{id}/{$}", func(w http.ResponseWriter, r *http.Request) { a.remove(w, r, k) })
		allowed, allowedOne = "GET, POST, PATCH, DELETE", "GET, PUT, PATCH, DELETE"
	}
	a.mux.HandleFunc(at+"{$}", notAllowed(allowed))
	a.mux.HandleFunc(at+"{id}/{$}", notAllowed(allowedOne))
}

func notAllowed(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", methods)
		Refuse(w, http.StatusMethodNotAllowed, r.Method+" is not possible here; possible are "+methods)
	}
}

// number returns the id in the path.
func number(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || n < 1 {
		return 0, resource.ErrNoObject
	}
	return n, nil
}

// meta is the head of a list.
type meta struct {
	Limit      int     `json:"limit"`
	Next       *string `json:"next"`
	Offset     int     `json:"offset"`
	Previous   *string `json:"previous"`
	TotalCount int     `json:"total_count"`
}

// page reads limit and offset.
func page(query url.Values) (limit, offset int, err error) {
	limit = limitDefault
	for _, p := range []struct {
		name string
		at   *int
	}{{"limit", &limit}, {"offset", &offset}} {
		if text := query.Get(p.name); text != "" {
			if *p.at, err = strconv.Atoi(text); err != nil || *p.at < 0 || *p.at > math.MaxInt32 {
				return 0, 0, badRequest("%s: %q is no whole number from 0 on", p.name, text)
			}
		}
	}
	if limit == 0 || limit > limitMost {
		limit = limitMost
	}
	return limit, offset, nil
}

// newMeta describes a page of a list of so many objects at a URL.
func newMeta(at *url.URL, limit, offset, total int) meta {
	m := meta{Limit: limit, Offset: offset, TotalCount: total}
	link := func(offset int) *string {
		query := at.Query()
		query.Set("limit", strconv.Itoa(limit))
		query.Set("offset", strconv.Itoa(offset))
		text := at.Path + "?" + query.Encode()
		return &text
	}
	if offset+limit < total {
		m.Next = link(offset + limit)
	}
	if offset > 0 {
		m.Previous = link(max(offset-limit, 0))
	}
	return m
}

func (a *API) list(w http.ResponseWriter, r *http.Request, k *resource.Kind) {
	all, _ := a.tree.All(k.Name)
	a.replyList(w, r, k, all, func(object any) any { return a.object(k, object) })
}

// replyList writes the page of a list that a query asks for.
func (a *API) replyList(w http.ResponseWriter, r *http.Request, k *resource.Kind, all []any, show func(object any) any) {
	query := r.URL.Query()
	limit, offset, err := page(query)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	conditions, err := a.filters(k, query)
	if err != nil {
		a.fail(w, r, badRequest("%v", err))
		return
	}
	order, err := ordering(k, query["order_by"])
	if err != nil {
		a.fail(w, r, badRequest("%v", err))
		return
	}
	all = slices.DeleteFunc(all, func(object any) bool {
		return slices.ContainsFunc(conditions, func(holds condition) bool { return !holds(object) })
	})
	slices.SortStableFunc(all, order)
	shown := all[min(offset, len(all)):min(offset+limit, len(all))]
	objects := make([]any, len(shown))
	for i, object := range shown {
		objects[i] = show(object)
	}
	reply(w, http.StatusOK, map[string]any{"meta": newMeta(r.URL, limit, offset, len(all)), "objects": objects})
}

func (a *API) get(w http.ResponseWriter, r *http.Request, k *resource.Kind) {
	n, err := number(r)
	object, ok := a.tree.Get(k.Name, n)
	if err != nil || !ok {
		a.fail(w, r, resource.ErrNoObject)
		return
	}
	reply(w, http.StatusOK, a.object(k, object))
}

// By returns who sent the request of a context.
func By(ctx context.Context) resource.By {
	who := auth.Who(ctx)
	return resource.By{User: who.User, Via: who.Via, Address: who.Address}
}

// edit runs a transaction for a request.
func (a *API) edit(w http.ResponseWriter, r *http.Request, f func(e *resource.Edit) error) bool {
	by := By(r.Context())
	changes, err := a.tree.Edit(a.resolve, func(e *resource.Edit) error {
		e.By = by
		return f(e)
	})
	if err != nil {
		a.fail(w, r, err)
		return false
	}
	for _, c := range changes {
		a.log.Info("configuration changed", "user", by.User, "via", by.Via, "address", by.Address, "op", string(c.Op), "object", c.Key.String())
	}
	return true
}

func (a *API) create(w http.ResponseWriter, r *http.Request, k *resource.Kind) {
	in, err := body(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var n int64
	var reveal map[string]any
	if !a.edit(w, r, func(e *resource.Edit) (err error) {
		n, err = e.Create(k.Name, in)
		reveal = e.Reveal
		return err
	}) {
		return
	}
	w.Header().Set("Location", URI(k.Name, n))
	if len(reveal) > 0 {
		reveal["resource_uri"] = URI(k.Name, n)
		reply(w, http.StatusCreated, reveal)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (a *API) patch(w http.ResponseWriter, r *http.Request, k *resource.Kind) {
	n, err := number(r)
	in, bad := body(w, r)
	if err = errors.Join(err, bad); err != nil {
		a.fail(w, r, err)
		return
	}
	if a.edit(w, r, func(e *resource.Edit) error { return e.Update(k.Name, n, in) }) {
		w.WriteHeader(http.StatusAccepted)
	}
}

// put is patch where what is not named gets its default. Secrets without one stay:
// a client cannot send back what it cannot read.
func (a *API) put(w http.ResponseWriter, r *http.Request, k *resource.Kind) {
	n, err := number(r)
	in, bad := body(w, r)
	if err = errors.Join(err, bad); err != nil {
		a.fail(w, r, err)
		return
	}
	if _, there := a.tree.Get(k.Name, n); !there {
		a.fail(w, r, resource.ErrNoObject)
		return
	}
	p := &resource.Problems{Kind: k.Name}
	for _, f := range k.Fields {
		if _, given := in[f.Name]; f.Required && !f.Secret && !given {
			p.Addf(f.Name, "is required: %s", f.Doc)
		}
	}
	if len(p.Fields) > 0 {
		a.fail(w, r, p)
		return
	}
	whole := defaults(k)
	maps.Copy(whole, in)
	if a.edit(w, r, func(e *resource.Edit) error { return e.Update(k.Name, n, whole) }) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// defaults returns the fields of a kind that have one.
func defaults(k *resource.Kind) resource.Input {
	in := resource.Input{}
	for _, f := range k.Fields {
		if !f.Required && !f.ReadOnly {
			in[f.Name], _ = json.Marshal(f.Default) // texts, numbers, null
		}
	}
	return in
}

func (a *API) remove(w http.ResponseWriter, r *http.Request, k *resource.Kind) {
	n, err := number(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if a.edit(w, r, func(e *resource.Edit) error { return e.Delete(k.Name, n) }) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// wipe deletes what the filters leave; without filters, all.
func (a *API) wipe(w http.ResponseWriter, r *http.Request, k *resource.Kind) {
	conditions, err := a.filters(k, r.URL.Query())
	if err != nil {
		a.fail(w, r, badRequest("%v", err))
		return
	}
	field, _ := k.Field("id")
	all, _ := a.tree.All(k.Name)
	if a.edit(w, r, func(e *resource.Edit) error {
		for _, object := range all {
			if slices.ContainsFunc(conditions, func(holds condition) bool { return !holds(object) }) {
				continue
			}
			if err := e.Delete(k.Name, field.Value(object).(int64)); err != nil && !errors.Is(err, resource.ErrNoObject) {
				return err
			}
		}
		return nil
	}) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// bulk makes, changes and deletes many: {"objects": [...], "deleted_objects": [uri, ...]}.
// What is told once of objects that were made, such as tokens, is in "objects" of the answer.
func (a *API) bulk(w http.ResponseWriter, r *http.Request, k *resource.Kind) {
	in, err := body(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	objects, deleted, err := many(k, in)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var reveals []map[string]any
	if a.edit(w, r, func(e *resource.Edit) error {
		for i, one := range objects {
			e.Reveal = map[string]any{}
			if err := a.bulkOne(e, k, one); err != nil {
				return fmt.Errorf("objects[%d]: %w", i, err)
			}
			if len(e.Reveal) > 0 {
				reveals = append(reveals, e.Reveal)
			}
		}
		for i, one := range deleted {
			n, ok := a.resolve(k.Name, one)
			if !ok {
				return badRequest("deleted_objects[%d]: %q is not the URI of a %s", i, one, k.Name)
			}
			if err := e.Delete(k.Name, n); err != nil {
				return badRequest("deleted_objects[%d]: %v", i, err)
			}
		}
		return nil
	}) {
		if len(reveals) > 0 {
			reply(w, http.StatusAccepted, map[string]any{"objects": reveals})
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// many reads the body of bulk.
func many(k *resource.Kind, in resource.Input) (objects []resource.Input, deleted []string, err error) {
	for name := range in {
		if name != "objects" && name != "deleted_objects" {
			return nil, nil, badRequest("%s: there is no such field; there are objects and deleted_objects", name)
		}
	}
	if json.Unmarshal(in["objects"], &objects) != nil || objects == nil || slices.ContainsFunc(objects, func(one resource.Input) bool { return one == nil }) {
		return nil, nil, badRequest("objects: must be a list of %s objects", k.Name)
	}
	if raw, given := in["deleted_objects"]; given && json.Unmarshal(raw, &deleted) != nil {
		return nil, nil, badRequest("deleted_objects: must be a list of URIs")
	}
	return objects, deleted, nil
}

func (a *API) bulkOne(e *resource.Edit, k *resource.Kind, in resource.Input) error {
	var at string
	if json.Unmarshal(in["resource_uri"], &at) == nil && at != "" {
		n, ok := a.resolve(k.Name, at)
		if !ok {
			return badRequest("resource_uri: %q is not the URI of a %s", at, k.Name)
		}
		return e.Update(k.Name, n, in)
	}
	n, err := e.Create(k.Name, in)
	if len(e.Reveal) > 0 {
		e.Reveal["resource_uri"] = URI(k.Name, n)
	}
	return err
}
