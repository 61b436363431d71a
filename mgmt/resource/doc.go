// Package resource holds the objects of the configuration in memory: what kinds
// there are, what their fields may be, how they refer to each other. Changes are
// made in transactions that are checked as a whole, handed to a store, and only
// then seen. It knows neither HTTP nor SQL.
package resource
