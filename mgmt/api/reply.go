package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"parley/mgmt/resource"
)

// bodyMax bounds what a request may bring.
const bodyMax = 4 << 20

// reply writes v as JSON.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone if it fails
}

// Refuse writes an error that is not about a field.
func Refuse(w http.ResponseWriter, status int, text string) {
	reply(w, status, map[string]string{"error": text})
}

// RefuseFields writes what is wrong with the fields of an object, as the model API
// does: kind, field, texts.
func RefuseFields(w http.ResponseWriter, p *resource.Problems) {
	reply(w, http.StatusBadRequest, map[string]any{p.Kind: p.Fields})
}

// NotFound answers requests for paths where there is nothing.
func NotFound(w http.ResponseWriter, r *http.Request) {
	text := fmt.Sprintf("there is nothing at %s", r.URL.Path)
	if !strings.HasSuffix(r.URL.Path, "/") {
		text += "; paths end with a slash"
	}
	Refuse(w, http.StatusNotFound, text)
}

// requestError is the error of a request that cannot be understood.
type requestError struct {
	status int
	text   string
}

func (e *requestError) Error() string { return e.text }

func badRequest(format string, args ...any) error {
	return &requestError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// fail tells the client what went wrong.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var problems *resource.Problems
	var inUse *resource.InUse
	var request *requestError
	var refused *Refused
	switch {
	case errors.As(err, &problems):
		RefuseFields(w, problems)
	case errors.As(err, &inUse):
		Refuse(w, http.StatusConflict, err.Error())
	case errors.As(err, &refused):
		Refuse(w, refused.Status, refused.Text)
	case errors.As(err, &request):
		Refuse(w, request.status, request.text)
	case errors.Is(err, resource.ErrNoObject), errors.Is(err, resource.ErrNoKind):
		Refuse(w, http.StatusNotFound, err.Error())
	case errors.Is(err, resource.ErrFilter):
		Refuse(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, resource.ErrStore):
		a.log.Error("configuration not stored", "method", r.Method, "path", r.URL.Path, "err", err)
		Refuse(w, http.StatusServiceUnavailable, "the configuration could not be stored, nothing has changed: "+err.Error())
	default:
		a.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		Refuse(w, http.StatusInternalServerError, "internal error")
	}
}

// body reads the JSON object of a request.
func body(w http.ResponseWriter, r *http.Request) (resource.Input, error) {
	t := r.Header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(t); t != "" && (err != nil || kind != "application/json") {
		return nil, &requestError{http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type is %q, want application/json", t)}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, &requestError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", bodyMax)}
		}
		return nil, badRequest("the body did not come: %v", err)
	}
	var in resource.Input
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, badRequest("the body is no JSON object: %v", err)
	}
	if in == nil {
		return nil, badRequest("the body is no JSON object")
	}
	return in, nil
}
