package api

import "parley/mgmt/resource"

// readOnlySchema describes a kind whose objects are only read.
func readOnlySchema(k *resource.Kind) map[string]any {
	s := schema(k)
	for _, about := range s["fields"].(map[string]any) {
		about.(map[string]any)["readonly"] = true
	}
	s["allowed_list_http_methods"], s["allowed_detail_http_methods"] = []string{"get"}, []string{"get"}
	return s
}

// schema describes a kind as the model API does, and more for pages that show its
// fields: their order, what each accepts so far, and what is never read back.
func schema(k *resource.Kind) map[string]any {
	fields := map[string]any{}
	filtering, ordering := map[string]int{}, []string{}
	order := make([]string, len(k.Fields))
	for i := range k.Fields {
		f := &k.Fields[i]
		order[i] = f.Name
		if !f.Secret {
			filtering[f.Name] = 1 // ALL, in the words of the model
			ordering = append(ordering, f.Name)
		}
		about := map[string]any{
			"type": f.Type, "help_text": f.Doc, "nullable": f.Nullable, "readonly": f.ReadOnly, "unique": f.Unique,
			"blank": !f.Required, "default": "No default provided.",
		}
		if !f.Required && !f.ReadOnly {
			about["default"] = f.Default
		}
		if f.Type == resource.Related {
			about["related_type"] = "to_one"
			if f.List {
				about["related_type"] = "to_many"
			}
			about["related_schema"] = configurationRoot + f.Ref + "/schema/"
		}
		if len(f.Choices) > 0 {
			about["valid_choices"] = f.Choices
		}
		if len(f.Accepts) > 0 {
			about["accepts"] = f.Accepts
		}
		if f.Later != "" {
			about["later"] = f.Later
		}
		if f.Secret {
			about["secret"] = true
		}
		if f.Min != nil || f.Max != nil {
			about["range"] = []any{f.Min, f.Max}
		}
		fields[f.Name] = about
	}
	fields["resource_uri"] = map[string]any{"type": resource.String, "help_text": "URI of the object.", "readonly": true, "nullable": false, "blank": true, "unique": true, "default": "No default provided."}
	for _, c := range k.Children {
		order = append(order, c.Name)
		fields[c.Name] = map[string]any{
			"type": resource.Related, "related_type": "to_many", "related_schema": configurationRoot + c.Kind + "/schema/", "related_name": c.By,
			"help_text": "Objects of " + c.Kind + " that belong to this one.", "nullable": false, "readonly": false, "blank": true, "unique": false, "default": []any{},
		}
	}
	list, detail := []string{"get", "post", "patch", "delete"}, []string{"get", "put", "patch", "delete"}
	if k.Singleton {
		list, detail = []string{"get"}, []string{"get", "put", "patch"}
	}
	return map[string]any{
		"help_text": k.Doc, "fields": fields, "field_order": order, "default_format": "application/json", "default_limit": limitDefault,
		"filtering": filtering, "ordering": ordering, "allowed_list_http_methods": list, "allowed_detail_http_methods": detail,
	}
}
