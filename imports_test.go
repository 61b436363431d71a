package parley_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// layers is the one-way order: a package imports those of earlier layers and
// of its own family (the folder of that name and all below it). A family
// stands in the layer of its longest matching name.
var layers = [][]string{
	{"config", "codecs", "pki", "disk"},
	{"bus"},
	{"composer", "engine/"}, // the parts of the engine
	{"engine"},
	{"signaling"},
	{"node", "mgmt"},
	{"bench"},
	{"cmd"},
}

// apart are imports that the order allows but the design does not.
var apart = []struct{ from, to, why string }{
	{"signaling", "composer", "signalling knows nothing of pictures"},
	{"signaling", "config", "signalling is told by its node what to do"},
	{"engine", "bus", "the engine is told by its node what to do"},
	{"signaling", "bus", "signalling is told by its node what to do"},
	{"engine", "config", "the engine is told by its node what to do"},
	{"composer", "config", "the composer is told by the engine what to do"},
	{"composer", "engine/", "the composer draws; it knows nothing of media streams"},
	{"engine/", "composer", "the parts of the engine know nothing of pictures"},
	{"engine", "codecs/", "the engine gets its codecs as a codecs.Set"}, // but for h264, which is no codec
	{"signaling", "codecs/", "signalling makes no media"},
	{"node", "codecs/", "the node gets its codecs as a codecs.Set"},
	{"mgmt", "engine", "management is not in the media path"},
	{"mgmt", "signaling", "management is not in the signalling path"},
}

// vagueNames say nothing about what a package does.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "manager", "misc", "shared"}

type pkg struct {
	ImportPath string
	Dir        string
	Name       string
	Imports    []string
	CgoFiles   []string
}

// short returns the path below the module.
func (p pkg) short() string { return strings.TrimPrefix(p.ImportPath, "parley/") }

func packages(t *testing.T) []pkg {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Name,Imports,CgoFiles", "./...")
	list.Env = append(os.Environ(), "CGO_ENABLED=1") // so that files with C are seen in every build
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath != "parley" { // the root has tests only
			all = append(all, p)
		}
	}
	if len(all) < 3 {
		t.Fatalf("go list gives only %d packages", len(all))
	}
	return all
}

// below reports whether the package path lies in the family: "engine" is that
// folder and all below it, "engine/" only what is below it.
func below(path, family string) bool {
	if strings.HasSuffix(family, "/") {
		return strings.HasPrefix(path, family)
	}
	return path == family || strings.HasPrefix(path, family+"/")
}

// place returns the layer and the family of a package; -1 for none.
func place(path string) (layer int, family string) {
	layer = -1
	for i, families := range layers {
		for _, f := range families {
			if below(path, f) && len(f) > len(family) {
				layer, family = i, f
			}
		}
	}
	return layer, family
}

func TestImportOrder(t *testing.T) {
	for _, p := range packages(t) {
		layer, family := place(p.short())
		if layer < 0 {
			t.Errorf("%s stands in no layer; give it one in imports_test.go and ARCHITECTURE.md", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			imported, ok := strings.CutPrefix(path, "parley/")
			if !ok {
				continue
			}
			if l, f := place(imported); l > layer || l == layer && f != family {
				t.Errorf("%s imports %s, which does not stand below it", p.ImportPath, path)
			}
			if p.short() == "codecs" || p.short() == "config" {
				t.Errorf("%s is a leaf but imports %s", p.ImportPath, path)
			}
			for _, rule := range apart {
				if below(p.short(), rule.from) && below(imported, rule.to) && (rule.from != "engine" || imported != "codecs/h264") {
					t.Errorf("%s imports %s: %s", p.ImportPath, path, rule.why)
				}
			}
		}
	}
}

func TestCOnlyWhereItBelongs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.CgoFiles) > 0 && !strings.HasPrefix(p.short(), "codecs/") && p.short() != "composer/pixel" {
			t.Errorf("%s has C in %v; it belongs into codecs/<library> or composer/pixel", p.ImportPath, p.CgoFiles)
		}
	}
}

func TestPackageNames(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range vagueNames {
			if p.Name == name || filepath.Base(p.Dir) == name {
				t.Errorf("%s: the name says nothing; name it after what it does", p.ImportPath)
			}
		}
	}
}

func TestOnePackageComment(t *testing.T) {
	for _, p := range packages(t) {
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var commented []string
		sources := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			sources++
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Error(err)
				continue
			}
			if isComment(f.Doc) {
				commented = append(commented, filepath.Base(file))
			}
		}
		if sources > 0 && len(commented) != 1 {
			t.Errorf("%s has %d package comments %v, want one", p.ImportPath, len(commented), commented)
		}
	}
}

// isComment reports whether the group says anything besides build tags.
func isComment(g *ast.CommentGroup) bool { return g != nil && strings.TrimSpace(g.Text()) != "" }
