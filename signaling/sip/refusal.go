package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"

	"parley/signaling"
)

// StatusError is a final answer of the far end that is no success.
type StatusError struct {
	Code   int
	Reason string
	// Header holds the fields that tell more, by their usual names:
	// Retry-After, Warning, Unsupported, Min-SE, Allow, Accept, Contact, Reason.
	Header map[string]string
}

// Error implements error.
func (e *StatusError) Error() string { return fmt.Sprintf("sip: %d %s", e.Code, e.Reason) }

func statusError(res *gosip.Response) *StatusError {
	e := &StatusError{Code: res.StatusCode, Reason: res.Reason, Header: map[string]string{}}
	for _, name := range []string{"Retry-After", "Warning", "Unsupported", "Min-SE", "Allow", "Accept", "Contact", "Reason"} {
		if v := value(res, name); v != "" {
			e.Header[name] = v
		}
	}
	return e
}

// refusal turns a host's error into an answer.
func refusal(err error) (code int, reason string, extra []gosip.Header) {
	var r *signaling.Refusal
	var status *StatusError
	switch {
	case errors.As(err, &r):
	case errors.As(err, &status):
		return status.Code, status.Reason, nil
	case errors.Is(err, context.DeadlineExceeded):
		return 503, "Service Unavailable", []gosip.Header{retryAfter(5 * time.Second)}
	default:
		return 500, "Server Internal Error", nil
	}
	why := func() {
		if r.Reason != "" {
			extra = append(extra, warning(399, r.Reason, ""))
		}
	}
	again := func(fallback time.Duration) {
		if wait := max(r.RetryAfter, fallback); wait > 0 {
			extra = append(extra, retryAfter(wait))
		}
	}
	switch r.Code {
	case signaling.CodeUnknownAlias:
		why()
		return 404, "Not Found", extra
	case signaling.CodeConferenceFull:
		again(0)
		why()
		return 486, "Busy Here", extra
	case signaling.CodeNoCapacity:
		again(5 * time.Second)
		why()
		return 503, "Service Unavailable", extra
	case signaling.CodeNoCodec:
		return 488, "Not Acceptable Here", []gosip.Header{warning(305, "Incompatible media format", r.Reason)}
	case signaling.CodeNoTransport:
		return 488, "Not Acceptable Here", []gosip.Header{warning(302, "Incompatible transport protocol", r.Reason)}
	case signaling.CodeNoAddress:
		return 488, "Not Acceptable Here", []gosip.Header{warning(301, "Incompatible network address formats", r.Reason)}
	case signaling.CodeBadSDP:
		return 400, strings.TrimSuffix("Bad session description: "+r.Reason, ": "), nil
	case signaling.CodeBadState:
		again(0)
		why()
		return 491, "Request Pending", extra
	default:
		return 500, "Server Internal Error", nil
	}
}

// warning writes a Warning field (section 20.43).
func warning(code int, text, detail string) gosip.Header {
	if detail != "" {
		text += ": " + detail
	}
	return header("Warning", fmt.Sprintf("%d parley %s", code, quote(text)))
}

// quote writes a quoted-string of RFC 3261.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(printable(s)) + `"`
}
