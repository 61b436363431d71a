package mgmt

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"parley/mgmt/resource"
)

// mistake is a value that a field must not have, and what the answer says.
type mistake struct {
	value   any
	because string
}

// mistakes are those that follow from what a field is.
func mistakes(f *resource.Field) (list []mistake) {
	add := func(because string, values ...any) {
		for _, v := range values {
			list = append(list, mistake{v, because})
		}
	}
	if !f.Nullable && (f.Type != resource.String || f.Default != "") {
		add("must not be null", nil)
	}
	switch {
	case f.List:
		add("must be a list of URIs of the resource "+f.Ref, "x", object{}, 7)
		add("must be the URI of a "+f.Ref, []any{7}, []any{nil})
		add("is not the URI of a "+f.Ref, []any{"x"}, []any{root + "nothing/1/"}, []any{root + f.Ref + "/0/"})
		if f.Later == "" {
			add("there is no "+f.Ref+" with id 4711", []any{root + f.Ref + "/4711/"})
		}
	case f.Type == resource.Related:
		add("must be the URI of a "+f.Ref, 7, true, []any{}, object{})
		add("is not the URI of a "+f.Ref, "", "x", "1", root+"nothing/1/", root+f.Ref+"/0/", root+f.Ref+"/1/2/")
		if f.Later == "" {
			add("there is no "+f.Ref+" with id 4711", root+f.Ref+"/4711/")
		}
	case f.Type == resource.Boolean:
		add("must be true or false", "yes", "true", 1, []any{}, object{})
	case f.Type == resource.Integer:
		add("must be a whole number", "x", "", 1.5, true, []any{}, object{}, int64(1)<<31, -int64(1)<<31-1, 1e30)
		if f.Min != nil && f.Later == "" {
			add("must be ", *f.Min-1)
		}
		if f.Max != nil && f.Later == "" {
			add("must be ", *f.Max+1)
		}
	case f.Type == resource.Datetime:
		add("must be a time such as", "tomorrow", "", 7, true, "2026-13-01T00:00:00Z", []any{}, object{})
	default:
		add("must be a text", 7, true, []any{}, object{})
		add("control characters", "a\u0001b", "a\u0000")
	}
	if f.Type != resource.String {
		if f.Later != "" && f.Type == resource.Boolean {
			add(f.Later, f.Default != true)
		}
		if f.Later != "" && f.Type == resource.Integer {
			add(f.Later, 768)
		}
		if f.Later != "" && f.Type == resource.Related && !f.List {
			add(f.Later, root+f.Ref+"/1/")
		}
		return list
	}
	switch {
	case f.Later != "":
		add(f.Later, "x")
	case len(f.Choices) > 0:
		add("is none of ", "nonesuch", strings.ToUpper(f.Choices[0])+"!")
		for _, c := range f.Choices {
			if len(f.Accepts) > 0 && !slices.Contains(f.Accepts, c) {
				add("is not there yet: use ", c)
			}
		}
	case f.Max != nil:
		add("is too long", strings.Repeat("ä", int(*f.Max)+1))
	}
	if f.Min != nil && f.Later == "" {
		add("must not be empty", "")
	}
	return list
}

// walkErrors makes every mistake that a field allows.
func walkErrors(w *walker) {
	at := root + w.k.Name + "/1/"
	if !w.k.Singleton {
		at = w.make(w.k.Name, w.about.right(w, 20))
	}
	right := w.about.right(w, 21)
	for i := range w.k.Fields {
		f := &w.k.Fields[i]
		if f.ReadOnly {
			continue
		}
		w.fresh()
		for i, m := range mistakes(f) {
			w.refusedField(at, right, f.Name, m.value, m.because, i == 0)
		}
		if f.Required {
			missing := maps.Clone(right)
			delete(missing, f.Name)
			said := fmt.Sprintf(`{%q:{%q:["is required: `, w.k.Name, f.Name)
			w.refused(400, "POST", w.k.Name+"/", missing, said)
			w.refused(400, "PATCH", w.k.Name+"/", object{"objects": []object{missing}}, said)
			if !f.Secret { // what cannot be read stays where it is not given
				w.refused(400, "PUT", at, missing, said)
			}
		}
		if f.Unique {
			w.walkTwins(f, right)
		}
	}
	for field, values := range w.about.wrong {
		for _, v := range values {
			w.refusedField(at, right, field, v, "", true)
		}
	}
	w.refusedField(at, right, "nonesuch", 1, "there is no such field", true)
	// All that is wrong is told at once.
	if !w.k.Singleton {
		w.refused(400, "POST", w.k.Name+"/", object{"nonesuch": 1}, "there is no such field", "is required")
	}
}

// walkTwins gives a second object a value that must be the first one's alone.
func (w *walker) walkTwins(f *resource.Field, right object) {
	taken := w.about.right(w, 20)[f.Name].(string)
	second := w.make(w.k.Name, w.about.right(w, 22))
	for _, value := range []string{taken, strings.ToUpper(taken)} {
		w.refusedField(second, right, f.Name, value, " already", true)
	}
	// Two of one request are told apart too, and can change places.
	w.refused(400, "PATCH", w.k.Name+"/", object{"objects": []object{right, right}}, f.Name, " already")
	if status, _, answer := w.send("DELETE", second, nil); status != 204 {
		w.t.Errorf("DELETE: %d %s", status, answer)
	}
}

// walkRequests sends what is no request.
func walkRequests(w *walker) {
	list, at := w.k.Name+"/", root+w.k.Name+"/1/"
	writes := [][2]string{{"PATCH", at}, {"PUT", at}}
	if !w.k.Singleton {
		at = w.make(w.k.Name, w.about.right(w, 30))
		writes = [][2]string{{"PATCH", at}, {"PUT", at}, {"POST", list}, {"PATCH", list}}
		for _, many := range []struct {
			body any
			said string
		}{
			{object{}, "objects: must be a list"},
			{object{"objects": 1}, "objects: must be a list"},
			{object{"objects": nil}, "objects: must be a list"},
			{object{"objects": []any{1}}, "objects: must be a list"},
			{object{"objects": []any{nil}}, "objects: must be a list"},
			{object{"objects": []object{}, "deleted_objects": 1}, "deleted_objects: must be a list"},
			{object{"objects": []object{}, "deleted_objects": []string{"x"}}, "deleted_objects[0]"},
			{object{"objects": []object{}, "deleted_objects": []string{root + list + "4711/"}}, "deleted_objects[0]"},
			{object{"objects": []object{w.about.right(w, 31), {"resource_uri": "x"}}}, "resource_uri: "},
			{object{"objects": []object{}, "nonesuch": 1}, "nonesuch: there is no such field"},
		} {
			w.refused(400, "PATCH", list, many.body, many.said)
		}
		w.refused(404, "PATCH", list, object{"objects": []object{w.about.right(w, 31), {"resource_uri": root + list + "4711/"}}}, "objects[1]: there is no such object")
	}
	for _, to := range writes {
		method, path := to[0], to[1]
		for _, body := range []string{`{`, `{"name": `, `[]`, `[{}]`, `7`, `null`, `"x"`, `{} {}`, "\xff"} {
			w.refused(400, method, path, body, "the body is no JSON object")
		}
		w.refused(413, method, path, `{"description": "`+strings.Repeat("x", 4<<20)+`"}`, "the body is larger than")
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data; boundary=x", "application/"} {
			w.refusedType(method, path, kind)
		}
	}
	for _, no := range [][2]string{{"POST", at}, {"PUT", list}, {"POST", list + "schema/"}} {
		w.refused(405, no[0], no[1], object{}, no[0]+" is not possible here")
	}
	for _, nothing := range []string{list + "0/", list + "-1/", list + "x/", list + "4711/", list + "99999999999999999999/"} {
		for _, method := range []string{"GET", "PATCH", "PUT"} {
			var body any = object{}
			if method == "GET" {
				body = nil
			}
			w.refused(404, method, nothing, body, "no such object")
		}
	}
}

// refusedType sends a right body that calls itself something else.
func (w *walker) refusedType(method, path, kind string) {
	w.t.Helper()
	before := w.state()
	if !strings.HasPrefix(path, "/") {
		path = root + path
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(jsonText(w.about.right(w, 32))))
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth(w.user, w.password)
	r.Header.Set("Content-Type", kind)
	w.sent++
	resp, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusUnsupportedMediaType || !strings.Contains(string(answer), "want application/json") {
		w.t.Errorf("%s %s of %s: %d %s", method, path, kind, resp.StatusCode, answer)
	}
	if w.state() != before {
		w.t.Fatalf("%s %s of %s: something was written", method, path, kind)
	}
}
