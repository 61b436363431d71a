package mgmt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"parley/mgmt/resource"
	"parley/mgmt/store/storetest"
)

// object is one of the configuration, as JSON.
type object = map[string]any

// walked says what a test must know of a kind beside what its fields say.
type walked struct {
	// right returns the n-th of any number of objects that can be there together.
	right func(w *walker, n int) object
	// wrong are values that only the field's own checks refuse.
	wrong map[string][]any
	// heldBy makes an object that refers to one, which can then not be deleted.
	heldBy func(w *walker, uri string)
}

// kindsWalked has an entry for every kind that the API serves.
func kindsWalked() map[string]walked {
	return map[string]walked{
		"admin_user": {
			right: func(_ *walker, n int) object {
				return object{"name": fmt.Sprintf("user-%d", n), "password": "long enough", "description": fmt.Sprintf("%d%% of A_ll", n%3)}
			},
			wrong: map[string][]any{"name": {"a b", "a:b"}, "password": {"short", resource.Mask}},
		},
		"api_token": {
			right: func(_ *walker, n int) object {
				return object{"name": fmt.Sprintf("Token %d", n), "user": root + "admin_user/1/", "expires": []any{nil, "2100-01-02T03:04:05Z", "2100-02-03T04:05:06Z"}[n%3]}
			},
		},
		"conference": {
			right: func(_ *walker, n int) object {
				return object{
					"name": fmt.Sprintf("Room %d", n), "tag": []string{"odd", "Even", ""}[n%3], "participant_limit": []any{nil, 7, 70}[n%3], "host_view": []any{nil, layouts[1]}[n%2],
					"aliases": []object{{"alias": fmt.Sprintf("room-%d", n)}},
				}
			},
			wrong: map[string][]any{"aliases": {"x", []any{object{}}, []any{object{"alias": "sip:x"}}, []any{object{"alias": "x", "tag": 1}}}},
		},
		"conference_alias": {
			right: func(w *walker, n int) object {
				return object{"alias": fmt.Sprintf("also-%d", n), "conference": w.other("conference", 0), "description": []string{"", "ÄÖ"}[n%2]}
			},
			wrong: map[string][]any{"alias": {"sip:x"}},
		},
		"event_sink": {
			right: func(_ *walker, n int) object {
				return object{"name": fmt.Sprintf("Sink %d", n), "url": fmt.Sprintf("https://sink.example.com/%d", n), "password": "secret", "bulk_support": n%2 == 0}
			},
			wrong: map[string][]any{"url": {"ftp://x", "http://", "x", "https://user:password@sink.example.com/"}},
			heldBy: func(w *walker, uri string) {
				w.make("system_location", object{"name": "Holding", "event_sinks": []string{uri}})
			},
		},
		"global": {wrong: map[string][]any{"adhoc_pattern": {"("}}},
		"system_location": {
			right: func(w *walker, n int) object {
				return object{"name": fmt.Sprintf("Place %d", n), "event_sinks": [][]string{{}, {w.other("event_sink", 0)}, {w.other("event_sink", 0), w.other("event_sink", 1)}}[n%3]}
			},
			heldBy: func(w *walker, uri string) { w.make("worker_vm", object{"name": "holding", "system_location": uri}) },
		},
		"worker_vm": {
			right: func(w *walker, n int) object {
				return object{"name": fmt.Sprintf("node-%d", n), "system_location": w.other("system_location", n%2), "maintenance_mode": n%2 == 0}
			},
			wrong: map[string][]any{"name": {"a b", "-a", "a.b"}},
		},
	}
}

// walker sends the requests of a walk through a kind.
type walker struct {
	*client
	k     *resource.Kind
	about walked
	sent  int // by the account that it has now
	names int // of accounts so far
}

// fresh goes on with another account when this one has sent much: one may send
// 1000 requests a minute. It reports whether it did.
func (w *walker) fresh() bool {
	w.t.Helper()
	if w.names > 0 && w.sent < 600 {
		return false
	}
	w.names++
	name := fmt.Sprintf("walker-%s-%d", w.k.Name, w.names)
	w.client = w.as("", "")
	w.make("admin_user", object{"name": name, "password": "correct horse"})
	w.client, w.sent = w.as(name, "correct horse"), 0
	return true
}

func (w *walker) send(method, path string, body any) (status int, location string, answer []byte) {
	w.t.Helper()
	w.sent++
	text := ""
	switch x := body.(type) {
	case nil:
	case string:
		text = x
	default:
		raw, err := json.Marshal(x)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(raw)
	}
	return w.do(method, path, text)
}

func (w *walker) make(kind string, body any) (uri string) {
	w.t.Helper()
	status, location, answer := w.send("POST", kind+"/", body)
	if status != http.StatusCreated || !strings.HasPrefix(location, root+kind+"/") {
		w.t.Fatalf("POST %s: %d %q %s", kind, status, location, answer)
	}
	return location
}

// other returns the URI of the n-th object of a kind that others refer to.
func (w *walker) other(kind string, n int) string {
	w.t.Helper()
	all, _ := w.m.tree.All(kind)
	for len(all) <= n {
		w.make(kind, kindsWalked()[kind].right(w, 100+len(all)))
		all, _ = w.m.tree.All(kind)
	}
	k, _ := w.m.tree.Kind(kind)
	id, _ := k.Field("id")
	return fmt.Sprintf("%s%s/%d/", root, kind, id.Value(all[n]))
}

// state is all that is there, and its version.
func (w *walker) state() string {
	text, err := json.Marshal(w.m.tree.Snapshot())
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// refused sends a request that must be refused with that status, naming each of
// the texts, and change nothing.
func (w *walker) refused(status int, method, path string, body any, texts ...string) {
	w.t.Helper()
	before := w.state()
	got, _, answer := w.send(method, path, body)
	var whole map[string]any
	if got != status || json.Unmarshal(answer, &whole) != nil {
		w.t.Errorf("%s %s %.80s: %d %.200s, want %d", method, path, jsonText(body), got, answer, status)
	}
	for _, text := range texts {
		if !bytes.Contains(answer, []byte(text)) {
			w.t.Errorf("%s %s %.80s: %.200s does not say %q", method, path, jsonText(body), answer, text)
		}
	}
	if w.state() != before {
		w.t.Fatalf("%s %s %.80s: %d, and something was written", method, path, jsonText(body), got)
	}
}

// refusedField sends objects that have a wrong value in a field, by every way that
// writes; many: also behind a right one.
func (w *walker) refusedField(at string, right object, field string, value any, because string, many bool) {
	w.t.Helper()
	said := fmt.Sprintf(`{%q:{%q:["`, w.k.Name, field)
	wrong := maps.Clone(right)
	wrong[field] = value
	list := w.k.Name + "/"
	w.refused(400, "PATCH", at, object{field: value}, said, because)
	w.refused(400, "PUT", at, wrong, said, because)
	if !w.k.Singleton {
		w.refused(400, "POST", list, wrong, said, because)
	}
	if many && !w.k.Singleton {
		w.refused(400, "PATCH", list, object{"objects": []object{w.about.right(w, 23), wrong}}, said, because)
	}
}

// Every resource of the configuration keeps what it is told, and nothing of what is wrong.
func TestWalk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		served := map[string]bool{}
		m := open(t, dsn)
		for _, k := range m.tree.Kinds() {
			served[k.Name] = !k.Hidden
			if _, known := kindsWalked()[k.Name]; !known && !k.Hidden {
				t.Errorf("kindsWalked has no entry for %s", k.Name)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		c := newClient(t, dsn)
		for _, name := range slices.Sorted(maps.Keys(kindsWalked())) {
			if !served[name] {
				t.Errorf("there is no %s", name)
				continue
			}
			t.Run(name, func(t *testing.T) {
				k, _ := c.m.tree.Kind(name)
				own := *c
				own.t = t
				w := &walker{client: &own, k: k, about: kindsWalked()[name]}
				if w.about.right == nil {
					w.about.right = func(*walker, int) object { return object{} }
				}
				for _, part := range []func(*walker){walkSchema, walkLife, walkErrors, walkRequests, walkLists, walkReferences} {
					w.fresh()
					part(w)
				}
			})
		}
		// And the database has all of that.
		kept := resource.NewTree(nil, c.m.kinds(layouts)...)
		if err := c.m.store.Load(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
		if have, want := jsonText(kept.Snapshot()), jsonText(c.m.tree.Snapshot()); have != want {
			t.Errorf("kept is\n%s\nwant\n%s", have, want)
		}
	})
}

func walkSchema(w *walker) {
	s := w.want(200, "GET", w.k.Name+"/schema/", "")
	fields := s["fields"].(object)
	for i := range w.k.Fields {
		f := &w.k.Fields[i]
		about, _ := fields[f.Name].(object)
		if about["type"] != string(f.Type) || about["nullable"] != f.Nullable || about["readonly"] != f.ReadOnly || about["unique"] != f.Unique || about["help_text"] == "" {
			w.t.Errorf("%s: %v", f.Name, about)
		}
		if f.Type == resource.String && !f.ReadOnly && f.Later == "" && len(f.Choices) == 0 && f.Max == nil {
			w.t.Errorf("%s may be of any length", f.Name)
		}
	}
}

// walkLife makes, reads, changes and deletes.
func walkLife(w *walker) {
	list, at := w.k.Name+"/", root+w.k.Name+"/1/"
	right := w.about.right(w, 1)
	if !w.k.Singleton {
		at = w.make(w.k.Name, right)
	}
	one := w.want(200, "GET", at, "")
	if one["resource_uri"] != at {
		w.t.Errorf("%v is at %s", one["resource_uri"], at)
	}
	for i := range w.k.Fields {
		f := &w.k.Fields[i]
		want, given := right[f.Name]
		switch {
		case f.Secret:
			want = one[f.Name]
			if want != "" && want != resource.Mask {
				w.t.Errorf("%s is read back as %v", f.Name, want)
			}
		case !given && !f.ReadOnly:
			want = f.Default
		case !given || f.Type == resource.Datetime:
			continue
		}
		if got := one[f.Name]; jsonText(got) != jsonText(want) && !w.k.Singleton {
			w.t.Errorf("%s is %v, want %v", f.Name, got, want)
		}
	}
	// What was read can be sent back, but for secrets; what Parley sets stays as it is.
	back := maps.Clone(one)
	for _, f := range w.k.Fields {
		if f.Secret {
			delete(back, f.Name)
		}
	}
	back["id"] = 4711
	if status, _, answer := w.send("PATCH", at, back); status != 202 {
		w.t.Errorf("PATCH with what was read: %d %s", status, answer)
	}
	if now := w.want(200, "GET", at, ""); jsonText(now) != jsonText(one) {
		w.t.Errorf("it was\n%v\nand is\n%v", one, now)
	}
	field, changed := "description", any("changed")
	if w.k.Singleton || one["description"] == nil {
		field, changed = map[string]string{"global": "own_thumbnail", "api_token": "role"}[w.k.Name], map[string]any{"global": "shown", "api_token": "administrator"}[w.k.Name]
	}
	f, known := w.k.Field(field)
	if !known {
		w.t.Fatalf("nothing of %s can be changed", w.k.Name)
	}
	is := func(want any) {
		w.t.Helper()
		if got := w.want(200, "GET", at, "")[field]; got != want {
			w.t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	if status, _, answer := w.send("PATCH", at, object{field: changed}); status != 202 || len(answer) > 0 {
		w.t.Errorf("PATCH: %d %s", status, answer)
	}
	is(changed)
	whole := maps.Clone(right) // names no field that was changed
	delete(whole, field)
	if status, _, answer := w.send("PUT", at, whole); status != 204 || len(answer) > 0 {
		w.t.Errorf("PUT: %d %s", status, answer)
	}
	is(f.Default)
	if w.k.Singleton {
		w.refused(405, "POST", list, object{}, "POST is not possible")
		w.refused(405, "DELETE", at, nil, "DELETE is not possible")
		w.refused(405, "DELETE", list, nil, "DELETE is not possible")
		w.refused(404, "GET", list+"2/", nil, "no such object")
		return
	}
	// Many at once: one is changed, one made, one deleted.
	second := w.make(w.k.Name, w.about.right(w, 2))
	if status, _, answer := w.send("PATCH", list, object{
		"objects": []object{{"resource_uri": at, field: changed}, w.about.right(w, 3)}, "deleted_objects": []string{second},
	}); status != 202 {
		w.t.Errorf("PATCH of many: %d %s", status, answer)
	}
	is(changed)
	w.refused(404, "GET", second, nil, "no such object")
	n := w.want(200, "GET", list+"?limit=1&order_by=-id", "")["objects"].([]any)[0].(object)
	third, _ := n["resource_uri"].(string)
	for _, gone := range []string{at, third} {
		if status, _, answer := w.send("DELETE", gone, nil); status != 204 || len(answer) > 0 {
			w.t.Errorf("DELETE: %d %s", status, answer)
		}
		w.refused(404, "DELETE", gone, nil, "no such object")
		w.refused(404, "PATCH", gone, object{}, "no such object")
		w.refused(404, "PUT", gone, right, "no such object")
	}
}

// walkReferences deletes what others refer to.
func walkReferences(w *walker) {
	if w.about.heldBy == nil {
		for _, other := range w.m.tree.Kinds() {
			for _, f := range other.Fields {
				if f.Ref == w.k.Name && !f.Owned && f.Later == "" {
					w.t.Errorf("%s refers to it by %s, and nothing tries that", other.Name, f.Name)
				}
			}
		}
		return
	}
	at := w.make(w.k.Name, w.about.right(w, 50))
	w.about.heldBy(w, at)
	const inUse = " is used by "
	w.refused(409, "DELETE", at, nil, inUse)
	w.refused(409, "DELETE", w.k.Name+"/", nil, inUse)
	w.refused(409, "PATCH", w.k.Name+"/", object{"objects": []object{w.about.right(w, 51)}, "deleted_objects": []string{at}}, inUse)
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
