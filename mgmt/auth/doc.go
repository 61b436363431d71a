// Package auth says who may use the Management Node: accounts and their
// passwords, API tokens, sessions of browsers, and what happens to those who
// guess.
package auth
