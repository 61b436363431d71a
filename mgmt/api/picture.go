package api

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// pictureEvery is how often one who looks at a conference gets a picture.
const pictureEvery = time.Second

// pictureBoundary stands between pictures (RFC 2046 section 5.1.1).
const pictureBoundary = "parley-picture"

// Picture returns what a running conference looks like now, as a JPEG; none when
// there is no picture now, *Refused when there is no such conference.
type Picture func(ctx context.Context, conference string) ([]byte, error)

// ServePictures adds the live pictures of conferences: JPEGs that each replace
// the one before (multipart/x-mixed-replace), as browsers show in an img element.
func (a *API) ServePictures(take Picture) {
	a.mux.HandleFunc("GET "+statusRoot+"conference/{id}/picture/{$}", func(w http.ResponseWriter, r *http.Request) {
		jpeg, err := take(r.Context(), r.PathValue("id"))
		if err != nil {
			a.fail(w, r, err)
			return
		}
		done := a.watchers.enter()
		if done == nil {
			w.Header().Set("Retry-After", "5")
			Refuse(w, http.StatusServiceUnavailable, "too many watch now, or the Management Node is closing")
			return
		}
		defer a.watchers.leave(done)
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary="+pictureBoundary)
		w.Header().Set("Cache-Control", "no-store")
		tick := time.NewTicker(pictureEvery)
		defer tick.Stop()
		checked := time.Now()
		s := eventStream{w: w, control: http.NewResponseController(w)}
		s.write("--" + pictureBoundary + "\r\n")
		for s.err == nil {
			if len(jpeg) > 0 {
				// The boundary comes right after its picture: browsers show a picture when they see its end.
				s.write(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n--%s\r\n", len(jpeg), jpeg, pictureBoundary))
				s.flush()
			}
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			case <-a.watchers.done:
				return
			}
			if time.Since(checked) > aliveEvery {
				if checked = time.Now(); !a.guard.Still(r) {
					return
				}
			}
			if jpeg, err = take(r.Context(), r.PathValue("id")); err != nil {
				return
			}
		}
	})
}
