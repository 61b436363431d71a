package stage

// Main returns whom the receiver sees large: the current speaker, or the
// previous one for the current speaker himself; "" when he is alone. order is
// Stage.Order; the receiver need not be in it (a recorder sees the speaker).
func Main(order []string, receiver string) string {
	for _, id := range order[:min(2, len(order))] {
		if id != receiver {
			return id
		}
	}
	return ""
}

// Thumbnails returns up to n others whom the receiver sees small, the most
// recent first, never the one he sees large.
//
// Hidden: the receiver is left out and the next recent takes his place, so that
// everybody on stage has a list of his own. Shown: all have one common list, in
// which he may see himself; only the current speaker's differs: he himself is in
// the place of the previous speaker, whom he sees large. One who is alone sees
// nobody in either way.
func Thumbnails(order []string, receiver string, hidden bool, n int) []string {
	if n <= 0 || len(order) < 2 {
		return nil
	}
	if !hidden {
		list := append([]string(nil), order[1:min(n+1, len(order))]...)
		if order[0] == receiver {
			list[0] = receiver
		}
		return list
	}
	main := Main(order, receiver)
	list := make([]string, 0, min(n, len(order)))
	for _, id := range order {
		if len(list) == n {
			break
		}
		if id != main && id != receiver {
			list = append(list, id)
		}
	}
	return list
}

// More returns the number of participants that have no cell in a layout of one
// main and n thumbnails, for a "+n" mark. It counts the receiver as if he had a
// cell, so that it is the same for all.
func More(total, n int) int { return max(0, total-(n+1)) }
