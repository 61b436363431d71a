//go:build cgo

package h264

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"parley/codecs"
)

// forms are the streams that the tests of exactness stitch.
var forms = []struct {
	name    string
	profile codecs.Profile
	idc     uint8
	preset  string // "" = as the engine has it
	width   int
	height  int
	rows    []int
	maxNAL  int
}{
	{"baseline", codecs.ConstrainedBaseline, Baseline, "", 320, 224, []int{8, 6}, 0},
	{"baseline slices", codecs.ConstrainedBaseline, Baseline, "", 320, 224, []int{8, 6}, 400},
	{"baseline odd", codecs.ConstrainedBaseline, Baseline, "veryfast", 326, 218, []int{6, 8}, 300},
	{"main", codecs.Main, Main, "", 320, 224, []int{8, 6}, 0},
	{"main slices", codecs.Main, Main, "veryfast", 320, 224, []int{8, 6}, 400},
	{"main odd", codecs.Main, Main, "", 326, 218, []int{6, 8}, 300},
	{"main three", codecs.Main, Main, "", 334, 336, []int{7, 8, 6}, 500},
	{"baseline three", codecs.ConstrainedBaseline, Baseline, "veryfast", 334, 330, []int{7, 8, 6}, 0},
	{"high", codecs.High, High, "veryfast", 320, 224, []int{8, 6}, 0},
	{"high slices", codecs.High, High, "", 326, 218, []int{8, 6}, 400},
}

// stage is a stream's cameras: two for each band.
func stage(t *testing.T, form int) (l Layout, cameras [][2]*camera) {
	f := forms[form]
	l = Layout{Width: f.width, Height: f.height, Profile: f.idc, Level: 31, Rows: f.rows}
	left := f.height
	for i, rows := range f.rows {
		c := codecs.VideoEncoderConfig{
			Width: f.width, Height: min(16*rows, left), FPS: 30, Bitrate: 500_000 + 200_000*i,
			Profile: f.profile, Level: 31, MaxNAL: f.maxNAL, Preset: f.preset, Band: true,
		}
		left -= c.Height
		var pair [2]*camera
		for j := range pair {
			pair[j] = newCamera(t, c, i > 0, i < len(f.rows)-1, 2*i+j)
		}
		cameras = append(cameras, pair)
	}
	return l, cameras
}

// pictures is how long the tests of exactness are.
func pictures() int {
	if testing.Short() {
		return 60
	}
	return 300
}

// TestExact stitches an unbroken stream: the decoded bands are those of their
// encoders, sample by sample.
func TestExact(t *testing.T) {
	for i, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			l, pairs := stage(t, i)
			v := newViewer(t, l)
			cameras := make([]*camera, len(pairs))
			several := false
			for n := range pictures() {
				for b := range pairs {
					cameras[b] = pairs[b][0]
					cameras[b].next(n == 0)
				}
				if err := v.next(cameras, false); err != nil {
					t.Fatalf("picture %d: %v", n, err)
				}
				several = several || len(v.check.slices) > len(l.Rows)
			}
			if several != (form.maxNAL > 0) {
				t.Errorf("several slices in a band: %v", several)
			}
			// first_mb_in_slice, escapes
			if n := v.check.largest; form.maxNAL > 0 && n > form.maxNAL+4 {
				t.Errorf("NAL unit of %d bytes from at most %d", n, form.maxNAL)
			}
		})
	}
}

// audience is a viewer with what the test itself knows of his decoder.
type audience struct {
	*viewer
	watch   []int // of each band: which of the two cameras
	held    []int // camera of each band
	number  []int // its picture
	wantIDR bool
	begun   bool
}

// TestExactThroughTrouble stitches for three viewers out of shared encoders:
// frames are late, left out or lost, viewers change cameras and ask for IDR
// pictures. Whatever is not refused is exact, and nothing else is refused.
func TestExactThroughTrouble(t *testing.T) {
	for i, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			l, pairs := stage(t, i)
			var viewers []*audience
			for range 3 {
				n := len(l.Rows)
				viewers = append(viewers, &audience{
					viewer: newViewer(t, l), watch: make([]int, n), held: make([]int, n), number: make([]int, n),
				})
			}
			seen := map[string]int{}
			key := make([][2]bool, len(pairs))   // an intra frame is asked for
			fresh := make([][2]bool, len(pairs)) // the camera has a frame in this tick
			for range pictures() {
				for b := range pairs {
					for j, k := range pairs[b] {
						fresh[b][j] = random.IntN(10) < 7
						if !fresh[b][j] {
							continue
						}
						want := key[b][j]
						key[b][j] = false
						if random.IntN(40) == 0 {
							k.lose(want)
							fresh[b][j] = false
							seen["lost"]++
							continue
						}
						k.next(want)
					}
				}
				for _, v := range viewers {
					if random.IntN(30) == 0 {
						b := random.IntN(len(pairs))
						v.watch[b] ^= 1
						seen["change"]++
					}
					if random.IntN(50) == 0 {
						v.wantIDR = true
					}
					v.tick(random, pairs, fresh, key, seen)
				}
			}
			t.Log(seen)
			for _, what := range []string{"lost", "change", "refused", "skip", "again", "idr", "intra"} {
				if seen[what] == 0 {
					t.Errorf("never happened: %s", what)
				}
			}
		})
	}
}

// tick makes the viewer's next picture out of what there is.
func (v *audience) tick(random *rand.Rand, pairs [][2]*camera, fresh, key [][2]bool, seen map[string]int) {
	v.t.Helper()
	cameras := make([]*camera, len(pairs))
	var need []int
	idr := v.wantIDR
	for b := range pairs {
		j := v.watch[b]
		k := pairs[b][j]
		holds := v.begun && v.held[b] == j && v.number[b] == k.n
		switch {
		case fresh[b][j] && random.IntN(30) > 0:
			cameras[b] = k
		case holds && random.IntN(2) == 0:
			cameras[b] = k // given again: no change
			seen["again"]++
		default:
			seen["skip"]++
		}
		k = cameras[b]
		first := idr || !v.begun
		switch {
		case k == nil && first, k != nil && first && !k.frame.Intra():
			need = append(need, b)
		case k != nil && !k.frame.Intra() && !holds && (v.held[b] != j || v.number[b] != k.last || k.gap):
			need = append(need, b)
		}
	}
	err := v.next(cameras, idr)
	var missing *IntraError
	if errors.As(err, &missing); (missing == nil) != (need == nil) || missing != nil && !slices.Equal(missing.Bands, need) {
		v.t.Fatalf("refused: %v, want %v", err, need)
	}
	if need != nil {
		seen["refused"]++
		for _, b := range need {
			key[b][v.watch[b]] = true
			cameras[b] = nil
		}
		if !v.begun {
			return
		}
		if idr {
			for b := range pairs {
				key[b][v.watch[b]] = true
			}
		}
		idr = false
		// what is left must do, unless the others refuse too
		for b, k := range cameras {
			if k == nil {
				continue
			}
			if j := v.watch[b]; !k.frame.Intra() && (v.held[b] != j || v.number[b] != k.n && (v.number[b] != k.last || k.gap)) {
				cameras[b] = nil
			}
		}
		if err := v.next(cameras, false); err != nil {
			v.t.Fatalf("without the refused bands: %v", err)
		}
	}
	if idr || !v.begun {
		seen["idr"]++
		v.wantIDR = false
	}
	v.begun = true
	for b, k := range cameras {
		if k != nil {
			if k.frame.Intra() && !idr {
				seen["intra"]++
			}
			v.held[b], v.number[b] = v.watch[b], k.n
		}
	}
}

func TestCameraFlags(t *testing.T) {
	_, pairs := stage(t, 0)
	k := pairs[0][0]
	for n, key := range []bool{true, false, true, false} {
		if f := k.next(key); f.Intra() != key {
			t.Errorf("picture %d: intra %v", n, f.Intra())
		}
	}
	if got := fmt.Sprint(k.frame.number, k.source.number); got != "4 4" {
		t.Errorf("numbers %s", got)
	}
}
