package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/mgmt/resource"
)

// historyRoot is where what is over can be read.
const historyRoot = "/api/admin/history/v1/"

// Past is a resource of the history.
type Past struct {
	Kind resource.Kind
	// Page returns a page of those that fulfil the conditions, pointers to structs
	// of the kind, and how many there are in all.
	Page func(ctx context.Context, c []resource.Condition, o []resource.Order, limit, offset int) (page []any, total int, err error)
	// Below is the field by which objects belong to one of another resource, whose
	// name is Of: they are also at <Of>/<id>/<name of the kind>/.
	Below, Of string
	// Refs are fields with the id of an object of another resource of the history, by
	// name: they are shown as its URI, and filtered by URI or id.
	Refs map[string]string
	// Through are filters by a field of such an object: the field that has its value.
	Through map[string]string
	// Fill, if not nil, adds to objects what is not in their rows.
	Fill func(ctx context.Context, objects []map[string]any) error
}

// PastURI returns the URI of an object of the history.
func PastURI(kind string, id any) string { return fmt.Sprintf("%s%s/%v/", historyRoot, kind, id) }

// past returns objects of the history as the API shows them.
func (a *API) past(ctx context.Context, p *Past, rows []any) ([]map[string]any, error) {
	objects := make([]map[string]any, len(rows))
	for i, row := range rows {
		objects[i] = a.statusObject(&p.Kind, historyRoot+p.Kind.Name+"/", row)
	}
	if p.Fill != nil && len(objects) > 0 {
		if err := p.Fill(ctx, objects); err != nil {
			return nil, err
		}
	}
	for field, kind := range p.Refs {
		for _, o := range objects {
			o[field] = PastURI(kind, o[field])
		}
	}
	return objects, nil
}

// PastObject returns a row of another resource as the API shows it, for Fill.
func (a *API) PastObject(kind string, row any) map[string]any {
	for i := range a.pasts {
		p := &a.pasts[i]
		if p.Kind.Name != kind {
			continue
		}
		o := a.statusObject(&p.Kind, historyRoot+kind+"/", row)
		for field, of := range p.Refs {
			o[field] = PastURI(of, o[field])
		}
		return o
	}
	return nil
}

// pastQuery reads filters and order of a request.
func (a *API) pastQuery(p *Past, query url.Values) ([]resource.Condition, []resource.Order, error) {
	plain := url.Values{}
	for name, values := range query {
		for through, field := range p.Through {
			if rest, ok := strings.CutPrefix(name, through); ok && (rest == "" || strings.HasPrefix(rest, "__")) {
				name = field + rest
			}
		}
		plain[name] = append(plain[name], values...)
		field, _, _ := strings.Cut(name, "__")
		kind, isRef := p.Refs[field]
		if !isRef {
			continue
		}
		for i, value := range plain[name] {
			ids := strings.Split(value, ",")
			for k, id := range ids {
				if rest, ok := strings.CutPrefix(id, historyRoot+kind+"/"); ok {
					ids[k] = strings.TrimSuffix(rest, "/")
				}
			}
			plain[name][i] = strings.Join(ids, ",")
		}
	}
	return a.queryOf(&p.Kind, plain)
}

// ServeHistory adds resources of the history. Call it before the first request.
func (a *API) ServeHistory(all ...Past) {
	a.pasts = all
	index := map[string]map[string]string{}
	for i := range all {
		p := &all[i]
		at := historyRoot + p.Kind.Name + "/"
		index[p.Kind.Name] = map[string]string{"list_endpoint": at, "schema": at + "schema/"}
		a.mux.HandleFunc("GET "+at+"{$}", func(w http.ResponseWriter, r *http.Request) { a.pastList(w, r, p, nil) })
		a.mux.HandleFunc("GET "+at+"schema/{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, readOnlySchema(&p.Kind)) })
		a.mux.HandleFunc("GET "+at+"{id}/{$}", func(w http.ResponseWriter, r *http.Request) { a.pastOne(w, r, p) })
		a.mux.HandleFunc(at, notAllowed("GET"))
		if p.Of != "" {
			below, _ := p.Kind.Field(p.Below)
			a.mux.HandleFunc("GET "+historyRoot+p.Of+"/{id}/"+p.Kind.Name+"/{$}", func(w http.ResponseWriter, r *http.Request) {
				a.pastList(w, r, p, []resource.Condition{{Field: below, Op: "exact", Values: []any{r.PathValue("id")}}})
			})
		}
	}
	a.mux.HandleFunc("GET "+historyRoot+"{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, index) })
}

// exportMost bounds the rows of one export.
const exportMost = 1_000_000

// exportWithin is how long a client may take for a part of an export.
const exportWithin = time.Minute

func (a *API) pastList(w http.ResponseWriter, r *http.Request, p *Past, more []resource.Condition) {
	query := r.URL.Query()
	limit, offset, err := page(query)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	conditions, order, err := a.pastQuery(p, query)
	if err != nil {
		a.fail(w, r, badRequest("%v", err))
		return
	}
	conditions = append(conditions, more...)
	if query.Get("format") == "csv" {
		a.export(w, r, p, conditions, order)
		return
	}
	rows, total, err := p.Page(r.Context(), conditions, order, limit, offset)
	if err != nil {
		a.pastFail(w, r, err)
		return
	}
	objects, err := a.past(r.Context(), p, rows)
	if err != nil {
		a.pastFail(w, r, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"meta": newMeta(r.URL, limit, offset, total), "objects": objects})
}

func (a *API) pastOne(w http.ResponseWriter, r *http.Request, p *Past) {
	key, _ := p.Kind.Field("id")
	value, err := a.valueOf(key, r.PathValue("id"))
	if err != nil {
		a.fail(w, r, resource.ErrNoObject)
		return
	}
	rows, _, err := p.Page(r.Context(), []resource.Condition{{Field: key, Op: "exact", Values: []any{value}}}, nil, 1, 0)
	switch {
	case err != nil:
		a.pastFail(w, r, err)
	case len(rows) == 0:
		a.fail(w, r, resource.ErrNoObject)
	default:
		objects, err := a.past(r.Context(), p, rows)
		if err != nil {
			a.pastFail(w, r, err)
			return
		}
		reply(w, http.StatusOK, objects[0])
	}
}

// pastFail tells the client why a history could not be read.
func (a *API) pastFail(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, resource.ErrFilter) {
		a.log.Error("history not read", "path", r.URL.Path, "err", err)
		err = &Refused{http.StatusServiceUnavailable, "the history could not be read: " + err.Error()}
	}
	a.fail(w, r, err)
}

// export writes all that fulfil the conditions as CSV (RFC 4180), page by page.
func (a *API) export(w http.ResponseWriter, r *http.Request, p *Past, conditions []resource.Condition, order []resource.Order) {
	rows, _, err := p.Page(r.Context(), conditions, order, limitMost, 0)
	if err != nil {
		a.pastFail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+p.Kind.Name+`.csv"`)
	out := csv.NewWriter(w)
	head := make([]string, len(p.Kind.Fields))
	for i, f := range p.Kind.Fields {
		head[i] = f.Name
	}
	_ = out.Write(head) // the client is gone if it fails, here and below
	line := make([]string, len(head))
	control := http.NewResponseController(w)
	for offset := 0; len(rows) > 0 && offset < exportMost; {
		for _, row := range rows {
			for i := range p.Kind.Fields {
				f := &p.Kind.Fields[i]
				line[i] = cell(a.value(f, f.Value(row)))
			}
			_ = out.Write(line)
		}
		offset += len(rows)
		out.Flush()
		_ = control.SetWriteDeadline(time.Now().Add(exportWithin)) // that of the server is for answers that end soon
		if rows, _, err = p.Page(r.Context(), conditions, order, limitMost, offset); err != nil {
			a.log.Error("export ended early", "resource", p.Kind.Name, "err", err)
			panic(http.ErrAbortHandler) // else it would look whole
		}
	}
	out.Flush()
}

// cell is a value in CSV; null is empty.
func cell(value any) string {
	switch x := value.(type) {
	case nil:
		return ""
	case json.RawMessage:
		return string(x)
	}
	return plain(fmt.Sprint(value))
}

// plain keeps spreadsheets from taking what callers call themselves for formulas.
func plain(s string) string {
	if strings.IndexAny(s, "=+-@\t\r") == 0 {
		return "'" + s
	}
	return s
}
