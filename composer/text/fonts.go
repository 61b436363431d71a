package text

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"golang.org/x/image/font/gofont/goregular"
)

// fontDirs is where Debian and its relatives install Noto.
var fontDirs = []string{
	"/usr/share/fonts/truetype/noto",
	"/usr/share/fonts/opentype/noto",
	"/usr/share/fonts/noto",
	"/usr/share/fonts/noto-cjk",
	"/usr/share/fonts/google-noto",
}

const (
	notoCJK   = "NotoSansCJK-Regular.ttc"
	notoLatin = "NotoSans-Regular.ttf"
)

// scriptFonts names the font of each script that the embedded one lacks.
var scriptFonts = map[language.Script]string{
	language.Adlam:               "NotoSansAdlam-Regular.ttf",
	language.Arabic:              "NotoSansArabic-Regular.ttf",
	language.Armenian:            "NotoSansArmenian-Regular.ttf",
	language.Balinese:            "NotoSansBalinese-Regular.ttf",
	language.Bengali:             "NotoSansBengali-Regular.ttf",
	language.Bopomofo:            notoCJK,
	language.Canadian_Aboriginal: "NotoSansCanadianAboriginal-Regular.ttf",
	language.Chakma:              "NotoSansChakma-Regular.ttf",
	language.Cham:                "NotoSansCham-Regular.ttf",
	language.Cherokee:            "NotoSansCherokee-Regular.ttf",
	language.Coptic:              "NotoSansCoptic-Regular.ttf",
	language.Devanagari:          "NotoSansDevanagari-Regular.ttf",
	language.Ethiopic:            "NotoSansEthiopic-Regular.ttf",
	language.Georgian:            "NotoSansGeorgian-Regular.ttf",
	language.Gujarati:            "NotoSansGujarati-Regular.ttf",
	language.Gurmukhi:            "NotoSansGurmukhi-Regular.ttf",
	language.Han:                 notoCJK,
	language.Hangul:              notoCJK,
	language.Hebrew:              "NotoSansHebrew-Regular.ttf",
	language.Hiragana:            notoCJK,
	language.Javanese:            "NotoSansJavanese-Regular.ttf",
	language.Kannada:             "NotoSansKannada-Regular.ttf",
	language.Katakana:            notoCJK,
	language.Khmer:               "NotoSansKhmer-Regular.ttf",
	language.Lao:                 "NotoSansLao-Regular.ttf",
	language.Malayalam:           "NotoSansMalayalam-Regular.ttf",
	language.Meetei_Mayek:        "NotoSansMeeteiMayek-Regular.ttf",
	language.Mongolian:           "NotoSansMongolian-Regular.ttf",
	language.Myanmar:             "NotoSansMyanmar-Regular.ttf",
	language.Nko:                 "NotoSansNKo-Regular.ttf",
	language.Ol_Chiki:            "NotoSansOlChiki-Regular.ttf",
	language.Oriya:               "NotoSansOriya-Regular.ttf",
	language.Sinhala:             "NotoSansSinhala-Regular.ttf",
	language.Sundanese:           "NotoSansSundanese-Regular.ttf",
	language.Syriac:              "NotoSansSyriac-Regular.ttf",
	language.Tamil:               "NotoSansTamil-Regular.ttf",
	language.Telugu:              "NotoSansTelugu-Regular.ttf",
	language.Thaana:              "NotoSansThaana-Regular.ttf",
	language.Thai:                "NotoSansThai-Regular.ttf",
	language.Tibetan:             "NotoSerifTibetan-Regular.ttf",
	language.Tifinagh:            "NotoSansTifinagh-Regular.ttf",
	language.Vai:                 "NotoSansVai-Regular.ttf",
	language.Yi:                  "NotoSansYi-Regular.ttf",
}

// elsewhere is tried, in this order, for what neither the embedded font nor
// that of the script has: Latin with many accents, symbols.
var elsewhere = []string{notoLatin, "NotoSansSymbols-Regular.ttf", "NotoSansSymbols2-Regular.ttf", "NotoSansMath-Regular.ttf", notoCJK}

// fonts finds the face for each rune (shaping.Fontmap). Files are opened at
// first need and kept; one that is missing or broken is not tried again.
type fonts struct {
	dirs     []string
	embedded *font.Face
	opened   map[string]*font.Face // by file name; nil: not to be had
	script   language.Script
}

func newFonts(dirs []string) *fonts {
	embedded, err := font.ParseTTF(bytes.NewReader(goregular.TTF))
	if err != nil {
		panic("text: the embedded font is broken: " + err.Error())
	}
	return &fonts{dirs: dirs, embedded: embedded, opened: map[string]*font.Face{}}
}

// SetScript says which script the next runes belong to (shaping.FontmapScript).
func (f *fonts) SetScript(s language.Script) { f.script = s }

// ResolveFace returns the face to draw r with; the embedded one when nobody has r.
func (f *fonts) ResolveFace(r rune) *font.Face {
	// Blanks and digits inside a script come from its own font, so that a word
	// is not torn into runs of two.
	if name := scriptFonts[f.script]; name != "" {
		if face := f.open(name); has(face, r) {
			return face
		}
	}
	if has(f.embedded, r) {
		return f.embedded
	}
	if name := scriptFonts[language.LookupScript(r)]; name != "" {
		if face := f.open(name); has(face, r) {
			return face
		}
	}
	for _, name := range elsewhere {
		if name == notoCJK && r < 0x2E80 && r > 0x2000 && f.opened[name] == nil {
			continue // a large file, not opened for a symbol
		}
		if face := f.open(name); has(face, r) {
			return face
		}
	}
	return f.embedded
}

func has(face *font.Face, r rune) bool {
	if face == nil {
		return false
	}
	_, ok := face.NominalGlyph(r)
	return ok
}

func (f *fonts) open(name string) *font.Face {
	if face, tried := f.opened[name]; tried {
		return face
	}
	var face *font.Face
	for _, dir := range f.dirs {
		if face = load(filepath.Join(dir, name)); face != nil {
			break
		}
	}
	f.opened[name] = face
	return face
}

// load returns the face of a font file, the first one of a collection; nil when
// there is none. The others of a collection would cost their memory for nothing.
func load(path string) *font.Face {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	loaders, err := opentype.NewLoaders(file)
	if err != nil || len(loaders) == 0 {
		return nil
	}
	f, err := font.NewFont(loaders[0])
	if err != nil {
		return nil
	}
	return font.NewFace(f)
}
