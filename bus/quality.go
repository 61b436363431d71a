package bus

// qualities are the qualities of calls, by what nodes call them, as the model API
// does.
var qualities = map[string]string{"good": "1_good", "ok": "2_ok", "bad": "3_bad", "terrible": "4_terrible"}

// QualityName returns the name of a quality of a call in the model API: its rank is
// in front, 0 for what is not known.
func QualityName(quality string) string {
	if name, ok := qualities[quality]; ok {
		return name
	}
	return "0_unknown"
}
