package api

// Everything returns all objects of the configuration and of the status, as the
// API shows them, secrets masked, by "configuration/<kind>" and "status/<kind>"; media
// streams by "status/participant/<id>/media_stream".
func (a *API) Everything() map[string][]any {
	all := map[string][]any{}
	snapshot := a.tree.Snapshot()
	for _, k := range a.tree.Kinds() {
		list := []any{}
		for _, object := range snapshot.Objects[k.Name] {
			list = append(list, a.object(k, object))
		}
		all["configuration/"+k.Name] = list
	}
	for i := range a.reports {
		p := &a.reports[i]
		at := "status/" + p.Kind.Name
		list := []any{}
		for _, object := range p.List() {
			list = append(list, a.statusObject(&p.Kind, statusRoot+p.Kind.Name+"/", object))
			if p.Parts != nil {
				a.parts(all, at, p, object)
			}
		}
		all[at] = list
	}
	return all
}

// parts adds the list below an object.
func (a *API) parts(all map[string][]any, at string, p *Report, object any) {
	number, _ := p.Kind.Field("id")
	id, _ := number.Value(object).(string)
	parts, _ := p.Parts(id)
	list := []any{}
	for _, one := range parts {
		list = append(list, a.statusObject(&p.PartKind, statusRoot+p.Kind.Name+"/"+id+"/"+p.PartKind.Name+"/", one))
	}
	all[at+"/"+id+"/"+p.PartKind.Name] = list
}
