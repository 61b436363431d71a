// Package codectest is the conformance suite of codecs: every implementation of
// the interfaces of package codecs runs it from its own tests. It also holds the
// material and the measures that such tests need.
package codectest
