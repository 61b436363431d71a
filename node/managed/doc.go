// Package managed ties a node to its Management Node: it joins, follows the
// configuration, tells the state of the node, and takes commands. The node works
// without it: with the last configuration that it got.
package managed
