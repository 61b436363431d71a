package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"
)

// pictureEvery is how often one who looks at a conference gets a picture.
const pictureEvery = time.Second

// isJPEG looks whether what a node sent begins as a JPEG does (JFIF).
func isJPEG(b []byte) bool { return len(b) > 3 && b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff }

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
		done := a.watchers.enter(By(r.Context()).User)
		if done == nil {
			w.Header().Set("Retry-After", "5")
			Refuse(w, http.StatusServiceUnavailable, "too many watch now, or the Management Node is closing")
			return
		}
		defer a.watchers.leave(done)
		// Nobody knows it before: what a node sends can end no part (RFC 2046 section 5.1.1).
		boundary := rand.Text()
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary="+boundary)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
		w.Header().Set("Cache-Control", "no-store")
		tick := time.NewTicker(pictureEvery)
		defer tick.Stop()
		checked := time.Now()
		s := eventStream{w: w, control: http.NewResponseController(w)}
		s.write("--" + boundary + "\r\n")
		for s.err == nil {
			if isJPEG(jpeg) {
				// The boundary comes right after its picture: browsers show a picture when they see its end.
				s.write(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n--%s\r\n", len(jpeg), jpeg, boundary))
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
