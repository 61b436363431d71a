package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"parley/mgmt/resource"
)

// loadPath is where the load of the past can be read. (Parley only)
const loadPath = historyRoot + "load/"

// Bounds of a question for the load.
const (
	loadSteps     = 96
	loadStepsMost = 500
	loadSpanMost  = 10 * 366 * 24 * time.Hour
)

// LoadPoint is how much was going on in a step of time.
type LoadPoint struct {
	Time         time.Time // the end of the step
	Participants int       // most at the same time in it
	Joined       int       // in the step
}

// Load returns how many participants there were, step by step.
type Load func(ctx context.Context, from time.Time, step time.Duration, steps int) ([]LoadPoint, error)

// ServeLoad adds the load of the past. Call it before the first request.
func (a *API) ServeLoad(load Load) {
	a.mux.HandleFunc("GET "+loadPath+"{$}", func(w http.ResponseWriter, r *http.Request) {
		from, step, steps, err := loadSpan(r)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		points, err := load(r.Context(), from, step, steps)
		if err != nil {
			a.pastFail(w, r, err)
			return
		}
		objects := make([]map[string]any, len(points))
		for i, p := range points {
			objects[i] = map[string]any{"time": p.Time.UTC().Format(timeFormat), "participants": p.Participants, "joined": p.Joined}
		}
		reply(w, http.StatusOK, map[string]any{"objects": objects})
	})
}

// loadSpan reads the span of time that a request asks for.
func loadSpan(r *http.Request) (from time.Time, step time.Duration, steps int, err error) {
	query := r.URL.Query()
	var at [2]time.Time
	for i, name := range []string{"start_time", "end_time"} {
		if at[i], err = resource.ParseTime(query.Get(name)); err != nil {
			return from, 0, 0, badRequest("%s: %v", name, err)
		}
	}
	steps = loadSteps
	if text := query.Get("steps"); text != "" {
		if steps, err = strconv.Atoi(text); err != nil || steps < 1 || steps > loadStepsMost {
			return from, 0, 0, badRequest("steps: %q is not 1 to %d", text, loadStepsMost)
		}
	}
	span := at[1].Sub(at[0])
	if span < time.Duration(steps)*time.Second || span > loadSpanMost {
		return from, 0, 0, badRequest("end_time: must be %d seconds to ten years after start_time", steps)
	}
	return at[0], span / time.Duration(steps), steps, nil
}
